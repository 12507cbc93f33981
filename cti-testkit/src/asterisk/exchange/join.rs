//! Two talks become one: AMI `Bridge`, and a phone that connects its two calls (SIP REFER with Replaces).

use super::Exchange;
use super::parts::{BridgeKind, ChannelKey, State};
use crate::asterisk::packet::Packet;

impl Exchange {
    /// AMI `Bridge`: the two channels talk to one another; those they talked to before are hung up. False unless both
    /// talk, and to others.
    pub(crate) fn connect(&mut self, one: ChannelKey, other: ChannelKey) -> bool {
        let peers = [one, other].map(|key| self.peer(key));
        let waits = [one, other].into_iter().any(|key| self.in_consultation(key));
        if one == other || peers[0].is_none_or(|peer| peer == other) || peers[1].is_none() || waits {
            return false;
        }
        for (key, peer) in [one, other].into_iter().zip(peers) {
            if let Some(peer) = peer {
                self.complete_queue_talk(key, peer);
            }
        }
        let bridge = self.new_bridge();
        for (key, peer) in [one, other].into_iter().zip(peers) {
            let old = self.leave(key);
            self.enter(key, bridge, None);
            if let Some(peer) = peer {
                self.leave(peer);
                self.hang_up_leg(peer, 16, None);
            }
            if let Some(old) = old {
                self.destroy_bridge(old);
            }
        }
        self.tell_peers(bridge);
        true
    }

    /// A phone that has two talks connects the others and takes its leave: REFER with Replaces. False if it has not.
    pub(crate) fn refer_with_replaces(&mut self, phone: &str) -> bool {
        let talks: Vec<(ChannelKey, ChannelKey)> = self
            .channels
            .iter()
            .filter(|(_, c)| c.device == super::Device::Phone(phone.to_owned()) && c.state == State::Up)
            .filter_map(|(key, _)| Some((*key, self.peer(*key)?)))
            .filter(|(key, _)| !self.in_consultation(*key))
            .collect();
        let [(first, transferee), .., (second, target)] = talks[..] else { return false };
        let bridge = |key: ChannelKey| self.channels.get(&key).and_then(|channel| channel.bridge);
        let (Some(original), Some(asked)) = (bridge(first), bridge(second)) else { return false };
        if original == asked {
            return false;
        }
        let merge = Packet::event("BridgeMerge", "call")
            .with_all(self.bridge_shot(original, "To"))
            .with_all(self.bridge_shot(asked, "From"));
        self.emit(merge);
        self.complete_queue_talk(first, transferee);
        self.complete_queue_talk(second, target);
        self.leave(second);
        self.leave(target);
        self.leave(first);
        self.enter(target, original, None);
        self.tell_peers(original);
        self.tell_attended((first, second), transferee, target, original, asked);
        self.destroy_bridge(asked);
        self.hang_up_leg(first, 16, None);
        self.hang_up_leg(second, 16, None);
        true
    }

    /// True if the channel asks somebody, is asked, or waits for that.
    pub(crate) fn in_consultation(&self, key: ChannelKey) -> bool {
        let bridge = self.channels.get(&key).and_then(|channel| channel.bridge);
        self.consultations.iter().any(|consultation| {
            consultation.transferer == key
                || [consultation.original, consultation.second].into_iter().any(|other| Some(other) == bridge)
        })
    }

    /// Who talks to whom now: the parties of each talk and each conference, through Local channels.
    pub(crate) fn talks(&self) -> Vec<Vec<ChannelKey>> {
        let mut talks: Vec<Vec<ChannelKey>> = Vec::new();
        for (key, bridge) in self.bridges.iter().filter(|(_, bridge)| bridge.kind != BridgeKind::Lot) {
            let is_first = !talks.iter().any(|talk| bridge.channels.iter().any(|channel| talk.contains(channel)));
            if is_first {
                let mut seen = vec![*key];
                let mut talk = Vec::new();
                self.reach(*key, &mut seen, &mut talk);
                talks.push(talk);
            }
        }
        talks
    }

    fn reach(&self, bridge: u64, seen: &mut Vec<u64>, talk: &mut Vec<ChannelKey>) {
        for key in self.bridges.get(&bridge).map(|bridge| bridge.channels.clone()).unwrap_or_default() {
            let Some(channel) = self.channels.get(&key) else { continue };
            match channel.device {
                super::Device::Local { other, .. } => {
                    let next = self.channels.get(&other).and_then(|other| other.bridge);
                    let is_talk = |key: &u64| self.bridges.get(key).is_some_and(|b| b.kind != BridgeKind::Lot);
                    if let Some(next) = next.filter(|next| !seen.contains(next)).filter(is_talk) {
                        seen.push(next);
                        self.reach(next, seen, talk);
                    }
                }
                _ => talk.push(key),
            }
        }
    }
}
