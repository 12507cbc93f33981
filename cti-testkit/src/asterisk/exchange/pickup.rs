//! Pick-up: a phone takes the call that rings at another.

use super::parts::{ChannelKey, Device, Id, State};
use super::{Exchange, NewChannel};
use crate::asterisk::packet::Packet;

/// The feature code.
const CODE: &str = "*8";

impl Exchange {
    /// `phone` dials the code and gets the call of that ringing leg. The ringing channel takes the picker's place by a
    /// masquerade (three `Rename`s), so that its `Uniqueid` stays. False if the leg does not ring.
    pub(crate) fn pick_up(&mut self, phone: &str, target: ChannelKey) -> bool {
        let Some(shown) = self.phones.get(phone).map(|phone| phone.name.clone()) else { return false };
        let rings = self.channels.get(&target).is_some_and(|channel| {
            channel.state == State::Ringing && !channel.is_local() && channel.device != Device::Phone(phone.to_owned())
        });
        let called = self.dial_of(target).and_then(|dial| self.dials.get(&dial)?.purpose.caller());
        if !rings || called.is_none() {
            return false;
        }
        let new = NewChannel {
            name: self.pjsip_name(phone),
            caller: Id::new(phone, &shown),
            context: "from-internal".to_owned(),
            exten: CODE.to_owned(),
            runs_plan: true,
            ..NewChannel::default()
        };
        let picker = self.new_channel(Device::Phone(phone.to_owned()), State::Ring, new);
        self.step(picker, 1, "Pickup", "");
        self.set_state(picker, State::Up);
        let packet = self.about("Pickup", "call", picker).with_all(self.shot(target, "Target"));
        self.emit(packet);
        self.masquerade(picker, target);
        self.tell_hangup(picker, 16, None);
        self.answer_leg(target);
        true
    }

    fn masquerade(&mut self, clone: ChannelKey, original: ChannelKey) {
        let name = |key: ChannelKey| self.channels.get(&key).map(|channel| channel.name.clone()).unwrap_or_default();
        let (new, old) = (name(clone), name(original));
        self.rename(clone, format!("{new}<MASQ>"));
        self.rename(original, new);
        self.rename(clone, format!("{old}<ZOMBIE>"));
        let device = self.channels.get(&clone).map(|channel| (channel.device.clone(), channel.caller.clone()));
        if let (Some(channel), Some((device, caller))) = (self.channels.get_mut(&original), device) {
            channel.device = device;
            channel.caller = caller;
        }
    }

    fn rename(&mut self, key: ChannelKey, name: String) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let packet = Packet::event("Rename", "call")
            .with("Channel", &channel.name)
            .with("Newname", &name)
            .with("Uniqueid", &channel.uniqueid);
        channel.name = name;
        self.emit(packet);
    }
}
