//! What no scenario of the simulated exchange shows: detection, words of single versions, bounds.

use super::*;
use crate::model::{CallModel, Sides};
use cti_core::call::PbxEvent;

fn message(text: &str) -> Message {
    Message::parse(text.replace('\n', "\r\n").into())
}

/// What a model that heard that greeting tells of those packets, in short.
fn told(banner: Option<&str>, packets: &str) -> Vec<String> {
    let mut model = CallModel::new("main", Sides::default());
    if let Some(banner) = banner {
        model.greeted(banner);
    }
    let mut events = Vec::new();
    for packet in packets.split("\n\n").filter(|packet| !packet.trim().is_empty()) {
        events.extend(model.handle(&message(&format!("{}\n", packet.trim_start())), DateTime::UNIX_EPOCH));
    }
    let name =
        |event: &PbxEvent| serde_json::to_value(event).expect("json")["event"].as_str().unwrap_or_default().to_owned();
    events.iter().map(name).collect()
}

/// An answered call of an Asterisk 1.4, as `channel.c`, `pbx.c` and `app_dial.c` of that branch tell it.
const CALL_1_4: &str = "Event: Newchannel\nPrivilege: call,all\nChannel: SIP/trunk-b7a0c8e8\nState: Down\n\
    CallerIDNum: 0901234567\nCallerIDName: <unknown>\nUniqueid: 1240000000.1\n\n\
    Event: Newstate\nPrivilege: call,all\nChannel: SIP/trunk-b7a0c8e8\nState: Ring\nCallerID: 0901234567\n\
    CallerIDName: <unknown>\nUniqueid: 1240000000.1\n\n\
    Event: Newexten\nPrivilege: call,all\nChannel: SIP/trunk-b7a0c8e8\nContext: from-trunk\nExtension: 0312345000\n\
    Priority: 1\nApplication: Dial\nAppData: SIP/6001|15\nUniqueid: 1240000000.1\n\n\
    Event: Newchannel\nPrivilege: call,all\nChannel: SIP/6001-08f0a1b2\nState: Down\nCallerIDNum: <unknown>\n\
    CallerIDName: <unknown>\nUniqueid: 1240000000.2\n\n\
    Event: Dial\nPrivilege: call,all\nSource: SIP/trunk-b7a0c8e8\nDestination: SIP/6001-08f0a1b2\n\
    CallerID: 0901234567\nCallerIDName: <unknown>\nSrcUniqueID: 1240000000.1\nDestUniqueID: 1240000000.2\n\n\
    Event: Newstate\nPrivilege: call,all\nChannel: SIP/6001-08f0a1b2\nState: Ringing\nCallerID: <unknown>\n\
    CallerIDName: <unknown>\nUniqueid: 1240000000.2\n\n\
    Event: Newstate\nPrivilege: call,all\nChannel: SIP/6001-08f0a1b2\nState: Up\nCallerID: <unknown>\n\
    CallerIDName: <unknown>\nUniqueid: 1240000000.2\n\n\
    Event: Link\nPrivilege: call,all\nChannel1: SIP/trunk-b7a0c8e8\nChannel2: SIP/6001-08f0a1b2\n\
    Uniqueid1: 1240000000.1\nUniqueid2: 1240000000.2\nCallerID1: 0901234567\nCallerID2: 0312345000\n\n";

/// A re-invite repeats the link; then the caller hangs up.
const END_1_4: &str = "Event: Link\nPrivilege: call,all\nChannel1: SIP/trunk-b7a0c8e8\nChannel2: SIP/6001-08f0a1b2\n\
    Uniqueid1: 1240000000.1\nUniqueid2: 1240000000.2\nCallerID1: 0901234567\nCallerID2: 0312345000\n\n\
    Event: Unlink\nPrivilege: call,all\nChannel1: SIP/trunk-b7a0c8e8\nChannel2: SIP/6001-08f0a1b2\n\
    Uniqueid1: 1240000000.1\nUniqueid2: 1240000000.2\nCallerID1: 0901234567\nCallerID2: 0312345000\n\n\
    Event: Hangup\nPrivilege: call,all\nChannel: SIP/6001-08f0a1b2\nUniqueid: 1240000000.2\nCause: 16\n\
    Cause-txt: Normal Clearing\n\n\
    Event: Hangup\nPrivilege: call,all\nChannel: SIP/trunk-b7a0c8e8\nUniqueid: 1240000000.1\nCause: 16\n\
    Cause-txt: Normal Clearing\n\n";

