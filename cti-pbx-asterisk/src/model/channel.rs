//! Channels: one for each device (or Local half) that takes part in a call. `Newchannel`, `Newstate`, `NewCallerid`,
//! `Rename` and the snapshot of a channel that every event carries.

use super::caller::Presentation;
use super::side::Side;
use super::text::{Shot, field, fields, unescape};
use super::{CallModel, dial};
use crate::ami::Message;
use cti_core::call::{Extension, MissReason};
use cti_core::number::Number;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// The `Uniqueid` of a channel, or the `Linkedid` of a call.
pub(super) type Uid = Arc<str>;

/// The most channels of one call.
const MAX_CHANNELS: usize = 1024;
/// `ChannelState`: the caller's side hears a ringing tone.
const RING: u8 = 4;
/// `ChannelState`: the phone rings.
pub(super) const RINGING: u8 = 5;
/// `ChannelState`: connected.
pub(super) const UP: u8 = 6;

/// How far an offering to a device came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// Not offered, as far as we know.
    None,
    /// Dialled; the phone has not said that it rings.
    Dialed,
    /// `ringing` was told.
    Ringing,
    /// It came into this call by a merge or a pick-up; only `answered` would be news of it.
    Joined,
    /// `answered` was told.
    Answered,
    /// It ended without an answer.
    Over,
}

/// One channel. No `Debug`: it holds numbers and names in clear.
pub(super) struct Channel {
    pub(super) name: Arc<str>,
    pub(super) side: Side,
    /// The call it belongs to.
    pub(super) call: Uid,
    pub(super) state: u8,
    pub(super) exten: Option<Box<str>>,
    pub(super) caller_number: Option<Box<str>>,
    pub(super) caller_name: Option<Box<str>>,
    pub(super) presentation: Option<Presentation>,
    /// The next event of the channel tells the presentation.
    pub(super) awaits_presentation: bool,
    /// The channel that dialled this one.
    pub(super) dialed_by: Option<Uid>,
    /// The channel for which it was dialled in the end, through Local channels; those may be gone before it.
    pub(super) root: Option<Uid>,
    /// The number that was dialled on this outside line.
    pub(super) dialed_number: Option<String>,
    /// The number that this channel's `Dial` calls, as a snapshot shows it.
    pub(super) dials: Option<Number>,
    pub(super) offer: Offer,
    /// How often `answered` was told of it; more than once only if it came to another device.
    pub(super) answers: u32,
    /// It gave the call away and takes no part any more.
    pub(super) left: bool,
    /// The device or the network hung up.
    pub(super) hangup_requested: bool,
    pub(super) cause: i64,
    pub(super) holding: bool,
    pub(super) holds: u32,
    pub(super) queue: Option<String>,
    pub(super) joins: u32,
    pub(super) slot: Option<String>,
    pub(super) parks: u32,
    pub(super) bridge: Option<String>,
    /// `ANSWEREDTIME_MS` as Asterisk told it at the end of a dial, until `DIALEDTIME_MS` follows.
    pub(super) answered_ms: Option<i64>,
}

impl Channel {
    pub(super) fn new(name: &str, side: Side, call: Uid) -> Self {
        Self {
            name: name.into(),
            side,
            call,
            state: 0,
            exten: None,
            caller_number: None,
            caller_name: None,
            presentation: None,
            awaits_presentation: false,
            dialed_by: None,
            root: None,
            dialed_number: None,
            dials: None,
            offer: Offer::None,
            answers: 0,
            left: false,
            hangup_requested: false,
            cause: 0,
            holding: false,
            holds: 0,
            queue: None,
            joins: 0,
            slot: None,
            parks: 0,
            bridge: None,
            answered_ms: None,
        }
    }

    pub(super) fn extension(&self) -> Option<&Extension> {
        match &self.side {
            Side::Extension(extension) => Some(extension),
            _ => None,
        }
    }

    pub(super) fn is_local(&self) -> bool {
        self.name.starts_with("Local/")
    }

    pub(super) fn is_device(&self) -> bool {
        self.side != Side::Inner
    }
}

/// All live channels.
#[derive(Default)]
pub(super) struct Channels {
    by_id: HashMap<Uid, Box<Channel>>,
    /// Those that are asked for by name: outside lines and Local channels.
    by_name: HashMap<Arc<str>, Uid>,
    gone: Recent,
}

impl Channels {
    pub(super) fn get(&self, uid: &str) -> Option<&Channel> {
        self.by_id.get(uid).map(|channel| &**channel)
    }

    pub(super) fn get_mut(&mut self, uid: &str) -> Option<&mut Channel> {
        self.by_id.get_mut(uid).map(|channel| &mut **channel)
    }

    pub(super) fn uid(&self, uid: &str) -> Option<Uid> {
        self.by_id.get_key_value(uid).map(|(uid, _)| uid.clone())
    }

    pub(super) fn named(&self, name: &str) -> Option<Uid> {
        self.by_name.get(name).cloned()
    }

