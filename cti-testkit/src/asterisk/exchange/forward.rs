//! A phone that sends the caller elsewhere (302): `Dial` goes on through a Local channel, as `app_dial` does.

use super::Exchange;
use super::parts::{Behaviour, ChannelKey, Device, Target};
use super::plan::extension_exists;

/// Where a forwarded call goes through the dial plan.
const CONTEXT: &str = "from-internal";

impl Exchange {
    /// The phone of that leg forwards the call. A number that the dial plan does not know leaves it ringing.
    pub(super) fn forward_leg(&mut self, leg: ChannelKey) {
        let Some(to) = self.forwards_to(leg).filter(|to| extension_exists(CONTEXT, to)) else { return };
        let Some(dial) = self.dial_of(leg) else { return };
        let Some(caller) = self.dials.get(&dial).and_then(|dialing| dialing.purpose.caller()) else { return };
        let linkedid = self.channels.get(&caller).map(|channel| channel.linkedid.clone());
        let local = self.new_local(linkedid, &to, CONTEXT, true);
        let target = Target::Local { exten: to, context: CONTEXT.to_owned() };
        self.introduce_leg(caller, local, "AppDial");
        self.join_local(local);
        let dial_string = target.dial_string();
        let dial_string = dial_string.trim_end_matches("/n");
        self.tell_dial_begin(Some(caller), local, dial_string);
        self.tell_dial_forward(caller, leg, dial_string);
        if let Some(dialing) = self.dials.get_mut(&dial) {
            dialing.legs.retain(|(other, _)| *other != leg);
            dialing.legs.push((local, target));
        }
        self.drop_channel(leg, 23);
        self.run_local(local);
    }

    /// Where that leg's phone sends callers; not to a phone that sends them on, which would never end.
    fn forwards_to(&self, leg: ChannelKey) -> Option<String> {
        let Device::Phone(number) = &self.channels.get(&leg)?.device else { return None };
        let to = &self.phones.get(number)?.forwards_to;
        let goes_on = self.phones.get(to).is_some_and(|phone| phone.behaviour == Behaviour::Forwards);
        (!goes_on).then(|| to.clone())
    }

    /// `DialEnd` of a leg that was forwarded says where to (`ast_channel_publish_dial_forward`).
    fn tell_dial_forward(&mut self, caller: ChannelKey, leg: ChannelKey, to: &str) {
        let packet = self.dial_packet("DialEnd", Some(caller), leg).with("DialStatus", "CANCEL").with("Forward", to);
        self.emit(packet);
    }
}
