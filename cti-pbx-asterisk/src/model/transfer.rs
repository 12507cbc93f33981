//! Transfers: `BlindTransfer` and `AttendedTransfer`, told by Asterisk after it did them.

use super::CallModel;
use super::call::{Doing, MAX_ITEMS};
use super::channel::{Offer, UP, Uid};
use super::direction::dialed;
use super::side::Side;
use super::text::field;
use crate::ami::Message;
use cti_core::call::{CallFact, Extension, Transfer, TransferHow};
use cti_core::number::Number;

/// `BlindTransfer`: the call was given away without asking.
pub(super) fn blind(model: &mut CallModel, message: &Message) {
    let transferer = model.touch(message, "Transferer");
    model.touch(message, "Transferee");
    let (Some(transferer), Some(to)) = (transferer.filter(|_| succeeded(message)), field(message, "Extension")) else {
        return;
    };
    if let Some(to) = Number::new(&to) {
        model.transferred(&transferer, to, TransferHow::Blind);
    }
}

/// `AttendedTransfer`: the call was given to somebody who was asked (or called: the transferer need not wait).
pub(super) fn attended(model: &mut CallModel, message: &Message) {
    let first = model.touch(message, "OrigTransferer");
    let second = model.touch(message, "SecondTransferer");
    let transferee = model.touch(message, "Transferee");
    let named = model.touch(message, "TransferTarget");
    let target =
        named.or_else(|| model.arrived(&field(message, "DestBridgeUniqueid")?, &[&first, &second, &transferee]));
    for other in [&second, &target].into_iter().flatten() {
        if let Some(first) = first.as_ref().filter(|_| succeeded(message)) {
            model.link(first, other);
        }
    }
    let Some(transferer) = first.clone().or_else(|| second.clone()).filter(|_| succeeded(message)) else { return };
    let party = target.and_then(|target| model.party(&target));
    let to = party.as_ref().and_then(|(_, name)| Number::new(name));
    let asked = || {
        let asked = ["SecondTransfererExten", "SecondTransfererConnectedLineNum"];
        asked.iter().find_map(|key| dialed(&field(message, key)?))
    };
    let Some(to) = to.or_else(asked) else { return };
    let asked_for = to.clone();
    model.transferred(&transferer, to, TransferHow::Attended);
    if let Some(second) = second {
        model.gave_away(&second);
    }
    if let Some(leg) = party.map(|(leg, _)| leg).or_else(|| model.talking_as(&transferer, &asked_for)) {
        model.takes_over(&leg);
    }
}

fn succeeded(message: &Message) -> bool {
    field(message, "Result").is_some_and(|result| result.eq_ignore_ascii_case("Success"))
}

impl CallModel {
    fn transferred(&mut self, transferer: &Uid, to: Number, how: TransferHow) {
        let Some(channel) = self.channels.get(transferer).filter(|channel| !channel.left) else { return };
        let Some(from) = channel.extension().cloned() else { return };
        for holder in self.holders(transferer) {
            self.resume(&holder);
        }
        self.gave_away(transferer);
        let now = self.now;
        let Some(call) = self.call_of(transferer) else { return };
        let at = call.clock(now);
        let transfers = &mut call.rare_mut().transfers;
        if transfers.len() < MAX_ITEMS {
            transfers.push(Transfer { from: from.clone(), to: to.clone(), how, at });
        }
        self.tell_of(transferer, format!("transferred:{transferer}"), CallFact::Transferred { from, to, how });
    }

    /// The channels of the call that hold with the same extension as the transferer.
    fn holders(&self, transferer: &Uid) -> Vec<Uid> {
        let Some(channel) = self.channels.get(transferer) else { return Vec::new() };
        let Some(call) = self.calls.get(&channel.call) else { return Vec::new() };
        let same = |uid: &&Uid| self.channels.get(uid).is_some_and(|other| other.extension() == channel.extension());
        call.doing.those(Doing::Holds).filter(same).cloned().collect()
    }

    /// Who came last into that conversation, beside those that are known. Asterisk does not name the target if it had
    /// left the consultation for the caller's bridge before the event was written (seen on 16, `DestType: Bridge`).
    fn arrived(&self, bridge: &str, known: &[&Option<Uid>]) -> Option<Uid> {
        let is_known = |uid: &Uid| known.iter().any(|other| other.as_ref() == Some(uid));
        self.bridges.get(bridge)?.iter().rev().find(|uid| !is_known(uid)).cloned()
    }

    /// The channel of the same call with which that extension has answered.
    fn talking_as(&self, other: &Uid, extension: &Number) -> Option<Uid> {
        let call = self.calls.get(&self.channels.get(other)?.call)?;
        let is_it = |uid: &&Uid| {
            self.channels.get(uid).is_some_and(|channel| {
                let own = channel.extension().is_some_and(|own| own.as_str() == extension.as_str());
                own && channel.offer == Offer::Answered && !channel.left
            })
        };
        call.channels.iter().find(is_it).cloned()
    }

    /// The channel takes no part in the conversation any more.
    fn gave_away(&mut self, uid: &Uid) {
        if let Some(channel) = self.channels.get_mut(uid) {
            channel.left = true;
        }
        if let Some(call) = self.call_of(uid) {
            call.doing.leave(Doing::Talks, uid);
        }
    }

    /// The one who was asked talks to the caller from now on.
    fn takes_over(&mut self, leg: &Uid) {
        let Some(channel) = self.channels.get(leg) else { return };
        let (state, offer, extension) = (channel.state, channel.offer, channel.extension().cloned());
        if state != UP {
            return;
        }
        if offer != Offer::Answered {
            self.leg_answers(leg);
        }
        if let Some(call) = self.call_of(leg)
            && let Some(extension) = extension
        {
            call.doing.enter(Doing::Talks, leg);
            call.answered_by = Some(extension);
        }
    }

    /// The device behind a channel, through Local channels, and its extension or number. For a Local channel behind which
    /// nobody was called yet, the number it was made for.
    fn party(&self, uid: &Uid) -> Option<(Uid, String)> {
        let channel = self.channels.get(uid)?;
        match &channel.side {
            Side::Extension(extension) => Some((uid.clone(), Extension::as_str(extension).to_owned())),
            Side::Trunk => {
                let number = channel.dialed_number.clone().or_else(|| self.number_to_show(uid))?;
                Some((uid.clone(), number))
            }
            Side::Inner => self.behind(uid).and_then(|leg| self.party(&leg)).or_else(|| {
                let (_, rest) = channel.name.split_once('/')?;
                let (user, _) = rest.split_once('@')?;
                Some((uid.clone(), user.to_owned()))
            }),
        }
    }

    /// The device that the other half of a Local channel called.
    fn behind(&self, local: &Uid) -> Option<Uid> {
        let other = self.channels.other_half(local)?;
        let call = self.calls.get(&self.channels.get(local)?.call)?;
        let dialed =
            |uid: &&Uid| self.channels.get(uid).is_some_and(|c| c.is_device() && c.dialed_by.as_ref() == Some(&other));
        let legs = || call.channels.iter().filter(dialed);
        legs().find(|uid| self.channels.get(uid).is_some_and(|c| c.state == UP)).or_else(|| legs().next()).cloned()
    }
}
