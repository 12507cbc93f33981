//! `Dial`: before 12 told when it begins, from 1.6 on also when it is over, once for all its legs.

use super::Old;
use super::ending::{Ended, Outcome};
use super::table::{Native, device_of};
use crate::ami::Message;
use crate::model::text::field;

impl Old {
    pub(super) fn dial(&mut self, message: &Message) {
        if field(message, "SubEvent").is_some_and(|part| part.eq_ignore_ascii_case("End")) {
            return self.dial_is_over(message);
        }
        let (from, to) = if field(message, "Source").is_some() {
            (self.touch(message, "SrcUniqueID", "Source"), self.touch(message, "DestUniqueID", "Destination"))
        } else {
            (self.touch(message, "UniqueID", "Channel"), self.touch(message, "DestUniqueID", "Destination"))
        };
        let (Some(from), Some(to)) = (from, to) else { return };
        self.called(&from, &to);
        let said = field(message, "Dialstring").map(|said| said.into_owned());
        let dial_string = said.unwrap_or_else(|| self.dial_string(&from, &to));
        self.say("DialBegin", &[("", &from), ("Dest", &to)], &[("DialString", &dial_string)]);
    }

    /// `to` was called for `from`.
    pub(super) fn called(&mut self, from: &Native, to: &Native) {
        let root = self.root_of(from);
        if let Some(channel) = self.channels.get_mut(to) {
            channel.device.dialer = Some(from.clone());
            channel.device.root = Some(root.clone());
            channel.device.ended = Ended::No;
        }
        if let Some(channel) = self.channels.get_mut(&root)
            && !channel.place.legs.contains(to)
        {
            channel.place.legs.push(to.clone());
        }
        self.birth(from);
        self.birth(to);
    }

    /// For whom a channel calls in the end: the second half of a Local channel calls for whoever called the first.
    fn root_of(&self, from: &Native) -> Native {
        let half = self.channels.other_half(from);
        let outer = half.and_then(|half| self.channels.get(&half)?.device.root.clone());
        outer.unwrap_or_else(|| from.clone())
    }

    /// 1.4 does not tell what was dialled; the data of `Dial` does: `SIP/6001&SIP/0901234567@trunk|20|tT`.
    fn dial_string(&self, from: &Native, to: &Native) -> String {
        let (Some(from), Some(to)) = (self.channels.get(from), self.channels.get(to)) else { return String::new() };
        let targets = from.place.dials.split(['|', ',']).next().unwrap_or_default();
        let device = device_of(&to.device.name);
        let (technology, name) = device.split_once('/').unwrap_or((device, ""));
        let fits = |target: &&str| {
            target.split_once('/').is_some_and(|(kind, rest)| {
                kind.eq_ignore_ascii_case(technology) && rest.split(['/', '@']).any(|part| part == name)
            })
        };
        let mut all = targets.split('&');
        let only = all.clone().count() == 1;
        let target = all.clone().find(fits).or_else(|| all.next().filter(|_| only)).unwrap_or_default();
        target.split_once('/').map_or(target, |(_, rest)| rest).to_owned()
    }

    fn dial_is_over(&mut self, message: &Message) {
        let Some(from) = self.touch(message, "UniqueID", "Channel") else { return };
        let status = field(message, "DialStatus").unwrap_or_default().to_ascii_uppercase();
        let outcome = match status.as_str() {
            "ANSWER" => Outcome::Elsewhere,
            "CANCEL" => {
                self.hung_up_by_party(&from);
                Outcome::Cancelled
            }
            "BUSY" => Outcome::Status("BUSY"),
            "CONGESTION" => Outcome::Status("CONGESTION"),
            "CHANUNAVAIL" => Outcome::Status("CHANUNAVAIL"),
            _ => Outcome::Status("NOANSWER"),
        };
        self.end_held(|held| held.dialer.as_ref() == Some(&from), outcome);
    }
}
