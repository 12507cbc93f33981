//! Messages in the words of today.

use super::table::{Channel, Native};
use super::{Old, Told};
use crate::ami::Message;
use chrono::{DateTime, Utc};
use std::fmt::Write as _;

/// The longest value that is written, in bytes.
const MAX_VALUE: usize = 8192;

/// The lines of one message.
pub(super) struct Lines(String);

impl Lines {
    pub(super) fn event(name: &str) -> Self {
        Self(format!("Event: {name}\r\n"))
    }

    /// A value in one line: before 12 an Asterisk let line ends through.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        let value = crate::model::text::cut(value, MAX_VALUE);
        let _ = write!(self.0, "{key}: ");
        self.0.extend(value.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
        self.0.push_str("\r\n");
    }

    /// A name or value that today's Asterisk would escape.
    pub(super) fn add_escaped(&mut self, key: &str, value: &str) {
        if value.contains('\\') {
            self.add(key, &value.replace('\\', "\\\\"));
        } else {
            self.add(key, value);
        }
    }

    pub(super) fn add_channel(&mut self, prefix: &str, channel: &Channel) {
        let (device, place) = (&channel.device, &channel.place);
        let mut key = String::with_capacity(32);
        let mut add = |lines: &mut Self, name: &str, value: &str| {
            key.clear();
            let _ = write!(key, "{prefix}{name}");
            lines.add(&key, value);
        };
        add(self, "Channel", &device.name);
        add(self, "ChannelState", &device.state.to_string());
        add(self, "CallerIDNum", &device.number);
        add(self, "Context", &place.context);
        add(self, "Exten", &place.exten);
        add(self, "Uniqueid", &device.id);
        self.add_escaped(&format!("{prefix}CallerIDName"), &device.caller_name);
    }

    pub(super) fn message(self) -> Message {
        Message::parse(self.0.into())
    }
}

impl Old {
    /// Tells an event with the snapshots of channels, each with its prefix, and further headers. Nothing is told of
    /// channels that are gone or empty.
    pub(super) fn say(&mut self, event: &str, channels: &[(&str, &Native)], more: &[(&str, &str)]) {
        self.say_at(self.now, event, channels, more);
    }

    pub(super) fn say_at(
        &mut self,
        at: DateTime<Utc>,
        event: &str,
        channels: &[(&str, &Native)],
        more: &[(&str, &str)],
    ) {
        let mut lines = Lines::event(event);
        for (prefix, uid) in channels {
            match self.channels.get(uid) {
                Some(channel) if !channel.device.shell => lines.add_channel(prefix, channel),
                _ => return,
            }
        }
        for (key, value) in more {
            lines.add(key, value);
        }
        self.tell(at, lines);
    }

    pub(super) fn tell(&mut self, at: DateTime<Utc>, lines: Lines) {
        self.out.push(Told { at, message: lines.message() });
    }

    /// The unique id under which the model knows the device that is in this channel now.
    pub(super) fn id(&self, uid: &str) -> String {
        self.channels.get(uid).map(|channel| channel.device.id.clone()).unwrap_or_default()
    }
}
