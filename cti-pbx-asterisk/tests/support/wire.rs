//! Writes AMI events as Asterisk would, for calls that no recording shows.

use super::{model, words};
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::PbxEvent;
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::CallModel;
use std::fmt::Write;

/// A channel as an event shows it.
#[derive(Clone)]
pub(crate) struct Channel {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) linked: Option<String>,
    pub(crate) state: u8,
    pub(crate) number: String,
    pub(crate) exten: String,
    pub(crate) context: String,
}

impl Channel {
    /// A channel with that number (its suffix and `Uniqueid`), in the call that channel number `linked` began.
    pub(crate) fn new(device: &str, number: u32, linked: u32) -> Self {
        let trunk = device.contains("trunk");
        let half = device.rsplit_once(';');
        let name = match half {
            Some((front, half)) => format!("{front}-000000{linked:02};{half}"),
            None => format!("{device}-000000{number:02}"),
        };
        Self {
            name,
            uid: format!("1795225327.{number}"),
            linked: Some(format!("1795225327.{linked}")),
            state: 0,
            number: if trunk { "0901234567".into() } else { device.rsplit('/').next().unwrap_or_default().into() },
            exten: "s".into(),
            context: if trunk { "from-trunk".into() } else { "from-internal".into() },
        }
    }

    pub(crate) fn state(mut self, state: u8) -> Self {
        self.state = state;
        self
    }

    pub(crate) fn exten(mut self, exten: &str) -> Self {
        self.exten = exten.into();
        self
    }

    pub(crate) fn linked(mut self, linked: u32) -> Self {
        self.linked = Some(format!("1795225327.{linked}"));
        self
    }

    pub(crate) fn without_linkedid(mut self) -> Self {
        self.linked = None;
        self
    }
}

/// A model, and a PBX that talks to it.
pub(crate) struct Wire {
    pub(crate) model: CallModel,
    pub(crate) at: DateTime<Utc>,
    pub(crate) events: Vec<PbxEvent>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::with(model())
    }

    pub(crate) fn with(model: CallModel) -> Self {
        let at = DateTime::from_timestamp(1_795_225_327, 0).unwrap();
        Self { model, at, events: Vec::new() }
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.at += TimeDelta::seconds(seconds);
    }

    /// One event with the snapshots of channels, each with its prefix, and further headers.
    pub(crate) fn say(&mut self, event: &str, channels: &[(&str, &Channel)], more: &[(&str, &str)]) {
        let told = self.model.handle(&message(event, channels, more), self.at);
        self.events.extend(told);
    }

    pub(crate) fn born(&mut self, channel: &Channel) {
        self.say("Newchannel", &[("", channel)], &[]);
    }

    pub(crate) fn dial(&mut self, from: &Channel, to: &Channel, dial_string: &str) {
        self.say("DialBegin", &[("", from), ("Dest", to)], &[("DialString", dial_string)]);
    }

    pub(crate) fn rings(&mut self, leg: &Channel) {
        self.say("Newstate", &[("", &leg.clone().state(5))], &[]);
    }

    pub(crate) fn dial_end(&mut self, from: &Channel, to: &Channel, status: &str) {
        self.say("DialEnd", &[("", from), ("Dest", to)], &[("DialStatus", status)]);
    }

    pub(crate) fn enters(&mut self, bridge: &str, channel: &Channel) {
        self.say("BridgeEnter", &[("", &channel.clone().state(6))], &[("BridgeUniqueid", bridge)]);
    }

    pub(crate) fn leaves(&mut self, bridge: &str, channel: &Channel) {
        self.say("BridgeLeave", &[("", &channel.clone().state(6))], &[("BridgeUniqueid", bridge)]);
    }

    pub(crate) fn hangs_up(&mut self, channel: &Channel, cause: &str) {
        self.say("Hangup", &[("", channel)], &[("Cause", cause)]);
    }

    /// `from` called `to`: it rings for a second and is answered, and they talk.
    pub(crate) fn connected(&mut self, from: &Channel, to: &Channel, bridge: &str) {
        self.born(to);
        self.dial(from, to, "x");
        self.rings(to);
        self.wait(1);
        self.dial_end(from, &to.clone().state(6), "ANSWER");
        self.enters(bridge, to);
        self.enters(bridge, from);
    }

    /// What was told, in words.
    pub(crate) fn told(&self) -> Vec<String> {
        self.events.iter().map(words).collect()
    }
}

pub(crate) fn message(event: &str, channels: &[(&str, &Channel)], more: &[(&str, &str)]) -> Message {
    let mut text = format!("Event: {event}\r\n");
    for (prefix, c) in channels {
        let _ = write!(
            text,
            "{prefix}Channel: {}\r\n{prefix}ChannelState: {}\r\n{prefix}CallerIDNum: {}\r\n{prefix}CallerIDName: \
             <unknown>\r\n{prefix}Context: {}\r\n{prefix}Exten: {}\r\n{prefix}Priority: 1\r\n{prefix}Uniqueid: {}\r\n",
            c.name, c.state, c.number, c.context, c.exten, c.uid
        );
        if let Some(linked) = &c.linked {
            let _ = write!(text, "{prefix}Linkedid: {linked}\r\n");
        }
    }
    for (key, value) in more {
        let _ = write!(text, "{key}: {value}\r\n");
    }
    Message::parse(text.into())
}
