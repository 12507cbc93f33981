//! Call detail records, as `cdr_manager` tells them.

use super::Exchange;
use super::parts::{ChannelKey, Dialing};
use crate::asterisk::packet::Packet;
use chrono::{DateTime, Utc};
use std::time::Duration;

impl Exchange {
    fn clock(&self, at: Duration) -> String {
        let seconds = i64::try_from(self.epoch_of(at)).unwrap_or_default();
        DateTime::<Utc>::from_timestamp(seconds, 0)
            .map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    }

    fn epoch_of(&self, at: Duration) -> u64 {
        self.epoch() - self.now.as_secs() + at.as_secs()
    }

    /// The record of a dial that nobody answered.
    pub(super) fn tell_cdr(
        &mut self,
        caller: ChannelKey,
        dest: Vec<(String, String)>,
        dialing: &Dialing,
        disposition: &str,
    ) {
        let dest = dest.into_iter().find(|(key, _)| key == "Channel").map(|(_, name)| name).unwrap_or_default();
        self.record(caller, &dest, &dialing.data, dialing.started, None, disposition);
    }

    /// The record of a talk.
    pub(super) fn tell_talk_cdr(&mut self, one: ChannelKey, other: ChannelKey) {
        let (caller, dest) =
            if self.channels.get(&one).is_some_and(|channel| channel.runs_plan) { (one, other) } else { (other, one) };
        let Some(channel) = self.channels.get(&caller) else { return };
        let (data, start, answer) =
            (channel.data.clone(), channel.dialed_at.unwrap_or(channel.created), channel.answered_at);
        let dest = self.channels.get(&dest).map(|channel| channel.name.clone()).unwrap_or_default();
        self.record(caller, &dest, &data, start, answer.or(Some(start)), "ANSWERED");
    }

    fn record(
        &mut self,
        key: ChannelKey,
        dest: &str,
        data: &str,
        start: Duration,
        answer: Option<Duration>,
        disposition: &str,
    ) {
        let Some(channel) = self.channels.get(&key) else { return };
        let billed = answer.map_or(0, |answer| self.now.saturating_sub(answer).as_secs());
        let packet = Packet::event("Cdr", "cdr")
            .with("AccountCode", "")
            .with("Source", channel.caller.number.clone())
            .with("Destination", channel.exten.clone())
            .with("DestinationContext", channel.context.clone())
            .with(
                "CallerID",
                format!("\"{}\" <{}>", crate::asterisk::packet::escape_c(&channel.caller.name), channel.caller.number),
            )
            .with("Channel", channel.name.clone())
            .with("DestinationChannel", dest)
            .with("LastApplication", channel.application.clone())
            .with("LastData", data)
            .with("StartTime", self.clock(start))
            .with("AnswerTime", answer.map(|at| self.clock(at)).unwrap_or_default())
            .with("EndTime", self.clock(self.now))
            .with("Duration", self.now.saturating_sub(start).as_secs().to_string())
            .with("BillableSeconds", billed.to_string())
            .with("Disposition", disposition)
            .with("AMAFlags", "DOCUMENTATION")
            .with("UniqueID", channel.uniqueid.clone())
            .with("UserField", "");
        self.emit(packet);
    }
}
