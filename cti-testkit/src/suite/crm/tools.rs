//! What the cases share.

use super::CrmRig;
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::{CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, Name, Party};
use cti_core::crm::{LookUp, NewContact, WriteKey};
use cti_core::number::Number;
use cti_core::{Error, Status};
use std::error::Error as _;

/// Why a case ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Failed(String),
    Impossible(&'static str),
}

pub(super) type Verdict = Result<(), Stop>;

/// Fails the case unless it holds.
pub(super) fn ensure(holds: bool, otherwise: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(Stop::Failed(otherwise.into())) }
}

/// Fails the case unless both are the same.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Verdict {
    ensure(found == expected, format!("{what}: found {found:?}, expected {expected:?}"))
}

/// The answer of a call that must go well.
pub(super) fn good<T>(what: &str, result: cti_core::Result<T>) -> Result<T, Stop> {
    result.map_err(|error| Stop::Failed(format!("{what}: {error}")))
}

/// The error of a call that must fail; it must hold no secret, and none of the private texts.
pub(super) fn refused<T>(
    rig: &dyn CrmRig,
    what: &str,
    result: cti_core::Result<T>,
    private: &[&str],
) -> Result<Error, Stop> {
    match result {
        Ok(_) => Err(Stop::Failed(format!("{what}: went well, but must fail"))),
        Err(error) => harmless(rig, &error, private).map(|()| error),
    }
}

/// Fails the case if the error tells what it must not.
pub(super) fn harmless(rig: &dyn CrmRig, error: &Error, private: &[&str]) -> Verdict {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    let secrets = rig.secrets();
    let told = secrets.iter().map(String::as_str).chain(private.iter().copied()).any(|secret| text.contains(secret));
    ensure(!told, "an error holds a secret, a full number or a name")
}

/// True if trying again may help, or was tried and given up.
pub(super) fn is_passing(error: &Error) -> bool {
    matches!(error.status(), Status::Temporary | Status::Exhausted)
}

pub(super) fn number(text: &str) -> Result<Number, Stop> {
    Number::new(text).ok_or(Stop::Impossible("the number is empty"))
}

pub(super) fn look_up(text: &str) -> Result<LookUp, Stop> {
    number(text).map(LookUp::exactly)
}

pub(super) fn contact(text: &str, name: &str) -> Result<NewContact, Stop> {
    Ok(NewContact { number: number(text)?, name: Name::new(name) })
}

pub(super) fn key(call: &str) -> WriteKey {
    WriteKey::of(EventId::of(&CallId::new("suite", call), "ended"))
}

/// An inbound call of three seconds of talk.
pub(super) fn inbound(call: &str, caller: Party) -> CallRecord {
    let started_at = DateTime::<Utc>::from_timestamp(1_795_225_660, 0).unwrap_or_default();
    let after = |seconds| started_at + TimeDelta::seconds(seconds);
    CallRecord {
        call: CallId::new("suite", call),
        direction: Direction::Inbound,
        caller,
        dialed: Number::new("0312345000"),
        queue: None,
        extensions: vec!["6001".into()],
        answered_by: Some("6001".into()),
        disposition: Disposition::Answered,
        cause: "normal clearing".to_owned(),
        started_at,
        answered_at: Some(after(1)),
        ended_at: after(4),
        ring_seconds: 1.0,
        queue_seconds: 0.0,
        hold_seconds: 0.0,
        talk_seconds: 3.0,
        transfers: Vec::new(),
        recordings: Vec::new(),
        context: cti_core::call::Attached::default(),
    }
}

/// Something that happens in a call of that caller.
pub(super) fn tell(fact: CallFact, caller: Party) -> CallEvent {
    let record = inbound("1.1", caller);
    CallEvent {
        id: EventId::of(&record.call, fact.name()),
        call: record.call,
        seq: 1,
        at: record.started_at,
        fact,
        direction: record.direction,
        caller: record.caller,
        dialed: record.dialed,
    }
}
