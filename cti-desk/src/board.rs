//! What every agent's page shows, as pure state: events and pops go in, views come out. No clock, no network.

use crate::leg::{Leg, LegState, OwnLeg, Parting};
use crate::view::{CallView, PopView};
use chrono::{DateTime, Utc};
use cti_core::call::{
    AgentEvent, AgentState, CallEvent, CallFact, CallId, Direction, Disposition, Extension, MissReason, Party,
};
use cti_core::number::Number;
use cti_core::popup::Pop;
use std::collections::{BTreeMap, VecDeque};

/// Calls that are kept for an agent after they are over.
const RECENT: usize = 20;

/// An agent, by place in the list that the board was made with.
pub(crate) type AgentIndex = usize;

/// The live calls, and for every agent the last ones.
#[derive(Debug, Default)]
pub(crate) struct Board {
    agents: Vec<AgentDesk>,
    calls: BTreeMap<CallId, LiveCall>,
}

#[derive(Debug, Default)]
struct AgentDesk {
    extensions: Vec<Extension>,
    recent: VecDeque<CallView>,
    states: BTreeMap<Extension, AgentState>,
}

#[derive(Debug)]
struct LiveCall {
    direction: Direction,
    caller: Party,
    dialed: Option<Number>,
    started_at: DateTime<Utc>,
    queue: Option<String>,
    slot: Option<String>,
    conference: bool,
    recorded: bool,
    legs: BTreeMap<Extension, Leg>,
    pops: BTreeMap<Extension, PopView>,
    /// Who has been shown the call as a pop already: one pop for each agent and call.
    popped: Vec<AgentIndex>,
}

/// What changed for one agent.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) agent: AgentIndex,
    pub(crate) view: CallView,
    /// True if the agent is to be told of the call as of something new.
    pub(crate) is_pop: bool,
}

impl Board {
    pub(crate) fn new(agents: impl IntoIterator<Item = Vec<Extension>>) -> Self {
        let agents = agents.into_iter().map(|extensions| AgentDesk { extensions, ..AgentDesk::default() });
        Self { agents: agents.collect(), calls: BTreeMap::new() }
    }

    /// Takes an event in; returns what changed, for those whom it concerns.
    pub(crate) fn apply(&mut self, event: &CallEvent) -> Vec<Change> {
        let call = self.calls.entry(event.call.clone()).or_insert_with(|| LiveCall::begins(event));
        call.apply(event);
        let changes = self.changes(&event.call, None);
        if matches!(event.fact, CallFact::Ended { .. }) {
            self.calls.remove(&event.call);
        }
        changes
    }

    /// Takes in what the CRM knows. A call that is over already is completed, and nobody is disturbed.
    pub(crate) fn pop(&mut self, pop: &Pop) -> Vec<Change> {
        let Some(call) = self.calls.get_mut(&pop.call) else {
            return self.late_pop(pop);
        };
        let view = PopView::of(pop);
        // With several CRMs, who knows the caller is not covered by who does not.
        if call.pops.get(&pop.extension).is_some_and(|known| known.knows_more_than(&view)) {
            return Vec::new();
        }
        call.pops.insert(pop.extension.clone(), view);
        let mut changes = self.changes(&pop.call, Some(&pop.extension));
        if let Some(call) = self.calls.get_mut(&pop.call) {
            for change in &mut changes {
                change.is_pop = change.view.state != LegState::Over && !call.popped.contains(&change.agent);
                if change.is_pop {
                    call.popped.push(change.agent);
                }
            }
        }
        changes
    }

    fn late_pop(&mut self, pop: &Pop) -> Vec<Change> {
        let mut changes = Vec::new();
        for (agent, desk) in self.agents.iter_mut().enumerate() {
            let own = |view: &&mut CallView| view.call == pop.call && view.extension == pop.extension;
            if let Some(view) = desk.recent.iter_mut().find(own) {
                view.pop = Some(PopView::of(pop));
                changes.push(Change { agent, view: view.clone(), is_pop: false });
            }
        }
        changes
    }

    /// The agents whose telephone is one of these.
    pub(crate) fn agents_at(&self, extensions: &[Extension]) -> Vec<AgentIndex> {
        let has = |desk: &AgentDesk| desk.extensions.iter().any(|own| extensions.contains(own));
        self.agents.iter().enumerate().filter(|(_, desk)| has(desk)).map(|(agent, _)| agent).collect()
    }

    /// Takes in the state of an agent's telephone; returns the agents whose telephone it is.
    pub(crate) fn agent_state(&mut self, event: &AgentEvent) -> Vec<AgentIndex> {
        let mut concerned = Vec::new();
        for (agent, desk) in self.agents.iter_mut().enumerate() {
            if desk.extensions.contains(&event.extension) {
                desk.states.insert(event.extension.clone(), event.state);
                concerned.push(agent);
            }
        }
        concerned
    }

