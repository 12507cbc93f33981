//! The same calls told in the words of Asterisk 1.4, 1.8, 11 and 22 give the same events, apart from times and native
//! ids; what an old Asterisk cannot tell stands in [`GAPS`], with the reason.
//!
//! The simulated exchange of the testkit plays the calls; what it sends is recorded and replayed through the model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_core::call::PbxEvent;
use cti_pbx_asterisk::Replay;
use cti_testkit::asterisk::{Call, Simulator, Version};
use cti_testkit::laws;
use std::collections::BTreeMap;
use std::time::Duration;
use support::{model, words};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What an old Asterisk does not tell.
struct Gap {
    scenarios: &'static [&'static str],
    versions: &'static [Version],
    /// Where the value stands in an event; it is left out of the comparison, in both.
    path: &'static [&'static str],
    reason: &'static str,
}

/// The differences; docs/asterisk.md tells them too. Sections are those of the AMI reference.
const GAPS: &[Gap] = &[
    Gap {
        scenarios: &[
            "click_to_dial",
            "click_to_dial_to_a_colleague",
            "click_to_dial_refused",
            "click_to_dial_not_answered",
        ],
        versions: &OLD,
        path: &["caller", "name"],
        reason: "section 5, Newchannel: a channel that the PBX calls shows no name of its own before 12, only the one \
                 that Originate sets",
    },
    Gap {
        scenarios: &["agent_pauses"],
        versions: &[Version::V1_4],
        path: &["reason"],
        reason: "section 5, QueueMemberPaused: 1.4 tells no reason",
    },
];

const OLD: [Version; 3] = [Version::V1_4, Version::V1_8, Version::V11];

/// A client that only listens, and what it heard.
struct Recorder {
    socket: TcpStream,
    bytes: Vec<u8>,
}

impl Recorder {
    async fn start(sim: &Simulator) -> Self {
        let mut socket = TcpStream::connect(sim.addr()).await.unwrap();
        let login = format!("Action: Login\r\nUsername: {}\r\nSecret: {}\r\n\r\n", Simulator::USER, Simulator::SECRET);
        socket.write_all(login.as_bytes()).await.unwrap();
        let mut recorder = Self { socket, bytes: Vec::new() };
        recorder.read_until(b"Authentication accepted").await;
        recorder
    }

    async fn send(&mut self, action: &str) {
        self.socket.write_all(action.replace('\n', "\r\n").as_bytes()).await.unwrap();
    }

    async fn read_until(&mut self, mark: &[u8]) {
        while !self.bytes.windows(mark.len()).any(|window| window == mark) {
            let mut chunk = [0; 4096];
            let count = self.socket.read(&mut chunk).await.unwrap();
            assert_ne!(count, 0, "the simulator hung up");
            self.bytes.extend_from_slice(&chunk[..count]);
        }
    }

    /// Everything that was told up to now.
    async fn finish(mut self) -> Vec<u8> {
        self.send("Action: Getvar\nActionID: the-end\n\n").await;
        self.read_until(b"ActionID: the-end").await;
        self.bytes
    }
}

/// The stage of a scenario.
struct Stage {
    sim: Simulator,
    recorder: Recorder,
    version: Version,
}

impl Stage {
    async fn new(version: Version) -> Self {
        let sim = Simulator::start_version(version).await.unwrap();
        let recorder = Recorder::start(&sim).await;
        Self { sim, recorder, version }
    }

    /// A call from outside to 0312345000 with these last digits.
    fn call_in(&self, line: &str) -> cti_testkit::asterisk::CallHandle {
        self.sim.call_in(Call::from("0901234567").name("Taro").to(&format!("031234{line}")))
    }

