//! Which dialect a PBX speaks: the number in its greeting, and what only one dialect says.

use crate::ami::Message;
use crate::version::AmiVersion;
use std::fmt;

/// The words in which a PBX tells of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// AMI 1.0: Asterisk 1.4 (and Elastix 1).
    V1_0,
    /// AMI 1.1: Asterisk 1.6 and 1.8.
    V1_1,
    /// AMI 1.2 and 1.3: Asterisk 10 and 11.
    V1_2,
    /// AMI 2 and later: Asterisk 12 and later.
    V2,
}

impl Dialect {
    /// From the line with which the PBX greets. Vendors change it: only the number counts.
    ///
    /// ```
    /// use cti_pbx_asterisk::model::Dialect;
    /// assert_eq!(Dialect::of_banner("Asterisk Call Manager/1.0"), Some(Dialect::V1_0));
    /// assert_eq!(Dialect::of_banner("Asterisk Call Manager/1.1-vendor"), Some(Dialect::V1_1));
    /// assert_eq!(Dialect::of_banner("Asterisk Call Manager/11.0.0"), Some(Dialect::V2));
    /// assert_eq!(Dialect::of_banner("hello"), None);
    /// ```
    pub fn of_banner(banner: &str) -> Option<Self> {
        Some(match AmiVersion::of_banner(banner)?.numbers() {
            (2.., _) => Self::V2,
            (_, 0) => Self::V1_0,
            (_, 1) => Self::V1_1,
            _ => Self::V1_2,
        })
    }

    /// True before Asterisk 12.
    pub fn is_old(self) -> bool {
        self < Self::V2
    }
}

/// The number in the greeting, roughly.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V2 => "2",
        })
    }
}

/// The dialect that an event gives away, if it does.
///
/// A snapshot of a channel (12 and later) has a `Priority` also at its birth, and from 13 on a `Linkedid`; before 12 only
/// `Newexten` and lists have one. Names of events that one dialect alone has are as good.
pub(super) fn evidence(message: &Message) -> Option<Dialect> {
    const MODERN: [&str; 9] = [
        "DialBegin",
        "DialState",
        "DialEnd",
        "BridgeCreate",
        "BridgeEnter",
        "BridgeLeave",
        "QueueCallerJoin",
        "DeviceStateChange",
        "NewConnectedLine",
    ];
    let event = message.event()?;
    let is = |name: &str| event.eq_ignore_ascii_case(name);
    if MODERN.iter().any(|name| is(name))
        || message.get("Linkedid").is_some()
        || message.get("DestUniqueid").is_some() && !is("Dial")
    {
        return Some(Dialect::V2);
    }
    if is("Newchannel") || is("Newstate") {
        return Some(match (message.get("Priority"), message.get("ChannelState")) {
            (Some(_), _) => Dialect::V2,
            (None, Some(_)) => Dialect::V1_1,
            (None, None) if message.get("State").is_some() => Dialect::V1_0,
            (None, None) => return None,
        });
    }
    if is("Dial") {
        return Some(if message.get("SubEvent").is_some() { Dialect::V1_1 } else { Dialect::V1_0 });
    }
    if is("Link") || (is("Newcallerid") && message.get("CallerID").is_some()) {
        return Some(Dialect::V1_0);
    }
    if is("Rename") && message.get("Oldname").is_some() {
        return Some(Dialect::V1_0);
    }
    if is("Masquerade") || is("MusicOnHold") || (is("Bridge") && message.get("Bridgestate").is_some()) {
        return Some(Dialect::V1_1);
    }
    if is("Join") && message.get("Queue").is_some() {
        return Some(if message.get("CallerID").is_some() { Dialect::V1_0 } else { Dialect::V1_1 });
    }
    None
}
