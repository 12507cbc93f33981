//! AMI `Originate`: a phone rings first, then the dial plan runs for it.

use super::parts::{ChannelKey, Device, Originate, Purpose, State, Target, Task, UNKNOWN};
use super::{Exchange, NewChannel};
use crate::asterisk::packet::Packet;

impl Exchange {
    /// Rings the phone. A phone that does not exist or is not registered fails before a channel exists.
    pub(crate) fn originate(&mut self, originate: Originate) {
        let target = Target::Phone(originate.phone.clone());
        if !self.can_reach(&target) {
            return self.originate_failed(&originate, "0");
        }
        let name = self.device_channel_name(&originate.phone);
        let new = NewChannel {
            name,
            // `ChannelId` since 12 (section 8).
            uniqueid: originate.channel_id.clone().filter(|_| !self.is_old()),
            caller: self.own_id(&originate.phone),
            context: "from-internal".to_owned(),
            exten: "s".to_owned(),
            ..NewChannel::default()
        };
        let leg = self.new_channel(Device::Phone(originate.phone.clone()), State::Down, new);
        self.execute(leg, "AppDial2", "(Outgoing Line)");
        for (variable, value) in &originate.variables {
            self.set_var(leg, variable, value);
        }
        if let Some(id) = &originate.caller {
            self.set_caller(leg, id);
            self.set_connected(leg, id);
        }
        self.tell_dial_begin(None, leg, &originate.phone);
        let timeout = originate.timeout;
        let dial = self.new_dial(Purpose::Originate(originate), vec![(leg, target)], String::new());
        self.ring_legs(dial);
        self.later(timeout, Task::DialTimeout(dial));
    }

    pub(super) fn originate_answered(&mut self, leg: ChannelKey, originate: &Originate) {
        self.tell_dial_end(None, leg, "ANSWER");
        if let Some(channel) = self.channels.get_mut(&leg) {
            channel.context.clone_from(&originate.context);
            channel.exten.clone_from(&originate.exten);
            channel.answered_at = None;
        }
        let (name, id) = self.channels.get(&leg).map(|c| (c.name.clone(), c.uniqueid.clone())).unwrap_or_default();
        self.tell_originate_response(originate, "Success", &name, "4", &id);
        self.run_plan(leg);
    }

    pub(super) fn originate_failed(&mut self, originate: &Originate, reason: &str) {
        let device = format!("{}/{}", self.version.technology(), originate.phone);
        self.tell_originate_response(originate, "Failure", &device, reason, UNKNOWN);
    }

    fn tell_originate_response(
        &mut self,
        originate: &Originate,
        response: &str,
        channel: &str,
        reason: &str,
        id: &str,
    ) {
        let caller = originate.caller.clone().unwrap_or_default();
        let mut packet = Packet::event("OriginateResponse", "call");
        if let Some(action_id) = &originate.action_id {
            packet = packet.with("ActionID", action_id);
        }
        let packet = packet
            .with("Response", response)
            .with("Channel", channel)
            .with("Context", &originate.context)
            .with("Exten", &originate.exten)
            .with("Reason", reason)
            .with("Uniqueid", id)
            .with("CallerIDNum", caller.shown_number())
            .with("CallerIDName", caller.shown_name());
        self.emit(packet);
    }
}
