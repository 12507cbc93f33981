//! What is live after a lost link: `CoreShowChannel` or `Status`, `BridgeInfoChannel`, `QueueEntry`, `QueueMember`.

use super::CallModel;
use super::agent::since;
use super::call::Doing;
use super::channel::{Offer, RINGING, UP, Uid};
use super::clock::born;
use super::dial::{dialed_number, originated};
use super::hold;
use super::side::Side;
use super::text::{field, number};
use crate::ami::Message;
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::{AgentState, CallFact, MissReason, PbxEvent};
use std::collections::{HashMap, HashSet};

/// A call that is older than this by its id is a clock gone wrong.
const OLDEST: TimeDelta = TimeDelta::days(30);

impl CallModel {
    /// What is known without a list of channels: the states of queue members, and which calls are live because they are in
    /// a conversation or a queue. No call is dropped; see [`CallModel::forget_silent`].
    pub fn resync_members(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.now = at;
        self.confirm(snapshot);
        for message in snapshot.iter().filter(|message| message.is_event("QueueMember")) {
            self.see_member(message);
        }
        self.finish()
    }

    /// Reconciles with what the PBX says is live: the messages of `CoreShowChannels` (`CoreShowChannel`) or `Status`
    /// (`Status`), `BridgeInfo`
    /// (`BridgeInfoChannel`) and `QueueStatus` (`QueueMember`, `QueueEntry`), in any order; others are ignored.
    ///
    /// Calls that the PBX does not know end `lost_track` (at `at`; their seconds count up to the last sign of them), calls
    /// that began meanwhile start, those that go on go on. Events that were received during the snapshot may be handled
    /// after it: what is told twice does no harm.
    pub fn resync(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.reconcile(snapshot, at, true)
    }

    /// Like [`CallModel::resync`] for a link that was never lost: only adds. What is missing from the snapshot ended by
    /// events that wait to be handled.
    pub fn resync_additions(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.reconcile(snapshot, at, false)
    }

