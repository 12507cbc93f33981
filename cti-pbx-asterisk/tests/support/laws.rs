//! The seven laws of calls, checked on a stream of events. Self-contained: knows only `cti-core`.

use cti_core::call::{CallEvent, CallFact, CallId, Direction, Disposition, Extension, MissReason, PbxEvent};
use std::collections::{HashMap, HashSet};

/// Checks every law on the events of one reader; `complete` says that no call may be open at the end.
pub(crate) fn check(events: &[PbxEvent], complete: bool) -> Result<(), String> {
    let mut calls: HashMap<CallId, Vec<&CallEvent>> = HashMap::new();
    let mut ids = HashSet::new();
    for event in events {
        let id = match event {
            PbxEvent::Call(call) => {
                calls.entry(call.call.clone()).or_default().push(call);
                &call.id
            }
            PbxEvent::Agent(agent) => &agent.id,
        };
        if !ids.insert(id.clone()) {
            return Err(format!("law 1: id {id} told twice"));
        }
    }
    calls.values().try_for_each(|events| check_call(events, complete))
}

fn check_call(events: &[&CallEvent], complete: bool) -> Result<(), String> {
    let Some((first, last)) = events.first().zip(events.last()) else { return Ok(()) };
    let call = &first.call;
    let fail = |law: u8, text: String| Err(format!("law {law}: {call}: {text}"));
    for (index, event) in events.iter().enumerate() {
        if event.seq != index as u64 + 1 {
            return fail(1, format!("seq {} at place {}", event.seq, index + 1));
        }
        if !event.id.as_str().starts_with(&format!("{call}#{}", event.name())) {
            return fail(1, format!("id {} does not name call and fact", event.id));
        }
        if event.direction != first.direction {
            return fail(6, "the direction changed".to_owned());
        }
        if index > 0 && event.at < events[index - 1].at {
            return fail(7, format!("{} runs backwards", event.name()));
        }
        if matches!(event.fact, CallFact::Started) != (index == 0) {
            return fail(2, format!("{} at place {}", event.name(), index + 1));
        }
        if matches!(event.fact, CallFact::Ended { .. }) && index + 1 != events.len() {
            return fail(2, format!("{} facts after the end", events.len() - index - 1));
        }
        if event.direction == Direction::Inbound
            && let (Some(now), Some(before)) = (&event.caller.number, &first.caller.number)
            && now != before
        {
            return fail(5, "another caller".to_owned());
        }
        if event.caller.withheld.is_some() && (event.caller.number.is_some() || event.caller.name.is_some()) {
            return fail(5, "a withheld caller is shown".to_owned());
        }
        let strange = |e: &Extension| e.as_str().is_empty() || e.as_str().contains(['/', '@', ';']);
        if event.fact.extension().is_some_and(strange) {
            return fail(4, format!("{} names no device of a person", event.name()));
        }
    }
    check_offers(events)?;
    match &last.fact {
        CallFact::Ended { record, disposition, cause } => {
            let sum = record.ring_seconds + record.queue_seconds + record.hold_seconds + record.talk_seconds;
            let span = (record.ended_at - record.started_at).num_milliseconds() as f64 / 1000.0;
            let parts = [record.ring_seconds, record.queue_seconds, record.hold_seconds, record.talk_seconds];
            if parts.iter().any(|&part| part < 0.0) || sum > span + 1e-6 {
                return fail(7, format!("{parts:?} in a span of {span}"));
            }
            if record.answered_at.is_some_and(|at| at < record.started_at || at > record.ended_at) {
                return fail(7, "answered outside the call".to_owned());
            }
            if &record.disposition != disposition || &record.cause != cause || record.ended_at != last.at {
                return fail(2, "the record says something else than the event".to_owned());
            }
            if *disposition == Disposition::Answered && record.answered_at.is_none() {
                return fail(2, "answered, but never".to_owned());
            }
            if record.started_at != first.at || record.ended_id() != last.id {
                return fail(1, "the record is of another call".to_owned());
            }
            let once: HashSet<_> = record.extensions.iter().collect();
            if once.len() != record.extensions.len() {
                return fail(3, "an extension twice".to_owned());
            }
            if let Some(missing) = events.iter().filter_map(|e| e.fact.extension()).find(|e| !once.contains(e)) {
                return fail(3, format!("{missing} is not in the record"));
            }
            Ok(())
        }
        _ if complete => fail(2, "it never ends".to_owned()),
        _ => Ok(()),
    }
}

/// Law 3: each offering rings once and ends at most once, and whoever lost to another is no missed call.
fn check_offers(events: &[&CallEvent]) -> Result<(), String> {
    let leg = |event: &CallEvent| event.id.as_str().rsplit_once(':').map_or("", |(_, leg)| leg).to_owned();
    let mut ringing = HashSet::new();
    let mut answered = false;
    for event in events {
        match &event.fact {
            CallFact::Ringing { .. } => {
                ringing.insert(leg(event));
            }
            CallFact::Missed { .. } if !ringing.remove(&leg(event)) => {
                return Err(format!("law 3: {} ended an offering that is not open", event.id));
            }
            CallFact::Answered { .. } => answered = true,
            CallFact::Ended { disposition, .. } if *disposition != Disposition::LostTrack => {
                let elsewhere =
                    |e: &&&CallEvent| matches!(&e.fact, CallFact::Missed { reason: MissReason::AnsweredElsewhere, .. });
                if !answered && events.iter().any(|e| elsewhere(&e)) {
                    return Err(format!("law 3: {}: answered elsewhere, but nobody did", event.call));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
