//! Every recorded call of a real Asterisk 16 and 22, and what really happened in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_core::call::{CallFact, PbxEvent};
use cti_pbx_asterisk::Replay;
use cti_testkit::laws;
use std::collections::BTreeSet;
use support::{bytes, calls, model, records, replay, words};

/// The outside party of nearly every trace.
const CALLER: &str = "0901234567";

struct Told {
    trace: &'static str,
    direction: &'static str,
    /// Number (or why there is none) and name.
    caller: [&'static str; 2],
    dialed: &'static str,
    facts: &'static [&'static str],
}

const INBOUND: Told = Told { trace: "", direction: "inbound", caller: [CALLER, "-"], dialed: "0312345000", facts: &[] };
const ANSWERED: &[&str] = &["started", "ringing 6001", "answered 6001", "ended answered normal clearing"];
const RING_GROUP: &[&str] = &[
    "started",
    "ringing 6001",
    "ringing 6002",
    "ringing 6003",
    "missed 6001 answered_elsewhere",
    "missed 6003 answered_elsewhere",
    "answered 6002",
    "ended answered normal clearing",
];
/// The phone rang for 15 seconds. The bytes hold `DialEnd NOANSWER` and no `HangupRequest` of the caller, so that they
/// show a ring time-out, also in `inbound_cancelled`, where the caller's giving up never reached the PBX.
const RANG_OUT: &[&str] = &["started", "ringing 6001", "missed 6001 no_answer", "ended missed normal clearing"];
const HELD: &[&str] =
    &["started", "ringing 6001", "answered 6001", "held -", "resumed -", "ended answered normal clearing"];
const CLICK: &[&str] = &[
    "started",
    "context CTI_KEEP=a=b;c",
    "context CTI_REQUEST=req-77",
    "dialing 6001 0901234567",
    "answered 6001",
    "ended answered normal clearing",
];
const BLIND: &[&str] = &[
    "started",
    "recording",
    "ringing 6001",
    "answered 6001",
    "transferred 6001 6002 blind",
    "ringing 6002",
    "answered 6002",
    "ended answered normal clearing",
];
const OUTBOUND: Told = Told { direction: "outbound", caller: ["6001", "Agent One"], dialed: CALLER, ..INBOUND };

#[rustfmt::skip]
const TABLE: &[Told] = &[
    Told { trace: "16/inbound_answered", caller: [CALLER, "Taro"], facts: ANSWERED, ..INBOUND },
    Told { trace: "22/inbound_answered", caller: [CALLER, "Taro"], facts: ANSWERED, ..INBOUND },
    Told { trace: "22/inbound_utf8_name", caller: [CALLER, "山田 太郎: (株)AB"], dialed: "0312345001", facts: RING_GROUP, ..INBOUND },
    Told { trace: "22/inbound_cancelled", facts: RANG_OUT, ..INBOUND },
    Told { trace: "22/inbound_noanswer", facts: RANG_OUT, ..INBOUND },
    Told { trace: "22/inbound_busy", facts: &["started", "ringing 6001", "missed 6001 busy", "ended busy user busy"], ..INBOUND },
    Told { trace: "22/agent_hangs_up", facts: ANSWERED, ..INBOUND },
    // Nothing in these bytes says that the caller is withheld: a live link asks.
    Told { trace: "22/anonymous", facts: ANSWERED, ..INBOUND },
    Told { trace: "22/anonymous_channelvars", caller: ["rejected_by_user", "-"], facts: ANSWERED, ..INBOUND },
    Told { trace: "22/anonymous_from", caller: ["rejected_by_user", "-"], facts: ANSWERED, ..INBOUND },
    Told { trace: "22/ring_group", dialed: "0312345001", facts: RING_GROUP, ..INBOUND },
    Told { trace: "16/ring_group_local", dialed: "0312345004", facts: &[
        "started", "ringing 6002", "ringing 6001", "answered 6002", "missed 6001 answered_elsewhere", "ended answered normal clearing",
    ], ..INBOUND },
    Told { trace: "22/queue_answered", dialed: "0312345002", facts: &[
        "started", "queued support", "ringing 6001", "ringing 6002", "answered 6001", "missed 6002 answered_elsewhere",
        "dequeued support answered", "ended answered normal clearing",
    ], ..INBOUND },
    // In these bytes the caller hangs up after two seconds (HangupRequest, QueueCallerAbandon).
    Told { trace: "16/queue_abandoned", dialed: "0312345002", facts: &[
        "started", "queued support", "ringing 6001", "ringing 6002", "missed 6001 caller_gave_up", "missed 6002 caller_gave_up",
        "dequeued support abandoned", "ended abandoned normal clearing",
    ], ..INBOUND },
    Told { trace: "16/hold", facts: HELD, ..INBOUND },
    Told { trace: "22/hold", facts: HELD, ..INBOUND },
    Told { trace: "22/resync_mid_call", facts: ANSWERED, ..INBOUND },
    Told { trace: "16/blind_transfer", dialed: "0312345005", facts: BLIND, ..INBOUND },
    Told { trace: "22/blind_transfer", dialed: "0312345005", facts: BLIND, ..INBOUND },
    // 6002 was called, never rang (it stays `Down`) and was hung up with the rest: these bytes hold no answer of it.
    Told { trace: "22/attended_transfer", dialed: "0312345005", facts: &[
        "started", "recording", "ringing 6001", "answered 6001", "held 6001", "resumed 6001", "transferred 6001 6002 attended",
        "ringing 6002", "missed 6002 caller_gave_up", "ended answered normal clearing",
    ], ..INBOUND },
    Told { trace: "22/internal", direction: "internal", caller: ["6001", "Agent One"], dialed: "6002", facts: &[
        "started", "ringing 6002", "answered 6002", "ended answered normal clearing",
    ] },
    Told { trace: "22/outbound_handset", facts: &[
        "started", "dialing 6001 0901234567", "answered 6001", "ended answered normal clearing",
    ], ..OUTBOUND },
    Told { trace: "16/click_to_dial", facts: CLICK, ..OUTBOUND },
    Told { trace: "22/click_to_dial", facts: CLICK, ..OUTBOUND },
    Told { trace: "22/click_to_dial_agent_refuses", dialed: "90901234567", facts: &["started", "ended busy user busy"], ..OUTBOUND },
];