    /// Remembers whom an agent asks before the call is handed on, so that a reloaded page knows it too.
    pub(crate) fn consulting(&mut self, own: &OwnLeg, whom: Option<Number>) -> Vec<Change> {
        let leg = self.calls.get_mut(&own.call).and_then(|call| call.legs.get_mut(&own.extension));
        match leg.filter(|leg| leg.is_open()) {
            Some(leg) => leg.consulting = whom,
            None => return Vec::new(),
        }
        self.changes(&own.call, Some(&own.extension))
    }

    /// The agent's live calls, oldest first.
    pub(crate) fn live(&self, agent: AgentIndex) -> Vec<CallView> {
        let Some(desk) = self.agents.get(agent) else { return Vec::new() };
        let views = self.calls.iter().filter_map(|(id, call)| call.view(id, &desk.extensions));
        let mut open: Vec<CallView> = views.filter(|view| view.state != LegState::Over).collect();
        open.sort_by_key(|view| view.started_at);
        open
    }

    /// The agent's last calls, newest first.
    pub(crate) fn recent(&self, agent: AgentIndex) -> Vec<CallView> {
        self.agents.get(agent).map_or_else(Vec::new, |desk| desk.recent.iter().cloned().collect())
    }

    /// The states of the agent's telephones.
    pub(crate) fn states(&self, agent: AgentIndex) -> BTreeMap<Extension, AgentState> {
        self.agents.get(agent).map_or_else(BTreeMap::new, |desk| desk.states.clone())
    }

    /// The agent's telephone in a live call: the wanted one, or the one that is most in it.
    pub(crate) fn own_leg(&self, agent: AgentIndex, call: &str, wanted: Option<&str>) -> Option<OwnLeg> {
        let desk = self.agents.get(agent)?;
        let (id, live) = self.calls.get_key_value(&CallId::from(call))?;
        let own = desk.extensions.iter().filter(|own| wanted.is_none_or(|wanted| own.as_str() == wanted));
        let (extension, leg) = live.best_leg(own).filter(|(_, leg)| leg.is_open())?;
        Some(OwnLeg { call: id.clone(), extension: extension.clone(), consulting: leg.consulting.clone() })
    }

    /// The views of a call that changed, for those whom it (or the one telephone) concerns; keeps the recent calls.
    fn changes(&mut self, id: &CallId, only: Option<&Extension>) -> Vec<Change> {
        let Some(call) = self.calls.get(id) else { return Vec::new() };
        let mut changes = Vec::new();
        for (agent, desk) in self.agents.iter_mut().enumerate() {
            if only.is_some_and(|only| !desk.extensions.contains(only)) {
                continue;
            }
            if let Some(view) = call.view(id, &desk.extensions) {
                desk.remember(&view);
                changes.push(Change { agent, view, is_pop: false });
            }
        }
        changes
    }
}

impl AgentDesk {
    /// Keeps a call that is over; one that goes on again is no recent call, and a merged one goes on elsewhere.
    fn remember(&mut self, view: &CallView) {
        let over = view.state == LegState::Over && view.outcome != Some(Parting::Ended(Disposition::Merged));
        let known = self.recent.iter().position(|old| old.call == view.call);
        match (known.and_then(|at| self.recent.get_mut(at)), over) {
            (Some(old), true) => *old = view.clone(),
            (None, true) => {
                self.recent.push_front(view.clone());
                self.recent.truncate(RECENT);
            }
            (Some(_), false) => self.recent.retain(|old| old.call != view.call),
            (None, false) => {}
        }
    }
}

impl LiveCall {
    fn begins(event: &CallEvent) -> Self {
        Self {
            direction: event.direction,
            caller: event.caller.clone(),
            dialed: event.dialed.clone(),
            started_at: event.at,
            queue: None,
            slot: None,
            conference: false,
            recorded: false,
            legs: BTreeMap::new(),
            pops: BTreeMap::new(),
            popped: Vec::new(),
        }
    }

    fn apply(&mut self, event: &CallEvent) {
        self.direction = event.direction;
        self.caller.clone_from(&event.caller);
        self.dialed.clone_from(&event.dialed);
        let at = event.at;
        match &event.fact {
            CallFact::Started | CallFact::Dequeued { .. } | CallFact::Context { .. } => {}
            CallFact::Dialing { extension, .. } => self.offer(extension, LegState::Dialing, at),
            CallFact::Ringing { extension } => self.offer(extension, LegState::Ringing, at),
            CallFact::Queued { queue, .. } => self.queue = Some(queue.clone()),
            CallFact::Missed { extension, reason } => self.missed(extension, *reason, at),
            CallFact::Answered { extension } => {
                self.leg(extension, LegState::Talking, at).becomes(LegState::Talking, at);
            }
            CallFact::Held { extension } => self.held(extension.as_ref(), at),
            CallFact::Resumed { .. } => self.move_all(&[LegState::Held, LegState::HeldByOther], LegState::Talking, at),
            CallFact::Transferred { from, to, .. } => self.transferred(from, to, at),
            CallFact::Conferenced { extensions } => self.conferenced(extensions, at),
            CallFact::Parked { slot } => {
                self.slot = Some(slot.clone());
                let in_talk = [LegState::Talking, LegState::Held, LegState::HeldByOther];
                self.move_all(&in_talk, LegState::Parked, at);
            }
            CallFact::Unparked { .. } => self.unparked(at),
            CallFact::Recording { .. } => self.recorded = true,
            CallFact::Ended { disposition, .. } => {
                self.legs.values_mut().for_each(|leg| leg.ends(Parting::Ended(*disposition), at));
            }
        }
    }

