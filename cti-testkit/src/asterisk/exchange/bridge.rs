//! Bridges: making, entering, leaving.

use super::Exchange;
use super::parts::{Bridge, BridgeKey, BridgeKind, ChannelKey};
use crate::asterisk::packet::Packet;

impl Exchange {
    pub(super) fn new_bridge(&mut self) -> BridgeKey {
        self.new_bridge_of(BridgeKind::Talk)
    }

    pub(super) fn new_bridge_of(&mut self, kind: BridgeKind) -> BridgeKey {
        let key = self.next_bridge;
        self.next_bridge += 1;
        let uniqueid = format!("{:08x}-53bc-4761-a251-{key:012x}", self.startup_epoch() as u32);
        self.bridges.insert(key, Bridge { uniqueid, kind, channels: Vec::new() });
        let packet = Packet::event("BridgeCreate", "call").with_all(self.bridge_shot(key, ""));
        self.emit(packet);
        key
    }

    pub(super) fn enter(&mut self, key: ChannelKey, bridge: BridgeKey, swap: Option<ChannelKey>) {
        let swap = swap.and_then(|key| self.channels.get(&key)).map(|channel| channel.uniqueid.clone());
        if let Some(channel) = self.channels.get_mut(&key) {
            channel.bridge = Some(bridge);
        }
        if let Some(bridge) = self.bridges.get_mut(&bridge) {
            bridge.channels.push(key);
        }
        self.share_linkedid(bridge);
        let mut packet = Packet::event("BridgeEnter", "call").with_all(self.bridge_shot(bridge, ""));
        packet = packet.with_all(self.shot(key, ""));
        if let Some(swap) = swap {
            packet = packet.with("SwapUniqueid", swap);
        }
        self.emit(packet);
    }

    /// Who talks to one another belongs together from then on, under the oldest `Linkedid`
    /// (`ast_bridge_channel_update_linkedids`; not in conferences and parking lots).
    fn share_linkedid(&mut self, bridge: BridgeKey) {
        let Some(bridge) = self.bridges.get(&bridge).filter(|bridge| bridge.kind == BridgeKind::Talk) else { return };
        let linkedids = bridge.channels.iter().filter_map(|key| self.channels.get(key)).map(|c| c.linkedid.clone());
        let Some(oldest) = linkedids.min_by_key(|linkedid| age(linkedid)) else { return };
        for key in bridge.channels.clone() {
            if let Some(channel) = self.channels.get_mut(&key) {
                channel.linkedid.clone_from(&oldest);
            }
        }
    }

    /// The bridge of that kind, where there is only one.
    pub(super) fn bridge_of(&mut self, kind: BridgeKind) -> BridgeKey {
        let known = self.bridges.iter().find(|(_, bridge)| bridge.kind == kind).map(|(key, _)| *key);
        known.unwrap_or_else(|| self.new_bridge_of(kind))
    }

    /// Takes the channel out of its bridge; returns the bridge.
    pub(super) fn leave(&mut self, key: ChannelKey) -> Option<BridgeKey> {
        let bridge = self.channels.get_mut(&key)?.bridge.take()?;
        if let Some(bridge) = self.bridges.get_mut(&bridge) {
            bridge.channels.retain(|other| *other != key);
        }
        let packet =
            Packet::event("BridgeLeave", "call").with_all(self.bridge_shot(bridge, "")).with_all(self.shot(key, ""));
        self.emit(packet);
        Some(bridge)
    }

    pub(super) fn destroy_bridge(&mut self, key: BridgeKey) {
        if self.bridges.contains_key(&key) {
            let packet = Packet::event("BridgeDestroy", "call").with_all(self.bridge_shot(key, ""));
            self.emit(packet);
            self.bridges.remove(&key);
        }
    }

    /// Tells both sides of a two-party bridge who the other is.
    pub(super) fn tell_peers(&mut self, bridge: BridgeKey) {
        let Some([a, b]) = self
            .bridges
            .get(&bridge)
            .map(|bridge| bridge.channels.clone())
            .as_deref()
            .and_then(<[_]>::first_chunk::<2>)
            .copied()
        else {
            return;
        };
        for (one, other) in [(b, a), (a, b)] {
            let name = self.channels.get(&other).map(|channel| channel.name.clone()).unwrap_or_default();
            self.set_var(one, "BRIDGEPEER", &name);
            self.set_var(one, "BRIDGEPVTCALLID", &format!("{other}-call@127.0.0.1"));
        }
    }

    /// The other party in a two-party bridge.
    pub(crate) fn peer(&self, key: ChannelKey) -> Option<ChannelKey> {
        let bridge = self.channels.get(&key)?.bridge?;
        let bridge = self.bridges.get(&bridge).filter(|bridge| bridge.kind == BridgeKind::Talk)?;
        bridge.channels.iter().copied().find(|other| *other != key)
    }
}

/// Seconds and number in `1795225327.12`.
fn age(linkedid: &str) -> (u64, u64) {
    let (seconds, number) = linkedid.split_once('.').unwrap_or((linkedid, ""));
    (seconds.parse().unwrap_or(u64::MAX), number.parse().unwrap_or(u64::MAX))
}
