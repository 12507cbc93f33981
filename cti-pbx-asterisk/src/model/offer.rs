//! One offering of a call to one device: it rings, it is answered, or it ends without an answer.

use super::CallModel;
use super::call::{Doing, LastAnswer};
use super::channel::{Channel, Offer, UP, Uid};
use super::side::Side;
use cti_core::call::{CallFact, Direction, Extension, MissReason};

impl CallModel {
    /// A device says that it rings.
    pub(super) fn leg_rings(&mut self, leg: &Uid) {
        let Some(channel) = self.channels.get(leg) else { return };
        let Some(extension) = channel.extension().cloned() else { return };
        if !matches!(channel.offer, Offer::None | Offer::Dialed) || channel.left {
            return;
        }
        let dialer = channel.dialed_by.clone();
        if self.call_of(leg).is_some_and(|call| call.origin.as_ref() != Some(leg)) {
            self.decide_by_dial(dialer.as_ref(), leg);
            if self.call_of(leg).is_some_and(|call| call.agent.as_ref() != Some(leg)) {
                self.ring(leg, &extension);
            }
        }
    }

    /// An extension with several devices (two contacts, or a forward to a phone that rings already) is offered a call
    /// once.
    fn ring(&mut self, leg: &Uid, extension: &Extension) {
        let rings_already = self.other_leg(leg, |other| other.offer == Offer::Ringing);
        let Some(channel) = self.channels.get_mut(leg) else { return };
        channel.offer = Offer::Ringing;
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        call.offered = true;
        call.add_extension(extension);
        call.doing.enter(Doing::Rings, leg);
        if rings_already {
            return;
        }
        call.tell(
            &mut self.out,
            self.now,
            format!("ringing:{leg}"),
            CallFact::Ringing { extension: extension.clone() },
        );
    }

    /// A device answered, by the word of the dial, of the queue, or because it talks.
    pub(super) fn leg_answers(&mut self, leg: &Uid) {
        let Some(channel) = self.channels.get(leg).filter(|channel| channel.offer != Offer::Answered) else { return };
        match channel.side.clone() {
            Side::Extension(extension) => self.extension_answers(leg, &extension),
            Side::Trunk => self.far_end_answers(leg),
            Side::Inner => {}
        }
    }

    fn extension_answers(&mut self, leg: &Uid, extension: &Extension) {
        if self.call_of(leg).is_none_or(|call| call.agent.as_ref() == Some(leg)) {
            return;
        }
        if self.channels.get(leg).is_some_and(|channel| matches!(channel.offer, Offer::None | Offer::Dialed)) {
            self.ring(leg, extension);
        }
        let mut what = format!("answered:{leg}");
        if let Some(channel) = self.channels.get_mut(leg) {
            channel.offer = Offer::Answered;
            channel.answers += 1;
            if channel.answers > 1 {
                what = format!("{what}:{}", channel.answers);
            }
        }
        self.settle_others(leg);
        let now = self.now;
        let is_asked = self.is_asked(leg);
        let Some(call) = self.call_of(leg) else { return };
        note_answer(call, leg, now);
        call.add_extension(extension);
        if !is_asked || call.answered_by.is_none() {
            call.answered_by = Some(extension.clone());
        }
        call.doing.enter(Doing::Talks, leg);
        self.tell_of(leg, what, CallFact::Answered { extension: extension.clone() });
    }

    /// True if this device was called by somebody of ours who asks, while the other party of the call waits.
    fn is_asked(&self, leg: &Uid) -> bool {
        let root = self.channels.root_dialer(leg);
        let Some(root) = root.and_then(|uid| self.channels.get(&uid)).filter(|root| root.side == Side::Inner) else {
            return false;
        };
        let members = root.bridge.as_ref().and_then(|bridge| self.bridges.get(bridge));
        let origin = self.calls.get(&root.call).and_then(|call| call.agent.as_ref().or(call.origin.as_ref()));
        let asks = |uid: &Uid| {
            let channel = self.channels.get(uid).filter(|channel| Some(uid) != origin && !channel.left);
            channel.is_some_and(|channel| channel.extension().is_some())
        };
        let is_outside = |uid: &Uid| self.channels.get(uid).is_some_and(|channel| channel.side == Side::Trunk);
        members.is_some_and(|members| members.iter().any(asks) && !members.iter().any(is_outside))
    }