    /// Time passes: phones act, dials end.
    async fn wait(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    async fn originate(&mut self, phone: &str, exten: &str) {
        let technology = self.version.technology();
        let action = format!(
            "Action: Originate\nActionID: click\nChannel: {technology}/{phone}\nContext: from-internal\n\
             Exten: {exten}\nPriority: 1\nCallerID: \"{exten}\" <{exten}>\nAsync: true\nTimeout: 10000\n\n"
        );
        self.recorder.send(&action).await;
        self.recorder.read_until(b"ActionID: click").await;
    }

    async fn bytes(self, name: &str) -> Vec<u8> {
        assert_eq!(self.sim.open_channels(), 0, "{name} in {:?} ends every call", self.version);
        self.recorder.finish().await
    }
}

/// Plays a call; the stage gives what is told of it.
macro_rules! scenarios {
    ($($name:ident: |$stage:ident| $body:block)*) => {
        const SCENARIOS: &[&str] = &[$(stringify!($name)),*];

        async fn play(name: &str, version: Version) -> Vec<u8> {
            #[allow(unused_mut, reason = "some scenarios only look on")]
            let mut stage = Stage::new(version).await;
            match name {
                $(stringify!($name) => { let $stage = &mut stage; $body })*
                other => panic!("no scenario {other}"),
            }
            stage.bytes(name).await
        }
    };
}

scenarios! {
    inbound_answered: |s| {
        let call = s.call_in("5000");
        s.wait(3).await;
        s.sim.phone("6001").answer();
        s.wait(5).await;
        call.hang_up();
    }
    inbound_agent_hangs_up: |s| {
        s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(5).await;
        s.sim.phone("6001").hang_up();
    }
    inbound_cancelled: |s| {
        let call = s.call_in("5000");
        s.wait(3).await;
        call.hang_up();
    }
    inbound_busy: |s| {
        s.sim.phone("6001").busy();
        s.call_in("5000");
        s.wait(1).await;
    }
    inbound_rejected: |s| {
        s.call_in("5000");
        s.wait(1).await;
        s.sim.phone("6001").reject();
    }
    inbound_not_answered: |s| {
        s.call_in("5000");
        s.wait(20).await;
    }
    inbound_unavailable: |s| {
        s.sim.phone("6001").unavailable();
        s.call_in("5000");
    }
    ring_group_answered: |s| {
        let call = s.call_in("5001");
        s.wait(3).await;
        s.sim.phone("6002").answer();
        s.wait(5).await;
        call.hang_up();
    }
    ring_group_of_which_one_is_busy: |s| {
        s.sim.phone("6003").busy();
        s.call_in("5001");
        s.wait(3).await;
        s.sim.phone("6001").answer();
        s.wait(5).await;
        s.sim.phone("6001").hang_up();
    }
    ring_group_cancelled: |s| {
        let call = s.call_in("5001");
        s.wait(3).await;
        call.hang_up();
    }
    ring_group_not_answered: |s| {
        s.call_in("5001");
        s.wait(20).await;
    }
    freepbx_group_answered: |s| {
        let call = s.call_in("5004");
        s.wait(3).await;
        s.sim.phone("6002").answer();
        s.wait(5).await;
        call.hang_up();
    }
    freepbx_group_cancelled: |s| {
        let call = s.call_in("5004");
        s.wait(3).await;
        call.hang_up();
    }
    freepbx_group_not_answered: |s| {
        s.call_in("5004");
        s.wait(20).await;
    }
    queue_answered: |s| {
        let call = s.call_in("5002");
        s.wait(3).await;
        s.sim.phone("6001").answer();
        s.wait(5).await;
        call.hang_up();
    }
    queue_answered_by_the_only_free_member: |s| {
        s.sim.phone("6002").unavailable();
        s.call_in("5002");
        s.wait(3).await;
        s.sim.phone("6001").answer();
        s.wait(5).await;
        s.sim.phone("6001").hang_up();
    }
    queue_rings_again: |s| {
        s.sim.phone("6002").unavailable();
        s.call_in("5002");
        s.wait(16).await;
        s.wait(6).await;
        s.wait(10).await;
    }
    queue_answered_in_the_second_round: |s| {
        s.sim.phone("6001").busy();
        s.sim.phone("6002").busy();
        let call = s.call_in("5002");
        s.wait(1).await;
        s.sim.phone("6001").rings_out();
        s.sim.phone("6002").rings_out();
        s.wait(6).await;
        s.sim.phone("6001").answer();
        s.wait(5).await;
        call.hang_up();
    }
    queue_member_refuses: |s| {
        let call = s.call_in("5002");
        s.wait(2).await;
        s.sim.phone("6001").reject();
        s.wait(2).await;
        s.sim.phone("6002").answer();
        s.wait(5).await;
        call.hang_up();
    }
    queue_abandoned: |s| {
        let call = s.call_in("5002");
        s.wait(3).await;
        call.hang_up();
    }
    queue_time_over: |s| {
        s.call_in("5002");
        s.wait(40).await;
    }
    held_by_the_agent: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(1).await;
        s.sim.phone("6001").hold();
        s.wait(2).await;
        s.sim.phone("6001").unhold();
        s.wait(1).await;
        call.hang_up();
    }
    held_by_the_caller: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        call.hold();
        s.wait(2).await;
        call.unhold();
        s.sim.phone("6001").hang_up();
    }
    blind_transfer: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        s.sim.phone("6001").transfer_blind("6002");
        s.wait(3).await;
        s.sim.phone("6002").answer();
        s.wait(3).await;
        call.hang_up();
    }
    blind_transfer_that_nobody_takes: |s| {
        s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        s.sim.phone("6001").transfer_blind("6002");
        s.wait(20).await;
    }
    blind_transfer_of_an_outgoing_call: |s| {
        s.sim.phone("6001").dial("90901234567");
        s.wait(1).await;
        s.sim.far_end().answer();
        s.wait(2).await;
        s.sim.phone("6001").transfer_blind("6002");
        s.wait(1).await;
        s.sim.phone("6002").answer();
        s.wait(1).await;
        s.sim.phone("6002").hang_up();
    }
    attended_transfer: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        s.sim.phone("6001").consult("6002");
        s.wait(2).await;
        s.sim.phone("6002").answer();
        s.wait(2).await;
        s.sim.phone("6001").hang_up();
        s.wait(2).await;
        call.hang_up();
    }
    attended_transfer_by_the_telephone: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        s.sim.phone("6001").hold();
        s.sim.phone("6001").dial("6002");
        s.wait(2).await;
        s.sim.phone("6002").answer();
        s.wait(2).await;
        assert!(s.sim.phone("6001").transfer_to_second_call());
        s.wait(2).await;
        call.hang_up();
    }
    attended_transfer_that_is_refused: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        s.sim.phone("6001").consult("6002");
        s.wait(2).await;
        s.sim.phone("6002").reject();
        s.wait(2).await;
        call.hang_up();
    }
    parked_and_taken: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        let slot = s.sim.phone("6001").park().unwrap();
        s.wait(2).await;
        s.sim.phone("6002").retrieve(&slot);
        s.wait(2).await;
        call.hang_up();
    }
    parked_and_given_up: |s| {
        let call = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        s.sim.phone("6001").park().unwrap();
        s.wait(2).await;
        call.hang_up();
    }
    picked_up: |s| {
        let call = s.call_in("5000");
        s.wait(2).await;
        assert!(s.sim.phone("6003").pick_up());
        s.wait(2).await;
        call.hang_up();
    }
    picked_up_out_of_a_group: |s| {
        s.sim.phone("6003").unavailable();
        s.call_in("5001");
        s.wait(2).await;
        assert!(s.sim.phone("6003").pick_up());
        s.wait(2).await;
        s.sim.phone("6003").hang_up();
    }
    internal: |s| {
        s.sim.phone("6001").dial("6002");
        s.wait(2).await;
        s.sim.phone("6002").answer();
        s.wait(2).await;
        s.sim.phone("6001").hang_up();
    }
    internal_not_answered: |s| {
        s.sim.phone("6001").dial("6002");
        s.wait(20).await;
    }
    internal_cancelled: |s| {
        s.sim.phone("6001").dial("6002");
        s.wait(2).await;
        s.sim.phone("6001").hang_up();
    }
    outbound: |s| {
        s.sim.phone("6001").dial("90901234567");
        s.wait(2).await;
        s.sim.far_end().answer();
        s.wait(2).await;
        s.sim.far_end().hang_up();
    }
    outbound_busy: |s| {
        s.sim.far_end().busy();
        s.sim.phone("6001").dial("90901234567");
        s.wait(1).await;
    }
    outbound_not_answered: |s| {
        s.sim.phone("6001").dial("90901234567");
        s.wait(25).await;
    }
    outbound_cancelled: |s| {
        s.sim.phone("6001").dial("90901234567");
        s.wait(2).await;
        s.sim.phone("6001").hang_up();
    }
    recorded: |s| {
        let call = s.call_in("5005");
        s.sim.phone("6001").answer();
        s.wait(2).await;
        call.hang_up();
    }
    click_to_dial: |s| {
        s.originate("6001", "90901234567").await;
        s.wait(1).await;
        s.sim.phone("6001").answer();
        s.wait(1).await;
        s.sim.far_end().answer();
        s.wait(2).await;
        s.sim.phone("6001").hang_up();
    }
    click_to_dial_to_a_colleague: |s| {
        s.originate("6001", "6002").await;
        s.wait(1).await;
        s.sim.phone("6001").answer();
        s.wait(1).await;
        s.sim.phone("6002").answer();
        s.wait(2).await;
        s.sim.phone("6002").hang_up();
    }
    click_to_dial_refused: |s| {
        s.originate("6001", "90901234567").await;
        s.wait(1).await;
        s.sim.phone("6001").reject();
        s.wait(5).await;
    }
    click_to_dial_not_answered: |s| {
        s.originate("6001", "90901234567").await;
        s.wait(15).await;
    }
    agent_pauses: |s| {
        s.sim.phone("6001").pause(true, "lunch");
        s.wait(5).await;
        s.sim.phone("6001").pause(false, "");
        s.wait(5).await;
        s.sim.phone("6001").pause(true, "lunch");
    }
    two_calls_at_once: |s| {
        let first = s.call_in("5000");
        s.sim.phone("6001").answer();
        s.wait(1).await;
        s.sim.phone("6002").dial("6003");
        s.wait(1).await;
        s.sim.phone("6003").answer();
        s.wait(1).await;
        first.hang_up();
        s.sim.phone("6003").hang_up();
    }
}

