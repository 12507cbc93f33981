//! What is live, in old words: `Status` (all versions), `CoreShowChannels` (since 1.6), `QueueStatus`.

use super::Old;
use super::channels::state;
use super::table::{Channel, Native, RING, UP, device_of};
use super::write::Lines;
use crate::ami::Message;
use crate::model::text::field;
use chrono::{DateTime, Utc};
use std::collections::HashSet;

impl Old {
    /// The lists in the words of today. Which channels belong to one call is concluded from who is linked to whom, who
    /// dials whom, and what was known before.
    pub(super) fn snapshot(&mut self, messages: &[Message], at: DateTime<Utc>, complete: bool) -> Vec<Message> {
        self.now = at;
        let rows: Vec<&Message> =
            messages.iter().filter(|m| m.is_event("CoreShowChannel") || m.is_event("Status")).collect();
        let live: Vec<Native> = rows.iter().filter_map(|row| self.see(row)).collect();
        if complete {
            self.forget_others(&live.iter().cloned().collect());
        }
        for (row, uid) in rows.iter().zip(&live) {
            self.see_link(row, uid);
        }
        self.see_dials(&live);
        let calls: Vec<String> = live.iter().map(|uid| self.call_of(uid)).collect();
        let mut told: Vec<Message> =
            live.iter().zip(&calls).zip(&rows).map(|((uid, call), row)| self.row(uid, call, row)).collect();
        for message in messages {
            if message.is_event("QueueEntry") {
                told.extend(self.entry(message));
            } else if message.is_event("QueueMember") {
                told.push(self.listed_member(message));
            } else if message.is_event("QueueParams") {
                told.push(message.clone());
            }
        }
        self.out.clear(); // births: the list itself tells
        told
    }

    fn see(&mut self, row: &Message) -> Option<Native> {
        let uid = self.touch(row, "Uniqueid", "Channel")?;
        let state = state(row);
        self.learn(&uid, row);
        let application = field(row, "Application").map(|text| text.into_owned());
        let data = field(row, "ApplicationData").map(|text| text.into_owned());
        let channel = self.channels.get_mut(&uid)?;
        channel.device.unborn = None;
        channel.device.state = state.unwrap_or(channel.device.state);
        if let Some(application) = application {
            if application.eq_ignore_ascii_case("Dial") {
                channel.place.dials = data.unwrap_or_default();
            }
            channel.place.application = application;
        }
        Some(uid)
    }

    fn forget_others(&mut self, live: &HashSet<Native>) {
        let gone: Vec<Native> =
            self.channels.newest().map(|(uid, _)| uid.clone()).filter(|uid| !live.contains(uid)).collect();
        for uid in gone {
            self.channels.remove(&uid);
        }
        self.held.clear();
        self.masked.clear();
        self.waiting = self.channels.newest().filter(|(_, channel)| channel.place.queue.is_some()).count();
    }

    /// `Link` (1.4) names the partner, `BridgedUniqueid` (later) its unique id.
    fn see_link(&mut self, row: &Message, uid: &Native) {
        let by_id = field(row, "BridgedUniqueid").and_then(|other| self.channels.uid(&other));
        let name = field(row, "BridgedChannel").or_else(|| field(row, "Link"));
        let partner = by_id.or_else(|| self.channels.named(&name?));
        let known = self.channels.get(uid).and_then(|channel| channel.place.partner.clone());
        if known != partner
            && let Some(partner) = &partner
        {
            self.bridges += 1;
            for (one, other) in [(uid, partner), (partner, uid)] {
                if let Some(channel) = self.channels.get_mut(one) {
                    channel.place.partner = Some(other.clone());
                    channel.place.bridge = self.bridges;
                }
            }
        } else if let Some(channel) = self.channels.get_mut(uid) {
            channel.place.partner = partner;
        }
    }

    /// A caller in `Dial` and the channels that ring for him: from 1.6 on the list tells what was dialled.
    fn see_dials(&mut self, live: &[Native]) {
        for from in live {
            let Some(channel) = self.channels.get(from) else { continue };
            let dials = channel.place.application.eq_ignore_ascii_case("Dial") && channel.place.partner.is_none();
            if !dials || channel.device.state == super::table::RINGING {
                continue;
            }
            let data = channel.place.dials.clone();
            let targets: Vec<&str> = data.split([',', '|']).next().unwrap_or_default().split('&').collect();
            let rings = |c: &Channel| {
                let name = device_of(&c.device.name);
                let alone = c.device.dialer.is_none() && c.place.partner.is_none() && c.device.state != RING;
                alone && c.device.state != UP && targets.iter().any(|target| is_for(target, name))
            };
            let legs: Vec<Native> =
                live.iter().filter(|uid| *uid != from && self.channels.get(uid).is_some_and(rings)).cloned().collect();
            for leg in legs {
                self.called(from, &leg);
            }
        }
    }

