//! The kinds of facts, as a configuration names them.

use super::event::CallFact;
use serde::{Deserialize, Serialize};

/// What kind of thing happened in a call: a [`CallFact`] without what it tells.
///
/// ```
/// use cti_core::call::{CallFact, FactKind};
/// assert_eq!(CallFact::Started.kind(), FactKind::Started);
/// assert_eq!(serde_json::to_value(FactKind::Started)?, "started");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// First sign of the call.
    Started,
    /// An extension calls out.
    Dialing,
    /// It waits in a queue.
    Queued,
    /// It left a queue.
    Dequeued,
    /// It is offered to an extension.
    Ringing,
    /// That offering ended without an answer.
    Missed,
    /// Somebody answered.
    Answered,
    /// Somebody put the other on hold.
    Held,
    /// Talk goes on.
    Resumed,
    /// It went from one to another.
    Transferred,
    /// Three or more parties talk.
    Conferenced,
    /// It waits in a parking slot.
    Parked,
    /// Somebody took it from there.
    Unparked,
    /// A recording exists.
    Recording,
    /// Data was attached.
    Context,
    /// It is over.
    Ended,
}

impl FactKind {
    /// The name as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Dialing => "dialing",
            Self::Queued => "queued",
            Self::Dequeued => "dequeued",
            Self::Ringing => "ringing",
            Self::Missed => "missed",
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::Transferred => "transferred",
            Self::Conferenced => "conferenced",
            Self::Parked => "parked",
            Self::Unparked => "unparked",
            Self::Recording => "recording",
            Self::Context => "context",
            Self::Ended => "ended",
        }
    }
}

impl CallFact {
    /// What kind of fact it is.
    pub fn kind(&self) -> FactKind {
        match self {
            Self::Started => FactKind::Started,
            Self::Dialing { .. } => FactKind::Dialing,
            Self::Queued { .. } => FactKind::Queued,
            Self::Dequeued { .. } => FactKind::Dequeued,
            Self::Ringing { .. } => FactKind::Ringing,
            Self::Missed { .. } => FactKind::Missed,
            Self::Answered { .. } => FactKind::Answered,
            Self::Held { .. } => FactKind::Held,
            Self::Resumed { .. } => FactKind::Resumed,
            Self::Transferred { .. } => FactKind::Transferred,
            Self::Conferenced { .. } => FactKind::Conferenced,
            Self::Parked { .. } => FactKind::Parked,
            Self::Unparked { .. } => FactKind::Unparked,
            Self::Recording { .. } => FactKind::Recording,
            Self::Context { .. } => FactKind::Context,
            Self::Ended { .. } => FactKind::Ended,
        }
    }

    /// The name as it stands in JSON.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }
}
