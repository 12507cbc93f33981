//! Hold and park: `Hold`, `Unhold`, `ParkedCall`, `UnParkedCall`, `ParkedCallTimeOut`, `ParkedCallGiveUp`.

use super::CallModel;
use super::call::Doing;
use super::channel::Uid;
use super::text::field;
use crate::ami::Message;
use cti_core::call::CallFact;

/// `Hold`: this side put the other on hold. Asterisk says it too when a consultation begins.
pub(super) fn hold(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let Some(channel) = model.channels.get_mut(&uid).filter(|channel| channel.is_device() && !channel.holding) else {
        return;
    };
    channel.holding = true;
    channel.rare_mut().holds += 1;
    let (what, extension) = (format!("held:{uid}:{}", channel.rare().holds), channel.extension().cloned());
    if let Some(call) = model.call_of(&uid) {
        call.doing.enter(Doing::Holds, &uid);
    }
    model.tell_of(&uid, what, CallFact::Held { extension });
}

/// `Unhold`: talk goes on. A blind transfer sends one without a hold; it means nothing.
pub(super) fn unhold(model: &mut CallModel, message: &Message) {
    if let Some(uid) = model.touch(message, "") {
        model.resume(&uid);
    }
}

/// `ParkedCall`: the call waits in a slot.
pub(super) fn parked(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "Parkee") else { return };
    let Some(slot) = field(message, "ParkingSpace").map(|slot| slot.into_owned()) else { return };
    let Some(channel) = model.channels.get_mut(&uid).filter(|channel| channel.rare().slot.is_none()) else { return };
    channel.rare_mut().slot = Some(slot.clone());
    if let Some(call) = model.calls.get_mut(&channel.call)
        && call.rare().before.parked.as_ref() == Some(&slot)
    {
        call.rare_mut().before.parked = None;
        return call.doing.enter(Doing::Parked, &uid);
    }
    channel.rare_mut().parks += 1;
    let what = format!("parked:{uid}:{slot}:{}", channel.rare().parks);
    if let Some(call) = model.call_of(&uid) {
        call.doing.enter(Doing::Parked, &uid);
        call.doing.nobody(Doing::Talks);
    }
    model.tell_of(&uid, what, CallFact::Parked { slot });
}

/// `UnParkedCall`, `ParkedCallTimeOut`, `ParkedCallGiveUp`: it waits there no more.
pub(super) fn unparked(model: &mut CallModel, message: &Message) {
    if let Some(uid) = model.touch(message, "Parkee") {
        model.unpark(&uid);
    }
}

impl CallModel {
    /// The call waits in its slot no more.
    pub(super) fn unpark(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get_mut(uid).filter(|channel| channel.rare().slot.is_some()) else { return };
        let Some(slot) = channel.rare_mut().slot.take() else { return };
        let what = format!("unparked:{uid}:{slot}:{}", channel.rare().parks);
        if let Some(call) = self.call_of(uid) {
            call.doing.leave(Doing::Parked, uid);
        }
        self.tell_of(uid, what, CallFact::Unparked { slot });
    }

    /// A hold is over.
    pub(super) fn resume(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get_mut(uid).filter(|channel| channel.holding) else { return };
        channel.holding = false;
        let (what, extension) = (format!("resumed:{uid}:{}", channel.rare().holds), channel.extension().cloned());
        if let Some(call) = self.call_of(uid) {
            call.doing.leave(Doing::Holds, uid);
        }
        self.tell_of(uid, what, CallFact::Resumed { extension });
    }
}