fn told(name: &str, bytes: &[u8], version: Version) -> Vec<PbxEvent> {
    let mut replay = Replay::new(model());
    let mut events = replay.push(bytes);
    events.extend(replay.finish());
    if let Err(found) = laws::check_complete(&events) {
        panic!("{name} in {version:?}: {found:?}: {:#?}", events.iter().map(words).collect::<Vec<_>>());
    }
    events
}

/// The events without times and native ids.
fn timeless(events: &[PbxEvent], gaps: &[&Gap]) -> Vec<String> {
    let mut names = BTreeMap::new();
    let without_gaps = |event: &PbxEvent| {
        let mut value = bare(serde_json::to_value(event).unwrap());
        for gap in gaps {
            leave_out(&mut value, gap.path);
            if let Some(record) = value.get_mut("record") {
                leave_out(record, gap.path);
            }
        }
        value.to_string()
    };
    events.iter().map(|event| numbered(&without_gaps(event), &mut names)).collect()
}

fn leave_out(value: &mut serde_json::Value, path: &[&str]) {
    match path {
        [] => *value = serde_json::Value::Null,
        [key, rest @ ..] => {
            if let Some(inner) = value.get_mut(key) {
                leave_out(inner, rest);
            }
        }
    }
}

fn bare(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(key, _)| key != "id" && key != "at" && !key.ends_with("_seconds"))
                .map(|(key, value)| match value {
                    Value::String(_) if key.ends_with("_at") => (key, Value::from("at some time")),
                    value => (key, bare(value)),
                })
                .collect(),
        ),
        Value::Array(all) => Value::Array(all.into_iter().map(bare).collect()),
        other => other,
    }
}

