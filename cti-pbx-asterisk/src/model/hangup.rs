//! Hang-ups, and how a call ended: `HangupRequest` (somebody put the phone down) and `Hangup` (the channel is gone).

use super::CallModel;
use super::call::{Call, Doing, leave};
use super::channel::{Channel, Offer, Uid};
use super::text::{field, number};
use crate::ami::Message;
use cti_core::call::{Activity, CallFact, Direction, Disposition, MissReason};

/// `HangupRequest`: the device or the network hung up; the channel follows soon.
pub(super) fn request(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let cause = number(message, "Cause").unwrap_or(0);
    if let Some(channel) = model.channels.get_mut(&uid) {
        channel.hangup_requested = true;
        channel.cause = cause;
    }
    if let Some(call) = model.call_of(&uid)
        && (call.origin.as_ref() == Some(&uid) || call.agent.as_ref() == Some(&uid))
    {
        call.caller_hung_up = true;
    }
}

/// `Hangup`: the channel is gone. The last one of a call ends the call.
pub(super) fn hangup(model: &mut CallModel, message: &Message) {
    let Some(uid) = field(message, "Uniqueid").and_then(|uid| model.channels.uid(&uid)) else { return };
    model.touch(message, "");
    let cause = number(message, "Cause").unwrap_or(0);
    if let Some(channel) = model.channels.get_mut(&uid)
        && cause != 0
    {
        channel.cause = cause;
    }
    let open = model.channels.get(&uid).filter(|c| matches!(c.offer, Offer::Dialed | Offer::Ringing) && c.is_device());
    if open.is_some() {
        let reason = model.reason_of_hangup(&uid, cause);
        model.offer_ends(&uid, reason);
    }
    if let Some(queue) = model.channels.get_mut(&uid).and_then(|channel| channel.queue.take()) {
        model.leaves_queue(&uid, queue, "abandoned");
    }
    model.channel_gone(&uid, cause);
}

impl CallModel {
    fn reason_of_hangup(&self, leg: &Uid, cause: i64) -> MissReason {
        match cause {
            17 => MissReason::Busy,
            18 | 19 => MissReason::NoAnswer,
            21 => MissReason::Rejected,
            26 => MissReason::AnsweredElsewhere,
            1 | 3 | 20 | 27 | 34 | 38 | 41 | 42 | 44 => MissReason::Unavailable,
            _ => self.reason_of_cancel(leg),
        }
    }

    /// Takes a channel out of its call, and ends the call with the last one.
    pub(super) fn channel_gone(&mut self, uid: &Uid, cause: i64) {
        let Some(channel) = self.channels.get(uid) else { return };
        let key = channel.call.clone();
        self.decide_by_devices(&key);
        leave(&mut self.awaiting, uid);
        let Some(channel) = self.channels.remove(uid) else { return };
        self.leave_bridge(uid, &channel);
        let Some(call) = self.calls.get_mut(&key) else { return };
        note_cause(call, uid, &channel, cause);
        call.drop_channel(uid);
        if call.channels.is_empty() {
            self.end_call(&key);
        } else {
            self.mark(&key);
        }
    }

    fn leave_bridge(&mut self, uid: &Uid, channel: &Channel) {
        let Some(bridge) = &channel.bridge else { return };
        if let Some(members) = self.bridges.get_mut(bridge) {
            leave(members, uid);
            if members.is_empty() {
                self.bridges.remove(bridge);
            }
        }
    }

    fn end_call(&mut self, key: &Uid) {
        let is_call = self.decide_by_number(key);
        let Some(mut call) = self.forget_call(key) else { return };
        if is_call {
            let at = call.clock(self.now);
            call.watch.switch(Activity::Idle, at);
            let disposition = disposition(&call);
            let cause = cause_text(cause_of(&call, disposition)).to_owned();
            call.end(&mut self.out, at, disposition, cause);
        }
    }

    /// Ends a call that the PBX does not know any more. Its seconds count up to the last sign of it.
    pub(super) fn lose(&mut self, key: &Uid) {
        self.decide_by_number(key); // what waits for the word about the caller is told without the number
        let Some(mut call) = self.forget_call(key) else { return };
        for uid in call.channels.clone() {
            leave(&mut self.awaiting, &uid);
            if let Some(channel) = self.channels.remove(&uid) {
                self.leave_bridge(&uid, &channel);
            }
        }
        if call.is_told() {
            call.watch.switch(Activity::Idle, call.last_at);
            call.end(&mut self.out, self.now, Disposition::LostTrack, "lost track".to_owned());
        }
    }

