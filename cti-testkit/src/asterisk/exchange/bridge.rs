//! Bridges: making, entering, leaving.

use super::Exchange;
use super::parts::{Bridge, BridgeKey, ChannelKey};
use crate::asterisk::packet::Packet;

impl Exchange {
    pub(super) fn new_bridge(&mut self) -> BridgeKey {
        let key = self.next_bridge;
        self.next_bridge += 1;
        let uniqueid = format!("{:08x}-53bc-4761-a251-{key:012x}", self.startup_epoch() as u32);
        self.bridges.insert(key, Bridge { uniqueid, channels: Vec::new() });
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

    /// Channels that meet become one call: that of the oldest (`bridge_channel_update_linkedids`).
    fn share_linkedid(&mut self, bridge: BridgeKey) {
        let Some(channels) = self.bridges.get(&bridge).map(|bridge| bridge.channels.clone()) else { return };
        let linkedids = channels.iter().filter_map(|key| self.channels.get(key));
        let oldest = linkedids.min_by_key(|channel| channel.created_as).map(|channel| channel.linkedid.clone());
        for key in channels {
            if let (Some(channel), Some(oldest)) = (self.channels.get_mut(&key), &oldest) {
                channel.linkedid.clone_from(oldest);
            }
        }
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
        self.bridges.get(&bridge)?.channels.iter().copied().find(|other| *other != key)
    }
}
