//! Queues: `QueueCallerJoin`, `QueueCallerLeave`, `QueueCallerAbandon`, `AgentCalled`, `AgentConnect`,
//! `AgentRingNoAnswer`.

use super::CallModel;
use super::call::Doing;
use super::channel::{Offer, Uid};
use super::text::{field, number};
use crate::ami::Message;
use cti_core::call::{CallFact, Direction, MissReason};

/// `QueueCallerJoin`: the caller waits.
pub(super) fn join(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let Some(queue) = field(message, "Queue").map(|queue| queue.into_owned()) else { return };
    model.joins_queue(&uid, queue, number(message, "Position"));
}

/// `QueueCallerLeave`: the caller waits no more; comes for every way to leave.
pub(super) fn leave(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let Some(channel) = model.channels.get_mut(&uid) else { return };
    let Some(queue) = channel.queue.take() else { return };
    let reason = if channel.hangup_requested { "abandoned" } else { "timeout" };
    let reason = if model.somebody_talks(&uid) { "answered" } else { reason };
    model.leaves_queue(&uid, queue, reason);
}

/// `QueueCallerAbandon`: the caller hung up; `QueueCallerLeave` follows.
pub(super) fn abandon(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    if let Some(queue) = model.channels.get_mut(&uid).and_then(|channel| channel.queue.take()) {
        model.leaves_queue(&uid, queue, "abandoned");
    }
}

/// `AgentCalled`: the queue calls a member for the caller.
pub(super) fn agent_called(model: &mut CallModel, message: &Message) {
    let caller = model.touch(message, "");
    let Some(leg) = model.touch(message, "Dest") else { return };
    if let Some(caller) = caller {
        model.link(&caller, &leg);
        if model.channels.get(&leg).is_some_and(|channel| channel.dialed_by.is_none()) {
            model.channels.set_dialer(&leg, Some(caller));
        }
    }
}

/// `AgentConnect`: the member took the call. Behind a Local channel the end of the inner dial has told it already.
pub(super) fn agent_connect(model: &mut CallModel, message: &Message) {
    model.touch(message, "");
    if let Some(leg) = model.touch(message, "Dest") {
        model.leg_answers(&leg);
    }
}

/// `AgentRingNoAnswer`: the member did not take the call in time.
pub(super) fn agent_ring_no_answer(model: &mut CallModel, message: &Message) {
    model.touch(message, "");
    let Some(leg) = model.touch(message, "Dest") else { return };
    let open =
        model.channels.get(&leg).is_some_and(|c| c.is_device() && matches!(c.offer, Offer::Dialed | Offer::Ringing));
    if open {
        model.offer_ends(&leg, MissReason::NoAnswer);
    }
}

impl CallModel {
    /// A caller waits in a queue.
    pub(super) fn joins_queue(&mut self, uid: &Uid, queue: String, position: Option<i64>) {
        let Some(channel) = self.channels.get_mut(uid) else { return };
        if channel.queue.as_ref() == Some(&queue) {
            return;
        }
        channel.queue = Some(queue.clone());
        channel.joins += 1;
        let (key, what) = (channel.call.clone(), format!("queued:{uid}:{queue}:{}", channel.joins));
        self.decide_by_devices(&key);
        let Some(call) = self.calls.get_mut(&key) else { return };
        if call.agent.as_ref() == Some(uid) && call.direction.is_none() {
            call.decide(&mut self.out, Direction::Internal);
        }
        call.offered = true;
        call.queue = Some(queue.clone());
        call.doing.enter(Doing::Waits, uid);
        let position = position.and_then(|position| u32::try_from(position).ok());
        call.tell(&mut self.out, self.now, what, CallFact::Queued { queue, position });
    }

    /// A person talks to this caller.
    pub(super) fn somebody_talks(&self, uid: &Uid) -> bool {
        let call = self.channels.get(uid).and_then(|channel| self.calls.get(&channel.call));
        call.is_some_and(|call| call.doing.any(Doing::Talks))
    }
}
