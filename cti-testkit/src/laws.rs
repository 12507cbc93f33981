//! The laws of a stream of PBX events (section 3 of the architecture): every connector keeps them, every suite
//! checks them.

use chrono::{DateTime, Utc};
use cti_core::call::{
    CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, Extension, MissReason, OpenCall, Party, PbxEvent,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The number of the law, 1 to 7.
    pub law: u8,
    /// The call, if it is about one.
    pub call: Option<CallId>,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}: ", self.law)?;
        if let Some(call) = &self.call {
            write!(f, "call {call}: ")?;
        }
        f.write_str(&self.text)
    }
}

/// Checks laws 1 to 7; calls that are still open are allowed.
///
/// # Errors
/// Every violation that was found.
pub fn check(events: &[PbxEvent]) -> Result<(), Vec<Violation>> {
    report(events, &[], false)
}

/// The same, and every call must have ended.
///
/// # Errors
/// Every violation that was found.
pub fn check_complete(events: &[PbxEvent]) -> Result<(), Vec<Violation>> {
    report(events, &[], true)
}

/// The same for a reader that took over calls of an earlier run: those go on with the next number.
///
/// # Errors
/// Every violation that was found.
pub fn check_resumed(events: &[PbxEvent], resumed: &[OpenCall]) -> Result<(), Vec<Violation>> {
    report(events, resumed, false)
}

fn report(events: &[PbxEvent], resumed: &[OpenCall], complete: bool) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    check_ids(events, &mut found);
    for (call, events) in by_call(events) {
        let before = resumed.iter().find(|open| open.record.call == call).map(|open| open.seq);
        let mut checker = Checker { call, events: &events, before, found: &mut found };
        checker.run(complete);
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The events of each call, in order of their first appearance within a call.
pub fn by_call(events: &[PbxEvent]) -> BTreeMap<CallId, Vec<&CallEvent>> {
    let mut calls: BTreeMap<CallId, Vec<&CallEvent>> = BTreeMap::new();
    for event in events {
        if let PbxEvent::Call(event) = event {
            calls.entry(event.call.clone()).or_default().push(event);
        }
    }
    calls
}

/// True if both lists tell the same facts: everything but instants and durations is equal.
pub fn same_facts(a: &[PbxEvent], b: &[PbxEvent]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| timeless(a) == timeless(b))
}

fn timeless(event: &PbxEvent) -> PbxEvent {
    let mut event = event.clone();
    match &mut event {
        PbxEvent::Agent(agent) => agent.at = DateTime::UNIX_EPOCH,
        PbxEvent::Call(call) => {
            call.at = DateTime::UNIX_EPOCH;
            if let CallFact::Ended { record, .. } = &mut call.fact {
                **record = timeless_record(record);
            }
        }
    }
    event
}

fn timeless_record(record: &CallRecord) -> CallRecord {
    let mut record = record.clone();
    record.started_at = DateTime::UNIX_EPOCH;
    record.answered_at = record.answered_at.map(|_| DateTime::UNIX_EPOCH);
    record.ended_at = DateTime::UNIX_EPOCH;
    (record.ring_seconds, record.queue_seconds, record.hold_seconds, record.talk_seconds) = (0.0, 0.0, 0.0, 0.0);
    for transfer in &mut record.transfers {
        transfer.at = DateTime::UNIX_EPOCH;
    }
    record
}

fn check_ids(events: &[PbxEvent], found: &mut Vec<Violation>) {
    let mut seen = HashSet::new();
    for event in events {
        let (call, id) = match event {
            PbxEvent::Call(event) => (Some(event.call.clone()), &event.id),
            PbxEvent::Agent(event) => (None, &event.id),
        };
        if !seen.insert(id.clone()) {
            found.push(Violation { law: 1, call: call.clone(), text: format!("the event id {id} is told twice") });
        }
        if let Some(call) = call.filter(|call| !id.as_str().starts_with(&format!("{call}#"))) {
            found.push(Violation {
                law: 1,
                call: Some(call),
                text: format!("the event id {id} is not made of the call"),
            });
        }
    }
}

/// A name may be completed, but nothing be changed.
fn is_same(before: &Party, now: &Party) -> bool {
    let name = before.name.is_none() || before.name == now.name;
    before.number == now.number && before.withheld == now.withheld && name
}

struct Checker<'a> {
    call: CallId,
    events: &'a [&'a CallEvent],
    /// The last number that an earlier run told.
    before: Option<u64>,
    found: &'a mut Vec<Violation>,
}