    /// The extension of this leg takes the call: its other devices that ring have missed nothing.
    pub(super) fn settle_others(&mut self, leg: &Uid) {
        let Some(channel) = self.channels.get(leg) else { return };
        let Some(extension) = channel.extension().cloned() else { return };
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        let (channels, doing) = (&mut self.channels, &mut call.doing);
        for uid in call.channels.iter().filter(|&uid| uid != leg) {
            if let Some(other) = channels.get_mut(uid)
                && other.extension() == Some(&extension)
                && matches!(other.offer, Offer::Dialed | Offer::Ringing)
            {
                other.offer = Offer::Over;
                doing.leave(Doing::Rings, uid);
            }
        }
    }

    /// True if another leg of the same call to the same extension is like that.
    fn other_leg(&self, leg: &Uid, wanted: impl Fn(&Channel) -> bool) -> bool {
        let Some(channel) = self.channels.get(leg) else { return false };
        let Some(call) = self.calls.get(&channel.call) else { return false };
        call.channels.iter().filter(|&uid| uid != leg).filter_map(|uid| self.channels.get(uid)).any(|other| {
            other.extension().is_some() && other.extension() == channel.extension() && !other.left && wanted(other)
        })
    }

    /// An outside line answered: the far end of an outbound call, or a number to which an inbound call was forwarded.
    fn far_end_answers(&mut self, leg: &Uid) {
        let now = self.now;
        let Some(channel) = self.channels.get_mut(leg) else { return };
        if channel.offer == Offer::None {
            return;
        }
        channel.offer = Offer::Answered;
        let Some(call) = self.call_of(leg) else { return };
        note_answer(call, leg, now);
        let agent = call.agent.clone().zip(call.agent_extension.clone());
        match agent.filter(|_| call.direction != Some(Direction::Inbound) && call.answered_by.is_none()) {
            Some((agent, extension)) => {
                call.doing.enter(Doing::Talks, &agent);
                call.answered_by = Some(extension.clone());
                self.tell_of(leg, format!("answered:{leg}"), CallFact::Answered { extension });
            }
            None => call.doing.enter(Doing::Talks, leg),
        }
    }

    /// A dial ended without an answer, with this `DialStatus`.
    pub(super) fn leg_refuses(&mut self, leg: &Uid, status: &str) {
        let Some(channel) = self.channels.get(leg) else { return };
        let open = matches!(channel.offer, Offer::None | Offer::Dialed | Offer::Ringing);
        if open && channel.is_device() {
            let reason = self.reason(leg, status);
            self.offer_ends(leg, reason);
        }
    }

    /// A phone sent the caller elsewhere (302), where the dial goes on. If it did so at once, it was offered nothing.
    pub(super) fn leg_forwards(&mut self, leg: &Uid) {
        match self.channels.get_mut(leg) {
            Some(channel) if channel.offer == Offer::Ringing => self.offer_ends(leg, MissReason::NoAnswer),
            Some(channel) if matches!(channel.offer, Offer::None | Offer::Dialed) => {
                channel.offer = Offer::Over;
                if let Some(call) = self.call_of(leg) {
                    call.doing.leave(Doing::Rings, leg);
                }
            }
            _ => {}
        }
    }

    /// An offering ended without an answer.
    pub(super) fn offer_ends(&mut self, leg: &Uid, reason: MissReason) {
        let goes_on = self.other_leg(leg, |other| other.offer == Offer::Ringing);
        let Some(channel) = self.channels.get_mut(leg) else { return };
        let (offer, cause) = (channel.offer, channel.cause);
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        call.doing.leave(Doing::Rings, leg);
        if goes_on {
            channel.offer = Offer::Over; // another device of this extension rings on
            return;
        }
        let outcomes = &mut call.rare_mut().outcomes;
        match reason {
            MissReason::AnsweredElsewhere => {}
            MissReason::NoAnswer => outcomes.no_answer += 1,
            MissReason::Busy => outcomes.busy += 1,
            MissReason::Rejected => outcomes.rejected += 1,
            MissReason::CallerGaveUp => outcomes.gave_up += 1,
            MissReason::Unavailable => outcomes.unavailable += 1,
        }
        if matches!(reason, MissReason::Busy | MissReason::Rejected | MissReason::Unavailable) {
            outcomes.refusal = cause;
        }
        let ours = call.agent.as_ref() == Some(leg);
        let extension = channel.extension().cloned().filter(|_| !ours);
        channel.offer = Offer::Over;
        if let Some(extension) = extension {
            if matches!(offer, Offer::None | Offer::Dialed) {
                self.ring(leg, &extension);
                if let Some(channel) = self.channels.get_mut(leg) {
                    channel.offer = Offer::Over;
                }
                if let Some(call) = self.call_of(leg) {
                    call.doing.leave(Doing::Rings, leg);
                }
            }
            self.tell_missed(leg, &extension, reason);
        }
    }

