//! Local channels: two halves that carry a call through the dial plan once more.

use super::parts::{ChannelKey, Device, Id, Purpose, State};
use super::{Exchange, NewChannel};
use crate::asterisk::packet::Packet;

impl Exchange {
    /// Makes both halves; returns the first.
    pub(super) fn new_local(
        &mut self,
        linkedid: Option<String>,
        exten: &str,
        context: &str,
        optimises: bool,
    ) -> ChannelKey {
        let number = self.next_local;
        self.next_local += 1;
        let first = self.next_number;
        let half = |half: u8| NewChannel {
            name: format!("Local/{exten}@{context}-{number:08x};{half}"),
            linkedid: linkedid.clone(),
            context: context.to_owned(),
            exten: exten.to_owned(),
            runs_plan: half == 2,
            ..NewChannel::default()
        };
        self.new_channel(Device::Local { other: first + 1, second: false, optimises }, State::Down, half(1));
        self.new_channel(Device::Local { other: first, second: true, optimises }, State::Ring, half(2));
        first
    }

    fn halves(&self, key: ChannelKey) -> Option<(ChannelKey, ChannelKey, bool)> {
        match self.channels.get(&key)?.device {
            Device::Local { other, second: true, optimises } => Some((other, key, optimises)),
            Device::Local { other, second: false, optimises } => Some((key, other, optimises)),
            _ => None,
        }
    }

    /// The second half learns who calls, and the halves are joined.
    pub(super) fn join_local(&mut self, first: ChannelKey) {
        let Some((_, second, optimises)) = self.halves(first) else { return };
        let Some(channel) = self.channels.get(&first) else { return };
        let (caller, connected) = (channel.connected.clone(), channel.caller.clone());
        self.set_caller(second, &caller);
        if !connected.number.is_empty() {
            self.set_connected(second, &connected);
        }
        let (context, exten) =
            self.channels.get(&second).map(|c| (c.context.clone(), c.exten.clone())).unwrap_or_default();
        let packet = Packet::event("LocalBridge", "call")
            .with_all(self.shot(first, "LocalOne"))
            .with_all(self.shot(second, "LocalTwo"))
            .with("Context", context)
            .with("Exten", exten)
            .with("LocalOptimization", if optimises { "Yes" } else { "No" });
        self.emit(packet);
    }

    /// The dial plan begins on the second half.
    pub(super) fn run_local(&mut self, first: ChannelKey) {
        if let Some((_, second, _)) = self.halves(first) {
            self.run_plan(second);
        }
    }

    /// What the second half calls is ringing: so is the first half.
    pub(super) fn local_rings(&mut self, caller: ChannelKey) {
        let Some((first, second, _)) = self.halves(caller) else { return };
        if caller != second || self.channels.get(&first).is_none_or(|channel| channel.state != State::Down) {
            return;
        }
        self.set_state(first, State::Ringing);
        let Some(outer) = self.dial_of(first) else { return };
        let id: Id = self.channels.get(&second).map(|channel| channel.connected.clone()).unwrap_or_default();
        self.set_caller(first, &id);
        let caller = self.dials.get(&outer).and_then(|dial| match dial.purpose {
            Purpose::Dial { caller } => Some(caller),
            _ => None,
        });
        let caller = caller.map(|key| self.shot(key, "")).unwrap_or_default();
        let packet = Packet::event("DialState", "call")
            .with_all(caller)
            .with_all(self.shot(first, "Dest"))
            .with("DialStatus", "RINGING");
        self.emit(packet);
    }

    /// What the second half called was picked up: so is the first half.
    pub(super) fn local_answered(&mut self, caller: ChannelKey) {
        let Some((first, second, _)) = self.halves(caller) else { return };
        if caller != second {
            return;
        }
        if self.dial_of(first).is_some() {
            self.answer_leg(first);
        } else {
            self.set_state(first, State::Up);
        }
    }

    /// Before 12 the party moves into the first half (`check_bridge` in channels/chan_local.c).
    fn optimise_old(&mut self, first: ChannelKey, second: ChannelKey, party: ChannelKey, near: super::BridgeKey) {
        let far = self.leave(party);
        self.leave(second);
        self.masquerade(first, party);
        if let Some(bridge) = self.bridges.get_mut(&near) {
            bridge.channels.iter_mut().filter(|key| **key == first).for_each(|key| *key = party);
        }
        if let Some(channel) = self.channels.get_mut(&first) {
            channel.bridge = None;
        }
        if let Some(channel) = self.channels.get_mut(&party) {
            channel.bridge = Some(near);
        }
        if let Some(far) = far {
            self.destroy_bridge(far);
        }
        self.tell_hangup(first, 16, None);
        self.tell_hangup(second, 16, None);
    }

    /// Takes a Local channel out of the middle of a talk, where it may: the party behind the second half moves into
    /// the bridge of the first.
    pub(super) fn optimise(&mut self, half: ChannelKey) {
        let Some((first, second, true)) = self.halves(half) else { return };
        let (Some(near), Some(party)) = (self.channels.get(&first).and_then(|c| c.bridge), self.peer(second)) else {
            return;
        };
        if self.is_old() {
            return self.optimise_old(first, second, party, near);
        }
        let source = self.shot(second, "Source");
        let id = self.channels.get(&first).map(|channel| channel.uniqueid.clone()).unwrap_or_default();
        let begin = Packet::event("LocalOptimizationBegin", "call")
            .with_all(self.shot(first, "LocalOne"))
            .with_all(self.shot(second, "LocalTwo"))
            .with_all(source)
            .with("DestUniqueId", id)
            .with("Id", first.to_string());
        self.emit(begin);
        let far = self.leave(party);
        self.enter(party, near, Some(first));
        self.leave(first);
        let end = Packet::event("LocalOptimizationEnd", "call")
            .with_all(self.shot(first, "LocalOne"))
            .with_all(self.shot(second, "LocalTwo"))
            .with("Success", "Yes")
            .with("Id", first.to_string());
        self.emit(end);
        self.leave(second);
        if let Some(far) = far {
            self.destroy_bridge(far);
        }
        self.tell_hangup(first, 16, None);
        self.tell_hangup(second, 16, None);
        self.tell_peers(near);
    }
}
