//! The parts of a telephone exchange: phones, channels, bridges, dials.

use crate::asterisk::packet::escape_c;
use std::collections::BTreeMap;
use std::time::Duration;

/// What Asterisk writes where it knows no number or name.
pub(crate) const UNKNOWN: &str = "<unknown>";

/// Internal key of a channel.
pub(crate) type ChannelKey = u64;
/// Internal key of a bridge.
pub(crate) type BridgeKey = u64;
/// Internal key of a dial.
pub(crate) type DialKey = u64;

/// What a telephone does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Rings until somebody picks it up or the time is over.
    RingsOut,
    /// Says nothing at all.
    Silent,
    /// Is picked up after a time.
    AnswersAfter(Duration),
    /// Says 486.
    Busy,
    /// Says 603.
    Rejects,
    /// Is not registered.
    Unavailable,
    /// Sends the caller elsewhere: 302.
    Forwards,
}

/// A telephone, or the far end of the trunk.
#[derive(Debug, Clone)]
pub(crate) struct Phone {
    pub(crate) name: String,
    pub(crate) behaviour: Behaviour,
    pub(crate) hangs_up_after: Option<Duration>,
    /// Where it sends callers, if it does.
    pub(crate) forwards_to: String,
    pub(crate) last_state: DeviceState,
}

impl Phone {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            behaviour: Behaviour::RingsOut,
            hangs_up_after: None,
            forwards_to: String::new(),
            last_state: DeviceState::NotInUse,
        }
    }
}

/// The state of a device as `DeviceStateChange` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceState {
    NotInUse,
    InUse,
    Ringing,
    OnHold,
    Unavailable,
    /// There is no such device.
    Invalid,
}

impl DeviceState {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotInUse => "NOT_INUSE",
            Self::InUse => "INUSE",
            Self::Ringing => "RINGING",
            Self::OnHold => "ONHOLD",
            Self::Unavailable => "UNAVAILABLE",
            Self::Invalid => "INVALID",
        }
    }

    /// The number in `QueueMemberStatus`.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::NotInUse => "1",
            Self::InUse => "2",
            Self::Invalid => "4",
            Self::Unavailable => "5",
            Self::Ringing => "6",
            Self::OnHold => "8",
        }
    }

    /// The words of `PJSIPShowEndpoints`.
    pub(crate) fn endpoint_words(self) -> &'static str {
        match self {
            Self::NotInUse => "Not in use",
            Self::InUse => "In use",
            Self::Ringing => "Ringing",
            Self::OnHold => "On Hold",
            Self::Unavailable => "Unavailable",
            Self::Invalid => "Invalid",
        }
    }
}

/// What stands behind a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Device {
    /// The outside line.
    Trunk,
    /// A telephone, by number.
    Phone(String),
    /// One half of a Local channel; the other half, and whether the pair may be optimised away.
    Local { other: ChannelKey, second: bool, optimises: bool },
}

/// The state of a channel, with Asterisk's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Down = 0,
    Ring = 4,
    Ringing = 5,
    Up = 6,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Ring => "Ring",
            Self::Ringing => "Ringing",
            Self::Up => "Up",
        }
    }
}

/// A number and a name; empty is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) number: String,
    pub(crate) name: String,
}

impl Id {
    pub(crate) fn new(number: &str, name: &str) -> Self {
        Self { number: number.to_owned(), name: name.to_owned() }
    }

    fn shown(text: &str) -> String {
        if text.is_empty() { UNKNOWN.to_owned() } else { escape_c(text) }
    }

    pub(crate) fn shown_number(&self) -> String {
        Self::shown(&self.number)
    }

    pub(crate) fn shown_name(&self) -> String {
        Self::shown(&self.name)
    }
}

