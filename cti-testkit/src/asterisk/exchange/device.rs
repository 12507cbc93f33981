//! The states of devices.

use super::Exchange;
use super::parts::{Behaviour, Device, DeviceState, State};
use crate::asterisk::packet::Packet;

impl Exchange {
    /// What the function `DEVICE_STATE` says of a phone.
    pub(crate) fn device_state_word(&self, number: &str) -> &'static str {
        if self.phones.contains_key(number) {
            self.device_state(&Device::Phone(number.to_owned())).word()
        } else {
            DeviceState::Invalid.word()
        }
    }

    /// The state of a phone or of the trunk.
    pub(crate) fn device_state(&self, device: &Device) -> DeviceState {
        let unavailable = match device {
            Device::Phone(number) => {
                self.phones.get(number).is_none_or(|phone| phone.behaviour == Behaviour::Unavailable)
            }
            _ => false,
        };
        let mut state = if unavailable { DeviceState::Unavailable } else { DeviceState::NotInUse };
        for (key, channel) in self.channels.iter().filter(|(_, channel)| channel.device == *device) {
            let held = self.peer(*key).and_then(|peer| self.channels.get(&peer)).is_some_and(|peer| peer.on_hold);
            state = match channel.state {
                State::Ringing => return DeviceState::Ringing,
                State::Up if held => DeviceState::OnHold,
                State::Up | State::Ring => DeviceState::InUse,
                State::Down => state,
            };
        }
        state
    }

    pub(super) fn tell_devices(&mut self) {
        let numbers: Vec<String> = self.phones.keys().cloned().collect();
        for number in numbers {
            let state = self.device_state(&Device::Phone(number.clone()));
            let changed =
                self.phones.get_mut(&number).is_some_and(|p| std::mem::replace(&mut p.last_state, state) != state);
            if changed {
                let device = format!("{}/{number}", self.version.technology());
                self.tell_device(&device, state);
                self.tell_member_states(&device);
            }
        }
        let state = self.device_state(&Device::Trunk);
        if std::mem::replace(&mut self.trunk.last_state, state) != state {
            self.tell_device(&format!("{}/trunk", self.version.technology()), state);
        }
    }

    pub(super) fn tell_device(&mut self, device: &str, state: DeviceState) {
        self.emit(Packet::event("DeviceStateChange", "call").with("Device", device).with("State", state.word()));
    }
}