    pub(super) fn insert(&mut self, uid: Uid, channel: Channel) {
        if channel.extension().is_none() {
            self.by_name.insert(channel.name.clone(), uid.clone());
        }
        self.by_id.insert(uid, Box::new(channel));
    }

    pub(super) fn rename(&mut self, uid: &str, name: &str) {
        let Some((uid, _)) = self.by_id.get_key_value(uid) else { return };
        let uid = uid.clone();
        if let Some(channel) = self.by_id.get_mut(&uid) {
            if self.by_name.get(&channel.name) == Some(&uid) {
                self.by_name.remove(&channel.name);
            }
            channel.name = name.into();
            if channel.extension().is_none() {
                self.by_name.insert(channel.name.clone(), uid);
            }
        }
    }

    /// Forgets a channel; late events of it are ignored from now on.
    pub(super) fn remove(&mut self, uid: &str) -> Option<Channel> {
        let (uid, channel) = self.by_id.remove_entry(uid)?;
        if self.by_name.get(&channel.name) == Some(&uid) {
            self.by_name.remove(&channel.name);
        }
        self.gone.remember(uid);
        Some(*channel)
    }

    pub(super) fn is_gone(&self, uid: &str) -> bool {
        self.gone.contains(uid)
    }

    /// The other half of a Local channel: `Local/6001@ctx-00000000;1` and `…;2`.
    pub(super) fn other_half(&self, uid: &str) -> Option<Uid> {
        let name = &*self.get(uid)?.name;
        let other = match name.rsplit_once(';')? {
            (front, "1") => format!("{front};2"),
            (front, "2") => format!("{front};1"),
            _ => return None,
        };
        self.named(&other)
    }

    /// The channel for which this one was dialled, through Local channels.
    pub(super) fn root_dialer(&self, uid: &str) -> Option<Uid> {
        let channel = self.get(uid)?;
        if let Some(root) = &channel.root {
            return Some(root.clone());
        }
        let mut root = channel.dialed_by.clone()?;
        for _ in 0..8 {
            let Some(channel) = self.get(&root).filter(|channel| channel.side == Side::Inner) else { break };
            if let Some(known) = &channel.root {
                return Some(known.clone());
            }
            let half = if channel.name.ends_with(";2") { self.other_half(&root) } else { None };
            match channel.dialed_by.clone().or(half) {
                Some(next) => root = next,
                None => break,
            }
        }
        Some(root)
    }
}

impl Channels {
    /// `leg` is called by `dialer`.
    pub(super) fn set_dialer(&mut self, leg: &str, dialer: Option<Uid>) {
        if let Some(channel) = self.by_id.get_mut(leg) {
            channel.dialed_by = dialer;
            let assumed = channel.root.take();
            let root = self.root_dialer(leg);
            let is_party = root.as_ref().and_then(|root| self.get(root)).is_some_and(Channel::is_device);
            let root = if is_party { root } else { assumed.or(root) };
            if let Some(channel) = self.by_id.get_mut(leg) {
                channel.root = root;
            }
        }
    }
}

/// The last few thousand names of something that is over.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<Uid>,
    known: HashSet<Uid>,
}

impl Recent {
    const MAX: usize = 8192;

    pub(super) fn remember(&mut self, uid: Uid) {
        if self.known.insert(uid.clone()) {
            self.order.push_back(uid);
        }
        if self.order.len() > Self::MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, uid: &str) -> bool {
        self.known.contains(uid)
    }
}

impl CallModel {
    /// The channel whose snapshot, with this prefix (`Dest`), an event carries. A channel that was not seen before is
    /// taken up: it was there before we were. One that has hung up is not.
    pub(super) fn touch(&mut self, message: &Message, prefix: &str) -> Option<Uid> {
        let shot = Shot::of(message, prefix);
        let uid = shot.uniqueid()?;
        let known = self.channels.uid(&uid);
        let is_new = known.is_none();
        let uid = match known {
            Some(known) => {
                self.follow_linkedid(&shot, &known);
                known
            }
            None if self.channels.is_gone(&uid) => return None,
            None => self.take_up(message, &shot, &uid)?,
        };
        if let Some(state) = shot.state()
            && let Some(channel) = self.channels.get_mut(&uid)
        {
            channel.state = state;
        }
        self.hear_presentation(message, &shot, &uid, is_new);
        if is_new {
            self.consider_origin(&uid);
        }
        let call = self.channels.get(&uid)?.call.clone();
        self.mark(&call);
        Some(uid)
    }

