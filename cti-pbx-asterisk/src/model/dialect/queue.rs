//! Queues: `Join`, `Leave`, `QueueCallerAbandon`, `AgentCalled`, `AgentConnect`, `AgentRingNoAnswer`, members.
//!
//! The queue raises no `Dial` before 12; whom it calls is known with `eventwhencalled = yes` in queues.conf.

use super::Old;
use super::ending::{Ended, Held, Outcome};
use super::table::{Channel, Native, device_of};
use super::write::Lines;
use crate::ami::Message;
use crate::model::text::field;
use std::collections::HashMap;

/// The most members whose last change is remembered.
const MAX_MEMBERS: usize = 65_536;

/// When the members of queues changed last: an old Asterisk does not say it.
#[derive(Default)]
pub(super) struct Members(HashMap<(String, String), (bool, i64)>);

impl Members {
    /// Since when the member is paused or not. No two changes have the same second, also where no time is known.
    pub(super) fn since(&mut self, queue: &str, interface: &str, paused: bool, now: i64) -> i64 {
        let key = (queue.to_owned(), interface.to_owned());
        let now = match self.0.get(&key) {
            Some((known, since)) if *known == paused => return *since,
            Some((_, since)) => now.max(since + 1),
            None => now.max(1),
        };
        if self.0.len() < MAX_MEMBERS || self.0.contains_key(&key) {
            self.0.insert(key, (paused, now));
        }
        now
    }
}

impl Old {
    pub(super) fn join(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        let (Some(queue), position) = (field(message, "Queue"), field(message, "Position").unwrap_or_default()) else {
            return;
        };
        self.birth(&uid);
        if let Some(channel) = self.channels.get_mut(&uid)
            && channel.place.queue.replace(queue.clone().into_owned()).is_none()
        {
            self.waiting += 1;
        }
        self.say("QueueCallerJoin", &[("", &uid)], &[("Queue", &queue), ("Position", &position)]);
    }

    pub(super) fn leave(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        if let Some(winner) = self.winner(Some(&uid), &uid) {
            self.answers(&winner);
        }
        self.end_held(|held| held.root.as_ref() == Some(&uid), Outcome::Status("NOANSWER"));
        self.leaves(&uid);
        let queue = field(message, "Queue").unwrap_or_default();
        self.say("QueueCallerLeave", &[("", &uid)], &[("Queue", &queue)]);
    }

    fn leaves(&mut self, uid: &Native) {
        if let Some(channel) = self.channels.get_mut(uid)
            && channel.place.queue.take().is_some()
        {
            self.waiting = self.waiting.saturating_sub(1);
        }
    }

    /// The caller hung up while waiting.
    pub(super) fn abandon(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        self.hung_up_by_party(&uid);
        self.end_held(|held| held.root.as_ref() == Some(&uid), Outcome::Cancelled);
        let queue = field(message, "Queue").unwrap_or_default();
        self.say("QueueCallerAbandon", &[("", &uid)], &[("Queue", &queue)]);
    }

    /// 1.4 names only the interface: the newest channel of it that nobody called yet is meant.
    pub(super) fn agent_called(&mut self, message: &Message) {
        let Some(caller) = self.touch(message, "Uniqueid", "ChannelCalling") else { return };
        let interface = field(message, "AgentCalled").unwrap_or_default().into_owned();
        let named = field(message, "DestinationChannel").and_then(|name| self.channels.named(&name));
        let Some(leg) = named.or_else(|| self.newest_of(&interface)) else { return };
        self.end_held(|held| held.root.as_ref() == Some(&caller), Outcome::Status("NOANSWER"));
        self.called(&caller, &leg);
        self.say("AgentCalled", &[("", &caller), ("Dest", &leg)], &[("Interface", &interface)]);
        self.say("DialBegin", &[("", &caller), ("Dest", &leg)], &[("DialString", &interface)]);
    }

    pub(super) fn newest_of(&self, interface: &str) -> Option<Native> {
        let interface = interface.strip_suffix("/n").unwrap_or(interface);
        let is_it = |channel: &Channel| {
            let device = &channel.device;
            let free = device.seen_born && device.dialer.is_none() && !device.calls && !device.name.ends_with(";2");
            free && device_of(&device.name).eq_ignore_ascii_case(interface)
        };
        self.channels.newest().find(|(_, channel)| is_it(channel)).map(|(uid, _)| uid.clone())
    }

    /// The member took the call: `Uniqueid` is the caller's, `Channel` the member's.
    pub(super) fn agent_connect(&mut self, message: &Message) {
        let caller = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid));
        let by_id = field(message, "BridgedChannel").and_then(|uid| self.channels.uid(&uid));
        let leg = by_id.or_else(|| self.channels.named(&field(message, "Channel")?));
        let (Some(caller), Some(leg)) = (caller, leg) else { return };
        if self.channels.get(&leg).is_some_and(|channel| channel.device.dialer.is_none()) {
            // Without `eventwhencalled` nothing said that it was called.
            self.called(&caller, &leg);
            self.say("AgentCalled", &[("", &caller), ("Dest", &leg)], &[]);
        }
        self.answers(&leg);
        self.say("AgentConnect", &[("", &caller), ("Dest", &leg)], &[]);
    }

    /// The member rang in vain. Busy members hang up before it, others after. `Uniqueid` and `Channel` are the caller's
    /// (`rna` in apps/app_queue.c): only the interface names the member.
    pub(super) fn agent_ring_no_answer(&mut self, message: &Message) {
        let Some(caller) = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid)) else { return };
        let interface = field(message, "Member").unwrap_or_default();
        let interface = interface.strip_suffix("/n").unwrap_or(&interface);
        let is_it = |leg: &&Native| {
            self.channels.get(leg).is_some_and(|channel| {
                channel.device.ended == Ended::No && device_of(&channel.device.name).eq_ignore_ascii_case(interface)
            })
        };
        let legs = self.channels.get(&caller).map(|channel| channel.place.legs.as_slice()).unwrap_or_default();
        let Some(leg) = legs.iter().find(is_it).cloned() else { return };
        if let Some(channel) = self.channels.get_mut(&leg) {
            channel.device.rang_in_vain = true;
        }
        self.end_held(|held: &Held| held.uid == leg, Outcome::Status("NOANSWER"));
    }

    /// In a queue an answer is told before the others rang in vain, as today.
    pub(super) fn queue_answered_first(&mut self, root: Option<&Native>, loser: &Native) {
        let queued = root.and_then(|root| self.channels.get(root)).is_some_and(|channel| channel.place.queue.is_some());
        if let Some(winner) = self.winner(root, loser).filter(|_| queued) {
            self.answers(&winner);
        }
    }

    /// A member came, went, paused or goes on. When is not said: now, or when it was first heard.
    pub(super) fn member(&mut self, message: &Message) {
        let queue = field(message, "Queue").unwrap_or_default();
        let interface = field(message, "Location").unwrap_or_default();
        let paused = field(message, "Paused").is_some_and(|paused| paused == "1");
        let now = self.now.timestamp();
        let pause = message.is_event("QueueMemberPaused");
        let since = if pause { self.members.since(&queue, &interface, paused, now) } else { now };
        let mut lines = Lines::event(&message.event().unwrap_or_default());
        for (key, value) in message.headers().skip(1) {
            lines.add(&String::from_utf8_lossy(key), &String::from_utf8_lossy(value));
        }
        lines.add(if pause { "LastPause" } else { "LoginTime" }, &since.to_string());
        self.tell(self.now, lines);
    }
}
