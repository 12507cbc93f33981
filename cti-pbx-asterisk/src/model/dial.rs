//! Dials: `DialBegin`, `DialState`, `DialEnd`, and `OriginateResponse` for calls that the PBX itself placed.

use super::CallModel;
use super::call::Doing;
use super::channel::{Offer, RINGING, Uid};
use super::direction::dialed;
use super::side::{Side, without_suffix};
use super::text::field;
use crate::ami::Message;
use cti_core::call::{CallFact, Direction};
use cti_core::number::Number;

/// `DialBegin`: a device is called. Without `Channel` the PBX itself calls (click-to-dial).
pub(super) fn begin(model: &mut CallModel, message: &Message) {
    let dialer = model.touch(message, "");
    let Some(leg) = model.touch(message, "Dest") else { return };
    let dial_string = field(message, "DialString").unwrap_or_default();
    if field(message, "Uniqueid").is_none() {
        return begin_originate(model, &leg, &dial_string);
    }
    if let Some(dialer) = &dialer {
        model.link(dialer, &leg);
    }
    let number = dialed_number(&dial_string).or_else(|| field(message, "Exten").and_then(|exten| dialed(&exten)));
    model.channels.set_dialer(&leg, dialer.clone());
    let Some(channel) = model.channels.get_mut(&leg) else { return };
    if channel.offer == Offer::None {
        channel.offer = Offer::Dialed;
    }
    let (is_trunk, rings) = (channel.side == Side::Trunk, channel.state == RINGING);
    if is_trunk {
        channel.dialed_number = number.as_ref().map(|number| number.as_str().to_owned());
    }
    if let Some(call) = model.call_of(&leg)
        && is_trunk
        && call.direction.is_none()
        && number.is_some()
    {
        call.dialed = number.clone();
    }
    model.decide_by_dial(dialer.as_ref(), &leg);
    model.offer_begins(&leg);
    if is_trunk {
        model.tell_dialing(&leg, number);
        return;
    }
    if rings {
        model.leg_rings(&leg);
    }
}

fn begin_originate(model: &mut CallModel, leg: &Uid, dial_string: &str) {
    originated(model, leg);
    let is_trunk = model.channels.get(leg).is_some_and(|channel| channel.side == Side::Trunk);
    let Some(call) = model.call_of(leg).filter(|call| is_trunk && call.direction.is_none()) else { return };
    call.dialed = dialed_number(dial_string);
    let key = call.key.clone();
    if let Some(call) = model.calls.get_mut(&key) {
        call.decide(&mut model.out, Direction::Outbound);
    }
}

/// The PBX itself called this channel.
pub(super) fn originated(model: &mut CallModel, uid: &Uid) {
    if let Some(call) = model.call_of(uid)
        && call.origin.as_ref() == Some(uid)
    {
        call.originated = true;
    }
}

/// `DialState`: how the dial goes on. `RINGING` is the phone's word for it.
pub(super) fn state(model: &mut CallModel, message: &Message) {
    let Some(leg) = model.dialed_leg(message) else { return };
    if field(message, "DialStatus").is_some_and(|status| status == "RINGING") {
        model.leg_rings(&leg);
    }
}

/// `DialEnd`: the device answered, or why it did not. Comes more than once from queues.
pub(super) fn end(model: &mut CallModel, message: &Message) {
    let Some(leg) = model.dialed_leg(message) else { return };
    if field(message, "Forward").is_some() {
        return model.leg_forwards(&leg);
    }
    match field(message, "DialStatus").as_deref() {
        Some("ANSWER") => model.leg_answers(&leg),
        Some(status) => model.leg_refuses(&leg, status),
        None => {}
    }
}

/// `OriginateResponse`: what became of a click-to-dial. It may come before or after anything else; a failed one names
/// only the device that was called.
pub(super) fn originate_response(model: &mut CallModel, message: &Message) {
    let number = field(message, "Exten").and_then(|exten| dialed(&exten));
    let by_id = field(message, "Uniqueid").and_then(|uid| model.channels.uid(&uid));
    let Some(uid) = by_id.or_else(|| model.waiting_originate(&field(message, "Channel")?)) else { return };
    if let Some(call) = model.call_of(&uid)
        && call.originated
        && call.dialed.is_none()
    {
        call.dialed = number;
    }
}

