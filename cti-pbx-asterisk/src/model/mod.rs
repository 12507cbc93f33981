//! What AMI events mean for calls: pure, no I/O, no clock of its own. For Asterisk 12 to 22.
//!
//! [`CallModel::handle`] takes one AMI event and the time when it happened, and tells what it means as
//! [`PbxEvent`]s. Each AMI event has one handler function; `HANDLERS` in this file lists them all:
//!
//! | AMI event | means | in |
//! | --- | --- | --- |
//! | `Newchannel` `Newstate` `NewCallerid` `Rename` `Newexten` | a device takes part in a call; a phone rings | `channel.rs` |
//! | `DialBegin` `DialState` `DialEnd` | somebody is called; it rings; it answers or not | `dial.rs`, `offer.rs` |
//! | `BridgeEnter` `BridgeLeave` `BridgeDestroy` `LocalBridge` `Pickup` | who shares a conversation | `bridge.rs` |
//! | `HangupRequest` `Hangup` | who hung up, how the call ended | `hangup.rs` |
//! | `Hold` `Unhold` `ParkedCall` `UnParkedCall` … | hold and park | `hold.rs` |
//! | `BlindTransfer` `AttendedTransfer` | a call went from one to another | `transfer.rs` |
//! | `QueueCallerJoin` … `AgentCalled` `AgentConnect` … | queues | `queue.rs` |
//! | `QueueMemberPause` `…Added` `…Removed` | agents | `agent.rs` |
//! | `VarSet` `UserEvent` | recordings, attached data, lengths of talk | `variable.rs` |
//! | `OriginateResponse` | click-to-dial | `dial.rs` |
//! | `CoreShowChannel` `Status` `BridgeInfoChannel` `QueueEntry` `QueueMember` (snapshot) | what is live after a lost link | `resync.rs` |
//!
//! Around them: which side a channel is on (`side.rs`), the direction of a call and when it is known
//! (`direction.rs`), the caller and what he withholds (`caller.rs`), where the seconds go (`cti_core::call::Stopwatch`), the time of
//! recorded bytes ([`WireClock`]), what is kept of a call (`call.rs`).
//!
//! # How a call is told
//!
//! * A call is everything that shares one `Linkedid`; its id is the `Uniqueid` of its first channel. When Asterisk
//!   gives a channel the `Linkedid` of another known call, the two became one: the older outside call goes on, the
//!   other ends `merged`. Asterisk 12 has no `Linkedid`: there the dial links channels.
//! * The direction never changes within a call. A call that a phone of ours begins may go outside or to a colleague:
//!   its first events are held back until the second party is called (or the call ends), with their own times.
//! * `ringing` means that the call is offered to a phone, once for each channel of a device. A phone that answers or
//!   refuses without a word that it rings was offered the call too: `ringing` comes right before.
//! * `answered` comes from the end of the dial to that phone (`DialEnd`, `AgentConnect`), and where none was seen from
//!   its entering a conversation. The dial plan's own `Answer()` is none. An outside line that answers a forwarded
//!   inbound call counts as talk, but there is no extension to name.
//! * A hold that is open when an attended transfer succeeds is over: `resumed` comes right before `transferred`.
//! * A reader that joined in mid-call counts the holds of a channel from there on: only then can its ids differ.

mod agent;
mod bridge;
mod call;
mod caller;
mod channel;
mod clock;
mod dial;
mod direction;
mod hangup;
mod hold;
mod merge;
mod offer;
mod queue;
mod resync;
mod side;
mod silent;
mod text;
mod transfer;
mod variable;

pub use caller::UNKNOWN_PRESENTATION;
pub use clock::WireClock;
pub use side::Sides;

use crate::ami::Message;
use call::Call;
use caller::Presentation;
use channel::{Channels, Recent, Uid};
use chrono::{DateTime, Utc};
use cti_core::call::{CallId, EventId, Extension, OpenCall, PbxEvent};
use side::Side;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::LazyLock;

type Handler = fn(&mut CallModel, &Message);

