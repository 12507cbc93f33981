//! Handing calls on.

use super::Exchange;
use super::parts::{BridgeKey, ChannelKey, Consultation, Device, Id, State};
use super::plan::extension_exists;
use crate::asterisk::packet::Packet;

impl Exchange {
    /// `BlindTransfer`. False if the channel talks to nobody or the extension does not exist.
    pub(crate) fn blind_transfer(&mut self, transferer: ChannelKey, exten: &str, context: &str) -> bool {
        let Some(transferee) = self.peer(transferer).filter(|_| extension_exists(context, exten)) else { return false };
        let Some(bridge) = self.channels.get(&transferer).and_then(|channel| channel.bridge) else { return false };
        self.tell("Unhold", transferer);
        for (one, other) in [(transferee, transferer), (transferer, transferee)] {
            let name = self.channels.get(&other).map(|channel| channel.name.clone()).unwrap_or_default();
            self.set_var(one, "BLINDTRANSFER", &name);
        }
        let packet = Packet::event("BlindTransfer", "call")
            .with("Result", "Success")
            .with_all(self.shot(transferer, "Transferer"))
            .with_all(self.shot(transferee, "Transferee"))
            .with_all(self.bridge_shot(bridge, ""))
            .with("IsExternal", "Yes")
            .with("Context", context)
            .with("Extension", exten);
        self.emit(packet);
        self.tell_agent_complete(transferee, "transfer");
        self.leave(transferer);
        if let Some(channel) = self.channels.get_mut(&transferee) {
            exten.clone_into(&mut channel.exten);
            context.clone_into(&mut channel.context);
            channel.priority = 1;
            channel.on_hold = false;
            channel.variables.insert("simulator:moved".to_owned(), String::new());
        }
        let (application, data) =
            self.channels.get(&transferee).map(|c| (c.application.clone(), c.data.clone())).unwrap_or_default();
        self.execute(transferee, &application, &data);
        self.leave(transferee);
        self.set_var(transferee, "DIALSTATUS", "ANSWER");
        self.hang_up_leg(transferer, 16, None);
        self.destroy_bridge(bridge);
        self.run_plan(transferee);
        true
    }

    /// `Atxfer`: the other waits while the transferer asks. False if the channel talks to nobody.
    pub(crate) fn attended_transfer(&mut self, transferer: ChannelKey, exten: &str, context: &str) -> bool {
        if self.peer(transferer).is_none() || self.consultation_of(transferer).is_some() {
            return false;
        }
        let Some(original) = self.channels.get(&transferer).and_then(|channel| channel.bridge) else { return false };
        self.set_var(transferer, "TRANSFER_CONTEXT", context);
        self.tell_digits(transferer, "*2");
        self.tell("Hold", transferer);
        self.tell_digits(transferer, exten);
        if !extension_exists(context, exten) {
            self.tell("Unhold", transferer);
            return true;
        }
        let linkedid = self.channels.get(&transferer).map(|channel| channel.linkedid.clone());
        let first = self.new_local(linkedid, exten, context, true);
        let (name, id) = self.channels.get(&transferer).map(|c| (c.name.clone(), c.caller.clone())).unwrap_or_default();
        self.set_var(first, "TRANSFERERNAME", &name);
        self.set_var(first, "ATTENDEDTRANSFER", &name);
        let second = self.new_bridge();
        if let Some(channel) = self.channels.get_mut(&first) {
            channel.connected.clone_from(&id);
        }
        self.join_local(first);
        self.tell("NewConnectedLine", first);
        self.enter(first, second, None);
        self.leave(transferer);
        self.enter(transferer, second, None);
        self.tell_peers(second);
        self.set_connected(transferer, &Id::default());
        self.consultations.push(Consultation { transferer, original, second, blond: false });
        self.run_local(first);
        true
    }

    fn tell_digits(&mut self, key: ChannelKey, digits: &str) {
        for digit in digits.chars() {
            let packet = self
                .about("DTMFEnd", "dtmf", key)
                .with("Digit", digit.to_string())
                .with("DurationMs", "0")
                .with("Direction", "Received");
            self.emit(packet);
        }
    }

    fn consultation_of(&self, transferer: ChannelKey) -> Option<usize> {
        self.consultations.iter().position(|consultation| consultation.transferer == transferer)
    }

    /// True if the transferer has hung up and only waits for the target to answer.
    pub(super) fn has_transferred(&self, transferer: ChannelKey) -> bool {
        self.consultations.iter().any(|consultation| consultation.transferer == transferer && consultation.blond)
    }

    /// The transferer hangs up while asking: the transfer happens. True if that was so.
    pub(super) fn complete_consultation(&mut self, transferer: ChannelKey) -> bool {
        let Some(place) = self.consultation_of(transferer) else { return false };
        let Consultation { original, second, blond, .. } = self.consultations[place].clone();
        let (Some(target), Some(transferee)) = (self.peer(transferer), self.first_in(original)) else {
            self.consultations.remove(place);
            return false;
        };
        if blond {
            return true;
        }
        let answered = self.channels.get(&target).is_some_and(|channel| channel.state == State::Up);
        self.set_var(transferer, "BRIDGEPEER", "");
        self.leave(transferer);
        let merge = Packet::event("BridgeMerge", "call")
            .with_all(self.bridge_shot(original, "To"))
            .with_all(self.bridge_shot(second, "From"));
        self.emit(merge);
        self.leave(target);
        let spoken_to = self.channels.get(&transferer).map(|channel| channel.connected.clone()).unwrap_or_default();
        if self.is_local(target) {
            self.set_caller(target, &spoken_to);
        }
        self.enter(target, original, None);
        self.tell_peers(original);
        self.tell_attended((transferer, transferer), transferee, target, original, second);
        self.introduce_transferred(transferee, target);
        if answered {
            self.consultations.remove(place);
            self.destroy_bridge(second);
            self.hang_up_leg(transferer, 16, None);
        } else {
            // The transferer's thread stays with the call until the target answers or gives up.
            self.consultations[place].blond = true;
        }
        true
    }

