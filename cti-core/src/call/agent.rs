//! What a person at a telephone is doing, beside single calls.

use super::id::{EventId, Extension};
use super::time::millis;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The state of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Signed in to a queue or the PBX.
    LoggedIn,
    /// Takes calls.
    Ready,
    /// Takes no calls: pause, break, training.
    NotReady,
    /// Talking.
    OnCall,
    /// Wrap-up after a call.
    AfterCall,
    /// Signed out.
    LoggedOut,
}

/// An agent changed state. Travels in the same stream as calls, without a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "agent")]
pub struct AgentEvent {
    /// The PBX that said so, as configured.
    pub pbx: String,
    /// The identity of this fact.
    pub id: EventId,
    /// When.
    #[serde(with = "millis")]
    pub at: DateTime<Utc>,
    /// Whose state.
    pub extension: Extension,
    /// The new state.
    pub state: AgentState,
    /// Why, in the words of the PBX: `lunch`.
    pub reason: Option<String>,
    /// The queue concerned, if the state holds for one queue only.
    pub queue: Option<String>,
}
