//! The time of recorded bytes, told by the bytes alone.

use super::text::{field, number};
use crate::ami::Message;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;

/// The most dials and waits whose beginning is remembered.
const MAX_OPEN: usize = 200_000;

/// Tells when each message of a recording happened. The same bytes always give the same times, and time never runs
/// backwards.
///
/// Evidence, in this order: the `Timestamp` header (manager.conf: `timestampevents = yes`), `EventTV` of security
/// events, the seconds in the `Uniqueid` of a new channel, and spans that Asterisk reports (`DIALEDTIME_MS`,
/// `RINGTIME_MS`, `QUEUEWAIT_MS`). A message without evidence happened when the one before it did; before any evidence
/// it is 1970.
#[derive(Debug, Clone, Default)]
pub struct WireClock {
    now: DateTime<Utc>,
    /// When the last dial of a channel began, by its `Uniqueid`.
    dials: HashMap<String, DateTime<Utc>>,
    /// When a channel joined a queue.
    queues: HashMap<String, DateTime<Utc>>,
}

impl WireClock {
    /// A clock that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// When this message happened. Messages must come in their order.
    pub fn at(&mut self, message: &Message) -> DateTime<Utc> {
        if let Some(seen) = self.evidence(message) {
            self.now = self.now.max(seen);
        }
        self.remember(message);
        self.now
    }

    fn evidence(&self, message: &Message) -> Option<DateTime<Utc>> {
        if let Some(at) = message.timestamp().or_else(|| event_tv(message)) {
            return Some(at);
        }
        match message.event()?.as_ref() {
            "Newchannel" => born(&field(message, "Uniqueid")?),
            "VarSet" => {
                let uniqueid = field(message, "Uniqueid")?;
                let start = match field(message, "Variable")?.as_ref() {
                    "DIALEDTIME_MS" | "RINGTIME_MS" => self.dials.get(uniqueid.as_ref())?,
                    "QUEUEWAIT_MS" => self.queues.get(uniqueid.as_ref())?,
                    _ => return None,
                };
                start.checked_add_signed(TimeDelta::try_milliseconds(number(message, "Value")?.max(0))?)
            }
            _ => None,
        }
    }

    fn remember(&mut self, message: &Message) {
        let Some(event) = message.event() else { return };
        let Some(uniqueid) = field(message, "Uniqueid") else { return };
        if self.dials.len() + self.queues.len() > MAX_OPEN {
            self.dials.clear();
            self.queues.clear();
        }
        match event.as_ref() {
            "DialBegin" => self.dials.insert(uniqueid.into_owned(), self.now),
            "QueueCallerJoin" => self.queues.insert(uniqueid.into_owned(), self.now),
            "Hangup" => {
                self.queues.remove(uniqueid.as_ref());
                self.dials.remove(uniqueid.as_ref())
            }
            _ => None,
        };
    }
}

fn event_tv(message: &Message) -> Option<DateTime<Utc>> {
    let value = field(message, "EventTV")?;
    DateTime::parse_from_str(&value, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.to_utc())
}

/// The second of birth in a `Uniqueid`: `1795225327.0`, also behind a system name (`pbx1-1795225327.0`).
pub(super) fn born(uniqueid: &str) -> Option<DateTime<Utc>> {
    let (front, _) = uniqueid.rsplit_once('.')?;
    let seconds = front.rsplit_once('-').map_or(front, |(_, seconds)| seconds);
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(clock: &mut WireClock, text: &'static str) -> String {
        clock.at(&Message::parse(text.into())).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }

    #[test]
    fn each_kind_of_evidence() {
        let mut clock = WireClock::new();
        assert_eq!(at(&mut clock, "Event: FullyBooted\n"), "1970-01-01T00:00:00.000Z");
        let security = "Event: SuccessfulAuth\nEventTV: 2026-11-21T01:42:05.309+0000\n";
        assert_eq!(at(&mut clock, security), "2026-11-21T01:42:05.309Z");
        assert_eq!(at(&mut clock, "Event: Newchannel\nUniqueid: 1795225327.0\n"), "2026-11-21T01:42:07.000Z");
        assert_eq!(at(&mut clock, "Event: DialBegin\nUniqueid: 1795225327.0\n"), "2026-11-21T01:42:07.000Z");
        let dialed = "Event: VarSet\nUniqueid: 1795225327.0\nVariable: DIALEDTIME_MS\nValue: 4019\n";
        assert_eq!(at(&mut clock, dialed), "2026-11-21T01:42:11.019Z");
        assert_eq!(at(&mut clock, "Event: Newchannel\nUniqueid: 1795225328.1\n"), "2026-11-21T01:42:11.019Z");
        assert_eq!(
            at(&mut clock, "Event: Hangup\nPrivilege: call,all\nTimestamp: 1795225340.5\n"),
            "2026-11-21T01:42:20.500Z"
        );
    }

    #[test]
    fn odd_values_are_no_evidence() {
        let mut clock = WireClock::new();
        for text in [
            "Event: Newchannel\nUniqueid: x.y\n",
            "Event: Newchannel\nUniqueid: 99999999999999999999.1\n",
            "Event: Hangup\nPrivilege: call,all\nTimestamp: 1.é\n",
            "Event: Hangup\nPrivilege: call,all\nTimestamp: -.9\n",
            "Event: VarSet\nUniqueid: 1.1\nVariable: DIALEDTIME_MS\nValue: 9223372036854775807\n",
        ] {
            assert_eq!(at(&mut clock, text), "1970-01-01T00:00:00.000Z", "{text}");
        }
        assert_eq!(born("pbx1-1795225327.0"), born("1795225327.0"));
    }
}