#[test]
fn every_trace_is_told_as_it_happened() {
    for told in TABLE {
        let events = replay(&bytes(told.trace));
        laws::check_complete(&events).unwrap_or_else(|broken| panic!("{}: {broken:?}", told.trace));
        let facts: Vec<String> = events.iter().map(words).collect();
        assert_eq!(facts, told.facts, "{}", told.trace);
        for event in calls(&events) {
            let json = serde_json::to_value(event).unwrap();
            let caller = &json["caller"];
            let number = caller["number"].as_str().or(caller["withheld"].as_str()).unwrap_or("-");
            assert_eq!([number, caller["name"].as_str().unwrap_or("-")], told.caller, "{}", told.trace);
            assert_eq!(json["dialed"], told.dialed, "{}", told.trace);
            assert_eq!(json["direction"], told.direction, "{}", told.trace);
        }
        assert_eq!(records(&events).len(), 1, "{}: one call", told.trace);
    }
}

#[test]
fn every_trace_in_the_folder_has_a_row() {
    let mut files = BTreeSet::new();
    for version in ["16", "22"] {
        for entry in std::fs::read_dir(support::folder().join(format!("asterisk-{version}"))).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            files.insert(format!("{version}/{}", name.trim_end_matches(".ami")));
        }
    }
    let mut rows: BTreeSet<String> = TABLE.iter().map(|told| told.trace.to_owned()).collect();
    rows.extend(["16/twenty_calls".to_owned(), "22/queue_agent_states".to_owned()]);
    assert_eq!(files, rows);
}

#[test]
fn twenty_overlapping_calls_stay_twenty() {
    let events = replay(&bytes("16/twenty_calls"));
    laws::check_complete(&events).unwrap();
    let records = records(&events);
    let callers: BTreeSet<&str> = records.iter().map(|r| r.caller.number.as_ref().unwrap().as_str()).collect();
    assert_eq!((records.len(), callers.len()), (20, 20));
    for record in records.iter() {
        let told: Vec<String> = events.iter().filter(|e| is_of(e, record.call.as_str())).map(words).collect();
        assert_eq!(told, ANSWERED);
        assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6001");
        assert!(record.caller.number.as_ref().unwrap().as_str().starts_with("09000000"));
        assert!(record.talk_seconds > 0.0);
    }
}

fn is_of(event: &PbxEvent, call: &str) -> bool {
    matches!(event, PbxEvent::Call(event) if event.call.as_str() == call)
}

#[test]
fn agents_pause_and_sign_in_without_a_call() {
    let events = replay(&bytes("22/queue_agent_states"));
    laws::check_complete(&events).unwrap();
    let told: Vec<String> = events.iter().map(words).collect();
    assert_eq!(
        told,
        [
            "6001 not_ready support lunch",
            "6001 ready support -",
            "6003 logged_in support -",
            "6003 logged_out support -"
        ]
    );
    assert!(calls(&events).is_empty());
}

#[test]
fn records_of_transfers_recordings_and_queues() {
    let events = replay(&bytes("22/blind_transfer"));
    let record = &records(&events)[0];
    assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6002");
    assert_eq!(record.extensions, ["6001".into(), "6002".into()]);
    assert_eq!(record.recordings[0].as_str(), "/tmp/rec-1795225670.46.wav");
    assert_eq!(record.recordings.len(), 1);
    assert_eq!(record.transfers[0].to.as_str(), "6002");

    let events = replay(&bytes("22/attended_transfer"));
    let record = &records(&events)[0];
    assert_eq!((record.transfers.len(), record.recordings.len()), (1, 1));
    assert_eq!(record.extensions, ["6001".into(), "6002".into()]);
    assert!(record.hold_seconds > 1.0, "the caller waited during the consultation");

    let events = replay(&bytes("22/queue_answered"));
    let record = &records(&events)[0];
    assert_eq!(record.queue.as_deref(), Some("support"));
    assert_eq!((record.queue_seconds, record.talk_seconds, record.ring_seconds), (1.516, 58.301, 0.0));

    let events = replay(&bytes("22/click_to_dial"));
    assert_eq!(records(&events)[0].context["CTI_REQUEST"], "req-77");
    assert_eq!(records(&events)[0].extensions, ["6001".into()]);
}

