//! Channels in old words: main/channel.c, main/pbx.c, apps/app_dial.c (section 5).

use super::{OldWords, plain, text};
use crate::asterisk::Version;
use crate::asterisk::exchange::parts::UNKNOWN;
use crate::asterisk::packet::Packet;

impl OldWords {
    /// `chan_sip` makes the channel of an incoming call down and says a moment later that it rings
    /// (`handle_request_invite`: `sip_new(…, AST_STATE_DOWN, …)`, then `ast_setstate(c, AST_STATE_RING)`).
    pub(super) fn newchannel(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let incoming = packet.get("ChannelState") == Some("4") && !text(packet, "Channel").starts_with("Local/");
        let (state, word) = if incoming {
            ("0".into(), "Down".into())
        } else {
            (text(packet, "ChannelState"), self.state_word(packet))
        };
        let born = Packet::event("Newchannel", "call").with("Channel", self.name(packet, "Channel"));
        out.push(if self.is_1_4() {
            born.with("State", word)
                .with("CallerIDNum", Self::shown(packet, "CallerIDNum", UNKNOWN))
                .with("CallerIDName", Self::shown(packet, "CallerIDName", UNKNOWN))
                .with("Uniqueid", text(packet, "Uniqueid"))
        } else {
            born.with("ChannelState", state)
                .with("ChannelStateDesc", word)
                .with("CallerIDNum", Self::shown(packet, "CallerIDNum", ""))
                .with("CallerIDName", Self::shown(packet, "CallerIDName", ""))
                .with("AccountCode", "")
                .with("Exten", text(packet, "Exten"))
                .with("Context", text(packet, "Context"))
                .with("Uniqueid", text(packet, "Uniqueid"))
        });
        if incoming {
            out.push(self.state_packet(packet));
        }
    }

    pub(super) fn newstate(&mut self, packet: &Packet, out: &mut Vec<Packet>) {
        out.push(self.state_packet(packet));
        if packet.get("ChannelState") == Some("6") {
            self.is_up(packet.get("Uniqueid").unwrap_or_default(), out);
        }
    }

    fn state_packet(&self, packet: &Packet) -> Packet {
        let told = Packet::event("Newstate", "call").with("Channel", self.name(packet, "Channel"));
        let told = if self.is_1_4() {
            told.with("State", self.state_word(packet)).with("CallerID", Self::shown(packet, "CallerIDNum", UNKNOWN))
        } else {
            told.with("ChannelState", text(packet, "ChannelState"))
                .with("ChannelStateDesc", self.state_word(packet))
                .with("CallerIDNum", Self::shown(packet, "CallerIDNum", ""))
        };
        let none = if self.is_1_4() { UNKNOWN } else { "" };
        let told = told.with("CallerIDName", Self::shown(packet, "CallerIDName", none));
        let told = if self.is_1_4() {
            told
        } else {
            told.with("ConnectedLineNum", Self::shown(packet, "ConnectedLineNum", ""))
                .with("ConnectedLineName", Self::shown(packet, "ConnectedLineName", ""))
        };
        told.with("Uniqueid", text(packet, "Uniqueid"))
    }

    pub(super) fn state_word(&self, packet: &Packet) -> String {
        text(packet, "ChannelStateDesc")
    }

    /// The halves of a Local channel end in `,1` and `,2` in 1.4 (section 11).
    pub(super) fn name(&self, packet: &Packet, key: &str) -> String {
        let name = text(packet, key);
        if self.is_1_4() && name.starts_with("Local/") { name.replace(';', ",") } else { name }
    }

    /// 1.4 spells the event, the key and the placeholder in another way.
    pub(super) fn newcallerid(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let (event, key, none) =
            if self.is_1_4() { ("Newcallerid", "CallerID", "<Unknown>") } else { ("NewCallerid", "CallerIDNum", "") };
        out.push(
            Packet::event(event, "call")
                .with("Channel", self.name(packet, "Channel"))
                .with(key, Self::shown(packet, "CallerIDNum", none))
                .with("CallerIDName", Self::shown(packet, "CallerIDName", none))
                .with("Uniqueid", text(packet, "Uniqueid"))
                .with("CID-CallingPres", text(packet, "CID-CallingPres")),
        );
    }

    /// Class `call` in 1.4, `dialplan` later. Setting the application of a dialled channel (`AppDial`) raised nothing.
    /// 1.4 separates the arguments of an application with `|`.
    pub(super) fn newexten(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let application = text(packet, "Application");
        if application.starts_with("AppDial") || application == "AppQueue" {
            return;
        }
        let data = text(packet, "AppData");
        let (class, data) = if self.is_1_4() { ("call", data.replace(',', "|")) } else { ("dialplan", data) };
        out.push(
            Packet::event("Newexten", class)
                .with("Channel", self.name(packet, "Channel"))
                .with("Context", text(packet, "Context"))
                .with("Extension", text(packet, "Extension"))
                .with("Priority", text(packet, "Priority"))
                .with("Application", application)
                .with("AppData", data)
                .with("Uniqueid", text(packet, "Uniqueid")),
        );
    }

