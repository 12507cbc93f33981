//! Who shares a conversation: `BridgeEnter`, `BridgeLeave`, `BridgeDestroy`; Local channels and pick-ups.

use super::CallModel;
use super::call::{Doing, enter as enter_list, leave as leave_list};
use super::channel::{Channel, Offer, UP, Uid};
use super::side::Side;
use super::text::field;
use crate::ami::Message;
use cti_core::call::{CallFact, Direction, Extension, MissReason};
use std::sync::Arc;

/// `BridgeEnter`: a channel joins a conversation.
pub(super) fn enter(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let Some(bridge) = field(message, "BridgeUniqueid") else { return };
    if let Some(swapped) = field(message, "SwapUniqueid") {
        model.leaves_bridge(&swapped, &bridge);
    }
    // In a holding bridge (a parking lot) everybody waits and nobody hears another.
    if field(message, "BridgeTechnology").is_none_or(|technology| technology != "holding_bridge") {
        model.enters_bridge(&uid, &bridge);
    }
}

/// `BridgeLeave`: a channel leaves a conversation.
pub(super) fn leave(model: &mut CallModel, message: &Message) {
    model.touch(message, "");
    if let (Some(uid), Some(bridge)) = (field(message, "Uniqueid"), field(message, "BridgeUniqueid")) {
        model.leaves_bridge(&uid, &bridge);
    }
}

/// `BridgeDestroy`: nobody is in it any more.
pub(super) fn destroy(model: &mut CallModel, message: &Message) {
    let Some(bridge) = field(message, "BridgeUniqueid") else { return };
    for uid in model.bridges.remove(bridge.as_ref()).unwrap_or_default() {
        if let Some(channel) = model.channels.get_mut(&uid) {
            channel.bridge = None;
        }
    }
}

/// `LocalBridge`: the two halves of a Local channel. On Asterisk 12 nothing else joins their calls.
pub(super) fn local(model: &mut CallModel, message: &Message) {
    if let (Some(one), Some(two)) = (model.touch(message, "LocalOne"), model.touch(message, "LocalTwo")) {
        model.link(&one, &two);
    }
}

/// `Pickup`: somebody takes the call that rings at another phone. The picker's own channel gives its place to the
/// ringing one (`Rename`), which then answers.
pub(super) fn pickup(model: &mut CallModel, message: &Message) {
    let Some(picker) = model.touch(message, "") else { return };
    let Some(target) = model.touch(message, "Target") else { return };
    model.link(&target, &picker);
    let Some(channel) = model.channels.get_mut(&picker).filter(|channel| !channel.left) else { return };
    channel.left = true;
    let side = channel.side.clone();
    let open =
        model.channels.get(&target).filter(|c| matches!(c.offer, Offer::Dialed | Offer::Ringing) && c.is_device());
    if open.is_none() || side == Side::Inner {
        return;
    }
    model.offer_ends(&target, MissReason::AnsweredElsewhere);
    if let Some(channel) = model.channels.get_mut(&target) {
        channel.side = side;
        channel.offer = Offer::Joined;
    }
    model.settle_others(&target);
}

impl CallModel {
    /// A channel joins a conversation: whoever talks there without a dial that told us was answered with that.
    pub(super) fn enters_bridge(&mut self, uid: &Uid, bridge: &str) {
        let before = self.channels.get_mut(uid).and_then(|channel| channel.bridge.take());
        if let Some(before) = before.filter(|before| **before != *bridge) {
            self.leaves_bridge(uid, &before);
        }
        let is_news = self.note_bridge(uid, bridge);
        let members = self.bridges.get(bridge).cloned().unwrap_or_default();
        // Whoever shares a conversation shares a call. Asterisk tells the new `Linkedid` with the next event of each
        // channel only, and in a conference each keeps the one with which it came.
        let takes_part = |channel: &Channel| (channel.is_device() || channel.is_local()) && !channel.left;
        let parties: Vec<&Uid> = members.iter().filter(|uid| self.channels.get(uid).is_some_and(takes_part)).collect();
        if parties.contains(&uid) {
            for other in parties {
                self.link(uid, other);
            }
        }
        if members.len() > 1 {
            for member in &members {
                // Asterisk tells `UnParkedCall` on another way than bridges, sometimes after them.
                self.unpark(member);
            }
            for member in &members {
                self.called_device_is_in(member);
            }
        }
        let is_device = |uid: &&Uid| self.channels.get(uid).is_some_and(|channel| channel.is_device() && !channel.left);
        let devices: Vec<Uid> = members.iter().filter(is_device).cloned().collect();
        if devices.len() < 2 || !devices.contains(uid) {
            return;
        }
        if let Some(key) = self.channels.get(uid).map(|channel| channel.call.clone()) {
            self.decide_by_devices(&key);
        }
        for device in &devices {
            self.talks(device, &devices);
        }
        if is_news && devices.len() > 2 {
            self.conference(uid, bridge, &devices);
        }
    }