    fn leg(&mut self, extension: &Extension, state: LegState, at: DateTime<Utc>) -> &mut Leg {
        self.legs.entry(extension.clone()).or_insert_with(|| Leg::begins(state, at))
    }

    /// A new offering: the telephone begins anew, unless it is in the call already.
    fn offer(&mut self, extension: &Extension, state: LegState, at: DateTime<Utc>) {
        if !self.legs.get(extension).is_some_and(Leg::is_open) {
            self.legs.insert(extension.clone(), Leg::begins(state, at));
        }
    }

    fn missed(&mut self, extension: &Extension, reason: MissReason, at: DateTime<Utc>) {
        let talking = self.legs.iter().find(|(_, leg)| leg.state == LegState::Talking);
        let taker = talking.map(|(extension, _)| extension.clone());
        if let Some(leg) = self.legs.get_mut(extension) {
            leg.answered_by = taker.filter(|_| reason == MissReason::AnsweredElsewhere);
            leg.ends(Parting::Missed(reason), at);
        }
    }

    /// `by` is on hold's own side; the telephones on the other side of it wait.
    fn held(&mut self, by: Option<&Extension>, at: DateTime<Utc>) {
        if let Some(leg) = by.and_then(|by| self.legs.get_mut(by)).filter(|leg| leg.is_open()) {
            leg.becomes(LegState::Held, at);
        }
        if !self.conference {
            self.move_all(&[LegState::Talking], LegState::HeldByOther, at);
        }
    }

    fn move_all(&mut self, from: &[LegState], to: LegState, at: DateTime<Utc>) {
        for leg in self.legs.values_mut().filter(|leg| from.contains(&leg.state)) {
            leg.becomes(to, at);
        }
    }

    fn transferred(&mut self, from: &Extension, to: &Number, at: DateTime<Utc>) {
        if let Some(leg) = self.legs.get_mut(from) {
            leg.transferred_to = Some(to.clone());
            leg.ends(Parting::Left("transferred"), at);
        }
    }

    fn conferenced(&mut self, extensions: &[Extension], at: DateTime<Utc>) {
        self.conference = true;
        for extension in extensions {
            self.leg(extension, LegState::Talking, at).becomes(LegState::Talking, at);
        }
    }

    /// Whoever takes the call is told by `answered`; the one who parked it is out.
    fn unparked(&mut self, at: DateTime<Utc>) {
        self.slot = None;
        for leg in self.legs.values_mut().filter(|leg| leg.state == LegState::Parked) {
            leg.ends(Parting::Left("parked"), at);
        }
    }

    /// The telephone among `own` that is most in the call.
    fn best_leg<'a>(&'a self, own: impl Iterator<Item = &'a Extension>) -> Option<(&'a Extension, &'a Leg)> {
        own.filter_map(|own| self.legs.get_key_value(own)).max_by_key(|(_, leg)| (leg.state, leg.since))
    }

    fn view(&self, id: &CallId, own: &[Extension]) -> Option<CallView> {
        let (extension, leg) = self.best_leg(own.iter())?;
        let calls_out = match self.direction {
            Direction::Inbound => false,
            Direction::Outbound => true,
            Direction::Internal => leg.outgoing,
        };
        let caller = (!calls_out).then_some(&self.caller);
        Some(CallView {
            call: id.clone(),
            extension: extension.clone(),
            direction: self.direction,
            state: leg.state,
            since: leg.since,
            started_at: self.started_at,
            answered_at: leg.answered_at,
            number: caller.map_or_else(|| self.dialed.clone(), |caller| caller.number.clone()),
            name: caller.and_then(|caller| caller.name.clone()),
            withheld: caller.and_then(|caller| caller.withheld),
            dialed: self.dialed.clone(),
            queue: self.queue.clone(),
            slot: self.slot.clone(),
            conference: self.conference,
            recorded: self.recorded,
            transferred_to: leg.transferred_to.clone(),
            consulting: leg.consulting.clone(),
            answered_by: leg.answered_by.clone(),
            outcome: leg.parting,
            talked_seconds: leg.talked_seconds(),
            pop: self.pops.get(extension).or_else(|| own.iter().find_map(|own| self.pops.get(own))).cloned(),
        })
    }
}

#[cfg(test)]
mod tests;
