//! Hanging up, and what it does to the others.

use super::Exchange;
use super::parts::{Channel, ChannelKey, Device, Task};
use crate::asterisk::packet::Packet;

/// Who ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The party of the channel: `HangupRequest`.
    Party,
    /// AMI `Hangup`: the recorded Asterisks say nothing beforehand.
    Ami,
}

/// The words of a hang-up cause, as Asterisk says them.
fn cause_text(cause: u32) -> &'static str {
    match cause {
        1 => "Unallocated (unassigned) number",
        3 => "No route to destination",
        16 => "Normal Clearing",
        17 => "User busy",
        19 => "User alerting, no answer",
        20 => "Subscriber absent",
        21 => "Call Rejected",
        26 => "Answered elsewhere",
        34 => "Circuit/channel congestion",
        _ => "Unknown",
    }
}

impl Exchange {
    /// Ends that leg, and what hangs on it.
    pub(crate) fn hang_up(&mut self, key: ChannelKey, who: Who) {
        if !self.channels.contains_key(&key) {
            return;
        }
        self.request_hang_up(key, who, 16);
        self.end_leg(key);
    }

    fn request_hang_up(&mut self, key: ChannelKey, who: Who, cause: u32) {
        if who == Who::Party {
            let packet = self.about("HangupRequest", "call", key).with("Cause", cause.to_string());
            self.emit(packet);
        }
    }

    fn end_leg(&mut self, key: ChannelKey) {
        if self.complete_consultation(key) {
            return;
        }
        if self.waiting.iter().any(|(caller, _)| *caller == key) {
            return self.abandon_queue(key);
        }
        let dialing = self.dials.iter().find(|(_, dial)| dial.purpose.caller() == Some(key)).map(|(dial, _)| *dial);
        if let Some(dial) = dialing {
            self.cancel_dial(dial, key);
            return self.hang_up_leg(key, 16, None);
        }
        if self.dial_of(key).is_some() {
            return self.leg_failed(key, 16, None);
        }
        self.give_up_parked(key);
        if self.leave_conference(key) {
            return self.end_alone(key);
        }
        match self.peer(key) {
            Some(peer) => self.part(key, peer),
            None => self.end_alone(key),
        }
    }

    /// Both parties of a talk.
    fn part(&mut self, key: ChannelKey, peer: ChannelKey) {
        self.complete_queue_talk(key, peer);
        let Some(bridge) = self.channels.get(&key).and_then(|channel| channel.bridge) else { return };
        if self.return_from_consultation(key, peer, bridge) {
            return;
        }
        for one in [key, peer] {
            self.clear_peer_variables(one);
        }
        self.tell_talk_cdr(key, peer);
        let first_ends_first = self.channels.get(&key).is_some_and(|channel| channel.runs_plan);
        self.leave(key);
        if first_ends_first {
            self.end_alone(key);
            self.leave(peer);
            self.end_alone(peer);
            self.destroy_bridge(bridge);
        } else {
            self.leave(peer);
            self.destroy_bridge(bridge);
            self.end_dial_variables(peer);
            self.hang_up_leg(key, 16, None);
            self.hang_up_leg(peer, 16, None);
        }
    }

    fn end_alone(&mut self, key: ChannelKey) {
        self.end_dial_variables(key);
        self.hang_up_leg(key, 16, None);
    }

    fn clear_peer_variables(&mut self, key: ChannelKey) {
        self.set_var(key, "BRIDGEPEER", "");
        self.set_var(key, "BRIDGEPVTCALLID", "");
    }

    /// `Dial` is over on the calling channel, and the dial plan ends.
    fn end_dial_variables(&mut self, key: ChannelKey) {
        let Some(channel) = self.channels.get(&key).filter(|channel| channel.runs_plan) else { return };
        if let (Some(dialed), Some(answered)) = (channel.dialed_at, channel.answered_at) {
            self.tell_times(key, dialed, answered);
        }
        let packet = self.about("SoftHangupRequest", "call", key).with("Cause", "16");
        self.emit(packet);
    }

    fn tell_times(&mut self, key: ChannelKey, dialed: std::time::Duration, answered: std::time::Duration) {
        for (name, since) in [("ANSWEREDTIME", answered), ("DIALEDTIME", dialed)] {
            let passed = self.now.saturating_sub(since);
            self.set_var(key, name, &passed.as_secs().to_string());
            self.set_var(key, &format!("{name}_MS"), &passed.as_millis().to_string());
        }
        if self.channels.get(&key).is_some_and(|channel| channel.queue.is_none()) {
            self.set_var(key, "DIALSTATUS", "ANSWER");
        }
    }

