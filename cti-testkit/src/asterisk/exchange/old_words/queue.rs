//! Queues in old words: apps/app_queue.c (section 5, "Queue events, legacy").

use super::{OldWords, text};
use crate::asterisk::Version;
use crate::asterisk::packet::Packet;

/// What a queue writes where it knows no number (section 2.3, 3).
const NOBODY: &str = "unknown";

impl OldWords {
    /// The caller hears music from then on.
    pub(super) fn join(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let number = if self.is_1_4() { "CallerID" } else { "CallerIDNum" };
        let mut told = Packet::event("Join", "call")
            .with("Channel", text(packet, "Channel"))
            .with(number, Self::shown(packet, "CallerIDNum", NOBODY))
            .with("CallerIDName", Self::shown(packet, "CallerIDName", NOBODY));
        if !self.is_1_4() {
            told = told
                .with("ConnectedLineNum", Self::shown(packet, "ConnectedLineNum", NOBODY))
                .with("ConnectedLineName", Self::shown(packet, "ConnectedLineName", NOBODY));
        }
        for key in ["Queue", "Position", "Count", "Uniqueid"] {
            told = told.with(key, text(packet, key));
        }
        out.push(told);
        self.music(&text(packet, "Channel"), &text(packet, "Uniqueid"), true, out);
    }

    pub(super) fn queue_leave(&self, packet: &Packet, out: &mut Vec<Packet>) {
        self.music(&text(packet, "Channel"), &text(packet, "Uniqueid"), false, out);
        let mut told = Packet::event("Leave", "call")
            .with("Channel", text(packet, "Channel"))
            .with("Queue", text(packet, "Queue"))
            .with("Count", text(packet, "Count"));
        if !self.is_1_4() {
            told = told.with("Position", text(packet, "Position"));
        }
        out.push(told.with("Uniqueid", text(packet, "Uniqueid")));
    }

    pub(super) fn abandon(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let mut told = Packet::event("QueueCallerAbandon", "agent");
        for key in ["Queue", "Uniqueid", "Position", "OriginalPosition", "HoldTime"] {
            told = told.with(key, text(packet, key));
        }
        out.push(told);
    }

    /// With `eventwhencalled` only; `AgentRingNoAnswer` since 1.6.1.
    pub(super) fn agent(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if !self.eventwhencalled {
            return;
        }
        match packet.get("Event").unwrap_or_default() {
            "AgentCalled" => out.push(self.agent_called(packet)),
            "AgentRingNoAnswer" if self.is_1_4() => {}
            event => out.push(self.agent_event(event, packet)),
        }
    }

    /// 1.4 names the interface, and not the channel that was made for it.
    fn agent_called(&self, packet: &Packet) -> Packet {
        let told = Packet::event("AgentCalled", "agent");
        if self.is_1_4() {
            return told
                .with("AgentCalled", text(packet, "Interface"))
                .with("AgentName", text(packet, "MemberName"))
                .with("ChannelCalling", text(packet, "Channel"))
                .with("CallerID", Self::shown(packet, "DestCallerIDNum", NOBODY))
                .with("CallerIDName", Self::shown(packet, "DestCallerIDName", NOBODY))
                .with("Context", text(packet, "Context"))
                .with("Extension", text(packet, "Exten"))
                .with("Priority", text(packet, "Priority"));
        }
        told.with("Queue", text(packet, "Queue"))
            .with("AgentCalled", text(packet, "Interface"))
            .with("AgentName", text(packet, "MemberName"))
            .with("ChannelCalling", text(packet, "Channel"))
            .with("DestinationChannel", text(packet, "DestChannel"))
            .with("CallerIDNum", Self::shown(packet, "DestCallerIDNum", NOBODY))
            .with("CallerIDName", Self::shown(packet, "DestCallerIDName", NOBODY))
            .with("ConnectedLineNum", Self::shown(packet, "DestConnectedLineNum", NOBODY))
            .with("ConnectedLineName", Self::shown(packet, "DestConnectedLineName", NOBODY))
            .with("Context", text(packet, "Context"))
            .with("Extension", text(packet, "Exten"))
            .with("Priority", text(packet, "Priority"))
            .with("Uniqueid", text(packet, "Uniqueid"))
    }

    /// `Uniqueid` is the caller's, `Channel` the member's; `BridgedChannel` is a unique id.
    fn agent_event(&self, event: &str, packet: &Packet) -> Packet {
        let modern = self.version == Version::V11;
        let (held, rang) = if modern { ("HoldTime", "RingTime") } else { ("Holdtime", "Ringtime") };
        // `rna` names the caller's channel, the others the member's.
        let channel = if event == "AgentRingNoAnswer" { "Channel" } else { "DestChannel" };
        let mut told = Packet::event(event, "agent")
            .with("Queue", text(packet, "Queue"))
            .with("Uniqueid", text(packet, "Uniqueid"))
            .with("Channel", text(packet, channel))
            .with("Member", text(packet, "Interface"))
            .with("MemberName", text(packet, "MemberName"));
        told = match event {
            "AgentConnect" => {
                let told =
                    told.with(held, text(packet, "HoldTime")).with("BridgedChannel", text(packet, "DestUniqueid"));
                if self.is_1_4() { told } else { told.with(rang, text(packet, "RingTime")) }
            }
            "AgentRingNoAnswer" => told.with(rang, text(packet, "RingTime")),
            _ => told
                .with("HoldTime", text(packet, "HoldTime"))
                .with("TalkTime", text(packet, "TalkTime"))
                .with("Reason", text(packet, "Reason")),
        };
        told
    }

    /// `Location` is today's `Interface`, `QueueMemberPaused` today's `QueueMemberPause`.
    pub(super) fn member(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let event = match packet.get("Event").unwrap_or_default() {
            "QueueMemberPause" => "QueueMemberPaused",
            other => other,
        };
        let mut told = Packet::event(event, "agent")
            .with("Queue", text(packet, "Queue"))
            .with("Location", text(packet, "Interface"))
            .with("MemberName", text(packet, "MemberName"));
        told = match event {
            "QueueMemberRemoved" => told,
            "QueueMemberPaused" => {
                let told = told.with("Paused", text(packet, "Paused"));
                // app_queue.c of 1.4 tells no reason.
                match packet.get("PausedReason").filter(|reason| !reason.is_empty() && !self.is_1_4()) {
                    Some(reason) => told.with("Reason", reason),
                    None => told,
                }
            }
            _ => {
                for key in ["Membership", "Penalty", "CallsTaken", "LastCall", "Status", "Paused"] {
                    told = told.with(key, text(packet, key));
                }
                told
            }
        };
        out.push(told);
    }
}