    /// The channel is in that conversation; false if that was known.
    pub(super) fn note_bridge(&mut self, uid: &Uid, bridge: &str) -> bool {
        let id = self.bridges.get_key_value(bridge).map_or_else(|| bridge.into(), |(id, _)| id.clone());
        if let Some(channel) = self.channels.get_mut(uid) {
            channel.bridge = Some(Arc::clone(&id));
        }
        let members = self.bridges.entry(id).or_default();
        let is_news = !members.contains(uid);
        enter_list(members, uid);
        is_news
    }

    /// A device that was called (or came by itself) shares a conversation, be it with a Local channel: it answered, also
    /// if the end of the dial was not seen.
    fn called_device_is_in(&mut self, uid: &Uid) {
        let asked = |channel: &Channel| {
            matches!(channel.offer, Offer::Dialed | Offer::Ringing | Offer::Joined)
                && channel.state == UP
                && !channel.left
        };
        if self.channels.get(uid).is_some_and(asked) {
            self.leg_answers(uid);
        }
    }

    /// A device shares a conversation with others.
    fn talks(&mut self, uid: &Uid, devices: &[Uid]) {
        let Some(channel) = self.channels.get(uid) else { return };
        let Some(extension) = channel.extension().cloned() else {
            // An outside line that was dialled talks: the far end must have answered.
            if matches!(channel.offer, Offer::Dialed | Offer::Ringing) {
                self.leg_answers(uid);
            }
            return;
        };
        let with_customer = devices.iter().any(|other| self.channels.get(other).is_some_and(|c| c.side == Side::Trunk));
        let offer = channel.offer;
        let Some(call) = self.call_of(uid) else { return };
        let is_agent = call.agent.as_ref() == Some(uid);
        if offer == Offer::Answered || (is_agent && call.answered_at.is_some()) {
            if with_customer || !is_agent {
                call.doing.enter(Doing::Talks, uid);
            }
            // Only of those of whom an answer was told: the agent of an outbound call, and whoever picked up.
            let was_told = call.answered_by.is_some() && (!is_agent || call.direction == Some(Direction::Outbound));
            if with_customer && call.direction != Some(Direction::Internal) && was_told {
                call.answered_by = Some(extension);
            }
        } else if !is_agent && offer != Offer::Over {
            self.leg_answers(uid);
        }
    }

    /// Three or more parties share a conversation.
    fn conference(&mut self, uid: &Uid, bridge: &str, devices: &[Uid]) {
        let mut extensions: Vec<Extension> = Vec::new();
        for extension in devices.iter().filter_map(|uid| self.channels.get(uid)?.extension()) {
            if !extensions.contains(extension) {
                extensions.push(extension.clone());
            }
        }
        self.tell_of(uid, format!("conferenced:{bridge}:{uid}"), CallFact::Conferenced { extensions });
    }

    fn leaves_bridge(&mut self, uid: &str, bridge: &str) {
        if let Some(members) = self.bridges.get_mut(bridge) {
            leave_list(members, uid);
            if members.is_empty() {
                self.bridges.remove(bridge);
            }
        }
        if let Some(channel) = self.channels.get_mut(uid)
            && channel.bridge.as_deref() == Some(bridge)
        {
            channel.bridge = None;
        }
    }
}
