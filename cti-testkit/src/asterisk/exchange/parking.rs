//! Parking, and taking a call from its slot.

use super::parts::{ChannelKey, Device, Id, State};
use super::{Exchange, NewChannel};
use crate::asterisk::packet::Packet;

const LOT: &str = "default";
const TIMEOUT: &str = "45";

impl Exchange {
    /// `Park`: the channel waits in a slot, its former partner is hung up. Returns the slot.
    pub(crate) fn park(&mut self, key: ChannelKey) -> String {
        let slot = self.next_slot.to_string();
        self.next_slot += 1;
        let peer = self.peer(key);
        let shell = self.is_old().then(|| self.shell("Parked", key));
        if let Some(shell) = shell {
            // ast_masq_park_call, main/features.c.
            self.masquerade(shell, key);
        }
        let old = self.leave(key);
        let bridge = self.new_bridge();
        self.enter(key, bridge, None);
        self.parked.insert(slot.clone(), key);
        self.play_music(key, true);
        self.tell_parking("ParkedCall", key, &slot, None);
        if let Some(shell) = shell {
            self.tell_hangup(shell, 16, None);
        }
        if let Some(peer) = peer {
            self.leave(peer);
            self.hang_up_leg(peer, 16, None);
        }
        if let Some(old) = old {
            self.destroy_bridge(old);
        }
        slot
    }

    fn tell_parking(&mut self, event: &str, key: ChannelKey, slot: &str, retriever: Option<ChannelKey>) {
        let dial_string = self.channels.get(&key).map(|channel| channel.device_name().to_owned()).unwrap_or_default();
        let mut packet = Packet::event(event, "call")
            .with_all(self.shot(key, "Parkee"))
            .with("ParkerDialString", dial_string)
            .with("Parkinglot", LOT)
            .with("ParkingSpace", slot)
            .with("ParkingTimeout", TIMEOUT)
            .with("ParkingDuration", "0");
        if let Some(retriever) = retriever {
            packet = packet.with_all(self.shot(retriever, "Retriever"));
        }
        self.emit(packet);
    }

    pub(super) fn give_up_parked(&mut self, key: ChannelKey) {
        let slot = self.parked.iter().find(|(_, parked)| **parked == key).map(|(slot, _)| slot.clone());
        if let Some(slot) = slot {
            self.parked.remove(&slot);
            self.tell_parking("ParkedCallGiveUp", key, &slot, None);
        }
    }

    /// A phone dials the slot. False if nothing is parked there or there is no such phone.
    pub(crate) fn retrieve(&mut self, phone: &str, slot: &str) -> bool {
        let Some(shown) = self.phones.get(phone).map(|phone| phone.name.clone()) else { return false };
        let Some(parked) = self.parked.remove(slot) else { return false };
        let name = self.device_channel_name(phone);
        let new = NewChannel {
            name,
            caller: Id::new(phone, &shown),
            context: "from-internal".to_owned(),
            exten: slot.to_owned(),
            runs_plan: true,
            ..NewChannel::default()
        };
        let key = self.new_channel(Device::Phone(phone.to_owned()), State::Ring, new);
        self.step(key, 1, "ParkedCall", &format!("{LOT},{slot}"));
        self.set_state(key, State::Up);
        self.tell_parking("UnParkedCall", parked, slot, Some(key));
        self.play_music(parked, false);
        let lot = self.leave(parked);
        let bridge = self.new_bridge();
        // The parked one is moved, then the other joins (`parked_call_app_exec`); before 12 `Channel1` is the one who takes.
        self.enter(parked, bridge, None);
        self.enter(key, bridge, None);
        self.tell_peers(bridge);
        if let Some(lot) = lot {
            self.destroy_bridge(lot);
        }
        true
    }
}
