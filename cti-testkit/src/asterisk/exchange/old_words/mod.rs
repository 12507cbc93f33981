//! The words of an Asterisk before 12 (AMI 1.0 to 1.3) for what happens in the exchange.
//!
//! The exchange tells everything in the words of today; this writes each of them as the old version did, or leaves it
//! out where the old version said nothing. Sections are those of the project's AMI reference (`asterisk-ami.md`), file
//! names those of Asterisk's own source of that branch. Where the old Asterisk did something else, and not only said it
//! in another way (masquerades, the end of a dial), the exchange itself branches.

mod channels;
mod queue;
mod talk;

use super::parts::UNKNOWN;
use crate::asterisk::Version;
use crate::asterisk::packet::Packet;
use std::collections::BTreeMap;
use talk::Talk;

/// Writes packets of today in old words.
#[derive(Debug)]
pub(crate) struct OldWords {
    version: Version,
    /// `callevents` of sip.conf: whether a phone that holds is told (section 5, Hold).
    pub(crate) callevents: bool,
    /// `eventwhencalled` of queues.conf: whether the queue tells whom it calls (section 5, below the queue events).
    pub(crate) eventwhencalled: bool,
    /// Who shares a bridge, by its id.
    talks: BTreeMap<String, Talk>,
    /// The unique id that a device had before it moved, by the one it has now.
    moved: BTreeMap<String, String>,
}

impl OldWords {
    pub(crate) fn new(version: Version) -> Self {
        Self { version, callevents: true, eventwhencalled: true, talks: BTreeMap::new(), moved: BTreeMap::new() }
    }

    /// What the old Asterisk says instead.
    pub(crate) fn tell(&mut self, packet: &Packet, out: &mut Vec<Packet>) {
        match packet.get("Event").unwrap_or_default() {
            "Newchannel" => self.newchannel(packet, out),
            "Newstate" => self.newstate(packet, out),
            "NewCallerid" => self.newcallerid(packet, out),
            "Newexten" => self.newexten(packet, out),
            "Rename" => self.renamed(packet, out),
            "VarSet" => self.varset(packet, out),
            "Hangup" => self.hangup(packet, out),
            "HangupRequest" | "SoftHangupRequest" => self.hangup_request(packet, out),
            "LocalBridge" => self.local_bridge(packet, out),
            "DialBegin" => self.dial_begin(packet, out),
            "BridgeEnter" => self.enter(packet, out),
            "BridgeLeave" => self.leave(packet, out),
            "Hold" => self.hold(packet, true, out),
            "Unhold" => self.hold(packet, false, out),
            "BlindTransfer" => self.blind_transfer(packet, out),
            "Pickup" => self.pickup(packet, out),
            "ParkedCall" | "UnParkedCall" | "ParkedCallTimeOut" | "ParkedCallGiveUp" => self.parking(packet, out),
            "DTMFEnd" => self.digit(packet, out),
            "QueueCallerJoin" => self.join(packet, out),
            "QueueCallerLeave" => self.queue_leave(packet, out),
            "QueueCallerAbandon" => self.abandon(packet, out),
            "AgentCalled" | "AgentConnect" | "AgentComplete" | "AgentRingNoAnswer" => self.agent(packet, out),
            "QueueMemberStatus" | "QueueMemberAdded" | "QueueMemberRemoved" | "QueueMemberPause" => {
                self.member(packet, out);
            }
            "OriginateResponse" => self.originate_response(packet, out),
            // Section 6, "gone since 12" read backwards: none of these was there.
            "BridgeCreate"
            | "BridgeDestroy"
            | "BridgeMerge"
            | "DialState"
            | "DialEnd"
            | "NewConnectedLine"
            | "LocalOptimizationBegin"
            | "LocalOptimizationEnd"
            | "AttendedTransfer"
            | "MixMonitorStart"
            | "MixMonitorStop"
            | "MixMonitorMute"
            | "DeviceStateChange"
            | "DTMFBegin" => {}
            _ => out.push(packet.clone()),
        }
    }

    fn is_1_4(&self) -> bool {
        self.version == Version::V1_4
    }

    /// A number or name: what an old Asterisk writes where it knows none differs (section 2.3, 3).
    fn shown(packet: &Packet, key: &str, none: &str) -> String {
        match packet.get(key).unwrap_or_default() {
            "" | UNKNOWN => none.to_owned(),
            text => plain(text),
        }
    }
}

/// The header as it stands in today's packet.
fn text(packet: &Packet, key: &str) -> String {
    packet.get(key).unwrap_or_default().to_owned()
}

/// Before 13 nothing is escaped (section 2.3, 5). Line ends cannot come in a number or name: `chan_sip` reads both from
/// one line of a SIP header.
pub(crate) fn plain(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n' | 'r' | 't' | 'v' | 'a' | 'b' | 'f') => out.push(' '),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out.retain(|c| !matches!(c, '\r' | '\n' | '\0'));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: Version, packet: &Packet) -> String {
        let mut out = Vec::new();
        OldWords::new(version).tell(packet, &mut out);
        out.iter().map(|packet| String::from_utf8(packet.to_bytes()).unwrap_or_default()).collect()
    }

    /// The fields and their order are those of `senddialevent` in apps/app_dial.c of each branch.
    #[test]
    fn a_dial_in_each_vocabulary() {
        let dial = Packet::event("DialBegin", "call")
            .with("Channel", "SIP/trunk-1")
            .with("CallerIDNum", "0901234567")
            .with("CallerIDName", "O\\'Neil")
            .with("Uniqueid", "1.1")
            .with("DestChannel", "SIP/6001-2")
            .with("DestUniqueid", "1.2")
            .with("DialString", "6001");
        assert_eq!(
            told(Version::V1_4, &dial),
            "Event: Dial\r\nPrivilege: call,all\r\nSource: SIP/trunk-1\r\nDestination: SIP/6001-2\r\n\
             CallerID: 0901234567\r\nCallerIDName: O'Neil\r\nSrcUniqueID: 1.1\r\nDestUniqueID: 1.2\r\n\r\n"
        );
        assert_eq!(
            told(Version::V1_8, &dial),
            "Event: Dial\r\nPrivilege: call,all\r\nSubEvent: Begin\r\nChannel: SIP/trunk-1\r\n\
             Destination: SIP/6001-2\r\nCallerIDNum: 0901234567\r\nCallerIDName: O'Neil\r\n\
             ConnectedLineNum: <unknown>\r\nConnectedLineName: <unknown>\r\nUniqueID: 1.1\r\nDestUniqueID: 1.2\r\n\
             Dialstring: 6001\r\n\r\n"
        );
    }

    #[test]
    fn what_an_old_asterisk_does_not_know_is_not_said() {
        let request = Packet::event("HangupRequest", "call").with("Channel", "SIP/6001-2").with("Uniqueid", "1.2");
        assert_eq!(told(Version::V1_8, &request), "");
        assert!(told(Version::V11, &request).starts_with("Event: HangupRequest\r\n"));
        assert_eq!(told(Version::V11, &Packet::event("DialEnd", "call")), "");
    }
}
