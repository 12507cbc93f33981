//! Talks in old words: who is linked to whom, hold, transfer, pick-up, parking (section 5).

use super::{OldWords, text};
use crate::asterisk::Version;
use crate::asterisk::exchange::parts::UNKNOWN;
use crate::asterisk::packet::Packet;

/// One end of a link.
#[derive(Debug, Clone)]
struct End {
    name: String,
    uniqueid: String,
    number: String,
    up: bool,
}

/// Who shares a bridge.
#[derive(Debug, Default)]
pub(super) struct Talk {
    ends: Vec<End>,
    linked: bool,
}

impl OldWords {
    /// Before 12 a bridge is a link of two channels, told when both are there and up. `Channel1` is the one that called
    /// (`ast_bridge_call(chan, peer)`), which comes in last here.
    pub(super) fn enter(&mut self, packet: &Packet, out: &mut Vec<Packet>) {
        if packet.get("BridgeTechnology").is_some_and(|technology| technology != "simple_bridge") {
            return; // conferences and parking lots were no bridges then
        }
        let end = End {
            name: self.name(packet, "Channel"),
            uniqueid: text(packet, "Uniqueid"),
            number: Self::shown(packet, "CallerIDNum", ""),
            up: packet.get("ChannelState") == Some("6"),
        };
        let bridge = text(packet, "BridgeUniqueid");
        self.talks.entry(bridge.clone()).or_default().ends.push(end);
        self.link_if_complete(&bridge, out);
    }

    /// A channel that is in a bridge already is answered.
    pub(super) fn is_up(&mut self, uniqueid: &str, out: &mut Vec<Packet>) {
        let mut bridges = Vec::new();
        for (bridge, talk) in &mut self.talks {
            for end in talk.ends.iter_mut().filter(|end| end.uniqueid == uniqueid) {
                end.up = true;
                bridges.push(bridge.clone());
            }
        }
        for bridge in bridges {
            self.link_if_complete(&bridge, out);
        }
    }

    fn link_if_complete(&mut self, bridge: &str, out: &mut Vec<Packet>) {
        let Some(talk) = self.talks.get_mut(bridge).filter(|talk| !talk.linked) else { return };
        let [one, other] = talk.ends.as_slice() else { return };
        if one.up && other.up {
            let (one, other) = (one.clone(), other.clone());
            talk.linked = true;
            out.push(self.link(&other, &one, true));
        }
    }

    pub(super) fn leave(&mut self, packet: &Packet, out: &mut Vec<Packet>) {
        let bridge = text(packet, "BridgeUniqueid");
        let uniqueid = text(packet, "Uniqueid");
        let before = self.moved.get(&uniqueid).cloned();
        let Some(talk) = self.talks.get_mut(&bridge) else { return };
        let (ends, linked) = (talk.ends.clone(), std::mem::take(&mut talk.linked));
        talk.ends.retain(|end| end.uniqueid != uniqueid && Some(&end.uniqueid) != before.as_ref());
        if talk.ends.is_empty() {
            self.talks.remove(&bridge);
        }
        if let ([one, other], true) = (ends.as_slice(), linked) {
            out.push(self.link(other, one, false));
        }
    }

    /// 1.4 says `Link` and `Unlink`; later both are `Bridge`, but 1.8 still ends an ordinary talk with `Unlink`
    /// (section 2.3, 6).
    fn link(&self, one: &End, other: &End, on: bool) -> Packet {
        let plain_words = self.is_1_4() || (self.version == Version::V1_8 && !on);
        let word = if on { "Link" } else { "Unlink" };
        let packet = if plain_words {
            Packet::event(word, "call")
        } else {
            Packet::event("Bridge", "call").with("Bridgestate", word).with("Bridgetype", "core")
        };
        packet
            .with("Channel1", &one.name)
            .with("Channel2", &other.name)
            .with("Uniqueid1", &one.uniqueid)
            .with("Uniqueid2", &other.uniqueid)
            .with("CallerID1", &one.number)
            .with("CallerID2", &other.number)
    }

    /// After a masquerade the links stay with the unique ids; the names are others.
    pub(crate) fn masqueraded(&mut self, original: &str, clone: &str, name: &str, zombie: &str) {
        self.moved.insert(original.to_owned(), clone.to_owned());
        for end in self.talks.values_mut().flat_map(|talk| &mut talk.ends) {
            if end.uniqueid == original {
                name.clone_into(&mut end.name);
            } else if end.uniqueid == clone {
                zombie.clone_into(&mut end.name);
            }
        }
    }