    fn reconcile(&mut self, snapshot: &[Message], at: DateTime<Utc>, drop_missing: bool) -> Vec<PbxEvent> {
        self.now = at;
        let of = |name: &'static str| {
            snapshot.iter().filter(move |m| m.event().is_some_and(|event| event.eq_ignore_ascii_case(name)))
        };
        let channels: Vec<&Message> = of("CoreShowChannel").chain(of("Status")).collect();
        let linked = channels.iter().filter_map(|message| self.key_of(&field(message, "Linkedid")?)).collect();
        self.bridges.clear();
        if drop_missing {
            self.drop_what_is_gone(&channels.iter().filter_map(|message| uniqueid(message)).collect(), &linked);
        }
        let holding = holding_bridges(snapshot);
        self.join_conferences(&channels, &holding);
        let live: Vec<Uid> = channels.iter().filter_map(|message| self.see(message, &holding)).collect();
        for message in of("BridgeInfoChannel") {
            if let (Some(uid), Some(bridge)) = (uniqueid(message), field(message, "BridgeUniqueid"))
                && !holding.contains(bridge.as_ref())
            {
                self.note_bridge(&uid, &bridge);
            }
        }
        for uid in &live {
            self.assume_dialed(uid);
            self.assume_told(uid);
            self.hold_goes_on(uid);
        }
        for key in self.keys_in_order() {
            self.missed_before(&key);
            self.decide_by_devices(&key);
        }
        self.catch_up_queues(&of("QueueEntry").collect::<Vec<_>>(), drop_missing && of("QueueParams").next().is_some());
        self.catch_up_lot(&of("ParkedCall").collect::<Vec<_>>(), &live);
        for uid in &live {
            self.catch_up(uid);
        }
        for call in self.calls.values_mut() {
            call.seeded = false;
        }
        for message in of("QueueMember") {
            self.see_member(message);
        }
        self.finish()
    }

    /// Ends what the PBX does not know any more. `linked` are the calls to which the live channels belong: a call of an
    /// earlier run has no channels yet.
    fn drop_what_is_gone(&mut self, live: &HashSet<String>, linked: &HashSet<Uid>) {
        for key in self.keys_in_order() {
            let Some(call) = self.calls.get(&key) else { continue };
            let (stay, gone): (Vec<Uid>, Vec<Uid>) =
                call.channels.iter().cloned().partition(|uid| live.contains(uid.as_ref()));
            if stay.is_empty() && !linked.contains(&key) {
                self.lose(&key);
                continue;
            }
            for uid in gone {
                self.went_unseen(&uid);
            }
        }
    }

    /// A channel hung up while nobody looked, and its call goes on.
    fn went_unseen(&mut self, uid: &Uid) {
        let open =
            self.channels.get(uid).is_some_and(|c| c.is_device() && matches!(c.offer, Offer::Dialed | Offer::Ringing));
        if open {
            let reason = self.reason_of_cancel(uid);
            let reason = if reason == MissReason::CallerGaveUp { MissReason::NoAnswer } else { reason };
            self.offer_ends(uid, reason);
        }
        super::call::leave(&mut self.awaiting, uid);
        if let Some(channel) = self.channels.remove(uid)
            && let Some(call) = self.calls.get_mut(&channel.call)
        {
            call.drop_channel(uid);
        }
    }

    /// A channel that is new to us and shares a conference with a known call became part of it before: calls in a
    /// conference keep their own `Linkedid`.
    fn join_conferences(&mut self, channels: &[&Message], holding: &HashSet<String>) {
        let bridge = |message: &Message| field(message, "BridgeId").map(|bridge| bridge.into_owned());
        let key = |model: &Self, message: &Message| model.key_of(&field(message, "Linkedid")?);
        let mut known: HashMap<String, Uid> = HashMap::new();
        for message in channels {
            if let (Some(bridge), Some(key)) = (bridge(message).filter(|id| !holding.contains(id)), key(self, message))
            {
                known.entry(bridge).or_insert(key);
            }
        }
        for message in channels {
            if key(self, message).is_some() {
                continue;
            }
            let known = bridge(message).and_then(|bridge| known.get(&bridge).cloned());
            if let (Some(known), Some(linkedid)) = (known, field(message, "Linkedid")) {
                self.alias(&linkedid, &known);
            }
        }
    }

    /// Phones that rang when an earlier run saw the call last, and are gone, missed it.
    fn missed_before(&mut self, key: &Uid) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let reason = if call.answered_at.is_some() { MissReason::AnsweredElsewhere } else { MissReason::NoAnswer };
        if call.rare().before.rang.is_empty() {
            return;
        }
        for (extension, leg) in std::mem::take(&mut call.rare_mut().before.rang) {
            let is_other = |uid: &Uid| {
                self.channels
                    .get(uid)
                    .is_some_and(|channel| channel.extension().is_some_and(|other| *other != extension))
            };
            if !call.channels.contains(&leg) || is_other(&leg) {
                call.tell(&mut self.out, self.now, format!("missed:{leg}"), CallFact::Missed { extension, reason });
            }
        }
    }

    /// Takes up a live channel.
    fn see(&mut self, message: &Message, holding: &HashSet<String>) -> Option<Uid> {
        let uid = self.touch(message, "")?;
        if let Some(name) = field(message, "Channel") {
            self.becomes(&uid, &name);
        }
        let application = field(message, "Application").unwrap_or_default();
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.bridge = None;
            if matches!(application.as_ref(), "AppDial" | "AppQueue") && channel.offer == Offer::None {
                channel.offer = Offer::Dialed;
            } else if application == "Dial" {
                let data = field(message, "ApplicationData").or_else(|| field(message, "Data")).unwrap_or_default();
                channel.dials = dialed_number(data.split([',', '&']).next().unwrap_or_default());
            }
        }
        if application == "AppDial2" {
            originated(self, &uid);
        }
        if let Some(bridge) = field(message, "BridgeId").filter(|id| !holding.contains(id.as_ref())) {
            self.note_bridge(&uid, &bridge);
        }
        self.count_on(&uid);
        let now = self.now;
        if let Some(call) = self.call_of(&uid)
            && !call.is_told()
            && let Some(birth) = born(&call.key).filter(|birth| *birth <= now && now - *birth < OLDEST)
        {
            call.started_at = call.started_at.min(birth);
        }
        Some(uid)
    }

    /// How often a channel held, waited or was parked before the programme was started anew is not known, but not more
    /// often than something was told.
    fn count_on(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get_mut(uid) else { return };
        let Some(call) = self.calls.get(&channel.call).filter(|call| call.seeded) else { return };
        for count in [&mut channel.holds, &mut channel.joins, &mut channel.parks] {
            *count = (*count).max(call.told_so_far());
        }
    }

    fn note_bridge(&mut self, uid: &str, bridge: &str) {
        let Some(uid) = self.channels.uid(uid) else { return };
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.bridge = Some(bridge.to_owned());
        }
        super::call::enter(self.bridges.entry(bridge.to_owned()).or_default(), &uid);
    }

    /// Tells what a live channel says that was not told yet.
    fn catch_up(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get(uid) else { return };
        let (state, bridge) = (channel.state, channel.bridge.clone());
        let asked = self.channels.get(uid).is_some_and(|c| matches!(c.offer, Offer::Dialed | Offer::Ringing));
        match bridge.filter(|_| state == UP) {
            Some(_) if asked => self.leg_answers(uid),
            Some(bridge) => self.enters_bridge(uid, &bridge),
            None if state == RINGING => self.leg_rings(uid),
            None => {}
        }
        let far_end = self.channels.get(uid).is_some_and(|c| c.side == Side::Trunk && c.offer == Offer::Dialed);
        if let Some(number) = self.call_of(uid).filter(|_| far_end).map(|call| call.dialed.clone()) {
            self.tell_dialing(uid, number);
        }
    }

    /// What was dialled was so for the party with which the call began, if that is in no conversation: as far as we can
    /// know.
    fn assume_dialed(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get(uid) else { return };
        if channel.offer != Offer::Dialed || channel.dialed_by.is_some() {
            return;
        }
        let origin = self.calls.get(&channel.call).and_then(|call| call.origin.clone());
        let waits = |origin: &Uid| self.channels.get(origin).is_some_and(|origin| origin.bridge.is_none());
        let origin = origin.filter(|origin| origin != uid && waits(origin));
        if let Some(channel) = self.channels.get_mut(uid) {
            channel.root = origin;
        }
    }

    /// What an earlier run told of an extension is not told again.
    pub(super) fn assume_told(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get(uid) else { return };
        let Some(extension) = channel.extension() else { return };
        let Some(call) = self.calls.get_mut(&channel.call).filter(|call| call.seeded) else { return };
        let may_be = channel.state == UP || call.key == *uid;
        let is_agent = may_be && call.agent_extension.as_ref() == Some(extension) && call.agent.is_none();
        if is_agent {
            call.agent = Some(uid.clone());
        }
        let answered = call.rare().before.answered.contains(uid) || (is_agent && call.answered_at.is_some());
        let rang = is_agent || call.rare().before.rang.iter().any(|(_, leg)| leg == uid);
        let Some(channel) = self.channels.get_mut(uid) else { return };
        if answered {
            channel.offer = Offer::Answered;
            channel.answers = channel.answers.max(1);
        } else if rang && channel.offer != Offer::Answered {
            channel.offer = Offer::Ringing;
        }
    }

    /// A channel that held when an earlier run saw it last still does: no list tells who holds.
    fn hold_goes_on(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get_mut(uid).filter(|channel| channel.is_device() && channel.state == UP)
        else {
            return;
        };
        let Some(call) = self.calls.get_mut(&channel.call).filter(|call| call.seeded) else { return };
        let Some(at) = call.rare().before.held.iter().position(|who| who.as_ref() == channel.extension()) else {
            return;
        };
        call.rare_mut().before.held.remove(at);
        channel.holding = true;
        call.doing.enter(Doing::Holds, uid);
    }

    /// True if an earlier run told that this caller waits in that queue.
    fn wait_goes_on(&mut self, uid: &Uid, queue: &str) -> bool {
        let Some(channel) = self.channels.get_mut(uid) else { return false };
        let Some(call) = self.calls.get_mut(&channel.call) else { return false };
        if !call.seeded || !call.rare().before.waited || call.queue.as_deref() != Some(queue) {
            return false;
        }
        call.rare_mut().before.waited = false;
        channel.queue = Some(queue.to_owned());
        call.doing.enter(Doing::Waits, uid);
        true
    }

    fn catch_up_queues(&mut self, entries: &[&Message], complete: bool) {
        let waiting: HashSet<String> = entries.iter().filter_map(|message| uniqueid(message)).collect();
        for message in entries {
            let uid = uniqueid(message).and_then(|uid| self.channels.uid(&uid));
            if let (Some(uid), Some(queue)) = (uid, field(message, "Queue"))
                && !self.wait_goes_on(&uid, &queue)
            {
                self.joins_queue(&uid, queue.into_owned(), number(message, "Position"));
            }
        }
        if !complete {
            return;
        }
        let queued: Vec<Uid> = self.calls.values().flat_map(|call| call.doing.those(Doing::Waits).cloned()).collect();
        for uid in queued.into_iter().filter(|uid| !waiting.contains(uid.as_ref())) {
            let answered = self.channels.get(&uid).is_some_and(|channel| channel.bridge.is_some());
            if let Some(queue) = self.channels.get_mut(&uid).and_then(|channel| channel.queue.take()) {
                self.leaves_queue(&uid, queue, if answered { "answered" } else { "timeout" });
            }
        }
    }

    /// Who waits in a parking lot, and who does not any more. `ParkedCalls` lists them; without it nothing is known.
    fn catch_up_lot(&mut self, parked: &[&Message], live: &[Uid]) {
        let waiting: HashSet<String> =
            parked.iter().filter_map(|message| Some(field(message, "ParkeeUniqueid")?.into_owned())).collect();
        for message in parked {
            hold::parked(self, message);
        }
        for uid in live.iter().filter(|uid| !waiting.contains(uid.as_ref())) {
            let talks =
                self.channels.get(uid).is_some_and(|channel| channel.slot.is_some() && channel.bridge.is_some());
            if talks {
                self.unpark(uid);
            }
        }
    }

    fn see_member(&mut self, message: &Message) {
        let paused = field(message, "Paused").is_some_and(|paused| paused == "1");
        let state = if paused { AgentState::NotReady } else { AgentState::Ready };
        self.agent_is(message, state, since(message));
    }
}

/// Bridges in which everybody waits (parking lots): `BridgeListItem`, `BridgeInfoComplete`.
fn holding_bridges(snapshot: &[Message]) -> HashSet<String> {
    let holds = |message: &&Message| {
        field(message, "BridgeTechnology").is_some_and(|technology| technology == "holding_bridge")
    };
    let id = |message: &Message| field(message, "BridgeUniqueid").map(|id| id.into_owned());
    snapshot.iter().filter(holds).filter_map(id).collect()
}

fn uniqueid(message: &Message) -> Option<String> {
    field(message, "Uniqueid").map(|uid| uid.into_owned())
}