#[test]
fn a_recording_without_a_greeting_is_understood_by_its_first_events() {
    let whole = format!("{CALL_1_4}{END_1_4}");
    for banner in [None, Some("Asterisk Call Manager/1.0"), Some("a proxy without a number")] {
        assert_eq!(told(banner, &whole), ["started", "ringing", "answered", "ended"], "{banner:?}");
    }
}

#[test]
fn events_prove_what_the_greeting_hides() {
    // A vendor's greeting that says 2, in front of a 1.4.
    let whole = format!("{CALL_1_4}{END_1_4}");
    assert_eq!(told(Some("Asterisk Call Manager/2.0"), &whole), ["started", "ringing", "answered", "ended"]);
    for (text, dialect) in [
        ("Event: Newchannel\nChannelState: 0\nUniqueid: 1.1\n", Some(Dialect::V1_1)),
        ("Event: Newchannel\nChannelState: 0\nPriority: 1\nUniqueid: 1.1\n", Some(Dialect::V2)),
        ("Event: Hangup\nUniqueid: 1.1\nLinkedid: 1.1\n", Some(Dialect::V2)),
        ("Event: Dial\nSubEvent: Begin\n", Some(Dialect::V1_1)),
        ("Event: Dial\nSource: x\nDestUniqueID: 1.1\n", Some(Dialect::V1_0)),
        ("Event: Bridge\nBridgestate: Link\n", Some(Dialect::V1_1)),
        ("Event: Hangup\nUniqueid: 1.1\n", None),
        ("Response: Success\n", None),
    ] {
        assert_eq!(evidence(&message(text)), dialect, "{text}");
    }
}

#[test]
fn a_new_connection_to_a_newer_version_is_noticed() {
    let mut interpreter = Interpreter::Listening(None);
    interpreter.greeted("Asterisk Call Manager/1.0");
    assert!(interpreter.interpret(&message("Event: FullyBooted\n"), DateTime::UNIX_EPOCH).is_some());
    interpreter.greeted("Asterisk Call Manager/11.0.0");
    let modern = message("Event: Newchannel\nChannel: PJSIP/6001-1\nPriority: 1\nUniqueid: 1.1\nLinkedid: 1.1\n");
    assert!(interpreter.interpret(&modern, DateTime::UNIX_EPOCH).is_none());
    assert!(matches!(interpreter, Interpreter::Modern));
}

#[test]
fn nothing_is_kept_of_a_channel_that_hung_up() {
    let mut old = Old::new(Dialect::V1_0);
    for packet in format!("{CALL_1_4}{END_1_4}").split("\n\n").filter(|packet| !packet.is_empty()) {
        old.hear(&message(&format!("{packet}\n")), DateTime::UNIX_EPOCH);
    }
    assert_eq!(old.channels.newest().count(), 0);
    assert!(old.held.is_empty() && old.masked.is_empty() && old.waiting == 0);
}

#[test]
fn a_hang_up_without_a_reason_waits_two_seconds_at_most() {
    let mut model = CallModel::new("main", Sides::default());
    let ringing = CALL_1_4.split("State: Up").next().expect("text").rsplit_once("Event: Newstate").expect("text").0;
    for packet in ringing.split("\n\n").filter(|packet| !packet.is_empty()) {
        model.handle(&message(&format!("{packet}\n")), DateTime::UNIX_EPOCH);
    }
    let at = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time");
    let gone = "Event: Hangup\nChannel: SIP/6001-08f0a1b2\nUniqueid: 1240000000.2\nCause: 0\n";
    assert!(model.handle(&message(gone), at(10)).is_empty());
    assert!(model.handle(&message("Event: PeerStatus\nPeer: SIP/6002\n"), at(11)).is_empty());
    let told = model.handle(&message("Event: PeerStatus\nPeer: SIP/6002\n"), at(13));
    assert!(serde_json::to_string(&told).expect("json").contains("no_answer"), "{told:?}");
}