/// Every AMI event that means something, and the function that knows what. The most frequent first.
const HANDLERS: &[(&str, Handler)] = &[
    ("VarSet", variable::var_set),
    ("Newexten", channel::newexten),
    ("Newstate", channel::newstate),
    ("Newchannel", channel::newchannel),
    ("Hangup", hangup::hangup),
    ("BridgeEnter", bridge::enter),
    ("BridgeLeave", bridge::leave),
    ("BridgeDestroy", bridge::destroy),
    ("DialBegin", dial::begin),
    ("DialState", dial::state),
    ("DialEnd", dial::end),
    ("HangupRequest", hangup::request),
    ("NewCallerid", channel::newcallerid),
    ("Rename", channel::rename),
    ("LocalBridge", bridge::local),
    ("Pickup", bridge::pickup),
    ("Hold", hold::hold),
    ("Unhold", hold::unhold),
    ("ParkedCall", hold::parked),
    ("UnParkedCall", hold::unparked),
    ("ParkedCallTimeOut", hold::unparked),
    ("ParkedCallGiveUp", hold::unparked),
    ("BlindTransfer", transfer::blind),
    ("AttendedTransfer", transfer::attended),
    ("QueueCallerJoin", queue::join),
    ("QueueCallerLeave", queue::leave),
    ("QueueCallerAbandon", queue::abandon),
    ("AgentCalled", queue::agent_called),
    ("AgentConnect", queue::agent_connect),
    ("AgentRingNoAnswer", queue::agent_ring_no_answer),
    ("QueueMemberPause", agent::pause),
    ("QueueMemberPaused", agent::pause),
    ("QueueMemberAdded", agent::added),
    ("QueueMemberRemoved", agent::removed),
    ("OriginateResponse", dial::originate_response),
    ("UserEvent", variable::user_event),
];

/// The same by the length of the name, so that an event without meaning is known by a look or two.
static BY_LENGTH: LazyLock<Vec<Vec<(&str, Handler)>>> = LazyLock::new(|| {
    let longest = HANDLERS.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    (0..=longest).map(|len| HANDLERS.iter().filter(|(name, _)| name.len() == len).copied().collect()).collect()
});

fn handler_of(event: &str) -> Option<Handler> {
    let same_length = BY_LENGTH.get(event.len())?;
    same_length.iter().find(|(name, _)| event.eq_ignore_ascii_case(name)).map(|(_, handler)| *handler)
}

/// Turns AMI events into calls.
///
/// ```
/// use cti_pbx_asterisk::ami::Message;
/// use cti_pbx_asterisk::model::{CallModel, Sides, WireClock};
///
/// let mut model = CallModel::new("main", Sides::default());
/// let mut clock = WireClock::new();
/// let message = Message::parse(
///     "Event: Newchannel\r\nChannel: PJSIP/trunk-00000000\r\nChannelState: 4\r\nCallerIDNum: 0901234567\r\n\
///      Context: from-trunk\r\nExten: 0312345000\r\nUniqueid: 1795225327.0\r\nLinkedid: 1795225327.0\r\n".into());
/// let at = clock.at(&message);
/// let events = model.handle(&message, at);
/// assert_eq!(serde_json::to_value(&events[0])?["event"], "started");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct CallModel {
    pbx: String,
    sides: Sides,
    context_prefixes: Vec<String>,
    max_open: usize,
    wait_for_presentation: bool,
    channels: Channels,
    calls: HashMap<Uid, Box<Call>>,
    /// The keys of open calls in order of their first sign.
    order: BTreeMap<u64, Uid>,
    /// `Linkedid`s that lead to an open call with another key.
    aliases: HashMap<Uid, Uid>,
    ended: Recent,
    bridges: HashMap<String, Vec<Uid>>,
    agents: HashMap<(Extension, String), EventId>,
    /// With which interface an extension is a member of queues.
    interfaces: HashMap<Extension, String>,
    calls_seen: u64,
    callers_to_ask: Vec<String>,
    /// Channels of callers whose next event tells whether they withhold the number.
    awaiting: Vec<Uid>,
    /// The event at work: when it happened, which calls it touched, what it means.
    now: DateTime<Utc>,
    touched: Vec<Uid>,
    out: Vec<PbxEvent>,
    ignored: u64,
}

/// Only counts: the model holds numbers and names of callers.
impl fmt::Debug for CallModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallModel")
            .field("pbx", &self.pbx)
            .field("open_calls", &self.calls.len())
            .field("ignored", &self.ignored)
            .finish_non_exhaustive()
    }
}

impl CallModel {
    /// A model that knows no call, for the PBX with this name.
    pub fn new(pbx: &str, sides: Sides) -> Self {
        Self {
            pbx: pbx.to_owned(),
            sides,
            context_prefixes: vec!["CTI_".to_owned()],
            max_open: 100_000,
            wait_for_presentation: false,
            channels: Channels::default(),
            calls: HashMap::new(),
            order: BTreeMap::new(),
            aliases: HashMap::new(),
            ended: Recent::default(),
            bridges: HashMap::new(),
            agents: HashMap::new(),
            interfaces: HashMap::new(),
            calls_seen: 0,
            callers_to_ask: Vec::new(),
            awaiting: Vec::new(),
            now: DateTime::UNIX_EPOCH,
            touched: Vec::new(),
            out: Vec::new(),
            ignored: 0,
        }
    }

