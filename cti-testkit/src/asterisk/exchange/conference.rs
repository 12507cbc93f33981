//! `ConfBridge`: any number of parties in one room. Their calls keep their own `Linkedid`.

use super::parts::{BridgeKey, BridgeKind, ChannelKey, State};
use super::{Exchange, ROOM};
use crate::asterisk::packet::Packet;

impl Exchange {
    /// The dial plan's `Answer` and `ConfBridge`.
    pub(super) fn join_conference(&mut self, key: ChannelKey) {
        self.step(key, 1, "Answer", "");
        self.set_state(key, State::Up);
        self.step(key, 2, "ConfBridge", ROOM);
        let is_open = self.bridges.values().any(|bridge| bridge.kind == BridgeKind::Room);
        let room = self.bridge_of(BridgeKind::Room);
        if !is_open {
            let packet = self.about_room("ConfbridgeStart", room);
            self.emit(packet);
        }
        self.tell_member("ConfbridgeJoin", room, key);
        self.enter(key, room, None);
    }

    fn about_room(&self, event: &str, room: BridgeKey) -> Packet {
        Packet::event(event, "call").with("Conference", ROOM).with_all(self.bridge_shot(room, ""))
    }

    fn tell_member(&mut self, event: &str, room: BridgeKey, key: ChannelKey) {
        let packet = self.about_room(event, room).with_all(self.shot(key, "")).with("Admin", "No");
        self.emit(packet);
    }

    /// Takes the channel out of the room. False if it is in none.
    pub(super) fn leave_conference(&mut self, key: ChannelKey) -> bool {
        let room = self.channels.get(&key).and_then(|channel| channel.bridge);
        let Some(room) = room.filter(|room| self.bridges.get(room).is_some_and(|b| b.kind == BridgeKind::Room)) else {
            return false;
        };
        self.leave(key);
        self.tell_member("ConfbridgeLeave", room, key);
        self.close_room();
        true
    }

    /// The room is closed behind the last one.
    pub(super) fn close_room(&mut self) {
        let empty = |(key, bridge): (&BridgeKey, &super::Bridge)| {
            (bridge.kind == BridgeKind::Room && bridge.channels.is_empty()).then_some(*key)
        };
        if let Some(room) = self.bridges.iter().find_map(empty) {
            let packet = self.about_room("ConfbridgeEnd", room);
            self.emit(packet);
            self.destroy_bridge(room);
        }
    }
}
