//! `Newchannel`, `Newstate`, `Newexten`, `Newcallerid`, `VarSet`, `UserEvent`.
//!
//! A channel is told only once it is known what it is: one that calls (it is in the state `Ring`, or the dial plan runs
//! on it), one that is called (`Dial`, `AgentCalled`), or one that the PBX itself called (it answers). In 1.4 the first
//! step in the dial plan also brings the context and the number that was dialled.

use super::Old;
use super::table::{Channel, Native, RING, UP, Waiting};
use super::write::Lines;
use crate::ami::Message;
use crate::model::text::{field, leading_number};
use chrono::{DateTime, Utc};

/// What a channel keeps back before its birth is told.
const MAX_WAITING: usize = 64;

impl Old {
    pub(super) fn newchannel(&mut self, message: &Message) {
        let (Some(uid), Some(name)) = (field(message, "Uniqueid"), field(message, "Channel")) else { return };
        let mut channel = Channel::new(&uid, &name);
        let shells = ["Parked/", "Transfered/", "AsyncGoto/"];
        channel.device.shell = shells.iter().any(|front| name.starts_with(front));
        channel.device.unborn = Some(self.now);
        channel.device.seen_born = true;
        let uid = self.channels.insert(&uid, channel);
        self.learn(&uid, message);
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.device.born_as = (channel.device.number.clone(), channel.device.caller_name.clone());
        }
        if !self.is_1_4() && self.channels.get(&uid).is_some_and(|channel| channel.device.calls) {
            self.birth(&uid);
        }
    }

    /// The channel of an event, taken up if it was there before we were.
    pub(super) fn touch(&mut self, message: &Message, uid: &str, name: &str) -> Option<Native> {
        let (uid, name) = (field(message, uid), field(message, name));
        if let Some(known) = uid.as_ref().and_then(|uid| self.channels.uid(uid)) {
            return Some(known);
        }
        match (uid, name) {
            (Some(uid), Some(name)) if !name.contains('<') => {
                Some(self.channels.insert(&uid, Channel::new(&uid, &name)))
            }
            (None, Some(name)) => self.channels.named(&name),
            _ => None,
        }
    }

    /// Takes over what the event says of the channel itself.
    pub(super) fn learn(&mut self, uid: &Native, message: &Message) {
        let Some(channel) = self.channels.get_mut(uid) else { return };
        if let Some(state) = state(message) {
            channel.device.state = state;
            channel.device.calls |= state == RING;
        }
        let number = field(message, "CallerIDNum").or_else(|| field(message, "CallerID"));
        for (known, said) in
            [(&mut channel.device.number, number), (&mut channel.device.caller_name, field(message, "CallerIDName"))]
        {
            if let Some(said) = said {
                *known = said.into_owned();
            }
        }
        let exten = field(message, "Extension").or_else(|| field(message, "Exten"));
        for (known, said) in
            [(&mut channel.place.context, field(message, "Context")), (&mut channel.place.exten, exten)]
        {
            if let Some(said) = said {
                *known = said.into_owned();
            }
        }
    }

    /// Tells that the channel is there, as of its first sign, and what waited for that.
    pub(super) fn birth(&mut self, uid: &Native) {
        let Some(channel) = self.channels.get_mut(uid) else { return };
        let Some(at) = channel.device.unborn.take() else { return };
        let waiting = std::mem::take(&mut channel.device.waiting);
        let second = channel.device.name.ends_with(";2");
        self.tell_birth(uid, at);
        for Waiting { at, event, headers } in waiting {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            self.say_at(at, event, &[("", uid)], &headers);
        }
        let Some(half) = self.channels.other_half(uid) else { return };
        self.birth(&half);
        let (one, two) = if second { (&half, uid) } else { (uid, &half) };
        self.say("LocalBridge", &[("LocalOne", one), ("LocalTwo", two)], &[]);
    }

    /// With the number that it had then: click-to-dial shows the customer's on the agent's channel later.
    fn tell_birth(&mut self, uid: &Native, at: DateTime<Utc>) {
        let swap = |old: &mut Self| {
            if let Some(Channel { device, .. }) = old.channels.get_mut(uid) {
                std::mem::swap(&mut device.number, &mut device.born_as.0);
                std::mem::swap(&mut device.caller_name, &mut device.born_as.1);
            }
        };
        swap(self);
        self.say_at(at, "Newchannel", &[("", uid)], &[]);
        swap(self);
    }

    /// Tells something of the channel, or keeps it until the channel is told.
    pub(super) fn say_or_wait(&mut self, uid: &Native, event: &'static str, headers: &[(&str, &str)]) {
        let Some(device) = self.channels.get_mut(uid).map(|channel| &mut channel.device) else { return };
        if device.unborn.is_none() {
            self.say(event, &[("", uid)], headers);
        } else if device.waiting.len() < MAX_WAITING {
            let headers = headers.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
            device.waiting.push(Waiting { at: self.now, event, headers });
        }
    }

    pub(super) fn newstate(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        self.learn(&uid, message);
        let Some(channel) = self.channels.get(&uid) else { return };
        let unborn = channel.device.unborn.is_some();
        match channel.device.state {
            RING if unborn && !self.is_1_4() => self.birth(&uid),
            UP if self.is_called_by_pbx(&uid) => {
                self.birth(&uid);
                // Before 12 the dial of an Originate is told by nothing but a phone that answers without a dial.
                self.say("DialBegin", &[("Dest", &uid)], &[]);
            }
            _ if unborn => return,
            _ => {}
        }
        self.say("Newstate", &[("", &uid)], &[]);
    }

    /// A channel of which nothing tells who called it, and that does not call itself. While callers wait in queues that
    /// do not tell whom they call, it may be theirs.
    pub(super) fn is_called_by_pbx(&self, uid: &Native) -> bool {
        let alone = |channel: &Channel| {
            let device = &channel.device;
            device.seen_born && !device.calls && device.dialer.is_none() && !device.shell && !channel.is_local()
        };
        self.waiting == 0 && self.channels.get(uid).is_some_and(|c| alone(c) && c.device.unborn.is_some())
    }

    pub(super) fn newexten(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        let exten = field(message, "Extension").unwrap_or_default().into_owned();
        let first = leading_number(&message.get("Priority").unwrap_or_default()) == Some(1);
        self.goes_on(&uid, &exten, first);
        self.learn(&uid, message);
        let application = field(message, "Application").unwrap_or_default().into_owned();
        let data = field(message, "AppData").unwrap_or_default().into_owned();
        self.birth(&uid);
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.place.application.clone_from(&application);
            if application.eq_ignore_ascii_case("Dial") {
                channel.place.dials.clone_from(&data);
            }
        }
        if self.is_1_4() {
            self.variable_of_step(&uid, &application, &data);
        }
    }

    /// 1.4 tells no variables: what `Set` and `MixMonitor` do stands in the step itself.
    fn variable_of_step(&mut self, uid: &Native, application: &str, data: &str) {
        let set = |old: &mut Self, name: &str, value: &str| {
            old.say_or_wait(uid, "VarSet", &[("Variable", name), ("Value", &escaped(value))]);
        };
        if application.eq_ignore_ascii_case("Set") {
            if let Some((name, value)) = data.split_once('=') {
                set(self, name.trim(), value);
            }
        } else if application.eq_ignore_ascii_case("MixMonitor") {
            set(self, "MIXMONITOR_FILENAME", data.split(['|', ',']).next().unwrap_or_default());
        }
    }

    pub(super) fn newcallerid(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        self.learn(&uid, message);
        let presentation = message.get("CID-CallingPres").unwrap_or_default().into_owned();
        self.say_or_wait(&uid, "NewCallerid", &[("CID-CallingPres", &presentation)]);
        self.shown_by_consultation(&uid);
    }

    pub(super) fn varset(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        let (Some(name), value) = (field(message, "Variable"), message.get("Value").unwrap_or_default()) else {
            return;
        };
        if name == "TRANSFERERNAME" {
            self.consulted_for(&uid, &value);
        }
        self.say_or_wait(&uid, "VarSet", &[("Variable", &name), ("Value", &escaped(&value))]);
    }

    /// Data of an application: as it came, but for the channel.
    pub(super) fn user_event(&mut self, message: &Message) {
        let known = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid));
        if let Some(uid) = &known {
            self.birth(uid);
        }
        let mut lines = Lines::event("UserEvent");
        if let Some(channel) = known.as_ref().and_then(|uid| self.channels.get(uid)) {
            lines.add_channel("", channel);
        }
        for (key, value) in message.headers().skip(1) {
            let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
            let told = known.is_some() && ["Uniqueid", "Channel"].iter().any(|own| key.eq_ignore_ascii_case(own));
            if !key.is_empty() && !told {
                lines.add_escaped(&key, &value);
            }
        }
        self.tell(self.now, lines);
    }
}

/// As today's Asterisk writes a variable.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\")
}

/// `ChannelState: 5`, or the words of 1.4: `State: Ringing`.
pub(super) fn state(message: &Message) -> Option<i64> {
    if let Some(number) = field(message, "ChannelState") {
        return leading_number(&number);
    }
    let words = ["Down", "Rsrvd", "OffHook", "Dialing", "Ring", "Ringing", "Up", "Busy"];
    let word = field(message, "State")?;
    words.iter().position(|known| word.eq_ignore_ascii_case(known)).and_then(|at| i64::try_from(at).ok())
}
