//! Where a call came from, and when that is known: at once for an outside caller, at the dial to the second party for a
//! phone of ours.

use super::CallModel;
use super::call::Call;
use super::caller::{Presentation, outside_party};
use super::channel::{Channel, Offer, Uid, is_calling};
use super::side::Side;
use cti_core::call::{Direction, Extension, Party, Withheld};
use cti_core::number::Number;

/// The most channels that wait to be asked for their presentation; beyond that the number is hidden.
const MAX_TO_ASK: usize = 1024;
/// Stands for a number that may not be shown.
const HIDDEN: &str = "anonymous";

impl CallModel {
    /// Looks whether the channel is the one with which its call begins, and what that says.
    pub(super) fn consider_origin(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get(uid) else { return };
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        if call.origin.as_ref() != Some(uid) || call.direction.is_some() {
            return;
        }
        match &channel.side {
            Side::Trunk if is_calling(channel.state) && !call.originated && channel.dialed_by.is_none() => {
                self.decide_inbound(uid);
            }
            Side::Extension(extension) if call.agent.is_none() => become_agent(call, uid, channel, extension),
            _ => {}
        }
    }

    /// An outside party calls us on this channel.
    pub(super) fn decide_inbound(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get(uid) else { return };
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        call.origin = Some(uid.clone());
        call.caller = shown(channel);
        call.dialed = channel.exten.as_deref().and_then(dialed);
        if channel.awaits_presentation && call.caller.withheld.is_none() {
            call.unpresented = true;
            self.awaiting.push(uid.clone());
        } else if channel.presentation.is_none() && call.caller.withheld.is_none() {
            let room = self.callers_to_ask.len() < MAX_TO_ASK;
            call.unpresented = self.wait_for_presentation && room;
            if room {
                self.callers_to_ask.push(channel.name.to_string());
            } else if self.wait_for_presentation
                && let Some(channel) = self.channels.get_mut(uid)
            {
                channel.presentation = Some(Presentation::Unknown);
                call.caller = shown(channel);
            }
        }
        call.decide(&mut self.out, Direction::Inbound);
    }

    /// The second party of a call that had no direction yet: `leg` was called by `dialer`.
    pub(super) fn decide_by_dial(&mut self, dialer: Option<&Uid>, leg: &Uid) {
        let Some(channel) = self.channels.get(leg) else { return };
        let dialer = dialer.and_then(|uid| Some((uid, self.channels.get(uid)?)));
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        if call.direction.is_some() {
            return;
        }
        match (dialer, &channel.side) {
            (Some((uid, from)), _) if from.side == Side::Trunk && call.agent.is_none() => {
                let uid = uid.clone();
                return self.decide_inbound(&uid);
            }
            (Some((uid, Channel { side: Side::Extension(extension), .. })), _) if call.agent.is_none() => {
                become_agent(call, uid, self.channels.get(uid).unwrap_or(channel), extension);
            }
            _ => {}
        }
        match &channel.side {
            Side::Trunk => call.decide(&mut self.out, Direction::Outbound),
            // The first phone of a call that the PBX itself began, behind a Local channel.
            Side::Extension(extension) if call.agent.is_none() && call.origin.is_some() => {
                become_agent(call, leg, channel, extension);
            }
            Side::Extension(extension) if call.agent.is_some() && call.agent.as_ref() != Some(leg) => {
                if call.dialed.is_none() {
                    call.dialed = Number::new(extension.as_str());
                }
                call.decide(&mut self.out, Direction::Internal);
            }
            _ => {}
        }
    }

    /// What the devices that take part say about a call whose beginning nobody saw, or whose dial never came.
    pub(super) fn decide_by_devices(&mut self, key: &Uid) {
        let Some(call) = self.calls.get(key).filter(|call| call.direction.is_none()) else { return };
        let devices: Vec<(&Uid, &Channel)> = call
            .channels
            .iter()
            .filter_map(|uid| Some((uid, self.channels.get(uid)?)))
            .filter(|(_, channel)| channel.is_device())
            .collect();
        let unasked = |channel: &Channel| channel.dialed_by.is_none() && channel.offer == Offer::None;
        let trunk = devices.iter().find(|(_, channel)| channel.side == Side::Trunk);
        let caller = devices.iter().find(|(_, channel)| channel.side == Side::Trunk && unasked(channel));
        let ours = devices.iter().filter(|(_, channel)| channel.extension().is_some());
        let first = ours.clone().find(|(_, channel)| unasked(channel)).or_else(|| ours.clone().next());
        let count = ours.count();
        if let Some((uid, _)) = caller.filter(|_| call.agent.is_none() && !call.originated) {
            let uid = (*uid).clone();
            return self.decide_inbound(&uid);
        }
        let direction = match (trunk, count) {
            (Some(_), _) => Direction::Outbound,
            (None, 2..) => Direction::Internal,
            _ => return,
        };
        let agent = first.and_then(|(uid, channel)| Some(((*uid).clone(), *channel, channel.extension()?)));
        let dials = first.and_then(|(_, channel)| channel.dials.clone());
        let Some(call) = self.calls.get_mut(key) else { return };
        if let Some(number) = dials.filter(|_| direction == Direction::Outbound) {
            call.dialed = Some(number);
        }
        if let Some((uid, channel, extension)) = agent.filter(|_| call.agent.is_none()) {
            become_agent(call, &uid, channel, extension);
        }
        call.decide(&mut self.out, direction);
    }