#[test]
fn seconds_come_from_what_asterisk_says_about_the_dial() {
    for (trace, ring, talk) in [
        ("22/inbound_answered", 1.011, 3.008),
        ("16/inbound_answered", 1.007, 3.007),
        ("22/outbound_handset", 1.006, 2.506),
        ("22/internal", 1.01, 2.504),
        ("16/ring_group_local", 1.01, 32.003),
        ("22/resync_mid_call", 0.311, 9.004),
    ] {
        let events = replay(&bytes(trace));
        let record = &records(&events)[0];
        assert_eq!((record.ring_seconds, record.talk_seconds), (ring, talk), "{trace}");
    }
}

#[test]
fn the_withheld_number_is_in_no_event() {
    for trace in ["22/anonymous_channelvars", "22/anonymous_from"] {
        for event in replay(&bytes(trace)) {
            let json = serde_json::to_string(&event).unwrap();
            assert!(!json.contains(CALLER) && !json.to_lowercase().contains("anonymous"), "{trace}: {json}");
        }
    }
}

#[test]
fn bytes_cut_anywhere_give_the_same_events() {
    for told in TABLE {
        let bytes = bytes(told.trace);
        let whole = replay(&bytes);
        let mut one = Replay::new(model());
        let mut byte_by_byte: Vec<PbxEvent> = bytes.iter().flat_map(|byte| one.push(&[*byte])).collect();
        byte_by_byte.extend(one.finish());
        assert_eq!(byte_by_byte, whole, "{}", told.trace);
    }
    let bytes = bytes("22/click_to_dial_agent_refuses");
    let whole = replay(&bytes);
    for at in 0..=bytes.len() {
        let mut two = Replay::new(model());
        let mut events = two.push(&bytes[..at]);
        events.extend(two.push(&bytes[at..]));
        events.extend(two.finish());
        assert_eq!(events, whole, "cut at {at}");
    }
}

/// The recording in two pieces.
fn in_two(bytes: &[u8], at: usize) -> Vec<PbxEvent> {
    let mut two = Replay::new(model());
    let mut events = two.push(&bytes[..at]);
    events.extend(two.push(&bytes[at..]));
    events.extend(two.finish());
    events
}

#[test]
fn agent_states_in_any_pieces_are_the_same() {
    let bytes = bytes("22/queue_agent_states");
    let whole = replay(&bytes);
    let mut one = Replay::new(model());
    let mut byte_by_byte: Vec<PbxEvent> = bytes.iter().flat_map(|byte| one.push(&[*byte])).collect();
    byte_by_byte.extend(one.finish());
    assert_eq!(byte_by_byte, whole);
    for at in 0..=bytes.len() {
        assert_eq!(in_two(&bytes, at), whole, "cut at {at}");
    }
}

/// Half a megabyte of twenty overlapping calls: byte by byte, and each packet in two pieces, elsewhere in each round.
#[test]
fn twenty_calls_in_any_pieces_are_the_same() {
    let bytes = bytes("16/twenty_calls");
    let whole = replay(&bytes);
    let mut one = Replay::new(model());
    let mut byte_by_byte: Vec<PbxEvent> = bytes.iter().flat_map(|byte| one.push(&[*byte])).collect();
    byte_by_byte.extend(one.finish());
    assert_eq!(byte_by_byte, whole);
    let mut ends: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, w)| w == b"\r\n\r\n").map(|(at, _)| at + 4).collect();
    ends.push(bytes.len());
    for round in 0..16 {
        let mut replay = Replay::new(model());
        let (mut events, mut start) = (Vec::new(), 0);
        for (place, &end) in ends.iter().enumerate() {
            let cut = start + (round * 61 + place * 37) % (end - start).max(1);
            events.extend(replay.push(&bytes[start..cut]));
            events.extend(replay.push(&bytes[cut..end]));
            start = end;
        }
        events.extend(replay.finish());
        assert_eq!(events, whole, "round {round}");
    }
}

#[test]
fn a_recording_that_stops_in_mid_call_leaves_the_call_open() {
    let bytes = bytes("22/inbound_answered");
    let cut = bytes.windows(13).position(|window| window == b"HangupRequest").unwrap();
    let mut replay = Replay::new(model());
    let mut events = replay.push(&bytes[..cut]);
    events.extend(replay.finish());
    laws::check(&events).unwrap();
    assert!(!events.is_empty());
    assert!(!events.iter().any(|event| matches!(event, PbxEvent::Call(c) if matches!(c.fact, CallFact::Ended { .. }))));
}