/// One leg of a call.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) name: String,
    pub(crate) uniqueid: String,
    pub(crate) linkedid: String,
    pub(crate) device: Device,
    pub(crate) state: State,
    pub(crate) caller: Id,
    pub(crate) connected: Id,
    pub(crate) withheld: bool,
    pub(crate) context: String,
    pub(crate) exten: String,
    pub(crate) priority: u32,
    pub(crate) application: String,
    pub(crate) data: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) bridge: Option<BridgeKey>,
    pub(crate) created: Duration,
    /// When the dial plan's last `Dial` or `Queue` of this channel began, and when that was answered.
    pub(crate) dialed_at: Option<Duration>,
    pub(crate) answered_at: Option<Duration>,
    /// True if the dial plan runs on it: the calling side.
    pub(crate) runs_plan: bool,
    pub(crate) on_hold: bool,
    /// Where it waits in the parking lot, and the phone that put it there.
    pub(crate) parked: Option<Parked>,
    /// The queue that connected it, with the member's channel and the seconds it waited.
    pub(crate) queue: Option<QueueTalk>,
}

/// A place in the parking lot.
#[derive(Debug, Clone)]
pub(crate) struct Parked {
    pub(crate) slot: String,
    pub(crate) parker: Option<String>,
}

/// A talk that a queue connected.
#[derive(Debug, Clone)]
pub(crate) struct QueueTalk {
    pub(crate) queue: String,
    pub(crate) member: ChannelKey,
    pub(crate) waited: u64,
}

impl Channel {
    /// The snapshot as it stands in events, with a prefix (`Dest`, `Transferer`, …). `pres` adds the line that
    /// `channelvars = CALLERID(num-pres)` in manager.conf brings.
    pub(crate) fn snapshot(&self, prefix: &str, pres: bool) -> Vec<(String, String)> {
        let key = |name: &str| format!("{prefix}{name}");
        let mut headers = vec![
            (key("Channel"), self.name.clone()),
            (key("ChannelState"), (self.state as u8).to_string()),
            (key("ChannelStateDesc"), self.state.word().to_owned()),
            (key("CallerIDNum"), self.caller.shown_number()),
            (key("CallerIDName"), self.caller.shown_name()),
            (key("ConnectedLineNum"), self.connected.shown_number()),
            (key("ConnectedLineName"), self.connected.shown_name()),
            (key("Language"), "en".to_owned()),
            (key("AccountCode"), String::new()),
            (key("Context"), self.context.clone()),
            (key("Exten"), self.exten.clone()),
            (key("Priority"), self.priority.to_string()),
            (key("Uniqueid"), self.uniqueid.clone()),
            (key("Linkedid"), self.linkedid.clone()),
        ];
        if pres {
            headers.push((key("ChanVariable"), format!("CALLERID(num-pres)={}", self.presentation())));
        }
        headers
    }

    /// What `CALLERID(num-pres)` answers.
    pub(crate) fn presentation(&self) -> &'static str {
        if self.withheld { "prohib_not_screened" } else { "allowed_not_screened" }
    }

    pub(crate) fn is_local(&self) -> bool {
        matches!(self.device, Device::Local { .. })
    }

    /// The device part of the name: `PJSIP/6001`.
    pub(crate) fn device_name(&self) -> &str {
        self.name.rsplit_once('-').map_or(&self.name, |(device, _)| device)
    }
}

/// What a bridge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BridgeKind {
    /// Two parties.
    Talk,
    /// A parking lot: everybody in it waits, nobody hears another.
    Lot,
    /// A room of ConfBridge.
    Room,
}

/// Where channels meet.
#[derive(Debug, Clone)]
pub(crate) struct Bridge {
    pub(crate) uniqueid: String,
    pub(crate) kind: BridgeKind,
    pub(crate) channels: Vec<ChannelKey>,
}

