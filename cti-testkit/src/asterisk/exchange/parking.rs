//! Parking, and taking a call from its slot.

use super::parts::{BridgeKind, ChannelKey, Device, Id, Parked, State, Target, Task};
use super::{Exchange, NewChannel};
use crate::asterisk::packet::Packet;
use std::time::Duration;

const LOT: &str = "default";
/// How long a call waits before it goes back to the phone that parked it (`parkingtime`).
const TIMEOUT: Duration = Duration::from_secs(45);

impl Exchange {
    /// `Park`: the channel waits in a slot, its former partner is hung up. Returns the slot.
    pub(crate) fn park(&mut self, key: ChannelKey) -> String {
        let slot = self.next_slot.to_string();
        self.next_slot += 1;
        let peer = self.peer(key);
        let parker = peer.and_then(|peer| match &self.channels.get(&peer)?.device {
            Device::Phone(number) => Some(number.clone()),
            _ => None,
        });
        if let Some(peer) = peer {
            self.complete_queue_talk(peer, key);
        }
        let old = self.leave(key);
        let lot = self.bridge_of(BridgeKind::Lot);
        self.enter(key, lot, None);
        if let Some(channel) = self.channels.get_mut(&key) {
            channel.parked = Some(Parked { slot: slot.clone(), parker });
        }
        self.tell_parking("ParkedCall", key, &slot, None);
        self.later(TIMEOUT, Task::ParkTimeout(key));
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
            .with("ParkingTimeout", TIMEOUT.as_secs().to_string())
            .with("ParkingDuration", "0");
        if let Some(retriever) = retriever {
            packet = packet.with_all(self.shot(retriever, "Retriever"));
        }
        self.emit(packet);
    }

    /// The parked one hangs up, if it is one.
    pub(super) fn give_up_parked(&mut self, key: ChannelKey) {
        if let Some(parked) = self.unpark(key) {
            self.tell_parking("ParkedCallGiveUp", key, &parked.slot, None);
        }
    }

    fn unpark(&mut self, key: ChannelKey) -> Option<Parked> {
        let parked = self.channels.get_mut(&key)?.parked.take()?;
        self.tasks.retain(|_, task| *task != Task::ParkTimeout(key));
        Some(parked)
    }

    /// Nobody took the call: it rings at the phone that parked it (`comebacktoorigin`).
    pub(super) fn park_timeout(&mut self, key: ChannelKey) {
        let Some(parked) = self.unpark(key) else { return };
        self.tell_parking("ParkedCallTimeOut", key, &parked.slot, None);
        self.leave(key);
        let Some(parker) = parked.parker else { return self.end_plan(key, 16, None) };
        if let Some(channel) = self.channels.get_mut(&key) {
            "park-dial".clone_into(&mut channel.context);
            channel.exten = format!("PJSIP_{parker}");
            channel.runs_plan = true;
        }
        self.dial(key, 1, vec![Target::Phone(parker)], 30, "");
    }

    /// A phone dials the slot. False if nothing is parked there or there is no such phone.
    pub(crate) fn retrieve(&mut self, phone: &str, slot: &str) -> bool {
        let Some(shown) = self.phones.get(phone).map(|phone| phone.name.clone()) else { return false };
        let is_there = |channel: &super::Channel| channel.parked.as_ref().is_some_and(|parked| parked.slot == slot);
        let found = self.channels.iter().find(|(_, channel)| is_there(channel)).map(|(key, _)| *key);
        let Some(parked) = found else { return false };
        self.unpark(parked);
        let name = self.pjsip_name(phone);
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
        self.leave(parked);
        let bridge = self.new_bridge();
        self.enter(key, bridge, None);
        self.enter(parked, bridge, None);
        self.tell_peers(bridge);
        true
    }
}
