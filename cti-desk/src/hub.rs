//! Joins the board to the pages that watch it.
//!
//! Every agent has one ring of frames. A page that falls behind by more than the ring holds is given a new snapshot:
//! frames carry whole views, so nothing is lost that still matters.

use crate::board::{AgentIndex, Board, Change};
use crate::health::Parts;
use crate::leg::OwnLeg;
use crate::view::{CallView, NotifiedView};
use chrono::{DateTime, Utc};
use cti_core::call::{AgentEvent, AgentState, CallEvent, Extension, millis};
use cti_core::number::Number;
use cti_core::popup::{Notified, Pop};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Frames that wait for one slow page.
const QUEUE: usize = 64;

/// One server-sent event.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) revision: u64,
    pub(crate) event: &'static str,
    pub(crate) data: Arc<str>,
}

/// Everything that an agent's page shows.
#[derive(Debug, Serialize)]
struct Snapshot {
    /// The desk's clock, from which the page learns how wrong its own is.
    #[serde(with = "millis")]
    now: DateTime<Utc>,
    calls: Vec<SnapshotCall>,
    recent: Vec<CallView>,
    states: BTreeMap<Extension, AgentState>,
    parts: Parts,
}

#[derive(Debug, Serialize)]
struct SnapshotCall {
    #[serde(flatten)]
    view: CallView,
    /// True if this page has not been told of the call yet.
    fresh: bool,
}

#[derive(Debug)]
struct State {
    board: Board,
    parts: Parts,
    revision: u64,
    /// The revision at which an agent was first told of a call.
    told: BTreeMap<(AgentIndex, String), u64>,
}

/// The board, and who watches it.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    rings: Vec<broadcast::Sender<Frame>>,
}

impl Hub {
    pub(crate) fn new(agents: Vec<Vec<Extension>>) -> Self {
        let rings = agents.iter().map(|_| broadcast::Sender::new(QUEUE)).collect();
        let board = Board::new(agents);
        let state = State { board, parts: Parts::default(), revision: 0, told: BTreeMap::new() };
        Self { state: Mutex::new(state), rings }
    }

    pub(crate) fn call(&self, event: &CallEvent) {
        let mut state = self.lock();
        let changes = state.board.apply(event);
        self.tell(&mut state, changes);
    }

    /// Returns how many agents were told of something new.
    pub(crate) fn pop(&self, pop: &Pop) -> usize {
        let mut state = self.lock();
        let changes = state.board.pop(pop);
        let pops = changes.iter().filter(|change| change.is_pop).count();
        self.tell(&mut state, changes);
        pops
    }

    /// Tells the pages that the time of a pop is up.
    pub(crate) fn dismissed(&self, pop: &Pop) {
        let mut state = self.lock();
        for agent in state.board.agents_at(std::slice::from_ref(&pop.extension)) {
            self.send(&mut state, agent, "dismissed", &serde_json::json!({ "call": pop.call }));
        }
    }

    /// Tells the pages of those concerned. Nothing of it is kept: a page that is not open now opens nothing later.
    pub(crate) fn notified(&self, outcome: &Notified) {
        let mut state = self.lock();
        for agent in state.board.agents_at(&outcome.extensions) {
            self.send(&mut state, agent, "notified", &NotifiedView::of(outcome));
        }
    }

    pub(crate) fn agent(&self, event: &AgentEvent) {
        let mut state = self.lock();
        for agent in state.board.agent_state(event) {
            let states = state.board.states(agent);
            self.send(&mut state, agent, "agent", &states);
        }
    }

    pub(crate) fn consulting(&self, own: &OwnLeg, whom: Option<Number>) {
        let mut state = self.lock();
        let changes = state.board.consulting(own, whom);
        self.tell(&mut state, changes);
    }

    /// Changes the state of the parts; tells every page if it is another state than before.
    pub(crate) fn report(&self, change: impl FnOnce(&mut Parts) -> bool) {
        let mut state = self.lock();
        if change(&mut state.parts) {
            let parts = state.parts.clone();
            for agent in 0..self.rings.len() {
                self.send(&mut state, agent, "link", &parts);
            }
        }
    }

    pub(crate) fn parts(&self) -> Parts {
        self.lock().parts.clone()
    }

    pub(crate) fn own_leg(&self, agent: AgentIndex, call: &str, wanted: Option<&str>) -> Option<OwnLeg> {
        self.lock().board.own_leg(agent, call, wanted)
    }

    /// What the agent's page shows now, and all that comes after it. `seen` is the last frame that the page has had.
    pub(crate) fn watch(&self, agent: AgentIndex, seen: Option<u64>) -> Option<(Frame, broadcast::Receiver<Frame>)> {
        let state = self.lock();
        let receiver = self.rings.get(agent)?.subscribe();
        Some((state.snapshot(agent, seen), receiver))
    }

    fn tell(&self, state: &mut State, changes: Vec<Change>) {
        for change in changes {
            let revision = self.send(state, change.agent, if change.is_pop { "pop" } else { "call" }, &change.view);
            state.remember(change.agent, &change.view, revision);
        }
    }

    fn send(&self, state: &mut State, agent: AgentIndex, event: &'static str, data: &impl Serialize) -> u64 {
        state.revision += 1;
        let frame = Frame { revision: state.revision, event, data: json(data) };
        if let Some(ring) = self.rings.get(agent) {
            // An error only says that nobody watches now.
            let _ = ring.send(frame);
        }
        state.revision
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, agent: AgentIndex, view: &CallView, revision: u64) {
        let key = (agent, view.call.as_str().to_owned());
        if view.outcome.is_some() {
            self.told.remove(&key);
        } else {
            self.told.entry(key).or_insert(revision);
        }
    }

    fn snapshot(&self, agent: AgentIndex, seen: Option<u64>) -> Frame {
        let calls = self.board.live(agent).into_iter().map(|view| {
            let told = self.told.get(&(agent, view.call.as_str().to_owned()));
            SnapshotCall { fresh: seen.is_none_or(|seen| told.is_none_or(|told| *told > seen)), view }
        });
        let snapshot = Snapshot {
            now: Utc::now(),
            calls: calls.collect(),
            recent: self.board.recent(agent),
            states: self.board.states(agent),
            parts: self.parts.clone(),
        };
        Frame { revision: self.revision, event: "snapshot", data: json(&snapshot) }
    }
}

fn json(data: &impl Serialize) -> Arc<str> {
    match serde_json::to_string(data) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "a view could not be written as JSON");
            "null".into()
        }
    }
}