    /// The unique id that stands for the call of a channel: that of the one who called.
    fn call_of(&self, uid: &Native) -> String {
        let mut root = uid.clone();
        for _ in 0..8 {
            let Some(channel) = self.channels.get(&root) else { break };
            let device = &channel.device;
            let half = || self.channels.other_half(&root).filter(|_| device.name.ends_with(";2"));
            let partner = || channel.place.partner.clone().filter(|partner| self.is_older(partner, &root));
            let Some(next) =
                device.root.clone().filter(|root| self.channels.get(root).is_some()).or_else(half).or_else(partner)
            else {
                break;
            };
            if next == root {
                break;
            }
            root = next;
        }
        self.id(&root)
    }

    /// Whose unique id (`seconds.number`) is smaller was there first.
    fn is_older(&self, one: &Native, other: &Native) -> bool {
        let age = |uid: &Native| {
            let id = self.id(uid);
            let (front, number) = id.rsplit_once('.')?;
            let seconds = front.rsplit_once('-').map_or(front, |(_, seconds)| seconds);
            Some((seconds.parse::<u64>().ok()?, number.parse::<u64>().ok()?))
        };
        age(one) < age(other)
    }

    fn row(&self, uid: &Native, call: &str, row: &Message) -> Message {
        let mut lines = Lines::event("CoreShowChannel");
        let Some(channel) = self.channels.get(uid) else { return lines.message() };
        lines.add_channel("", channel);
        lines.add("Linkedid", call);
        let listed = field(row, "Application").map(|text| text.into_owned());
        let called = channel.device.dialer.is_some() || listed.as_deref() == Some("AppDial");
        // A channel without a place in the dial plan was called: `Status` shows no context for it.
        let called = called || (listed.is_none() && field(row, "Priority").is_none() && !channel.is_local());
        lines.add("Application", if called { "AppDial" } else { listed.as_deref().unwrap_or_default() });
        lines.add("ApplicationData", &channel.place.dials);
        if channel.place.partner.is_some() {
            lines.add("BridgeId", &self.bridge_of(uid));
        }
        lines.message()
    }

    /// In 1.4 an entry names its channel only.
    fn entry(&mut self, message: &Message) -> Option<Message> {
        let uid = self.touch(message, "Uniqueid", "Channel")?;
        let queue = field(message, "Queue")?;
        if let Some(channel) = self.channels.get_mut(&uid)
            && channel.place.queue.replace(queue.clone().into_owned()).is_none()
        {
            self.waiting += 1;
        }
        let mut lines = Lines::event("QueueEntry");
        lines.add("Queue", &queue);
        lines.add("Position", &field(message, "Position").unwrap_or_default());
        lines.add("Uniqueid", &self.id(&uid));
        Some(lines.message())
    }

    fn listed_member(&mut self, message: &Message) -> Message {
        let queue = field(message, "Queue").unwrap_or_default();
        let interface = field(message, "Location").unwrap_or_default();
        let paused = field(message, "Paused").is_some_and(|paused| paused == "1");
        let since = self.members.since(&queue, &interface, paused, self.now.timestamp());
        let mut lines = Lines::event("QueueMember");
        for (key, value) in message.headers().skip(1) {
            lines.add(&String::from_utf8_lossy(key), &String::from_utf8_lossy(value));
        }
        lines.add("LastPause", &since.to_string());
        lines.message()
    }
}

/// `SIP/6001`, `SIP/0901234567@trunk`, `SIP/trunk/0901234567`: whether a channel of that device was called with it.
fn is_for(target: &str, device: &str) -> bool {
    let (Some((kind, rest)), Some((technology, name))) = (target.split_once('/'), device.split_once('/')) else {
        return false;
    };
    let rest = rest.strip_suffix("/n").unwrap_or(rest);
    kind.eq_ignore_ascii_case(technology) && (rest == name || rest.split(['/', '@']).any(|part| part == name))
}