    /// Whom a channel talks to.
    fn partner(&self, uniqueid: &str) -> Option<&End> {
        let talk = self.talks.values().find(|talk| talk.ends.iter().any(|end| end.uniqueid == uniqueid))?;
        talk.ends.iter().find(|end| end.uniqueid != uniqueid)
    }

    /// Told with `callevents = yes` only. From 1.6 on the other side hears music, which is told in any case
    /// (`sip_indicate`, res/res_musiconhold.c).
    pub(super) fn hold(&self, packet: &Packet, on: bool, out: &mut Vec<Packet>) {
        let (name, uniqueid) = (text(packet, "Channel"), text(packet, "Uniqueid"));
        if self.callevents {
            let told = match (self.is_1_4(), on) {
                (true, true) => Packet::event("Hold", "call"),
                (true, false) => Packet::event("Unhold", "call"),
                (false, _) => Packet::event("Hold", "call").with("Status", if on { "On" } else { "Off" }),
            };
            out.push(told.with("Channel", name).with("Uniqueid", &uniqueid));
        }
        if let Some(end) = self.partner(&uniqueid) {
            self.music(&end.name, &end.uniqueid, on, out);
        }
    }

    /// Since 1.6 (section 5).
    pub(crate) fn music(&self, name: &str, uniqueid: &str, on: bool, out: &mut Vec<Packet>) {
        if self.is_1_4() {
            return;
        }
        let told = Packet::event("MusicOnHold", "call")
            .with("State", if on { "Start" } else { "Stop" })
            .with("Channel", name)
            .with("UniqueID", uniqueid);
        out.push(if on { told.with("Class", "default") } else { told });
    }

    /// channels/chan_sip.c, `handle_request_refer`; 1.4 says nothing.
    pub(super) fn blind_transfer(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if !self.is_1_4() {
            out.push(
                Packet::event("Transfer", "call")
                    .with("TransferMethod", "SIP")
                    .with("TransferType", "Blind")
                    .with("Channel", text(packet, "TransfererChannel"))
                    .with("Uniqueid", text(packet, "TransfererUniqueid"))
                    .with("SIP-Callid", "1@127.0.0.1")
                    .with("TargetChannel", text(packet, "TransfereeChannel"))
                    .with("TargetUniqueid", text(packet, "TransfereeUniqueid"))
                    .with("TransferExten", text(packet, "Extension"))
                    .with("TransferContext", text(packet, "Context")),
            );
        }
    }

    /// Since 1.8 (section 5).
    pub(super) fn pickup(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if !self.is_1_4() {
            out.push(
                Packet::event("Pickup", "call")
                    .with("Channel", text(packet, "Channel"))
                    .with("TargetChannel", text(packet, "TargetChannel")),
            );
        }
    }

    /// 1.4 tells no unique id; `ParkedCallTimeOut` and `…GiveUp` end with a line end too many (section 2.3, 1), which
    /// the packets here cannot have.
    pub(super) fn parking(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let event = text(packet, "Event");
        let from = if event == "UnParkedCall" { "RetrieverChannel" } else { "ParkerDialString" };
        let mut told = Packet::event(&event, "call")
            .with("Exten", text(packet, "ParkingSpace"))
            .with("Channel", text(packet, "ParkeeChannel"));
        if !self.is_1_4() {
            told = told.with("Parkinglot", text(packet, "Parkinglot"));
        }
        told = told.with("From", text(packet, from));
        if event == "ParkedCall" {
            told = told.with("Timeout", text(packet, "ParkingTimeout"));
        }
        let number = if self.is_1_4() { "CallerID" } else { "CallerIDNum" };
        told = told
            .with(number, Self::shown(packet, "ParkeeCallerIDNum", UNKNOWN))
            .with("CallerIDName", Self::shown(packet, "ParkeeCallerIDName", UNKNOWN));
        if !self.is_1_4() {
            told = told
                .with("ConnectedLineNum", Self::shown(packet, "ParkeeConnectedLineNum", UNKNOWN))
                .with("ConnectedLineName", Self::shown(packet, "ParkeeConnectedLineName", UNKNOWN))
                .with("Uniqueid", text(packet, "ParkeeUniqueid"));
        }
        out.push(told);
    }
}
