//! A call that is not over: folding its events into the record it will leave.

use super::event::{CallEvent, CallFact};
use super::id::{EventId, Extension};
use super::record::{CallRecord, Disposition, Recording, Transfer, TransferHow};
use super::stopwatch::{Activity, Stopwatch};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The most answers of one call that are remembered.
const MAX_ANSWERS: usize = 256;

/// A call that is not over, as last seen: kept in the outbox, so that a restart can go on with it or end it.
///
/// It is the fold of the call's events: connectors build the record of `ended` with it, and the pipeline keeps it for
/// the case that the programme dies in mid-call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenCall {
    /// The sequence number of the last event that was told.
    pub seq: u64,
    /// The call so far; what it would leave if it were lost now.
    pub record: CallRecord,
    phase: Phase,
}

/// What is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Phase {
    watch: Stopwatch,
    /// Whose phones ring, and by which event that was told.
    ringing: Vec<(Extension, EventId)>,
    /// By which events answers were told.
    answers: Vec<EventId>,
    queued: bool,
    talking: bool,
    /// Who holds; `None` is the outside party.
    holders: Vec<Option<Extension>>,
    /// In which slot it is parked.
    parked: Option<String>,
}

impl Phase {
    fn activity(&self) -> Activity {
        match self {
            Self { parked: Some(_), .. } => Activity::Hold,
            Self { talking: true, holders, .. } if !holders.is_empty() => Activity::Hold,
            Self { talking: true, .. } => Activity::Talk,
            Self { queued: true, .. } => Activity::Queue,
            Self { ringing, .. } if !ringing.is_empty() => Activity::Ring,
            Self { .. } => Activity::Idle,
        }
    }
}

impl OpenCall {
    /// The call of which `event` is the first that was seen.
    pub fn begin(event: &CallEvent) -> Self {
        let (call, caller, dialed) = (event.call.clone(), event.caller.clone(), event.dialed.clone());
        let record = CallRecord::begun(call, event.direction, caller, dialed, event.at);
        let phase = Phase {
            watch: Stopwatch::new(event.at),
            ringing: Vec::new(),
            answers: Vec::new(),
            queued: false,
            talking: false,
            holders: Vec::new(),
            parked: None,
        };
        let mut open = Self { seq: 0, record, phase };
        open.apply(event);
        open
    }

    /// Takes in the next event of the call. An `ended` replaces the record by its own.
    pub fn apply(&mut self, event: &CallEvent) {
        self.seq = self.seq.max(event.seq);
        let record = &mut self.record;
        record.direction = event.direction;
        record.caller = event.caller.clone();
        if event.dialed.is_some() {
            record.dialed = event.dialed.clone();
        }
        record.ended_at = event.at.max(record.ended_at);
        if let Some(extension) = event.fact.extension() {
            self.takes_part(extension.clone());
        }
        if let CallFact::Dialing { extension, .. } | CallFact::Ringing { extension } = &event.fact {
            self.phase.ringing.push((extension.clone(), event.id.clone()));
        }
        if matches!(event.fact, CallFact::Answered { .. }) && self.phase.answers.len() < MAX_ANSWERS {
            self.phase.answers.push(event.id.clone());
        }
        self.apply_fact(&event.fact);
        self.count(self.phase.activity(), event.at);
    }

    /// Where the time went; what goes on since the last event is not booked yet.
    pub fn stopwatch(&self) -> &Stopwatch {
        &self.phase.watch
    }

    /// Who holds; `None` is the outside party.
    pub fn holders(&self) -> &[Option<Extension>] {
        &self.phase.holders
    }

    /// Whose phones ring (or who calls out), and the event that told it.
    pub fn ringing(&self) -> &[(Extension, EventId)] {
        &self.phase.ringing
    }

    /// The events that told an answer.
    pub fn answers(&self) -> &[EventId] {
        &self.phase.answers
    }

    /// The slot in which it is parked.
    pub fn parked(&self) -> Option<&str> {
        self.phase.parked.as_deref()
    }

    /// True while the caller waits in a queue.
    pub fn is_queued(&self) -> bool {
        self.phase.queued
    }

    /// The record of the call that ends now.
    pub fn finish(mut self, at: DateTime<Utc>, disposition: Disposition, cause: &str) -> CallRecord {
        self.count(Activity::Idle, at);
        let mut record = self.record;
        record.disposition = disposition;
        cause.clone_into(&mut record.cause);
        record.ended_at = at.max(record.ended_at);
        record
    }

    /// From `at` on the call does `activity`.
    fn count(&mut self, activity: Activity, at: DateTime<Utc>) {
        let watch = &mut self.phase.watch;
        watch.switch(activity, at);
        self.record.ring_seconds = watch.seconds(Activity::Ring);
        self.record.queue_seconds = watch.seconds(Activity::Queue);
        self.record.hold_seconds = watch.seconds(Activity::Hold);
        self.record.talk_seconds = watch.seconds(Activity::Talk);
    }

