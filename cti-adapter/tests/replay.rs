//! `cti-adapter replay`: recorded bytes of real Asterisks in, calls out, as the table beside the recordings tells them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti::core::call::{CallFact, CallRecord, PbxEvent};
use cti_testkit::laws;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What happened in one recorded call.
struct Truth {
    trace: &'static str,
    direction: &'static str,
    /// The number, or why there is none.
    caller: &'static str,
    dialed: &'static str,
    offered: &'static [&'static str],
    /// Everybody who answered, in order.
    answered: &'static [&'static str],
    transfers: &'static [&'static str],
    disposition: &'static str,
}

const INBOUND: Truth = Truth {
    trace: "",
    direction: "inbound",
    caller: "0901234567",
    dialed: "0312345000",
    offered: &["6001"],
    answered: &["6001"],
    transfers: &[],
    disposition: "answered",
};
const OUTBOUND: Truth = Truth { direction: "outbound", caller: "6001", dialed: "0901234567", offered: &[], ..INBOUND };
const ALL_THREE: &[&str] = &["6001", "6002", "6003"];
const BOTH: &[&str] = &["6001", "6002"];

#[rustfmt::skip]
const TRUTHS: &[Truth] = &[
    Truth { trace: "16/inbound_answered", ..INBOUND },
    Truth { trace: "22/inbound_answered", ..INBOUND },
    Truth { trace: "22/inbound_utf8_name", dialed: "0312345001", offered: ALL_THREE, answered: &["6002"], ..INBOUND },
    // The caller's giving up never reached the PBX: these bytes show a ring time-out.
    Truth { trace: "22/inbound_cancelled", answered: &[], disposition: "missed", ..INBOUND },
    Truth { trace: "22/inbound_noanswer", answered: &[], disposition: "missed", ..INBOUND },
    Truth { trace: "22/inbound_busy", answered: &[], disposition: "busy", ..INBOUND },
    Truth { trace: "22/agent_hangs_up", ..INBOUND },
    // Nothing in these bytes says that the caller is withheld: a live link asks.
    Truth { trace: "22/anonymous", ..INBOUND },
    Truth { trace: "22/anonymous_channelvars", caller: "rejected_by_user", ..INBOUND },
    Truth { trace: "22/anonymous_from", caller: "rejected_by_user", ..INBOUND },
    Truth { trace: "22/ring_group", dialed: "0312345001", offered: ALL_THREE, answered: &["6002"], ..INBOUND },
    Truth { trace: "16/ring_group_local", dialed: "0312345004", offered: BOTH, answered: &["6002"], ..INBOUND },
    Truth { trace: "22/queue_answered", dialed: "0312345002", offered: BOTH, ..INBOUND },
    // These bytes hold a QueueCallerAbandon.
    Truth { trace: "16/queue_abandoned", dialed: "0312345002", offered: BOTH, answered: &[], disposition: "abandoned", ..INBOUND },
    Truth { trace: "16/hold", ..INBOUND },
    Truth { trace: "22/hold", ..INBOUND },
    Truth { trace: "22/resync_mid_call", ..INBOUND },
    Truth { trace: "16/blind_transfer", dialed: "0312345005", offered: BOTH, answered: BOTH, transfers: &["6001 blind 6002"], ..INBOUND },
    Truth { trace: "22/blind_transfer", dialed: "0312345005", offered: BOTH, answered: BOTH, transfers: &["6001 blind 6002"], ..INBOUND },
    // 6002 was called and hung up with the rest: these bytes hold no answer of it.
    Truth { trace: "22/attended_transfer", dialed: "0312345005", offered: BOTH, transfers: &["6001 attended 6002"], ..INBOUND },
    Truth { trace: "22/internal", direction: "internal", caller: "6001", dialed: "6002", offered: &["6002"], answered: &["6002"], ..INBOUND },
    Truth { trace: "22/outbound_handset", ..OUTBOUND },
    Truth { trace: "16/click_to_dial", ..OUTBOUND },
    Truth { trace: "22/click_to_dial", ..OUTBOUND },
    Truth { trace: "22/click_to_dial_agent_refuses", dialed: "90901234567", answered: &[], disposition: "busy", ..OUTBOUND },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cti-pbx-asterisk/tests/fixtures/traces")
}

fn file(trace: &str) -> PathBuf {
    folder().join(format!("asterisk-{trace}.ami"))
}

fn replay(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cti-adapter"));
    command.args(["replay", "--pbx", "asterisk"]).arg(file);
    command
}

/// Runs it to its end; nothing but results may be printed, and nothing but success may come of it.
fn output(file: &Path) -> String {
    printed(replay(file).output().unwrap(), file)
}

