//! Agents: `QueueMemberPause` (12: `QueueMemberPaused`), `QueueMemberAdded`, `QueueMemberRemoved`.

use super::CallModel;
use super::side::Sides;
use super::text::field;
use crate::ami::Message;
use cti_core::call::{AgentEvent, AgentState, EventId, PbxEvent};

/// The most agents whose last state is remembered.
const MAX_AGENTS: usize = 65_536;
/// The longest interface, in bytes.
const MAX_INTERFACE: usize = 256;

/// `QueueMemberPause`: the member takes calls, or does not.
pub(super) fn pause(model: &mut CallModel, message: &Message) {
    let paused = field(message, "Paused").is_some_and(|paused| paused == "1");
    let state = if paused { AgentState::NotReady } else { AgentState::Ready };
    model.agent_is(message, state, since(message));
}

/// The header that tells since when a member takes calls or does not. Who never paused has 0 in `LastPause`.
pub(super) fn since(message: &Message) -> &'static str {
    if field(message, "LastPause").is_some_and(|last| last != "0") { "LastPause" } else { "LoginTime" }
}

/// `QueueMemberAdded`: the agent signed in to a queue.
pub(super) fn added(model: &mut CallModel, message: &Message) {
    model.agent_is(message, AgentState::LoggedIn, "LoginTime");
}

/// `QueueMemberRemoved`: the agent signed out of a queue.
pub(super) fn removed(model: &mut CallModel, message: &Message) {
    model.agent_is(message, AgentState::LoggedOut, "LoginTime");
}

impl CallModel {
    /// Tells the state of a member in a queue, if it is news. `since` is the header that makes this state different
    /// from the same state at another time.
    pub(super) fn agent_is(&mut self, message: &Message, state: AgentState, since: &str) {
        let interface = field(message, "Interface").or_else(|| field(message, "Location"));
        let Some(interface) = interface.filter(|interface| interface.len() <= MAX_INTERFACE) else { return };
        let Some(extension) = Sides::of_interface(&interface) else { return };
        if self.interfaces.len() < MAX_AGENTS || self.interfaces.contains_key(&extension) {
            self.interfaces.insert(extension.clone(), interface.into_owned());
        }
        let Some(queue) = field(message, "Queue").map(|queue| queue.into_owned()) else { return };
        // An agent may pause in the second in which he signed in: the two must not look the same.
        let place = if since == "LastPause" { "pause-" } else { "" };
        let since = field(message, since).unwrap_or_default();
        let word = match state {
            AgentState::LoggedIn => "logged_in",
            AgentState::Ready => "ready",
            AgentState::NotReady => "not_ready",
            AgentState::OnCall => "on_call",
            AgentState::AfterCall => "after_call",
            AgentState::LoggedOut => "logged_out",
        };
        let id = EventId::from(format!("{}/agent/{extension}#{word}:{queue}:{place}{since}", self.pbx));
        let key = (extension.clone(), queue.clone());
        let room = self.agents.len() < MAX_AGENTS || self.agents.contains_key(&key);
        if room && self.agents.insert(key, id.clone()).as_ref() == Some(&id) {
            return;
        }
        let reason = field(message, "PausedReason").or_else(|| field(message, "Reason"));
        self.out.push(PbxEvent::Agent(AgentEvent {
            pbx: self.pbx.clone(),
            id,
            at: self.now,
            extension,
            state,
            reason: reason.filter(|_| state == AgentState::NotReady).map(|reason| reason.into_owned()),
            queue: Some(queue),
        }));
    }
}