impl Bridge {
    pub(crate) fn snapshot(&self, prefix: &str) -> Vec<(String, String)> {
        let key = |name: &str| format!("{prefix}{name}");
        let (class, technology, creator, name) = match self.kind {
            BridgeKind::Talk => ("basic", "simple_bridge", UNKNOWN, UNKNOWN),
            BridgeKind::Lot => ("parking", "holding_bridge", "Parking", "default"),
            BridgeKind::Room => ("base", "softmix", "ConfBridge", super::ROOM),
        };
        vec![
            (key("BridgeUniqueid"), self.uniqueid.clone()),
            (key("BridgeType"), class.to_owned()),
            (key("BridgeTechnology"), technology.to_owned()),
            (key("BridgeCreator"), creator.to_owned()),
            (key("BridgeName"), name.to_owned()),
            (key("BridgeNumChannels"), self.channels.len().to_string()),
            (key("BridgeVideoSourceMode"), "none".to_owned()),
        ]
    }
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Phone(String),
    Trunk(String),
    Local { exten: String, context: String },
}

impl Target {
    /// As it stands in the data of `Dial`.
    pub(crate) fn dialed(&self) -> String {
        match self {
            Self::Phone(number) => format!("PJSIP/{number}"),
            Self::Trunk(number) => format!("PJSIP/{number}@trunk"),
            Self::Local { exten, context } => format!("Local/{exten}@{context}/n"),
        }
    }

    /// As it stands in `DialString`.
    pub(crate) fn dial_string(&self) -> String {
        match self {
            Self::Phone(number) => number.clone(),
            Self::Trunk(number) => format!("{number}@trunk"),
            Self::Local { exten, context } => format!("{exten}@{context}/n"),
        }
    }
}

/// Why channels are being called.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    /// `Dial` of a calling channel.
    Dial { caller: ChannelKey },
    /// One round of a queue.
    Queue { caller: ChannelKey, queue: String },
    /// AMI `Originate`.
    Originate(Originate),
}

impl Purpose {
    pub(crate) fn caller(&self) -> Option<ChannelKey> {
        match self {
            Self::Dial { caller } | Self::Queue { caller, .. } => Some(*caller),
            Self::Originate(_) => None,
        }
    }
}

/// An AMI `Originate`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Originate {
    pub(crate) action_id: Option<String>,
    pub(crate) phone: String,
    pub(crate) context: String,
    pub(crate) exten: String,
    pub(crate) caller: Option<Id>,
    pub(crate) channel_id: Option<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) timeout: Duration,
}

/// Channels that are being called together.
#[derive(Debug, Clone)]
pub(crate) struct Dialing {
    pub(crate) purpose: Purpose,
    pub(crate) legs: Vec<(ChannelKey, Target)>,
    pub(crate) data: String,
    pub(crate) started: Duration,
    /// The status and cause of the last leg that failed, for the caller.
    pub(crate) failed: Option<(&'static str, u32, Option<u32>)>,
}

/// A member of a queue.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) interface: String,
    pub(crate) dynamic: bool,
    pub(crate) paused: bool,
    pub(crate) reason: String,
    pub(crate) calls: u32,
    pub(crate) last_call: u64,
    pub(crate) last_pause: u64,
    pub(crate) login: u64,
}

/// A consultation that `Atxfer` began.
#[derive(Debug, Clone)]
pub(crate) struct Consultation {
    pub(crate) transferer: ChannelKey,
    pub(crate) original: BridgeKey,
    pub(crate) second: BridgeKey,
    /// True once the transferer has hung up before the target answered.
    pub(crate) blond: bool,
}

/// What is due later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// A phone is picked up.
    Answer(ChannelKey),
    /// A phone says no.
    Refuse(ChannelKey, Behaviour),
    /// A dial has rung long enough.
    DialTimeout(DialKey),
    /// A queue tries its members again.
    QueueRetry(ChannelKey),
    /// A caller has waited in the queue long enough.
    QueueTimeout(ChannelKey),
    /// A person hangs up.
    HangUp(ChannelKey),
    /// A phone sends the caller elsewhere.
    Forward(ChannelKey),
    /// A call has been parked long enough.
    ParkTimeout(ChannelKey),
}