impl Checker<'_> {
    fn run(&mut self, complete: bool) {
        self.order();
        self.end(complete);
        self.offerings();
        self.names();
        self.caller();
        if let Some(CallEvent { fact: CallFact::Ended { record, disposition, cause }, at, .. }) = self.events.last() {
            self.record(record, *disposition, cause, *at);
            self.seconds(record);
        }
    }

    fn broken(&mut self, law: u8, text: impl Into<String>) {
        self.found.push(Violation { law, call: Some(self.call.clone()), text: text.into() });
    }

    fn expect(&mut self, law: u8, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.broken(law, text());
        }
    }

    /// Laws 1 and 7: sequence and time.
    fn order(&mut self) {
        let first = self.before.unwrap_or_default() + 1;
        for (place, event) in self.events.iter().enumerate() {
            let wanted = first + place as u64;
            self.expect(1, event.seq == wanted, || {
                format!("{} has seq {} instead of {wanted}", event.name(), event.seq)
            });
        }
        let starts = self.events[0].fact == CallFact::Started;
        self.expect(1, starts == self.before.is_none(), || format!("the first event is {}", self.events[0].name()));
        for pair in self.events.windows(2) {
            self.expect(7, pair[0].at <= pair[1].at, || {
                format!("{} is told before {} but is later", pair[0].name(), pair[1].name())
            });
            self.expect(1, pair[1].fact != CallFact::Started, || "started is told twice".to_owned());
        }
    }

    /// Law 2: one end, the last.
    fn end(&mut self, complete: bool) {
        let ends = self.events.iter().filter(|event| matches!(event.fact, CallFact::Ended { .. })).count();
        self.expect(2, ends <= 1, || format!("ended is told {ends} times"));
        let last = matches!(self.events.last().map(|event| &event.fact), Some(CallFact::Ended { .. }));
        self.expect(2, ends == 0 || last, || "something is told after ended".to_owned());
        self.expect(2, ends > 0 || !complete, || "the call never ends".to_owned());
    }

    /// Law 3: every offering has one end; those who lose to somebody who answered lost to "answered elsewhere".
    fn offerings(&mut self) {
        let mut open: BTreeSet<Extension> = BTreeSet::new();
        let mut winner_since: Option<usize> = None;
        // Who is called while somebody holds is asked, and competes with nobody.
        let (mut holders, mut asked) = (0_u32, BTreeSet::new());
        for (place, event) in self.events.iter().enumerate() {
            match &event.fact {
                CallFact::Held { .. } => holders += 1,
                CallFact::Resumed { .. } => holders = holders.saturating_sub(1),
                CallFact::Ringing { extension } => {
                    if holders > 0 {
                        asked.insert(extension);
                    }
                    self.expect(3, open.insert(extension.clone()), || {
                        format!("{extension} rings again although it rings already")
                    });
                    winner_since = None;
                }
                CallFact::Missed { extension, reason } => {
                    let rang = open.remove(extension);
                    // A phone that could not be reached or was busy at once never rang.
                    let never_rang =
                        matches!(reason, MissReason::Unavailable | MissReason::Busy | MissReason::Rejected);
                    self.expect(3, rang || never_rang || place < 2, || {
                        format!("{extension} missed a call that was not offered to it")
                    });
                    let elsewhere = *reason == MissReason::AnsweredElsewhere;
                    let missed_at = event.at;
                    if rang && winner_since.is_some() && !asked.remove(extension) {
                        self.expect(3, elsewhere, || {
                            format!("{extension} lost to somebody who answered, but is said to have missed: {reason:?}")
                        });
                    }
                    if elsewhere {
                        // Of a call that was lost sight of, the answer may be what was not seen; and an outside line that
                        // answered (a phone forwards to a mobile) has no extension to name.
                        let won = self.events.iter().any(|event| match &event.fact {
                            CallFact::Answered { extension: winner } => winner != extension,
                            CallFact::Ended { disposition, record, .. } => {
                                *disposition == Disposition::LostTrack
                                    || record.answered_at.is_some_and(|answered| answered <= missed_at)
                                    || (record.answered_at.is_some() && record.answered_by.is_none())
                            }
                            _ => false,
                        });
                        self.expect(3, won, || format!("{extension} lost to somebody, but nobody else answered"));
                    }
                }
                CallFact::Answered { extension } => {
                    open.remove(extension);
                    winner_since = Some(place);
                }
                CallFact::Ended { disposition, .. } => {
                    let lost = matches!(disposition, Disposition::LostTrack | Disposition::Merged);
                    let left: Vec<String> = open.iter().map(ToString::to_string).collect();
                    self.expect(3, lost || left.is_empty(), || format!("the call ends while {} ring", left.join(", ")));
                }
                _ => {}
            }
        }
    }

    /// Law 4: an extension is a person's device.
    fn names(&mut self) {
        for event in self.events {
            let mut names: Vec<&Extension> = event.fact.extension().into_iter().collect();
            match &event.fact {
                CallFact::Conferenced { extensions } => names.extend(extensions),
                CallFact::Transferred { from, .. } => names.push(from),
                CallFact::Ended { record, .. } => names.extend(&record.extensions),
                _ => {}
            }
            for name in names {
                let text = name.as_str();
                let odd =
                    text.is_empty() || text.contains(['/', '@', ';', '<', '>', ' ']) || text == "trunk" || text == "s";
                self.expect(4, !odd, || format!("{} names {name}, which is no extension", event.name()));
            }
        }
    }

    /// Laws 5 and 6: caller, direction and the number called stay.
    fn caller(&mut self) {
        let first = self.events[0];
        let mut known: Option<&Party> = None;
        for event in self.events {
            // Before the call is offered to anybody the dial plan may still complete or rewrite the number.
            let is_offered = known.is_some()
                || !matches!(event.fact, CallFact::Started | CallFact::Context { .. } | CallFact::Recording { .. });
            if is_offered {
                let same = known.is_none_or(|known| is_same(known, &event.caller));
                self.expect(5, same, || format!("{} tells another caller", event.name()));
                known = known.filter(|known| known.name.is_some() || !same).or(Some(&event.caller));
            }
            self.expect(6, event.direction == first.direction, || format!("{} tells another direction", event.name()));
            if let CallFact::Ended { record, .. } = &event.fact {
                self.expect(5, record.caller == event.caller, || "the record tells another caller".to_owned());
                self.expect(6, record.direction == first.direction, || "the record tells another direction".to_owned());
                self.expect(5, record.dialed == event.dialed, || "the record tells another dialled number".to_owned());
            }
        }
    }

    /// Law 2 again: the record says what the events said. What a resumed reader did not tell itself is not compared.
    fn record(&mut self, record: &CallRecord, disposition: Disposition, cause: &str, at: DateTime<Utc>) {
        self.expect(2, record.call == self.call, || "the record is of another call".to_owned());
        self.expect(2, record.disposition == disposition, || "record and event tell different dispositions".to_owned());
        self.expect(2, record.cause == cause, || "record and event tell different causes".to_owned());
        self.expect(7, record.ended_at == at, || "the record ends at another time than the event".to_owned());
        let (mut answered_by, mut queue, mut named, mut transfers) = (BTreeSet::new(), None, Vec::new(), Vec::new());
        for event in self.events {
            match &event.fact {
                CallFact::Answered { extension } => drop(answered_by.insert(extension)),
                CallFact::Queued { queue: name, .. } => queue = Some(name.clone()),
                CallFact::Transferred { from, to, how } => transfers.push((from.clone(), to.clone(), *how)),
                _ => {}
            }
            named.extend(event.fact.extension().cloned());
        }
        for extension in named {
            self.expect(2, record.extensions.contains(&extension), || format!("the record forgets {extension}"));
        }
        let once: BTreeSet<&Extension> = record.extensions.iter().collect();
        self.expect(2, once.len() == record.extensions.len(), || "the record names an extension twice".to_owned());
        let whole = self.before.is_none();
        if whole {
            let told: Vec<_> = record.transfers.iter().map(|t| (t.from.clone(), t.to.clone(), t.how)).collect();
            self.expect(2, told == transfers, || "the record tells other transfers than the events".to_owned());
            self.expect(2, record.queue == queue, || {
                format!("the record has queue {:?}, the events {queue:?}", record.queue)
            });
        }
        if whole && transfers.is_empty() {
            // Of several the last who talked to the other party: somebody who was only asked did not.
            // The one of ours who calls talks too.
            let caller = record.extensions.first().filter(|_| record.direction != Direction::Inbound);
            let fits = record
                .answered_by
                .as_ref()
                .map_or(answered_by.is_empty(), |by| answered_by.contains(by) || caller == Some(by));
            self.expect(2, fits, || {
                format!("the record is answered by {:?}, the events by {answered_by:?}", record.answered_by)
            });
            self.disposition(record, !answered_by.is_empty());
        }
    }

    fn disposition(&mut self, record: &CallRecord, answered: bool) {
        // A call from outside that was forwarded to an outside number and answered there, or of which only outside lines
        // were seen: people talked, but there is no extension that an `answered` could name (law 4).
        let no_extension = record.direction == Direction::Inbound || record.extensions.is_empty();
        let answered_outside = no_extension && record.answered_by.is_none();
        let answered = answered || (answered_outside && record.answered_at.is_some());
        let fits = match record.disposition {
            Disposition::Answered => answered,
            Disposition::Merged | Disposition::LostTrack => true,
            _ => !answered,
        };
        self.expect(2, fits, || format!("disposition {:?}, answered: {answered}", record.disposition));
        self.expect(2, record.answered_at.is_some() == answered, || "answered_at does not fit the events".to_owned());
    }

    /// Law 7: seconds.
    fn seconds(&mut self, record: &CallRecord) {
        let parts = [record.ring_seconds, record.queue_seconds, record.hold_seconds, record.talk_seconds];
        self.expect(7, parts.iter().all(|part| part.is_finite() && *part >= 0.0), || {
            format!("negative seconds: {parts:?}")
        });
        let span = (record.ended_at - record.started_at).as_seconds_f64();
        self.expect(7, span >= 0.0, || "the record ends before it starts".to_owned());
        let sum: f64 = parts.iter().sum();
        self.expect(7, sum <= span + 0.001, || format!("{sum} s of {parts:?} do not fit into {span} s"));
        let within = record.answered_at.is_none_or(|at| record.started_at <= at && at <= record.ended_at);
        self.expect(7, within, || "answered_at is outside the call".to_owned());
    }
}

#[cfg(test)]
mod tests;