impl CallModel {
    /// The channel of the oldest click-to-dial to that device whose dial is over.
    fn waiting_originate(&self, device: &str) -> Option<Uid> {
        let device = device.strip_suffix("/n").unwrap_or(device);
        self.order.values().filter_map(|key| self.calls.get(key)).filter(|call| !call.is_told()).find_map(|call| {
            let origin = call.origin.as_ref().filter(|_| call.originated)?;
            let channel = self.channels.get(origin)?;
            (channel.offer == Offer::Over && without_suffix(&channel.name) == device).then(|| origin.clone())
        })
    }

    /// The device that is called. Whoever joined in mid-dial learns here for whom.
    fn dialed_leg(&mut self, message: &Message) -> Option<Uid> {
        let dialer = self.touch(message, "");
        let leg = self.touch(message, "Dest")?;
        if self.channels.get(&leg)?.dialed_by.is_none() && dialer.is_some() {
            self.channels.set_dialer(&leg, dialer.clone());
            let channel = self.channels.get_mut(&leg)?;
            if channel.offer == Offer::None {
                channel.offer = Offer::Dialed;
            }
            self.decide_by_dial(dialer.as_ref(), &leg);
        }
        Some(leg)
    }

    /// On Asterisk 12 only the dial says that two channels belong together.
    pub(super) fn link(&mut self, one: &Uid, other: &Uid) {
        let key = |uid: &Uid| self.channels.get(uid).map(|channel| channel.call.clone());
        if let (Some(a), Some(b)) = (key(one), key(other))
            && a != b
        {
            self.merge(&a, &b);
        }
    }

    /// A device is being called for somebody else.
    fn offer_begins(&mut self, leg: &Uid) {
        let is_device = self
            .channels
            .get(leg)
            .is_some_and(|channel| channel.is_device() && matches!(channel.offer, Offer::Dialed | Offer::Ringing));
        if let Some(call) = self.call_of(leg)
            && is_device
            && call.agent.as_ref() != Some(leg)
        {
            call.offered = true;
            call.doing.enter(Doing::Rings, leg);
        }
    }

    pub(super) fn tell_dialing(&mut self, leg: &Uid, number: Option<Number>) {
        let Some(channel) = self.channels.get(leg) else { return };
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        let (Some(agent), Some(extension)) = (call.agent.clone(), call.agent_extension.clone()) else { return };
        if call.direction == Some(Direction::Outbound) && !call.dialing_told {
            call.dialing_told = true;
            call.tell(&mut self.out, self.now, format!("dialing:{agent}"), CallFact::Dialing { extension, number });
        }
    }
}

/// The number in a dial string: `0901234567@trunk`, `trunk/0901234567`, `g0/0901234567`,
/// `trunk/sip:0901234567@host:5060`, also with the technology in front.
pub(super) fn dialed_number(dial_string: &str) -> Option<Number> {
    let last = dial_string.rsplit('/').next()?;
    let user = ["sips:", "sip:", "tel:"].iter().find_map(|scheme| last.strip_prefix(scheme)).unwrap_or(last);
    let user = user.split(['@', ';', ',', '?']).next()?;
    if user.bytes().any(|b| b.is_ascii_digit()) { Number::new(user) } else { None }
}

#[cfg(test)]
mod tests {
    use super::dialed_number;

    #[test]
    fn every_way_to_write_a_dial() {
        for dial_string in [
            "0901234567@trunk",
            "PJSIP/0901234567@trunk",
            "trunk/0901234567",
            "g0/0901234567",
            "DAHDI/i1/0901234567",
            "trunk/sip:0901234567@192.0.2.1:5060",
            "user:secret@host/0901234567",
        ] {
            assert_eq!(dialed_number(dial_string).unwrap().as_str(), "0901234567", "{dial_string}");
        }
        assert_eq!(dialed_number("trunk"), None);
        assert_eq!(dialed_number(""), None);
    }
}
