//! What happens in a call, one fact at a time.

use super::agent::AgentEvent;
use super::attached::Attached;
use super::id::{CallId, EventId, Extension};
use super::party::{Direction, Party};
use super::record::{CallRecord, Disposition, TransferHow};
use super::time::millis;
use crate::number::Number;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One item of a PBX's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PbxEvent {
    /// Something happened in a call.
    Call(CallEvent),
    /// An agent changed state.
    Agent(AgentEvent),
}

/// Something happened in a call.
///
/// ```
/// let line = r#"{"call":"main/1795225659.77","id":"main/1795225659.77#ringing:1795225660.78","seq":3,
///   "at":"2026-11-21T01:47:40.123Z","event":"ringing","direction":"inbound",
///   "caller":{"number":"0901234567","name":null,"withheld":null},"dialed":"0312345000","extension":"6001"}"#;
/// let event: cti_core::call::CallEvent = serde_json::from_str(line)?;
/// assert_eq!(event.name(), "ringing");
/// assert_eq!(serde_json::to_value(&event)?, serde_json::from_str::<serde_json::Value>(line)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// The call.
    pub call: CallId,
    /// The identity of this fact: the same for every reader of the same PBX, now and after a restart.
    pub id: EventId,
    /// 1, 2, 3, … within the call, as this reader tells it.
    pub seq: u64,
    /// When it happened. Never runs backwards within a call.
    #[serde(with = "millis")]
    pub at: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub fact: CallFact,
    /// Where the call came from.
    pub direction: Direction,
    /// The calling party: for inbound calls the outside party, also after transfers.
    pub caller: Party,
    /// The number that was called: the DID for inbound calls, the far end for outbound calls.
    pub dialed: Option<Number>,
}

impl CallEvent {
    /// The name of the fact as it stands in JSON: `ringing`.
    pub fn name(&self) -> &'static str {
        self.fact.name()
    }
}

/// Why an offering to one extension ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissReason {
    /// Somebody else took the call. No missed call of the customer.
    AnsweredElsewhere,
    /// It rang until the time was up.
    NoAnswer,
    /// The phone was in use.
    Busy,
    /// The person refused the call.
    Rejected,
    /// The caller hung up first.
    CallerGaveUp,
    /// The phone was not registered or could not be reached.
    Unavailable,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CallFact {
    /// First sign of the call.
    Started,
    /// An extension calls out; the far end has not answered yet.
    Dialing {
        /// The telephone that calls.
        extension: Extension,
        /// The number that the PBX sends out.
        number: Option<Number>,
    },
    /// The call waits in a queue.
    Queued {
        /// The queue.
        queue: String,
        /// 1 is next.
        position: Option<u32>,
    },
    /// The call left a queue.
    Dequeued {
        /// The queue.
        queue: String,
        /// `answered`, `abandoned`, `timeout`, …
        reason: String,
    },
    /// The call is offered to an extension: once for each extension and offering.
    Ringing {
        /// The telephone that rings.
        extension: Extension,
    },
    /// That offering ended without an answer.
    Missed {
        /// The telephone that rang.
        extension: Extension,
        /// Why.
        reason: MissReason,
    },
    /// Inbound and internal: that extension answered. Outbound: the far end answered the extension's call.
    Answered {
        /// The telephone of the person on our side.
        extension: Extension,
    },
    /// Somebody put the other on hold.
    Held {
        /// Who; `None` is the outside party.
        extension: Option<Extension>,
    },
    /// Talk goes on.
    Resumed {
        /// Who had held; `None` is the outside party.
        extension: Option<Extension>,
    },
    /// The call went from one to another; said after it succeeded.
    Transferred {
        /// The extension that gave the call away.
        from: Extension,
        /// The extension or number that got it.
        to: Number,
        /// Blind or attended.
        how: TransferHow,
    },
    /// Three or more parties share one conversation.
    Conferenced {
        /// The extensions of our side in it.
        extensions: Vec<Extension>,
    },
    /// The call waits in a parking slot.
    Parked {
        /// The slot.
        slot: String,
    },
    /// Somebody took the call from its parking slot.
    Unparked {
        /// The slot.
        slot: String,
    },
    /// A recording exists; several a call.
    Recording {
        /// Where it is on the PBX.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// Where it can be fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// Data that the PBX or an application attached to the call.
    Context {
        /// Name and value.
        fields: Attached,
    },
    /// The call is over. Exactly once, and last.
    Ended {
        /// The cause in words: `normal clearing`.
        cause: String,
        /// How it ended, in one word.
        disposition: Disposition,
        /// The whole call.
        record: Box<CallRecord>,
    },
}

impl CallFact {
    /// The extension that the fact is about, where there is one.
    pub fn extension(&self) -> Option<&Extension> {
        match self {
            Self::Dialing { extension, .. }
            | Self::Ringing { extension }
            | Self::Missed { extension, .. }
            | Self::Answered { extension } => Some(extension),
            Self::Held { extension } | Self::Resumed { extension } => extension.as_ref(),
            _ => None,
        }
    }
}