    fn take_up(&mut self, message: &Message, shot: &Shot<'_>, uid: &str) -> Option<Uid> {
        let name = shot.channel()?;
        let number = shot.number();
        let context = shot.context().unwrap_or_default();
        let newborn = message.is_event("Newchannel");
        let born = newborn.then(|| (context.as_ref(), number.as_deref().unwrap_or_default()));
        let side = self.sides.side(&name, born);
        let linkedid = shot.linkedid();
        let call = self.call_for(linkedid.as_deref().unwrap_or(uid))?;
        let known = self.calls.get_mut(&call)?;
        if known.channels.len() >= MAX_CHANNELS {
            return None;
        }
        let uid: Uid = if known.key.as_ref() == uid { known.key.clone() } else { uid.into() };
        let mut channel = Channel::new(&name, side, call);
        channel.exten = shot.exten().map(Into::into);
        channel.caller_number = number.map(Into::into);
        channel.caller_name = shot.name().map(|name| unescape(&name).into());
        known.channels.reserve_exact(1);
        known.channels.push(uid.clone());
        if known.key == uid {
            known.origin = Some(uid.clone());
        }
        self.channels.insert(uid.clone(), channel);
        Some(uid)
    }

    /// `ChanVariable: CALLERID(num-pres)=…`, if the PBX is set up to send it. At birth Asterisk says "allowed" for every
    /// caller (seen on 22): it reads the caller's wish right after. Then the next event of the channel tells.
    fn hear_presentation(&mut self, message: &Message, shot: &Shot<'_>, uid: &Uid, is_new: bool) {
        match (shot.presentation, self.channels.get_mut(uid)) {
            (Some(Presentation::Allowed), Some(channel)) if is_new && message.is_event("Newchannel") => {
                channel.awaits_presentation = true
            }
            (Some(presentation), _) => self.learn_presentation(uid, presentation),
            (None, _) => {}
        }
    }
}

/// `Newchannel`: the first sign of a channel, and often of a call.
pub(super) fn newchannel(model: &mut CallModel, message: &Message) {
    model.touch(message, "");
}

/// `Newstate`: a phone rings, or a channel is up.
pub(super) fn newstate(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    model.consider_origin(&uid);
    if model.channels.get(&uid).is_some_and(|channel| channel.state == RINGING) {
        model.leg_rings(&uid);
    }
}

/// `Newexten`: only of interest because `AppDial2` marks a channel that the PBX itself called (click-to-dial).
pub(super) fn newexten(model: &mut CallModel, message: &Message) {
    let [uid, application] = fields(message, ["Uniqueid", "Application"]);
    let marks = application.is_some_and(|application| application == "AppDial2");
    if !marks && model.awaiting.is_empty() && uid.is_some_and(|uid| model.channels.get(&uid).is_some()) {
        return;
    }
    let Some(uid) = model.touch(message, "") else { return };
    if marks {
        dial::originated(model, &uid);
    }
}

/// `NewCallerid`: the dial plan changed or completed what the channel shows.
pub(super) fn newcallerid(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let said = field(message, "CID-CallingPres").and_then(|text| Presentation::from_code(&text));
    // 0 is also what Asterisk says when nobody set anything, so that only a refusal is news.
    if let Some(refusal) = said.filter(|&said| said != Presentation::Allowed) {
        model.learn_presentation(&uid, refusal);
    }
    let Some(channel) = model.channels.get_mut(&uid) else { return };
    if let Some(number) = field(message, "CallerIDNum") {
        channel.caller_number = Some(number.into());
    }
    if channel.caller_name.is_none() {
        channel.caller_name = field(message, "CallerIDName").map(|name| unescape(&name).into());
    }
    model.caller_changed(&uid);
}

/// `Rename`: a masquerade moved a channel to another device. Its identity stays.
pub(super) fn rename(model: &mut CallModel, message: &Message) {
    let (Some(uid), Some(name)) = (field(message, "Uniqueid"), field(message, "Newname")) else { return };
    if let Some(uid) = model.channels.uid(&uid) {
        model.becomes(&uid, &name);
    }
}

impl CallModel {
    /// A channel has that name now: it may be at another device. Whoever has it then took the call, by a pick-up or a
    /// transfer.
    pub(super) fn becomes(&mut self, uid: &Uid, name: &str) {
        if self.channels.get(uid).is_none_or(|channel| *channel.name == *name) {
            return;
        }
        self.channels.rename(uid, name);
        let side = self.sides.side(name, None);
        let Some(channel) = self.channels.get(uid).filter(|channel| channel.is_device()) else { return };
        if name.contains("<MASQ>") || name.contains("<ZOMBIE>") || side == Side::Inner || side == channel.side {
            return;
        }
        if channel.offer == Offer::Ringing {
            self.offer_ends(uid, MissReason::AnsweredElsewhere);
        }
        if let Some(channel) = self.channels.get_mut(uid) {
            channel.side = side;
            if matches!(channel.offer, Offer::Dialed | Offer::Ringing | Offer::Answered | Offer::Over) {
                channel.offer = Offer::Joined;
            }
        }
    }
}

/// True if the state of a channel says that somebody calls us on it (and not that we call somebody).
pub(super) fn is_calling(state: u8) -> bool {
    state == RING || state == UP
}
