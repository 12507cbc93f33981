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

    /// Tells a masquerade of `clone` into `original`. Who is who afterwards is the caller's business.
    pub(super) fn tell_masquerade(&mut self, original: ChannelKey, clone: ChannelKey) {
        let (Some(into), Some(from)) = (self.channels.get(&original), self.channels.get(&clone)) else { return };
        let (old, new) = (self.old_name(&into.name), self.old_name(&from.name));
        let (kept, given) = (into.uniqueid.clone(), from.uniqueid.clone());
        let (masked, zombie) = (format!("{new}<MASQ>"), format!("{old}<ZOMBIE>"));
        if self.is_old() && self.version != Version::V1_4 {
            let packet = Packet::event("Masquerade", "call")
                .with("Clone", new.clone())
                .with("CloneState", from.state.word())
                .with("Original", old.clone())
                .with("OriginalState", into.state.word());
            self.emit_old(packet);
        }
        self.tell_rename(&new, &masked, &given);
        self.tell_rename(&old, &new, &kept);
        self.tell_rename(&masked, &zombie, &given);
    }

    fn old_name(&self, name: &str) -> String {
        if self.version == Version::V1_4 { name.replace(';', ",") } else { name.to_owned() }
    }

    fn tell_rename(&mut self, from: &str, to: &str, uniqueid: &str) {
        let key = if self.version == Version::V1_4 { "Oldname" } else { "Channel" };
        let packet =
            Packet::event("Rename", "call").with(key, from).with("Newname", to).with("Uniqueid", uniqueid.to_owned());
        self.emit_old(packet);
    }

    /// The device of `clone` moves into the structure of `original`: here the keys follow the devices, so that the unique
    /// ids change places. `original` is a zombie afterwards and has to be hung up.
    pub(super) fn masquerade(&mut self, original: ChannelKey, clone: ChannelKey) {
        self.tell_masquerade(original, clone);
        let (Some(into), Some(from)) = (self.channels.get(&original), self.channels.get(&clone)) else { return };
        let (kept, given) = (into.uniqueid.clone(), from.uniqueid.clone());
        let (name, zombie) = (from.name.clone(), format!("{}<ZOMBIE>", into.name));
        self.old_words.masqueraded(&kept, &given, &name, &zombie);
        if let Some(channel) = self.channels.get_mut(&original) {
            channel.uniqueid = given;
            channel.name = zombie;
        }
        if let Some(channel) = self.channels.get_mut(&clone) {
            channel.uniqueid = kept;
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
