//! Talks: `Link`, `Unlink`, `Bridge`, hold, music, parking, consultations.

use super::Old;
use super::ending::{Ended, Held, Outcome};
use super::table::{Native, Sign, UP};
use crate::ami::Message;
use crate::model::text::field;

impl Old {
    pub(super) fn link_event(&mut self, message: &Message, on: bool) {
        let one = self.touch(message, "Uniqueid1", "Channel1");
        let other = self.touch(message, "Uniqueid2", "Channel2");
        let (Some(one), Some(other)) = (one, other) else { return };
        if one == other {
            return;
        }
        if on { self.link(&one, &other) } else { self.unlink(&one, &other) }
    }

    /// Two channels talk. Comes again after every re-invite, digit or hold.
    pub(super) fn link(&mut self, one: &Native, other: &Native) {
        let linked = |old: &Self, uid: &Native| old.channels.get(uid).and_then(|channel| channel.place.partner.clone());
        if linked(self, one).as_ref() == Some(other) {
            return;
        }
        for uid in [one, other] {
            self.birth(uid);
            if let Some(former) = linked(self, uid) {
                self.unlink(uid, &former);
            }
            self.waits_no_more(uid);
            if let Some(channel) = self.channels.get_mut(uid) {
                channel.device.state = UP;
                channel.place.interrupted = false;
            }
        }
        self.end_talks_with(one);
        self.end_talks_with(other);
        // The one who called is told as having heard of the answer first, and comes into the talk last.
        let (caller, called) = if self.was_called(one) { (other, one) } else { (one, other) };
        self.answers(called);
        self.enter_bridge(&[called, caller]);
        self.talks_again(caller, called);
    }

    /// A channel that was dialled and not taken yet.
    fn was_called(&self, uid: &Native) -> bool {
        let device = self.channels.get(uid).map(|channel| &channel.device);
        device.is_some_and(|device| device.dialer.is_some() && device.ended == Ended::No)
    }

    /// The dial to this channel is answered, and over for the others.
    pub(super) fn answers(&mut self, leg: &Native) {
        if !self.was_called(leg) {
            return;
        }
        let Some(device) = self.channels.get(leg).map(|channel| &channel.device) else { return };
        let (dialer, root) = (device.dialer.clone(), device.root.clone());
        let queued = root.as_ref().and_then(|root| self.channels.get(root)).is_some_and(|c| c.place.queue.is_some());
        let losers = |held: &Held| held.root == root && held.dialer.is_some();
        if !queued {
            self.end_held(losers, Outcome::Elsewhere);
        }
        if let Some(channel) = self.channels.get_mut(leg) {
            channel.device.ended = Ended::Answered;
            channel.device.state = UP;
        }
        if let Some(dialer) = dialer.filter(|dialer| self.channels.get(dialer).is_some()) {
            self.say("DialEnd", &[("", &dialer), ("Dest", leg)], &[("DialStatus", "ANSWER")]);
        } else {
            self.say("DialEnd", &[("Dest", leg)], &[("DialStatus", "ANSWER")]);
        }
        self.end_held(losers, Outcome::Elsewhere);
    }

    fn enter_bridge(&mut self, both: &[&Native; 2]) {
        self.bridges += 1;
        let (bridge, call) = (format!("link-{}", self.bridges), self.id(both[1]));
        for (uid, other) in [(both[0], both[1]), (both[1], both[0])] {
            if let Some(channel) = self.channels.get_mut(uid) {
                channel.place.partner = Some(other.clone());
                channel.place.bridge = self.bridges;
            }
            self.say("BridgeEnter", &[("", uid)], &[("BridgeUniqueid", &bridge), ("Linkedid", &call)]);
        }
    }

    pub(super) fn bridge_of(&self, uid: &Native) -> String {
        format!("link-{}", self.channels.get(uid).map_or(0, |channel| channel.place.bridge))
    }

    pub(super) fn unlink(&mut self, one: &Native, other: &Native) {
        for (uid, with) in [(one, other), (other, one)] {
            let bridge = self.bridge_of(uid);
            let Some(channel) = self.channels.get_mut(uid) else { continue };
            if channel.place.partner.as_ref() != Some(with) {
                continue;
            }
            channel.place.partner = None;
            channel.place.talked_with = Some(with.clone());
            channel.place.interrupted = true;
            self.say("BridgeLeave", &[("", uid)], &[("BridgeUniqueid", &bridge)]);
        }
    }

    /// `Hold` and `Unhold`: with `callevents = yes` in sip.conf.
    pub(super) fn hold(&mut self, message: &Message, on: bool) {
        if let Some(uid) = self.touch(message, "Uniqueid", "Channel") {
            self.holds(&uid, on.then_some(Sign::Told));
        }
    }

    pub(super) fn holds(&mut self, uid: &Native, sign: Option<Sign>) {
        let Some(channel) = self.channels.get_mut(uid) else { return };
        let before = channel.device.holds;
        if sign.is_none() || before.is_none() {
            channel.device.holds = sign;
        }
        match (before, sign) {
            (None, Some(_)) => self.say("Hold", &[("", uid)], &[]),
            (Some(_), None) => self.say("Unhold", &[("", uid)], &[]),
            _ => {}
        }
    }