    /// Channel variables whose names begin so are attached to the call (`context`); leading `_` of inherited variables
    /// do not count. Default: `CTI_`.
    #[must_use]
    pub fn context_prefixes<T: Into<String>>(mut self, prefixes: impl IntoIterator<Item = T>) -> Self {
        self.context_prefixes = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// How many calls can be open. Beyond that the oldest is given up as `lost_track`. Default: 100 000.
    #[must_use]
    pub fn max_open_calls(mut self, max: usize) -> Self {
        self.max_open = max.max(1);
        self
    }

    /// Holds back every event of an inbound call until it is known whether the caller withholds the number: from the
    /// events themselves or from [`CallModel::set_presentation`]. For live links; default: no.
    #[must_use]
    pub fn wait_for_presentation(mut self, wait: bool) -> Self {
        self.wait_for_presentation = wait;
        self
    }

    /// What one AMI event means. `at` is when it happened: from its `Timestamp` header, the time of receipt, or the
    /// [`WireClock`] of a replay. Messages that are no events, and events that mean nothing here, are ignored.
    pub fn handle(&mut self, message: &Message, at: DateTime<Utc>) -> Vec<PbxEvent> {
        match message.event().and_then(|event| handler_of(&event)) {
            Some(handler) => {
                self.now = at;
                handler(self, message);
                self.finish()
            }
            None => {
                self.ignored += 1;
                Vec::new()
            }
        }
    }

    /// How many messages meant nothing to the model.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Takes over the calls of an earlier run, before the first [`CallModel::resync`]. Those that the PBX still knows go
    /// on; the others end `lost_track` there.
    pub fn seed(&mut self, open: Vec<OpenCall>) {
        for call in open {
            let key: Uid = call.record.call.native().into();
            if call.record.call.pbx() == self.pbx && !self.calls.contains_key(&key) {
                let number = self.next_number();
                self.order.insert(number, key.clone());
                self.calls.insert(key.clone(), Box::new(Call::resumed(key, number, call)));
            }
        }
    }

    /// The PBX itself restarted: everything known ends `lost_track`, since its ids start anew.
    pub fn forget_all(&mut self, at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.now = at;
        for key in self.keys_in_order() {
            self.lose(&key);
        }
        self.bridges.clear();
        self.finish()
    }

    /// The calls that are not over, oldest first, as far as anything was told of them.
    pub fn open_calls(&self) -> Vec<CallId> {
        let open = self.order.values().filter_map(|key| self.calls.get(key));
        open.filter(|call| call.is_told()).map(|call| call.id.clone()).collect()
    }

    /// The name of the channel with which that extension takes part in that call.
    pub fn channel_of(&self, call: &CallId, extension: &Extension) -> Option<String> {
        let channels = self.call(call)?.channels.iter().filter_map(|uid| self.channels.get(uid));
        channels
            .filter(|channel| channel.extension() == Some(extension) && !channel.left)
            .max_by_key(|channel| channel.state)
            .map(|channel| channel.name.to_string())
    }

    /// The name of the outside party's channel in that call.
    pub fn customer_channel(&self, call: &CallId) -> Option<String> {
        let call = self.call(call)?;
        let of = |uid: &Uid| self.channels.get(uid).filter(|channel| channel.side == Side::Trunk && !channel.left);
        let origin = call.origin.as_ref().and_then(of);
        origin.or_else(|| call.channels.iter().filter_map(of).max_by_key(|c| c.state)).map(|c| c.name.to_string())
    }

    /// The interface with which that extension is a member of queues (`Local/6001@from-queue/n`), if it was heard.
    pub fn interface_of(&self, extension: &Extension) -> Option<String> {
        self.interfaces.get(extension).cloned()
    }

    /// True if that extension asks somebody else while the other party of that call waits: it has a second channel in the
    /// call, or it holds, somebody waits in another conversation, and one more was called after it.
    pub fn is_consulting(&self, call: &CallId, extension: &Extension) -> bool {
        let Some(call) = self.call(call) else { return false };
        let channels: Vec<_> = call.channels.iter().filter_map(|uid| self.channels.get(uid)).collect();
        let is_own = |channel: &channel::Channel| channel.extension() == Some(extension) && !channel.left;
        let Some(first) = channels.iter().position(|channel| is_own(channel)) else { return false };
        let (own, later) = (channels[first], &channels[first + 1..]);
        let waits = |channel: &channel::Channel| {
            channel.is_device() && !is_own(channel) && channel.bridge.is_some() && channel.bridge != own.bridge
        };
        let asks =
            later.iter().any(|channel| !waits(channel) && (channel.is_device() || channel.name.starts_with("Local/")));
        later.iter().any(|channel| is_own(channel))
            || (own.holding && asks && channels.iter().any(|channel| waits(channel)))
    }

    /// The channels of new outside callers of whom nobody has said yet whether they withhold the number, each once:
    /// the link asks `Getvar CALLERID(num-pres)` and hands the answer to [`CallModel::set_presentation`].
    pub fn callers_to_ask(&mut self) -> Vec<String> {
        std::mem::take(&mut self.callers_to_ask)
    }

    /// True unless the caller of that call is shown only because nobody has asked yet.
    pub fn presentation_known(&self, call: &CallId) -> bool {
        let Some(call) = self.call(call) else { return true };
        let origin = call.origin.as_ref().and_then(|uid| self.channels.get(uid));
        call.caller.withheld.is_some()
            || origin.is_none_or(|channel| channel.side != Side::Trunk || channel.presentation.is_some())
    }

    /// What the PBX answered to `Getvar CALLERID(num-pres)` on that channel. Anything but a word that the caller
    /// refuses (also an empty answer) lets the number be shown;
    /// [`UNKNOWN_PRESENTATION`] hides it for the rest of the call. Returns the events that waited for it.
    pub fn set_presentation(&mut self, channel: &str, pres: &str) -> Vec<PbxEvent> {
        if let Some(uid) = self.channels.named(channel) {
            let key = self.channels.get(&uid).map(|channel| channel.call.clone());
            if let Some(call) = key.and_then(|key| self.calls.get(&key)) {
                self.now = call.last_at;
            }
            self.learn_presentation(&uid, Presentation::from_word(pres).unwrap_or(Presentation::Allowed));
        }
        self.finish()
    }

    fn call(&self, call: &CallId) -> Option<&Call> {
        let key = self.key_of(call.native()).filter(|_| call.pbx() == self.pbx)?;
        self.calls.get(&key).map(|call| &**call)
    }

    /// The key of the open call to which a `Linkedid` belongs.
    fn key_of(&self, linkedid: &str) -> Option<Uid> {
        if let Some(key) = self.aliases.get(linkedid) {
            return Some(key.clone());
        }
        self.calls.get_key_value(linkedid).map(|(key, _)| key.clone())
    }

    /// The call of a `Linkedid`, made if there is none. `None` if that call is over: it is never opened again.
    fn call_for(&mut self, linkedid: &str) -> Option<Uid> {
        if let Some(key) = self.key_of(linkedid) {
            return Some(key);
        }
        if self.ended.contains(linkedid) {
            return None;
        }
        while self.calls.len() >= self.max_open {
            let oldest = self.order.first_key_value().map(|(_, key)| key.clone())?;
            self.lose(&oldest);
        }
        let key: Uid = linkedid.into();
        let number = self.next_number();
        self.order.insert(number, key.clone());
        self.calls.insert(key.clone(), Box::new(Call::new(&self.pbx, key.clone(), number, self.now)));
        Some(key)
    }

    fn next_number(&mut self) -> u64 {
        self.calls_seen += 1;
        self.calls_seen
    }

    fn keys_in_order(&self) -> Vec<Uid> {
        self.order.values().cloned().collect()
    }

    /// The call of a channel.
    fn call_of(&mut self, uid: &str) -> Option<&mut Call> {
        let key = &self.channels.get(uid)?.call;
        self.calls.get_mut(key).map(|call| &mut **call)
    }

    fn mark(&mut self, key: &Uid) {
        if !self.touched.contains(key) {
            self.touched.push(key.clone());
        }
    }

    /// Books the time of the calls that were touched and hands out what was told.
    fn finish(&mut self) -> Vec<PbxEvent> {
        for key in self.touched.drain(..) {
            if let Some(call) = self.calls.get_mut(&key) {
                let at = call.clock(self.now);
                call.watch.switch(call.activity(), at);
            }
        }
        std::mem::take(&mut self.out)
    }
}