    /// 1.4 calls the old name so.
    pub(super) fn renamed(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let key = if self.is_1_4() { "Oldname" } else { "Channel" };
        out.push(
            Packet::event("Rename", "call")
                .with(key, self.name(packet, "Channel"))
                .with("Newname", self.name(packet, "Newname"))
                .with("Uniqueid", text(packet, "Uniqueid")),
        );
    }

    /// Since 1.6 (section 5).
    pub(super) fn varset(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if !self.is_1_4() {
            out.push(
                Packet::event("VarSet", "dialplan")
                    .with("Channel", text(packet, "Channel"))
                    .with("Variable", text(packet, "Variable"))
                    .with("Value", plain(&text(packet, "Value")))
                    .with("Uniqueid", text(packet, "Uniqueid")),
            );
        }
    }

    pub(super) fn hangup(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let mut told = Packet::event("Hangup", "call")
            .with("Channel", self.name(packet, "Channel"))
            .with("Uniqueid", text(packet, "Uniqueid"));
        if !self.is_1_4() {
            for key in ["CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName"] {
                told = told.with(key, Self::shown(packet, key, UNKNOWN));
            }
        }
        if self.version == Version::V11 {
            told = told.with("AccountCode", "");
        }
        out.push(told.with("Cause", text(packet, "Cause")).with("Cause-txt", text(packet, "Cause-txt")));
    }

    /// Since 10 (section 5).
    pub(super) fn hangup_request(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if self.version == Version::V11 {
            out.push(
                Packet::event(packet.get("Event").unwrap_or_default(), "call")
                    .with("Channel", text(packet, "Channel"))
                    .with("Uniqueid", text(packet, "Uniqueid"))
                    .with("Cause", text(packet, "Cause")),
            );
        }
    }

    /// Only 11 says which halves belong together (section 5).
    pub(super) fn local_bridge(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if self.version == Version::V11 {
            out.push(
                Packet::event("LocalBridge", "call")
                    .with("Channel1", text(packet, "LocalOneChannel"))
                    .with("Channel2", text(packet, "LocalTwoChannel"))
                    .with("Uniqueid1", text(packet, "LocalOneUniqueid"))
                    .with("Uniqueid2", text(packet, "LocalTwoUniqueid"))
                    .with("Context", text(packet, "Context"))
                    .with("Exten", text(packet, "Exten"))
                    .with("LocalOptimization", text(packet, "LocalOptimization")),
            );
        }
    }

    /// A dial of the PBX itself (Originate) says nothing before 12.
    pub(super) fn dial_begin(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if packet.get("Channel").is_none() {
            return;
        }
        let (from, to) = (self.name(packet, "Channel"), self.name(packet, "DestChannel"));
        let (number, name) =
            (Self::shown(packet, "CallerIDNum", UNKNOWN), Self::shown(packet, "CallerIDName", UNKNOWN));
        let (own, dest) = (text(packet, "Uniqueid"), text(packet, "DestUniqueid"));
        let told = Packet::event("Dial", "call");
        out.push(if self.is_1_4() {
            told.with("Source", from)
                .with("Destination", to)
                .with("CallerID", number)
                .with("CallerIDName", name)
                .with("SrcUniqueID", own)
                .with("DestUniqueID", dest)
        } else {
            told.with("SubEvent", "Begin")
                .with("Channel", from)
                .with("Destination", to)
                .with("CallerIDNum", number)
                .with("CallerIDName", name)
                .with("ConnectedLineNum", Self::shown(packet, "ConnectedLineNum", UNKNOWN))
                .with("ConnectedLineName", Self::shown(packet, "ConnectedLineName", UNKNOWN))
                .with("UniqueID", own)
                .with("DestUniqueID", dest)
                .with("Dialstring", text(packet, "DialString"))
        });
    }

    /// 1.4 has no such event (section 5).
    pub(super) fn digit(&self, packet: &Packet, out: &mut Vec<Packet>) {
        if !self.is_1_4() {
            out.push(
                Packet::event("DTMF", "dtmf")
                    .with("Channel", text(packet, "Channel"))
                    .with("Uniqueid", text(packet, "Uniqueid"))
                    .with("Digit", text(packet, "Digit"))
                    .with("Direction", text(packet, "Direction"))
                    .with("Begin", "No")
                    .with("End", "Yes"),
            );
        }
    }

    /// main/manager.c, `fast_originate`.
    pub(super) fn originate_response(&self, packet: &Packet, out: &mut Vec<Packet>) {
        let mut told = Packet::event("OriginateResponse", "call");
        if let Some(id) = packet.get("ActionID") {
            told = told.with("ActionID", id);
        }
        for key in ["Response", "Channel", "Context", "Exten", "Reason"] {
            told = told.with(key, text(packet, key));
        }
        told = told.with("Uniqueid", Self::shown(packet, "Uniqueid", "<null>"));
        if self.is_1_4() {
            told = told.with("CallerID", Self::shown(packet, "CallerIDNum", UNKNOWN));
        }
        out.push(
            told.with("CallerIDNum", Self::shown(packet, "CallerIDNum", UNKNOWN))
                .with("CallerIDName", Self::shown(packet, "CallerIDName", UNKNOWN)),
        );
    }
}