fn printed(output: Output, what: &Path) -> String {
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", what.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Feeds standard input in pieces of that size.
fn output_of_pieces(bytes: &[u8], size: usize) -> String {
    let mut command = replay(Path::new("-"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let feeder = std::thread::spawn(move || bytes.chunks(size).for_each(|piece| input.write_all(piece).unwrap()));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    printed(output, Path::new("-"))
}

fn events(lines: &str) -> Vec<PbxEvent> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn facts(events: &[PbxEvent]) -> impl Iterator<Item = &CallFact> {
    events.iter().filter_map(|event| match event {
        PbxEvent::Call(event) => Some(&event.fact),
        PbxEvent::Agent(_) => None,
    })
}

fn records(events: &[PbxEvent]) -> Vec<&CallRecord> {
    let mut records = Vec::new();
    for fact in facts(events) {
        if let CallFact::Ended { record, .. } = fact {
            records.push(&**record);
        }
    }
    records
}

/// The extensions of the facts of that name, in order.
fn extensions<'a>(events: &'a [PbxEvent], name: &str) -> Vec<&'a str> {
    let named = facts(events).filter(|fact| fact.name() == name);
    named.filter_map(CallFact::extension).map(|extension| extension.as_str()).collect()
}

/// The word of an enum as it stands in JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_recorded_call_is_told_as_it_happened() {
    for truth in TRUTHS {
        let trace = truth.trace;
        let lines = output(&file(trace));
        assert_eq!(output(&file(trace)), lines, "{trace}: the same bytes, the same output");
        let events = events(&lines);
        laws::check_complete(&events).unwrap_or_else(|broken| panic!("{trace}: {broken:?}"));
        let calls = records(&events);
        let [record] = calls.as_slice() else { panic!("{trace}: {} calls", calls.len()) };
        let caller = record.caller.number.as_ref().map(|number| number.as_str().to_owned());
        assert_eq!(caller.unwrap_or_else(|| word(&record.caller.withheld)), truth.caller, "{trace}");
        assert_eq!(record.dialed.as_ref().unwrap().as_str(), truth.dialed, "{trace}");
        assert_eq!(word(&record.direction), truth.direction, "{trace}");
        assert_eq!(word(&record.disposition), truth.disposition, "{trace}");
        assert_eq!(record.answered_by.as_ref().map(|by| by.as_str()), truth.answered.last().copied(), "{trace}");
        let transfers = record.transfers.iter().map(|t| format!("{} {} {}", t.from, word(&t.how), t.to.as_str()));
        assert_eq!(transfers.collect::<Vec<_>>(), truth.transfers, "{trace}");
        let offered: BTreeSet<&str> = extensions(&events, "ringing").into_iter().collect();
        assert_eq!(offered, truth.offered.iter().copied().collect(), "{trace}");
        assert_eq!(extensions(&events, "answered"), truth.answered, "{trace}");
    }
}

#[test]
fn every_recording_is_in_the_table() {
    let mut files = BTreeSet::new();
    for version in ["16", "22"] {
        for entry in std::fs::read_dir(folder().join(format!("asterisk-{version}"))).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            files.insert(format!("{version}/{}", name.trim_end_matches(".ami")));
        }
    }
    let mut rows: BTreeSet<String> = TRUTHS.iter().map(|truth| truth.trace.to_owned()).collect();
    rows.extend(["16/twenty_calls".to_owned(), "22/queue_agent_states".to_owned()]);
    assert_eq!(files, rows);
}

#[test]
fn twenty_overlapping_calls_stay_twenty() {
    let events = events(&output(&file("16/twenty_calls")));
    laws::check_complete(&events).unwrap();
    let records = records(&events);
    let callers: BTreeSet<&str> = records.iter().map(|r| r.caller.number.as_ref().unwrap().as_str()).collect();
    assert_eq!((records.len(), callers.len()), (20, 20));
    let wanted: Vec<String> = (0..20).map(|n| format!("09000000{n:02}")).collect();
    assert!(callers.iter().eq(&wanted), "{callers:?}");
    for record in records {
        assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6001");
        assert_eq!((word(&record.direction), word(&record.disposition)), ("inbound".into(), "answered".into()));
    }
}

#[test]
fn agent_states_are_no_calls() {
    let events = events(&output(&file("22/queue_agent_states")));
    laws::check_complete(&events).unwrap();
    assert!(!events.is_empty() && laws::by_call(&events).is_empty());
}

#[test]
fn standard_input_in_odd_pieces_gives_the_same() {
    for trace in ["22/inbound_utf8_name", "16/blind_transfer"] {
        let (bytes, whole) = (std::fs::read(file(trace)).unwrap(), output(&file(trace)));
        for size in [1, 7, 4096, usize::MAX] {
            assert!(output_of_pieces(&bytes, size) == whole, "{trace} in pieces of {size}");
        }
    }
}

/// `cti-adapter replay … | head -1`
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = replay(&file("16/twenty_calls")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 1]).unwrap();
    drop(out);
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for missing in [Path::new("/no/such/file.ami"), &folder()] {
        let ended = replay(missing).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains(missing.to_str().unwrap()) && said.lines().count() == 1, "{said}");
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn bytes_that_are_no_ami_are_no_calls_and_no_crash() {
    let mut noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert_eq!(output_of_pieces(&noise, 4096), "");
    for text in
        ["", "\r\n\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Event: Newchannel\r\n\r\n", "Event", "\0\0\0"]
    {
        assert_eq!(output_of_pieces(text.as_bytes(), 3), "", "{text:?}");
    }
    // Noise before a recording costs what it covers, no more.
    noise.extend_from_slice(b"\r\n\r\n");
    noise.extend(std::fs::read(file("22/internal")).unwrap());
    let events = events(&output_of_pieces(&noise, 4096));
    laws::check_complete(&events).unwrap();
    assert_eq!(records(&events).len(), 1);
}
