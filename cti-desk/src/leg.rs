//! One telephone's part in a call.

use chrono::{DateTime, Utc};
use cti_core::call::{CallId, Disposition, Extension, MissReason};
use cti_core::number::Number;
use serde::Serialize;

/// What a telephone is doing in a call. Later ones win where an agent has several telephones in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LegState {
    /// Nothing any more.
    Over,
    /// It rings.
    Ringing,
    /// It calls; the far end has not answered.
    Dialing,
    /// It put the call into a parking slot.
    Parked,
    /// The other side put it on hold.
    HeldByOther,
    /// It put the other side on hold.
    Held,
    /// People talk.
    Talking,
}

/// Why a telephone has no part in the call any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Parting {
    /// It was offered the call and did not get it.
    Missed(MissReason),
    /// The call is over.
    Ended(Disposition),
    /// The call goes on without it: `transferred`, `parked`.
    Left(&'static str),
}

/// One telephone's part in a call.
#[derive(Debug, Clone)]
pub(crate) struct Leg {
    pub(crate) state: LegState,
    /// Since when it is in that state.
    pub(crate) since: DateTime<Utc>,
    /// True if it is the one who called.
    pub(crate) outgoing: bool,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) parting: Option<Parting>,
    pub(crate) transferred_to: Option<Number>,
    /// Who is being asked before the call is handed on.
    pub(crate) consulting: Option<Number>,
    pub(crate) answered_by: Option<Extension>,
}

impl Leg {
    /// A leg that begins in `state`.
    pub(crate) fn begins(state: LegState, at: DateTime<Utc>) -> Self {
        Self {
            state,
            since: at,
            outgoing: state == LegState::Dialing,
            answered_at: None,
            parting: None,
            transferred_to: None,
            consulting: None,
            answered_by: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state != LegState::Over
    }

    /// Goes into another state; the same state again changes nothing.
    pub(crate) fn becomes(&mut self, state: LegState, at: DateTime<Utc>) {
        if self.state != state {
            self.state = state;
            self.since = at;
        }
        if state == LegState::Talking {
            self.answered_at.get_or_insert(at);
            self.parting = None;
        }
    }

    /// Ends, unless it has ended already.
    pub(crate) fn ends(&mut self, parting: Parting, at: DateTime<Utc>) {
        if self.is_open() {
            self.becomes(LegState::Over, at);
            self.parting = Some(parting);
            self.consulting = None;
        }
    }

    /// Seconds from answer to end.
    pub(crate) fn talked_seconds(&self) -> Option<f64> {
        let answered = self.answered_at.filter(|_| !self.is_open())?;
        let millis = (self.since - answered).num_milliseconds().max(0);
        Some(f64::from(i32::try_from(millis).unwrap_or(i32::MAX)) / 1000.0)
    }
}

/// A call and the telephone of an agent in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnLeg {
    pub(crate) call: CallId,
    pub(crate) extension: Extension,
    pub(crate) consulting: Option<Number>,
}
