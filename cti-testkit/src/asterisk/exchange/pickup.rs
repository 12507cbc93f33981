//! Taking a call that rings at another phone: `*8`.

use super::parts::{ChannelKey, Device, Id, State};
use super::{Exchange, NewChannel};

/// What is dialled to take the call that rings.
const CODE: &str = "*8";

impl Exchange {
    /// A phone takes the call that rings at another one. False if there is no such phone, or none that rings.
    ///
    /// The picker's channel gives its device to the one that rings (`ast_do_pickup`): told before by `Pickup` (1.8 and
    /// later), then by three `Rename`s.
    pub(crate) fn pick_up(&mut self, phone: &str) -> bool {
        let Some(shown) = self.phones.get(phone).map(|phone| phone.name.clone()) else { return false };
        let rings = |channel: &super::Channel| {
            channel.state == State::Ringing && matches!(&channel.device, Device::Phone(number) if number != phone)
        };
        let Some(target) = self.channels.iter().rev().find(|(_, channel)| rings(channel)).map(|(key, _)| *key) else {
            return false;
        };
        let name = self.device_channel_name(phone);
        let new = NewChannel {
            name: name.clone(),
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
        self.tell_masquerade(target, picker);
        self.trade_devices(target, picker, &name);
        self.tell_hangup(picker, 16, None);
        self.answer_leg(target);
        true
    }

    fn trade_devices(&mut self, target: ChannelKey, picker: ChannelKey, name: &str) {
        let Some(mut taken) = self.channels.remove(&target) else { return };
        if let Some(zombie) = self.channels.get_mut(&picker) {
            std::mem::swap(&mut taken.device, &mut zombie.device);
            zombie.name = format!("{}<ZOMBIE>", taken.name);
            zombie.state = taken.state;
        }
        name.clone_into(&mut taken.name);
        taken.state = State::Up;
        self.channels.insert(target, taken);
    }
}