    fn tell_missed(&mut self, leg: &Uid, extension: &Extension, reason: MissReason) {
        let fact = CallFact::Missed { extension: extension.clone(), reason };
        self.tell_of(leg, format!("missed:{leg}"), fact);
    }

    /// Tells a fact of the call to which the channel belongs.
    pub(super) fn tell_of(&mut self, uid: &Uid, what: String, fact: CallFact) {
        let Some(channel) = self.channels.get(uid) else { return };
        if let Some(call) = self.calls.get_mut(&channel.call) {
            call.tell(&mut self.out, self.now, what, fact);
        }
    }

    /// Why an offering ended: the cause that the device gave says more than the status of the dial.
    fn reason(&self, leg: &Uid, status: &str) -> MissReason {
        let cause = self.channels.get(leg).map_or(0, |channel| channel.cause);
        match (cause, status) {
            (21, _) | (_, "DONTCALL" | "TORTURE") => MissReason::Rejected,
            (26, _) => MissReason::AnsweredElsewhere,
            (_, "BUSY") => MissReason::Busy,
            (_, "CHANUNAVAIL" | "CONGESTION" | "INVALIDARGS") => MissReason::Unavailable,
            (_, "CANCEL" | "ABORT") => self.reason_of_cancel(leg),
            _ if self.caller_left(leg) => MissReason::CallerGaveUp,
            _ => MissReason::NoAnswer,
        }
    }

    /// An offering was taken back: because another device answered, because the caller left, or because a queue tries
    /// somebody else.
    pub(super) fn reason_of_cancel(&self, leg: &Uid) -> MissReason {
        let root = self.channels.root_dialer(leg);
        let in_queue = root.as_ref().and_then(|uid| self.channels.get(uid)).is_some_and(|root| root.queue.is_some());
        if self.sibling_is_up(leg, root.as_ref()) || self.dialer_was_told_elsewhere(leg) {
            MissReason::AnsweredElsewhere
        } else if in_queue && !self.caller_left(leg) {
            MissReason::NoAnswer
        } else {
            MissReason::CallerGaveUp
        }
    }

    /// Another device that was called for the same party is up.
    fn sibling_is_up(&self, leg: &Uid, root: Option<&Uid>) -> bool {
        let Some(call) = self.channels.get(leg).and_then(|channel| self.calls.get(&channel.call)) else { return false };
        call.channels.iter().filter(|&uid| uid != leg).any(|uid| {
            self.channels.get(uid).is_some_and(|other| {
                let up = match other.offer {
                    Offer::Answered | Offer::Joined => true,
                    Offer::Dialed | Offer::Ringing => other.state == UP,
                    Offer::None | Offer::Over => false,
                };
                up && !other.left && other.is_device() && !other.hangup_requested
            }) && self.channels.root_dialer(uid).as_ref() == root
        })
    }

    /// A Local channel in between was hung up with "answered elsewhere".
    fn dialer_was_told_elsewhere(&self, leg: &Uid) -> bool {
        let dialer = self.channels.get(leg).and_then(|channel| channel.dialed_by.as_ref());
        dialer.and_then(|uid| self.channels.get(uid)).is_some_and(|dialer| dialer.cause == 26)
    }

    /// The party for whom the device was called has hung up.
    fn caller_left(&self, leg: &Uid) -> bool {
        let root = self.channels.root_dialer(leg);
        root.and_then(|uid| self.channels.get(&uid)).is_some_and(|root| root.hangup_requested)
    }
}

fn note_answer(call: &mut super::call::Call, leg: &Uid, now: chrono::DateTime<chrono::Utc>) {
    let at = call.clock(now);
    call.doing.leave(Doing::Rings, leg);
    call.last_answer = Some(LastAnswer { leg: leg.clone(), first: call.answered_at.is_none() });
    call.answered_at.get_or_insert(at);
}
