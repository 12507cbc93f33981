//! Masquerades: a device moves into the structure of another channel, which keeps its unique id.
//!
//! All versions tell them by three `Rename`s: the clone `X` becomes `X<MASQ>`, the original `Y` becomes `X`, and the clone
//! becomes `Y<ZOMBIE>` and hangs up. The model knows devices, so that the id under which it knows one goes along.

use super::Old;
use super::table::{Native, RINGING, device_of};
use crate::ami::Message;
use crate::model::text::field;

/// The most masquerades under way.
const MAX_MASKED: usize = 64;

impl Old {
    pub(super) fn rename(&mut self, message: &Message) {
        let Some(uid) = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid)) else { return };
        let Some(name) = field(message, "Newname") else { return };
        if let Some(base) = name.strip_suffix("<MASQ>") {
            if self.masked.len() >= MAX_MASKED {
                self.masked.remove(0);
            }
            self.masked.push((super::table::local_name(base), uid));
        } else if name.ends_with("<ZOMBIE>") {
            self.masked.retain(|(_, clone)| *clone != uid);
        } else if let Some(at) = self.masked.iter().position(|(masked, _)| *masked == super::table::local_name(&name)) {
            let (_, clone) = self.masked.remove(at);
            self.masquerade(&uid, &clone);
        } else {
            self.channels.rename(&uid, &name);
            let id = self.id(&uid);
            let name = super::table::local_name(&name);
            self.say("Rename", &[], &[("Newname", &name), ("Uniqueid", &id)]);
        }
    }

    fn masquerade(&mut self, original: &Native, clone: &Native) {
        self.birth(clone);
        let is_pick_up = self.channels.get(original).is_some_and(|channel| {
            let device = &channel.device;
            device.dialer.is_some() && device.ended == super::ending::Ended::No && device.state <= RINGING
        });
        if is_pick_up {
            return self.pick_up(original, clone);
        }
        let front = self.channels.get(original).map(|channel| channel.device.name.clone()).unwrap_or_default();
        let transfer = self.attended_by(original, clone, &front);
        self.trade(original, clone, &front);
        if let Some((first, second, target)) = transfer {
            self.say(
                "AttendedTransfer",
                &[
                    ("OrigTransferer", &first),
                    ("SecondTransferer", &second),
                    ("Transferee", original),
                    ("TransferTarget", &target),
                ],
                &[("Result", "Success"), ("DestType", "Bridge")],
            );
        }
    }

    /// A call that rings at one phone is taken at another: as today the unique id stays with the one that rang.
    fn pick_up(&mut self, ringing: &Native, picker: &Native) {
        self.say("Pickup", &[("", picker), ("Target", ringing)], &[]);
        let Some(name) = self.channels.get(picker).map(|channel| channel.device.name.clone()) else { return };
        let zombie = self.channels.get(ringing).map(|channel| format!("{}<ZOMBIE>", channel.device.name));
        self.channels.rename(picker, &zombie.unwrap_or_default());
        self.channels.rename(ringing, &name);
        let id = self.id(ringing);
        self.say("Rename", &[], &[("Newname", &name), ("Uniqueid", &id)]);
        let number = self.channels.get(picker).map(|channel| channel.device.number.clone()).unwrap_or_default();
        if let Some(channel) = self.channels.get_mut(ringing) {
            channel.device.state = super::table::UP;
            channel.device.number = number;
        }
    }

    /// The devices change places, and with them who is in which talk.
    fn trade(&mut self, original: &Native, clone: &Native, front: &str) {
        let place = |old: &Self, uid: &Native| {
            old.channels.get(uid).map(|c| (c.place.partner.clone(), c.place.talked_with.clone(), c.place.announced))
        };
        let (Some((linked, _, _)), Some((partner, before, announced))) = (place(self, original), place(self, clone))
        else {
            return;
        };
        self.waits_no_more(clone);
        for (uid, linked) in [(clone, &partner), (original, &linked)] {
            if linked.is_some() {
                let bridge = self.bridge_of(uid);
                self.say("BridgeLeave", &[("", uid)], &[("BridgeUniqueid", &bridge)]);
            }
        }
        self.channels.swap_devices(original, clone);
        for other in [&partner, &before].into_iter().flatten() {
            // Whoever talked to the device did so with its former structure.
            if let Some(channel) = self.channels.get_mut(other)
                && channel.place.talked_with.as_ref() == Some(clone)
            {
                channel.place.talked_with = Some(original.clone());
            }
        }
        if let Some(partner) = linked {
            let (bridge, call) = (self.bridge_of(original), self.id(&partner));
            self.say("BridgeEnter", &[("", original)], &[("BridgeUniqueid", &bridge), ("Linkedid", &call)]);
        } else if let Some(channel) = self.channels.get_mut(original) {
            // The talk of the device goes on in the empty channel; one that is parked has none any more.
            channel.place.talked_with = partner.or(before).filter(|_| !front.starts_with("Parked/"));
            channel.place.interrupted = front.starts_with("AsyncGoto/");
            channel.place.announced = announced;
        }
    }

    /// An attended transfer: the two channels of the one who transfers, and who was asked.
    ///
    /// By the telephone (REFER): the one who waits takes the place of the second channel of the same telephone. By the
    /// keys: a channel `Transfered/…` takes the one who waits, to be linked with whom the transferer talked to last.
    fn attended_by(&self, original: &Native, clone: &Native, front: &str) -> Option<(Native, Native, Native)> {
        let (into, from) = (self.channels.get(original)?, self.channels.get(clone)?);
        let first = from.place.partner.clone().or_else(|| from.place.talked_with.clone())?;
        let transferer = self.channels.get(&first)?;
        if front.starts_with("Transfered/") {
            let target = transferer.place.partner.clone().or_else(|| transferer.place.talked_with.clone())?;
            return Some((first.clone(), first, target)).filter(|(_, _, target)| target != clone);
        }
        let same = device_of(&transferer.device.name) == device_of(front) && !into.is_local();
        // The second channel's device is in the clone's structure afterwards.
        same.then(|| Some((first, clone.clone(), into.place.partner.clone()?)))?
    }

    /// `Transfer` (chan_sip, since 1.6). An attended one is told by the masquerade that follows.
    pub(super) fn transfer(&mut self, message: &Message) {
        let blind = field(message, "TransferType").is_some_and(|kind| kind.eq_ignore_ascii_case("Blind"));
        let by = self.touch(message, "Uniqueid", "Channel");
        let whom = self.touch(message, "TargetUniqueid", "TargetChannel");
        let (Some(by), Some(whom), Some(exten)) = (by, whom, field(message, "TransferExten")) else { return };
        if !blind || field(message, "Transfer2Parking").is_some() {
            return;
        }
        let exten = exten.into_owned();
        self.sent_elsewhere(&by, &whom, &exten);
        for uid in [&by, &whom] {
            if let Some(channel) = self.channels.get_mut(uid) {
                channel.place.announced = true;
            }
        }
    }
}
