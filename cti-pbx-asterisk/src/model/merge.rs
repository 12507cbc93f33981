//! Calls that become one: a `Linkedid` that changes, a pick-up, a dial on Asterisk 12.

use super::CallModel;
use super::channel::{Offer, Uid, is_calling};
use super::text::Shot;
use cti_core::call::{Direction, Disposition};

impl CallModel {
    /// A known channel may show another `Linkedid` than before: its call became part of another.
    pub(super) fn follow_linkedid(&mut self, shot: &Shot<'_>, uid: &Uid) {
        let Some(linkedid) = shot.linkedid() else { return };
        let Some(mine) = self.channels.get(uid).map(|channel| &channel.call) else { return };
        if mine.as_ref() == linkedid {
            return;
        }
        let mine = mine.clone();
        match self.key_of(&linkedid) {
            Some(other) if other != mine => self.merge(&mine, &other),
            Some(_) => {}
            None if self.ended.contains(&linkedid) => {}
            None => self.alias(&linkedid, &mine),
        }
    }

    /// Two calls are one from now on. The outside call survives, of two the older; the other ends `merged` if anything
    /// was told of it.
    pub(super) fn merge(&mut self, a: &Uid, b: &Uid) {
        let rank = |key: &Uid| {
            self.calls.get(key).map(|call| (!call.is_told(), call.direction == Some(Direction::Internal), call.number))
        };
        let (Some(rank_a), Some(rank_b)) = (rank(a), rank(b)) else { return };
        let (into, from) = if rank_a <= rank_b { (a, b) } else { (b, a) };
        let Some(mut gone) = self.calls.remove(from) else { return };
        self.order.remove(&gone.number);
        self.ended.remember(from.clone());
        self.mark(into);
        let Some(stays) = self.calls.get_mut(into) else { return };
        let told = gone.is_told();
        if told {
            let at = gone.clock(self.now);
            gone.watch.switch(gone.activity(), at);
            gone.end(&mut self.out, at, Disposition::Merged, format!("merged into {}", stays.id));
        }
        // Whoever talks there was told as part of the other call, or came by itself: here only `answered` is news.
        for uid in &gone.channels {
            if let Some(channel) = self.channels.get_mut(uid)
                && ((told && matches!(channel.offer, Offer::Answered | Offer::Ringing))
                    || (gone.agent.as_ref() == Some(uid) && is_calling(channel.state)))
            {
                channel.offer = Offer::Joined;
                channel.answers = 0;
            }
        }
        for uid in &gone.channels {
            if let Some(channel) = self.channels.get_mut(uid) {
                channel.call = into.clone();
            }
        }
        let moved = gone.channels.clone();
        stays.absorb(&mut gone);
        for alias in stays.rare().aliases.clone() {
            self.aliases.insert(alias, into.clone());
        }
        for uid in moved {
            self.assume_told(&uid);
        }
    }

    pub(super) fn alias(&mut self, linkedid: &str, key: &Uid) {
        if let Some(call) = self.calls.get_mut(key)
            && call.rare().aliases.len() < super::call::MAX_ITEMS
        {
            let alias: Uid = linkedid.into();
            call.rare_mut().aliases.push(alias.clone());
            self.aliases.insert(alias, key.clone());
        }
    }
}