/// Unique ids (`1795225327.12`) become the order of their first appearance.
fn numbered(text: &str, names: &mut BTreeMap<String, usize>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let seconds = digits(&rest[start..]);
        let after = &rest[start + seconds..];
        let number = after.strip_prefix('.').map_or(0, digits);
        let end = start + seconds + if number > 0 { number + 1 } else { 0 };
        out.push_str(&rest[..start]);
        if seconds == 10 && number > 0 {
            let next = names.len() + 1;
            let name = *names.entry(rest[start..end].to_owned()).or_insert(next);
            out.push_str(&format!("#{name}"));
        } else {
            out.push_str(&rest[start..end]);
        }
        rest = &rest[end..];
    }
    out + rest
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_in_every_dialect_give_the_same_events() {
    let mut wrong = Vec::new();
    for name in SCENARIOS {
        let today = told(name, &play(name, Version::V22).await, Version::V22);
        for version in OLD {
            let then = told(name, &play(name, version).await, version);
            let gaps: Vec<&Gap> =
                GAPS.iter().filter(|gap| gap.scenarios.contains(name) && gap.versions.contains(&version)).collect();
            for gap in &gaps {
                let others: Vec<&Gap> = gaps.iter().copied().filter(|other| !std::ptr::eq(*other, *gap)).collect();
                let needed = timeless(&then, &others) != timeless(&today, &others);
                assert!(needed, "{name} in {version:?} needs no exception any more: {}", gap.reason);
            }
            if timeless(&then, &gaps) != timeless(&today, &gaps) {
                let words = |events: &[PbxEvent]| events.iter().map(words).collect::<Vec<_>>().join("\n    ");
                let (a, b) = (timeless(&today, &gaps), timeless(&then, &gaps));
                let at = a.iter().zip(&b).position(|(a, b)| a != b);
                let at = at.map(|at| format!("\n  22: {}\n  then: {}", a[at], b[at])).unwrap_or_default();
                wrong.push(format!(
                    "{name} in {version:?}:\n    {}\n  instead of\n    {}{at}",
                    words(&then),
                    words(&today)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

/// What is told of a hold by the agent where `callevents` of sip.conf is off, as it is by default: the music that the caller
/// hears tells it since 1.6; 1.4 tells nothing (section 5, Hold and MusicOnHold).
#[tokio::test(start_paused = true)]
async fn without_callevents_the_music_tells_a_hold_since_1_6() {
    for version in OLD {
        let stage = Stage::new(version).await;
        stage.sim.callevents(false);
        let call = stage.call_in("5000");
        stage.sim.phone("6001").answer();
        stage.sim.phone("6001").hold();
        stage.wait(2).await;
        stage.sim.phone("6001").unhold();
        call.hang_up();
        let events = told("hold", &stage.bytes("hold").await, version);
        let words: Vec<String> = events.iter().map(words).filter(|word| word.contains("6001")).collect();
        let silent = version == Version::V1_4;
        let expected: &[&str] = if silent {
            &["ringing 6001", "answered 6001"]
        } else {
            &["ringing 6001", "answered 6001", "held 6001", "resumed 6001"]
        };
        assert_eq!(words, expected, "{version:?}");
    }
}

/// Without `eventwhencalled` of queues.conf, as it is by default, an old queue does not tell whom it rings: only who took
/// the call is known, and no call is invented for those who did not.
#[tokio::test(start_paused = true)]
async fn without_eventwhencalled_only_the_answer_of_a_queue_is_known() {
    for version in OLD {
        let stage = Stage::new(version).await;
        stage.sim.eventwhencalled(false);
        let call = stage.call_in("5002");
        stage.wait(3).await;
        stage.sim.phone("6001").answer();
        stage.wait(3).await;
        call.hang_up();
        let events = told("queue", &stage.bytes("queue").await, version);
        let words: Vec<String> = events.iter().map(words).collect();
        assert_eq!(laws::by_call(&events).len(), 1, "{version:?}: {words:?}");
        assert!(words.contains(&"answered 6001".to_owned()), "{version:?}: {words:?}");
        assert!(!words.iter().any(|word| word.contains("6002")), "{version:?}: {words:?}");
    }
}