    /// `MusicOnHold`: who hears music is held by the one he talks (or just talked) to. Queues and parking play music too.
    pub(super) fn music(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "UniqueID", "Channel") else { return };
        let on = field(message, "State").is_some_and(|state| state.eq_ignore_ascii_case("Start"));
        let Some(place) = self.channels.get(&uid).map(|channel| &channel.place) else { return };
        let waits = place.queue.is_some() || place.parked || place.application.eq_ignore_ascii_case("Park");
        let interrupted = place.talked_with.clone().filter(|_| place.interrupted);
        let Some(holder) = place.partner.clone().or(interrupted).filter(|_| !waits) else { return };
        let holds = self.channels.get(&holder).and_then(|channel| channel.device.holds);
        if on {
            self.holds(&holder, Some(Sign::Music));
            self.waits_alone(&uid);
        } else if holds.is_some_and(|sign| sign != Sign::Told) {
            self.holds(&holder, None);
        }
    }

    /// Who asked somebody else talks to the one who waited again.
    fn talks_again(&mut self, one: &Native, other: &Native) {
        for (uid, with) in [(one, other), (other, one)] {
            let again = self.channels.get(uid).is_some_and(|channel| {
                channel.device.holds == Some(Sign::Consults) && channel.place.talked_with.as_ref() == Some(with)
            });
            if again {
                self.holds(uid, None);
            }
        }
    }

    // ---- consultations --------------------------------------------------------------------------------------------

    /// From 1.6 on a variable names the one for whom a Local channel asks somebody (`feature_request_and_dial`).
    pub(super) fn consulted_for(&mut self, local: &Native, transferer: &str) {
        if let Some(transferer) = self.channels.named(transferer) {
            self.consults(local, &transferer);
        }
    }

    /// In 1.4 the Local channel shows the number of the one for whom it asks (`ast_feature_request_and_dial`): somebody
    /// whose talk was just interrupted.
    pub(super) fn shown_by_consultation(&mut self, local: &Native) {
        let Some(channel) = self.channels.get(local) else { return };
        let alone = channel.is_local() && channel.device.unborn.is_some() && channel.device.dialer.is_none();
        if !self.is_1_4() || !alone || channel.device.number.is_empty() {
            return;
        }
        let number = channel.device.number.clone();
        if let Some(transferer) = self.interrupted(|channel| channel.device.number == number) {
            self.consults(local, &transferer);
        }
    }

    /// The newest channel whose talk stands still, and of which that is true.
    fn interrupted(&self, is: impl Fn(&super::table::Channel) -> bool) -> Option<Native> {
        let waits = |channel: &super::table::Channel| {
            let with = channel.place.talked_with.as_ref().and_then(|with| self.channels.get(with));
            channel.place.interrupted && channel.place.partner.is_none() && with.is_some()
        };
        self.channels.newest().find(|(_, channel)| waits(channel) && is(channel)).map(|(uid, _)| uid.clone())
    }

    /// The Local channel belongs to the call of the one who asks, who holds the other meanwhile.
    fn consults(&mut self, local: &Native, transferer: &Native) {
        self.birth(local);
        let call = self.id(transferer);
        self.say("Newstate", &[("", local)], &[("Linkedid", &call)]);
        let Some(place) = self.channels.get(transferer).map(|channel| &channel.place) else { return };
        if place.interrupted {
            let other = place.talked_with.clone();
            self.holds(transferer, Some(Sign::Consults));
            if let Some(other) = other {
                self.waits_alone(&other);
            }
        }
    }

    /// As today, who waits while the other asks somebody stays in the talk that they had.
    fn waits_alone(&mut self, uid: &Native) {
        let bridge = self.bridge_of(uid);
        if let Some(channel) = self.channels.get_mut(uid)
            && channel.place.partner.is_none()
            && !std::mem::replace(&mut channel.place.waits, true)
        {
            self.say("BridgeEnter", &[("", uid)], &[("BridgeUniqueid", &bridge)]);
        }
    }

    pub(super) fn waits_no_more(&mut self, uid: &Native) {
        let bridge = self.bridge_of(uid);
        if let Some(channel) = self.channels.get_mut(uid)
            && std::mem::take(&mut channel.place.waits)
        {
            self.say("BridgeLeave", &[("", uid)], &[("BridgeUniqueid", &bridge)]);
        }
    }

    // ---- parking --------------------------------------------------------------------------------------------------

    /// In 1.4 by name alone.
    pub(super) fn parked(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        let slot = field(message, "Exten").unwrap_or_default().into_owned();
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.place.parked = true;
        }
        self.say("ParkedCall", &[("Parkee", &uid)], &[("ParkingSpace", &slot)]);
    }

    pub(super) fn unparked(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.place.parked = false;
        }
        self.say("UnParkedCall", &[("Parkee", &uid)], &[]);
        let retriever = field(message, "From").and_then(|name| self.channels.named(&name));
        if let Some(retriever) = retriever {
            // Who takes it from the slot talks in the call that waited there.
            self.birth(&retriever);
        }
    }
}