    fn first_in(&self, bridge: BridgeKey) -> Option<ChannelKey> {
        self.bridges.get(&bridge)?.channels.first().copied()
    }

    pub(super) fn tell_attended(
        &mut self,
        (first, by): (ChannelKey, ChannelKey),
        who: ChannelKey,
        to: ChannelKey,
        original: BridgeKey,
        second: BridgeKey,
    ) {
        let dest = self.bridges.get(&original).map(|bridge| bridge.uniqueid.clone()).unwrap_or_default();
        let packet = Packet::event("AttendedTransfer", "call")
            .with("Result", "Success")
            .with_all(self.shot(first, "OrigTransferer"))
            .with_all(self.bridge_shot(original, "Orig"))
            .with_all(self.shot(by, "SecondTransferer"))
            .with_all(self.bridge_shot(second, "Second"))
            .with_all(self.shot(who, "Transferee"))
            .with_all(self.shot(to, "TransferTarget"))
            .with("IsExternal", "No")
            .with("DestType", "Bridge")
            .with("DestBridgeUniqueid", dest);
        self.emit(packet);
    }

    /// Both learn who the other is now; what lies behind a Local channel learns it too.
    fn introduce_transferred(&mut self, transferee: ChannelKey, target: ChannelKey) {
        let id = |key: ChannelKey, of: &Self| of.channels.get(&key).map(|c| c.caller.clone()).unwrap_or_default();
        let (who, to) = (id(transferee, self), id(target, self));
        self.set_connected(target, &who);
        self.set_connected(transferee, &to);
        if let Some(Device::Local { other, .. }) = self.channels.get(&target).map(|channel| channel.device.clone()) {
            let legs =
                self.dials.values().find(|dial| dial.purpose.caller() == Some(other)).map(|dial| dial.legs.clone());
            for (leg, _) in legs.unwrap_or_default() {
                self.set_connected(leg, &who);
            }
        }
    }

    /// The target of a transfer answers after the transferer has gone.
    pub(super) fn finish_blond(&mut self, target: ChannelKey) {
        let bridge = self.channels.get(&target).and_then(|channel| channel.bridge);
        let done = self.consultations.iter().position(|c| c.blond && Some(c.original) == bridge);
        if let Some(place) = done {
            let consultation = self.consultations.remove(place);
            self.destroy_bridge(consultation.second);
            self.hang_up_leg(consultation.transferer, 16, None);
        }
    }

    /// The one who was asked is gone, or the transferer cancels: back to the one who waits. True if that was so.
    pub(super) fn return_from_consultation(&mut self, key: ChannelKey, peer: ChannelKey, bridge: BridgeKey) -> bool {
        let Some(place) =
            self.consultations.iter().position(|c| c.second == bridge && c.transferer == peer && !c.blond)
        else {
            return false;
        };
        let consultation = self.consultations.remove(place);
        self.leave(key);
        self.leave(peer);
        self.hang_up_leg(key, 16, None);
        self.destroy_bridge(bridge);
        if self.bridges.get(&consultation.original).is_some_and(|bridge| !bridge.channels.is_empty()) {
            self.enter(peer, consultation.original, None);
            self.tell("Unhold", peer);
            self.tell_peers(consultation.original);
        } else {
            self.hang_up_leg(peer, 16, None);
        }
        true
    }

    /// `CancelAtxfer`. False if there is no consultation.
    pub(crate) fn cancel_transfer(&mut self, transferer: ChannelKey) -> bool {
        let (Some(_), Some(target)) = (self.consultation_of(transferer), self.peer(transferer)) else { return false };
        let Some(bridge) = self.channels.get(&transferer).and_then(|channel| channel.bridge) else { return false };
        self.return_from_consultation(target, transferer, bridge)
    }

    /// A channel is gone: consultations that it waited in, or that it completed, are over.
    pub(super) fn transferer_gone(&mut self, key: ChannelKey) {
        self.consultations.retain(|consultation| consultation.transferer != key);
        let empty =
            |of: &Self, bridge: BridgeKey| of.bridges.get(&bridge).is_none_or(|bridge| bridge.channels.is_empty());
        let lost: Vec<Consultation> = self.consultations.iter().filter(|c| empty(self, c.original)).cloned().collect();
        for consultation in lost {
            self.consultations.retain(|other| other.transferer != consultation.transferer);
            self.destroy_bridge(consultation.original);
            if consultation.blond {
                self.destroy_bridge(consultation.second);
                self.hang_up_leg(consultation.transferer, 16, None);
            }
        }
    }

    /// `Redirect`: the channel leaves where it is and goes to another extension; the other party is hung up.
    pub(crate) fn redirect(&mut self, key: ChannelKey, exten: &str, context: &str) -> bool {
        if !extension_exists(context, exten) {
            return false;
        }
        let dialing = self.dials.iter().find(|(_, dial)| dial.purpose.caller() == Some(key)).map(|(dial, _)| *dial);
        if let Some(dial) = dialing {
            self.cancel_dial(dial, key);
        }
        let peer = self.peer(key);
        let bridge = self.leave(key);
        if let Some(peer) = peer {
            self.leave(peer);
            self.hang_up_leg(peer, 16, None);
        }
        if let Some(bridge) = bridge {
            self.destroy_bridge(bridge);
        }
        if let Some(channel) = self.channels.get_mut(&key) {
            exten.clone_into(&mut channel.exten);
            context.clone_into(&mut channel.context);
        }
        self.run_plan(key);
        true
    }
}