    fn apply_fact(&mut self, fact: &CallFact) {
        let phase = &mut self.phase;
        let record = &mut self.record;
        match fact {
            CallFact::Started | CallFact::Dialing { .. } | CallFact::Ringing { .. } | CallFact::Conferenced { .. } => {}
            CallFact::Parked { slot } => phase.parked = Some(slot.clone()),
            CallFact::Unparked { .. } => phase.parked = None,
            CallFact::Missed { extension, .. } => phase.ringing.retain(|(ringing, _)| ringing != extension),
            CallFact::Answered { extension } => {
                phase.ringing.retain(|(ringing, _)| ringing != extension);
                phase.queued = false;
                phase.talking = true;
                record.answered_by = Some(extension.clone());
                record.answered_at.get_or_insert(record.ended_at);
            }
            CallFact::Queued { queue, .. } => {
                phase.queued = true;
                record.queue = Some(queue.clone());
            }
            CallFact::Dequeued { .. } => phase.queued = false,
            CallFact::Held { extension } => {
                if !phase.holders.contains(extension) {
                    phase.holders.push(extension.clone());
                }
            }
            CallFact::Resumed { extension } => phase.holders.retain(|holder| holder != extension),
            CallFact::Transferred { from, to, how } => {
                phase.holders.clear();
                // The customer talks to the next one, or waits until that one answers.
                let next_answered = *how == TransferHow::Attended
                    && record.answered_by.as_ref().is_some_and(|by| by.as_str() == to.as_str());
                phase.talking = phase.talking && next_answered;
                let at = record.ended_at;
                record.transfers.push(Transfer { from: from.clone(), to: to.clone(), how: *how, at });
            }
            CallFact::Recording { file, url } => {
                let recording = url.clone().map(Recording::Url).or_else(|| file.clone().map(Recording::File));
                record.recordings.extend(recording);
            }
            CallFact::Context { fields } => record.context.extend(fields.clone()),
            CallFact::Ended { record: whole, .. } => self.record = (**whole).clone(),
        }
    }

    fn takes_part(&mut self, extension: Extension) {
        if !self.record.extensions.contains(&extension) {
            self.record.extensions.push(extension);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, Direction, EventId, Party};
    use crate::number::Number;

    fn event(seconds: f64, seq: u64, fact: CallFact) -> CallEvent {
        let call = CallId::new("main", "1.1");
        CallEvent {
            id: EventId::of(&call, &seq.to_string()),
            call,
            seq,
            at: DateTime::from_timestamp_millis((seconds * 1000.0) as i64).unwrap(),
            fact,
            direction: Direction::Inbound,
            caller: Party::known("0901234567", ""),
            dialed: Number::new("0312345000"),
        }
    }

    fn fold(facts: Vec<(f64, CallFact)>) -> OpenCall {
        let events: Vec<_> = facts.into_iter().zip(1..).map(|((at, fact), seq)| event(at, seq, fact)).collect();
        let mut open = OpenCall::begin(&events[0]);
        events[1..].iter().for_each(|event| open.apply(event));
        open
    }

    fn ext(extension: &str) -> Extension {
        extension.into()
    }

    fn finish(open: OpenCall, at: f64) -> CallRecord {
        let at = DateTime::from_timestamp_millis((at * 1000.0) as i64).unwrap();
        open.finish(at, Disposition::Answered, "normal clearing")
    }

    #[test]
    fn every_instant_counts_once() {
        let open = fold(vec![
            (0.0, CallFact::Started),
            (1.0, CallFact::Queued { queue: "support".into(), position: Some(1) }),
            (2.0, CallFact::Ringing { extension: ext("6001") }),
            (5.0, CallFact::Dequeued { queue: "support".into(), reason: "answered".into() }),
            (5.0, CallFact::Answered { extension: ext("6001") }),
            (8.0, CallFact::Held { extension: None }),
            (10.0, CallFact::Resumed { extension: None }),
        ]);
        let record = finish(open, 11.0);
        assert_eq!(
            (record.ring_seconds, record.queue_seconds, record.talk_seconds, record.hold_seconds),
            (0.0, 4.0, 4.0, 2.0)
        );
        assert_eq!(record.queue.as_deref(), Some("support"));
    }

    #[test]
    fn a_blind_transfer_rings_before_it_talks_again() {
        let open = fold(vec![
            (0.0, CallFact::Ringing { extension: ext("6001") }),
            (1.0, CallFact::Answered { extension: ext("6001") }),
            (
                3.0,
                CallFact::Transferred { from: ext("6001"), to: Number::new("6002").unwrap(), how: TransferHow::Blind },
            ),
            (3.0, CallFact::Ringing { extension: ext("6002") }),
            (5.0, CallFact::Answered { extension: ext("6002") }),
        ]);
        let record = finish(open, 9.0);
        assert_eq!((record.ring_seconds, record.talk_seconds), (3.0, 6.0));
        assert_eq!(record.answered_by, Some(ext("6002")));
        assert_eq!(record.extensions, [ext("6001"), ext("6002")]);
    }

    #[test]
    fn it_survives_being_stored() {
        let open = fold(vec![(0.0, CallFact::Started), (1.0, CallFact::Ringing { extension: ext("6001") })]);
        let stored = serde_json::to_string(&open).unwrap();
        assert_eq!(serde_json::from_str::<OpenCall>(&stored).unwrap(), open);
    }
}
