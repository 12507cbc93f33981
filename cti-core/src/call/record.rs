//! The whole call, when it is over: what is written to the CRM.

use super::attached::Attached;
use super::id::{CallId, EventId, Extension};
use super::party::{Direction, Party};
use super::time::millis;
use crate::number::Number;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a call ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// People talked.
    Answered,
    /// Nobody took it in time.
    Missed,
    /// The called side was in use.
    Busy,
    /// The called side refused.
    Rejected,
    /// It could not be set up.
    Failed,
    /// Our side gave up before the far end answered.
    Cancelled,
    /// The caller gave up while it rang or waited in a queue.
    Abandoned,
    /// It became part of another, older call.
    Merged,
    /// It ended while we could not see the PBX.
    LostTrack,
}

/// Whether the one who transfers spoke to the next first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferHow {
    /// Without asking.
    Blind,
    /// After a consultation.
    Attended,
}

/// The call went from one to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The extension that gave the call away.
    pub from: Extension,
    /// The extension or number that got it.
    pub to: Number,
    /// Blind or attended.
    pub how: TransferHow,
    /// When it succeeded.
    #[serde(with = "millis")]
    pub at: DateTime<Utc>,
}

/// Where a recording of the call is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    /// A file on the PBX.
    File(String),
    /// An address where it can be fetched.
    Url(String),
}

impl Recording {
    /// The file name or address.
    pub fn as_str(&self) -> &str {
        match self {
            Self::File(place) | Self::Url(place) => place,
        }
    }
}

/// The whole call.
///
/// Seconds come from the PBX's own events and are never negative. Every instant counts once, so that ring, queue,
/// talk and hold time together fit into the span from `started_at` to `ended_at`: held time is not talk time, and
/// a phone that rings for a caller who waits in a queue is queue time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The call.
    pub call: CallId,
    /// Where it came from.
    pub direction: Direction,
    /// The calling party.
    pub caller: Party,
    /// The number that was called.
    pub dialed: Option<Number>,
    /// The last queue it waited in.
    pub queue: Option<String>,
    /// Every extension that was part of it, in order of appearance, once each.
    pub extensions: Vec<Extension>,
    /// The last extension that talked.
    pub answered_by: Option<Extension>,
    /// How it ended.
    pub disposition: Disposition,
    /// The cause in words.
    pub cause: String,
    /// First sign of it.
    #[serde(with = "millis")]
    pub started_at: DateTime<Utc>,
    /// First answer by a person (outbound: by the far end).
    #[serde(with = "millis::option")]
    pub answered_at: Option<DateTime<Utc>>,
    /// Last hang-up.
    #[serde(with = "millis")]
    pub ended_at: DateTime<Utc>,
    /// A phone rang for a caller who waited in no queue (also while a transferred call rings).
    pub ring_seconds: f64,
    /// The caller waited in a queue, whether phones rang or not.
    pub queue_seconds: f64,
    /// Somebody had put the other on hold.
    pub hold_seconds: f64,
    /// People talked.
    pub talk_seconds: f64,
    /// Who gave it to whom.
    pub transfers: Vec<Transfer>,
    /// What was recorded.
    pub recordings: Vec<Recording>,
    /// What was attached to it.
    pub context: Attached,
}

impl CallRecord {
    /// A call of which nothing is known but that it began, and when: nobody answered, no time passed, and its end was
    /// not seen.
    pub fn begun(call: CallId, direction: Direction, caller: Party, dialed: Option<Number>, at: DateTime<Utc>) -> Self {
        Self {
            call,
            direction,
            caller,
            dialed,
            queue: None,
            extensions: Vec::new(),
            answered_by: None,
            disposition: Disposition::LostTrack,
            cause: "lost track".to_owned(),
            started_at: at,
            answered_at: None,
            ended_at: at,
            ring_seconds: 0.0,
            queue_seconds: 0.0,
            hold_seconds: 0.0,
            talk_seconds: 0.0,
            transfers: Vec::new(),
            recordings: Vec::new(),
            context: Attached::default(),
        }
    }

    /// The number of the other side: the caller of an inbound call, the number called of an outbound one.
    /// `None` for internal calls, for withheld callers, and where it is not known.
    pub fn customer_number(&self) -> Option<&Number> {
        match self.direction {
            Direction::Inbound => self.caller.number.as_ref(),
            Direction::Outbound => self.dialed.as_ref(),
            Direction::Internal => None,
        }
    }

    /// The identity of the end of this call: the key under which it is written to a CRM, once.
    pub fn ended_id(&self) -> EventId {
        EventId::of(&self.call, "ended")
    }
}
