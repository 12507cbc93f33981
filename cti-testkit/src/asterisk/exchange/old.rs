//! What an Asterisk before 12 did in another way: masquerades, and the end of a dial.
//!
//! A masquerade puts the device of one channel (the clone) into the structure of another (the original): the unique id
//! stays with the structure, the names change places in three steps (section 6.1; `ast_do_masquerade` in
//! main/channel.c).

use super::parts::{ChannelKey, Device, State};
use super::{Exchange, NewChannel};
use crate::asterisk::Version;
use crate::asterisk::packet::Packet;

impl Exchange {
    pub(super) fn is_old(&self) -> bool {
        self.version.is_old()
    }

    /// The cause with which a leg ends that somebody else's answer made needless (section 11: 1.4 has 16 or 0).
    pub(super) fn elsewhere(&self, by_queue: bool) -> u32 {
        match (self.version, by_queue) {
            (Version::V1_4, true) => 0,
            (Version::V1_4, false) => 16,
            _ => 26,
        }
    }

    /// `Dial` with `SubEvent: End`, once a dial and when all is over (`senddialendevent`); 1.4 has none.
    pub(super) fn tell_old_dial_end(&mut self, caller: ChannelKey, status: &str) {
        let Some(channel) = self.channels.get(&caller) else { return };
        if !self.is_old() || self.version == Version::V1_4 {
            return;
        }
        let packet = Packet::event("Dial", "call")
            .with("SubEvent", "End")
            .with("Channel", channel.name.clone())
            .with("UniqueID", channel.uniqueid.clone())
            .with("DialStatus", status);
        self.emit_old(packet);
    }

    /// An empty channel, into which a device is to move: `Parked/…`, `Transfered/…` (so spelt), `AsyncGoto/…`.
    pub(super) fn shell(&mut self, front: &str, of: ChannelKey) -> ChannelKey {
        let Some(channel) = self.channels.get(&of) else { return of };
        let new = NewChannel {
            name: format!("{front}/{}", channel.name),
            linkedid: Some(channel.linkedid.clone()),
            context: channel.context.clone(),
            exten: channel.exten.clone(),
            ..NewChannel::default()
        };
        let nobody = Device::Local { other: ChannelKey::MAX, second: false, optimises: false };
        self.new_channel(nobody, State::Down, new)
    }

    /// `Masquerade` (since 1.6), before the names change places.
    pub(super) fn tell_old_masquerade(&mut self, original: ChannelKey, clone: ChannelKey) {
        let (Some(into), Some(from)) = (self.channels.get(&original), self.channels.get(&clone)) else { return };
        if self.is_old() && self.version != Version::V1_4 {
            let packet = Packet::event("Masquerade", "call")
                .with("Clone", from.name.clone())
                .with("CloneState", from.state.word())
                .with("Original", into.name.clone())
                .with("OriginalState", into.state.word());
            self.emit_old(packet);
        }
    }

    /// `Transfer` of a telephone that connects its two calls (since 1.6).
    pub(super) fn tell_old_refer(&mut self, first: ChannelKey, second: ChannelKey) {
        let (Some(one), Some(other)) = (self.channels.get(&first), self.channels.get(&second)) else { return };
        if self.version == Version::V1_4 {
            return;
        }
        let packet = Packet::event("Transfer", "call")
            .with("TransferMethod", "SIP")
            .with("TransferType", "Attended")
            .with("Channel", one.name.clone())
            .with("Uniqueid", one.uniqueid.clone())
            .with("SIP-Callid", "1@127.0.0.1")
            .with("TargetChannel", other.name.clone())
            .with("TargetUniqueid", other.uniqueid.clone());
        self.emit_old(packet);
    }

    /// The device of `clone` moves into the structure of `original`: here the keys follow the devices, so that the unique
    /// ids change places. `original` is a zombie afterwards and has to be hung up.
    pub(super) fn masquerade(&mut self, original: ChannelKey, clone: ChannelKey) {
        self.tell_old_masquerade(original, clone);
        let name = |key: ChannelKey| self.channels.get(&key).map(|channel| channel.name.clone()).unwrap_or_default();
        let (new, old) = (name(clone), name(original));
        let zombie = format!("{old}<ZOMBIE>");
        self.rename(clone, format!("{new}<MASQ>"));
        self.rename(original, new.clone());
        self.rename(clone, zombie.clone());
        let (Some(into), Some(from)) = (self.channels.get(&original), self.channels.get(&clone)) else { return };
        let (kept, given) = (into.uniqueid.clone(), from.uniqueid.clone());
        self.old_words.masqueraded(&kept, &given, &new, &zombie);
        if let Some(channel) = self.channels.get_mut(&original) {
            channel.uniqueid = given;
            channel.name = zombie;
        }
        if let Some(channel) = self.channels.get_mut(&clone) {
            channel.uniqueid = kept;
            channel.name = new;
        }
    }

    /// The dial plan goes on with a channel elsewhere (`ast_async_goto`): one that did not call has no dial plan of its
    /// own and moves into a channel that has.
    pub(super) fn go_elsewhere(&mut self, key: ChannelKey) {
        if self.is_old() && self.channels.get(&key).is_some_and(|channel| !channel.runs_plan) {
            let shell = self.shell("AsyncGoto", key);
            self.masquerade(shell, key);
            self.tell_hangup(shell, 16, None);
        }
    }

    /// Music for a channel that waits (res/res_musiconhold.c; since 1.6).
    pub(super) fn play_music(&mut self, key: ChannelKey, on: bool) {
        if let Some(channel) = self.channels.get(&key).filter(|_| self.is_old()) {
            self.old_words.music(&channel.name, &channel.uniqueid, on, &mut self.out);
        }
    }
}
