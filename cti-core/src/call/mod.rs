//! What a call is: one conversation of a calling party with our side, told as [events](CallEvent) while it
//! happens and as one [record](CallRecord) when it is over.
//!
//! The JSON form of these types is the public wire format: one object a line in `cti-adapter replay`, in the
//! outbox and in webhooks.

mod agent;
mod attached;
mod event;
mod id;
mod kind;
mod open;
mod party;
mod record;
mod stopwatch;
mod time;

pub use agent::{AgentEvent, AgentState};
pub use attached::Attached;
pub use event::{CallEvent, CallFact, MissReason, PbxEvent};
pub use id::{CallId, EventId, Extension};
pub use kind::FactKind;
pub use open::OpenCall;
pub use party::{Direction, Name, Party, Withheld};
pub use record::{CallRecord, Disposition, Recording, Transfer, TransferHow};
pub use stopwatch::{Activity, Stopwatch};
pub use time::millis;