    fn forget_call(&mut self, key: &Uid) -> Option<Call> {
        let call = *self.calls.remove(key)?;
        self.order.remove(&call.number);
        for alias in &call.rare().aliases {
            self.aliases.remove(alias);
            self.ended.remember(alias.clone());
        }
        self.ended.remember(key.clone());
        Some(call)
    }

    /// Tells that a caller left a queue.
    pub(super) fn leaves_queue(&mut self, uid: &Uid, queue: String, reason: &str) {
        let Some(channel) = self.channels.get(uid) else { return };
        let what = format!("dequeued:{uid}:{queue}:{}", channel.joins);
        if let Some(call) = self.calls.get_mut(&channel.call) {
            call.doing.leave(Doing::Waits, uid);
            match reason {
                "abandoned" => call.rare_mut().outcomes.gave_up += 1,
                "timeout" => call.queue_ran_out = true,
                _ => {}
            }
        }
        self.tell_of(uid, what, CallFact::Dequeued { queue, reason: reason.to_owned() });
    }
}

fn note_cause(call: &mut Call, uid: &Uid, channel: &Channel, cause: i64) {
    if call.origin.as_ref() == Some(uid) {
        call.origin_cause = cause;
    }
    if call.any_cause == 0 && channel.is_device() {
        call.any_cause = cause;
    }
    // Asterisk 16 tells the cause of a refusal only with the hang-up of the leg.
    if channel.offer == Offer::Over && cause != 0 && !matches!(cause, 16 | 26) && call.rare().outcomes.refusal == 0 {
        call.rare_mut().outcomes.refusal = cause;
    }
}

fn disposition(call: &Call) -> Disposition {
    let outcomes = &call.rare().outcomes;
    let inbound = call.direction == Some(Direction::Inbound);
    let never_offered = !call.offered && outcomes.refusal == 0;
    if call.answered_at.is_some() {
        Disposition::Answered
    } else if outcomes.gave_up > 0 || (never_offered && call.caller_hung_up) {
        if inbound || call.queue.is_some() { Disposition::Abandoned } else { Disposition::Cancelled }
    } else if outcomes.no_answer > 0 || call.queue_ran_out {
        Disposition::Missed
    } else if outcomes.rejected > 0 {
        Disposition::Rejected
    } else if outcomes.busy > 0 {
        Disposition::Busy
    } else {
        Disposition::Failed
    }
}

/// The cause that says most: of a call that was refused, why; else that of the channel with which it began.
fn cause_of(call: &Call, disposition: Disposition) -> i64 {
    let refused = matches!(disposition, Disposition::Busy | Disposition::Rejected | Disposition::Failed);
    let candidates = [if refused { call.rare().outcomes.refusal } else { 0 }, call.origin_cause, call.any_cause];
    candidates.into_iter().find(|&cause| cause != 0).unwrap_or(0)
}

/// The words of Q.850 for a cause, in lower case.
pub(super) fn cause_text(cause: i64) -> &'static str {
    match cause {
        1 => "unallocated number",
        2 => "no route to transit network",
        3 => "no route to destination",
        5 => "misdialled trunk prefix",
        6 => "channel unacceptable",
        7 => "call awarded",
        8 => "pre-empted",
        14 => "number ported",
        16 => "normal clearing",
        17 => "user busy",
        18 => "no user responding",
        19 => "no answer",
        20 => "subscriber absent",
        21 => "call rejected",
        22 => "number changed",
        23 => "redirected to new destination",
        26 => "answered elsewhere",
        27 => "destination out of order",
        28 => "invalid number format",
        29 => "facility rejected",
        30 => "response to status enquiry",
        31 => "normal, unspecified",
        34 => "no circuit available",
        38 => "network out of order",
        41 => "temporary failure",
        42 => "switching equipment congestion",
        43 => "access information discarded",
        44 => "requested channel not available",
        50 => "facility not subscribed",
        52 => "outgoing calls barred",
        54 => "incoming calls barred",
        57 => "bearer capability not authorised",
        58 => "bearer capability not available",
        65 => "bearer capability not implemented",
        66 => "channel type not implemented",
        69 => "facility not implemented",
        81 => "invalid call reference",
        88 => "incompatible destination",
        95..=103 | 111 => "protocol error",
        127 => "interworking",
        _ => "unknown",
    }
}