    /// A leg that somebody else's doing ends: a loser of a ring group, a cancelled leg.
    pub(super) fn drop_channel(&mut self, key: ChannelKey, cause: u32) {
        self.hang_up_leg(key, cause, None);
    }

    /// The dial plan of the caller has come to its end.
    pub(super) fn end_plan(&mut self, key: ChannelKey, cause: u32, sip: Option<u32>) {
        self.hang_up_leg(key, cause, sip);
    }

    /// `Hangup`; the other half of a Local channel follows.
    pub(super) fn hang_up_leg(&mut self, key: ChannelKey, cause: u32, sip: Option<u32>) {
        self.leave(key);
        let Some(channel) = self.tell_hangup(key, cause, sip) else { return };
        self.close_room();
        self.transferer_gone(key);
        if let Device::Local { other, .. } = channel.device {
            self.tell_late_caller(&channel, other);
            if self.channels.contains_key(&other) {
                self.request_hang_up(other, Who::Party, cause);
                self.end_half(other, cause, sip);
            }
        }
    }

    /// The second half of a Local channel learns of the new caller although it is gone: the recorded Asterisk tells
    /// so after the `Hangup`.
    fn tell_late_caller(&mut self, gone: &Channel, other: ChannelKey) {
        let caller = self.channels.get(&other).map(|channel| channel.connected.clone()).unwrap_or_default();
        let second = matches!(gone.device, Device::Local { second: true, .. });
        if second && !caller.number.is_empty() && caller != gone.caller {
            let late = Channel { caller, ..gone.clone() };
            let packet = Packet::event("NewCallerid", "call")
                .with_all(late.snapshot("", self.channelvars))
                .with("CID-CallingPres", "0 (Presentation Allowed, Not Screened)");
            self.emit(packet);
        }
    }

    fn end_half(&mut self, half: ChannelKey, cause: u32, sip: Option<u32>) {
        if self.dial_of(half).is_some() {
            self.leg_failed(half, cause, sip);
        } else {
            self.end_leg(half);
        }
    }

    /// The event, and the channel is no more.
    pub(super) fn tell_hangup(&mut self, key: ChannelKey, cause: u32, sip: Option<u32>) -> Option<Channel> {
        self.channels.get(&key)?;
        let mut packet =
            self.about("Hangup", "call", key).with("Cause", cause.to_string()).with("Cause-txt", cause_text(cause));
        if let Some(sip) = sip {
            packet = packet.with("TechCause", sip.to_string());
        }
        self.emit(packet);
        self.waiting.retain(|(caller, _)| *caller != key);
        self.tasks.retain(|_, task| !concerns(task, key));
        self.channels.remove(&key)
    }

    /// `channel request hangup all`.
    pub(crate) fn hang_up_all(&mut self) {
        let all: Vec<ChannelKey> = self.channels.keys().copied().collect();
        for key in &all {
            // Legs that ring, and a transferer who has hung up already, go with the others.
            let follows = self.dial_of(*key).is_some() || self.has_transferred(*key);
            if !follows {
                let packet = self.about("SoftHangupRequest", "call", *key).with("Cause", "32");
                self.emit(packet);
            }
        }
        // What a Local channel carries ends first: so the recorded Asterisk did.
        let (carried, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|key| {
            matches!(self.channels.get(key).map(|channel| &channel.device), Some(Device::Local { second: true, .. }))
        });
        for key in carried.into_iter().chain(others) {
            if self.channels.contains_key(&key) {
                self.end_leg(key);
            }
        }
    }

    /// A packet that `Hangup` with a regular expression sends for each channel.
    pub(crate) fn channel_names(&self) -> Vec<String> {
        self.channels.values().map(|channel| channel.name.clone()).collect()
    }

    /// Something that a test wants everybody to see.
    pub(crate) fn inject(&mut self, packet: Packet) {
        self.emit(packet);
    }
}

fn concerns(task: &Task, key: ChannelKey) -> bool {
    match task {
        Task::Answer(of) | Task::Refuse(of, _) | Task::QueueRetry(of) | Task::QueueTimeout(of) | Task::HangUp(of) => {
            *of == key
        }
        Task::Forward(of) | Task::ParkTimeout(of) => *of == key,
        Task::DialTimeout(_) => false,
    }
}