    /// A call that ends (or waits in a queue) without a second party: only the number that was dialled can tell. False
    /// if no party of it was ever seen.
    pub(super) fn decide_by_number(&mut self, key: &Uid) -> bool {
        let Some(call) = self.calls.get_mut(key) else { return false };
        if call.direction.is_some() {
            // Nobody said in time whether the caller may be shown: rather too little than too much.
            if std::mem::take(&mut call.unpresented) {
                call.caller = Party::withheld(Withheld::Unknown);
            }
            call.release(&mut self.out);
            return true;
        }
        if call.agent_extension.is_none() && !call.is_told() {
            return false;
        }
        let inside = match &call.dialed {
            Some(number) => self.sides.looks_like_extension(number.as_str()),
            None => !call.originated,
        };
        call.decide(&mut self.out, if inside { Direction::Internal } else { Direction::Outbound });
        true
    }

    /// Somebody said whether the number of that channel may be shown. A refusal is never taken back,
    /// nor a hidden number shown later: the caller is the same in every event of a call.
    pub(super) fn learn_presentation(&mut self, uid: &Uid, presentation: Presentation) {
        super::call::leave(&mut self.awaiting, uid);
        let Some(channel) = self.channels.get_mut(uid) else { return };
        let final_word = matches!(channel.presentation, Some(Presentation::Prohibited | Presentation::Unknown));
        if final_word || channel.presentation == Some(presentation) {
            return;
        }
        channel.presentation = Some(presentation);
        channel.awaits_presentation = false;
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        if call.origin.as_ref() != Some(uid) || call.direction != Some(Direction::Inbound) {
            return;
        }
        if presentation != Presentation::Allowed {
            call.caller = shown(channel);
        }
        call.unpresented = false;
        call.release(&mut self.out);
    }

    /// The dial plan completed the caller's number or name. Once the call was offered to somebody, only what was missing
    /// is taken: queues and ring groups put their own name in front.
    pub(super) fn caller_changed(&mut self, uid: &Uid) {
        let Some(channel) = self.channels.get(uid) else { return };
        let Some(call) = self.calls.get_mut(&channel.call) else { return };
        let ours = call.origin.as_ref() != Some(uid) || call.direction != Some(Direction::Inbound);
        if ours || call.caller.withheld == Some(Withheld::RejectedByUser) {
            return;
        }
        let now = shown(channel);
        if !call.offered || call.caller == Party::default() {
            call.caller = now;
        } else if call.caller.name.is_none() && call.caller.withheld.is_none() {
            call.caller.name = now.name;
        }
    }
}

impl CallModel {
    /// The number of the outside party on this channel, or [`HIDDEN`]; `None` if there is none to hide.
    pub(super) fn number_to_show(&self, uid: &Uid) -> Option<String> {
        let channel = self.channels.get(uid)?;
        channel.caller_number.as_ref()?;
        let call = self.calls.get(&channel.call);
        let told_hidden = call.is_some_and(|call| call.origin.as_ref() == Some(uid) && call.caller.withheld.is_some());
        let unasked = channel.awaits_presentation || (self.wait_for_presentation && channel.presentation.is_none());
        let number = shown(channel).number.filter(|_| !told_hidden && !unasked);
        Some(number.map_or_else(|| HIDDEN.to_owned(), |number| number.as_str().to_owned()))
    }
}

/// A phone of ours calls with this channel.
pub(super) fn become_agent(call: &mut Call, uid: &Uid, channel: &Channel, extension: &Extension) {
    call.agent = Some(uid.clone());
    call.agent_extension = Some(extension.clone());
    call.caller = Party::known(extension.as_str(), channel.caller_name.as_deref().unwrap_or_default());
    call.add_extension(extension);
    if call.dialed.is_none() {
        call.dialed = channel.exten.as_deref().and_then(dialed);
    }
}

/// What was dialled, as a number: `s` is the dial plan's word for nothing.
pub(super) fn dialed(exten: &str) -> Option<Number> {
    if matches!(exten, "s" | "h" | "i" | "t") { None } else { Number::new(exten) }
}

fn shown(channel: &Channel) -> Party {
    outside_party(channel.caller_number.as_deref(), channel.caller_name.as_deref(), channel.presentation)
}
