//! What must hold whatever the wire brings: calls stay apart, nothing is told twice, nothing panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use chrono::TimeDelta;
use cti_core::call::PbxEvent;
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::WireClock;
use cti_testkit::laws;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use support::{bytes, calls, journal, messages, model, records, words};

const TRACES: [&str; 12] = [
    "16/ring_group_local",
    "16/queue_abandoned",
    "16/blind_transfer",
    "16/click_to_dial",
    "22/attended_transfer",
    "22/blind_transfer",
    "22/click_to_dial_agent_refuses",
    "22/hold",
    "22/inbound_busy",
    "22/internal",
    "22/queue_answered",
    "22/ring_group",
];

static PACKETS: LazyLock<Vec<Vec<Message>>> =
    LazyLock::new(|| TRACES.iter().map(|name| messages(&bytes(name))).collect());

fn run<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<PbxEvent> {
    let (mut model, mut clock) = (model(), WireClock::new());
    let mut events = Vec::new();
    for message in messages {
        let at = clock.at(message);
        events.extend(model.handle(message, at));
    }
    events
}

/// The words of each call, by its native id.
fn by_call(events: &[PbxEvent]) -> BTreeMap<String, Vec<String>> {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in calls(events) {
        told.entry(event.call.native().to_owned()).or_default().push(words(&PbxEvent::Call(event.clone())));
    }
    told
}

/// The trace as if it had happened in another part of the PBX's life: other ids, other channel names.
fn renamed(trace: usize, tag: usize) -> Vec<Message> {
    let text = String::from_utf8_lossy(&bytes(TRACES[trace])).replace("1795225", &format!("19{tag:02}225"));
    let text = text.replace("-000000", &format!("-{tag:02}0000"));
    let text = text.replace("BridgeUniqueid: ", &format!("BridgeUniqueid: {tag}-"));
    messages(text.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn interleaved_calls_stay_apart(
        traces in prop::collection::vec(0..TRACES.len(), 2..5),
        turns in prop::collection::vec(0usize..5, 0..1500),
    ) {
        let streams: Vec<Vec<Message>> = traces.iter().enumerate().map(|(tag, &trace)| renamed(trace, tag)).collect();
        let mut alone = BTreeMap::new();
        for stream in &streams {
            alone.extend(by_call(&run(stream)));
        }
        let mut queues: Vec<_> = streams.iter().map(|stream| stream.iter()).collect();
        let mut mixed = Vec::new();
        for turn in turns {
            let turn = turn % queues.len();
            mixed.extend(queues[turn].next());
        }
        mixed.extend(queues.into_iter().flatten());
        let events = run(mixed);
        prop_assert_eq!(laws::check_complete(&events), Ok(()));
        prop_assert_eq!(by_call(&events), alone);
    }

    #[test]
    fn what_is_cut_off_is_lost_exactly_once(trace in 0..TRACES.len(), keep in 0.0f64..1.0) {
        let packets = &PACKETS[trace];
        let kept = (packets.len() as f64 * keep) as usize;
        let (mut model, mut clock) = (model(), WireClock::new());
        let mut events = Vec::new();
        for message in &packets[..kept] {
            let at = clock.at(message);
            events.extend(model.handle(message, at));
        }
        let at = clock.at(&Message::default()) + TimeDelta::seconds(30);
        events.extend(model.resync(&[], at));
        for message in &packets[kept..] {
            events.extend(model.handle(message, at));
        }
        events.extend(model.resync(&[], at));
        prop_assert_eq!(laws::check_complete(&events), Ok(()));
        prop_assert!(model.open_calls().is_empty());
        prop_assert!(records(&events).len() <= 1);
    }

    #[test]
    fn events_that_come_twice_do_no_harm(trace in 0..TRACES.len(), twice in prop::collection::vec(any::<bool>(), 400)) {
        let packets = &PACKETS[trace];
        let doubled = packets.iter().zip(twice.iter().cycle()).flat_map(|(m, &twice)| std::iter::repeat_n(m, 1 + usize::from(twice)));
        let events = run(doubled);
        prop_assert_eq!(laws::check_complete(&events), Ok(()));
        prop_assert_eq!(by_call(&events), by_call(&run(packets)));
    }

    #[test]
    fn events_that_never_come_break_no_law(trace in 0..TRACES.len(), lost in prop::collection::vec(0u8..8, 400)) {
        let (mut model, mut clock) = (model(), WireClock::new());
        let mut events = Vec::new();
        for (message, _) in PACKETS[trace].iter().zip(lost.iter().cycle()).filter(|(_, lost)| **lost > 0) {
            let at = clock.at(message);
            events.extend(model.handle(message, at));
        }
        events.extend(model.resync(&[], clock.at(&Message::default())));
        let mut broken = laws::check_complete(&events).err().unwrap_or_default();
        broken.retain(|violation| violation.law != 3);
        prop_assert_eq!(broken, vec![], "only who answered may be unknown, if that was lost");
    }

    #[test]
    fn damaged_bytes_never_panic(
        trace in 0..TRACES.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60),
    ) {
        let mut bytes = bytes(TRACES[trace]);
        for (place, byte) in damage {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        let mut replay = cti_pbx_asterisk::Replay::new(model());
        let mut events = replay.push(&bytes);
        events.extend(replay.finish());
        let ended = records(&events);
        prop_assert!(ended.iter().all(|record| ended.iter().filter(|other| other.call == record.call).count() == 1));
    }

    #[test]
    fn a_restart_at_any_point_tells_every_fact_once(trace in 0..TRACES.len(), cut in 0.0f64..1.0) {
        let packets = &PACKETS[trace];
        let kept = (packets.len() as f64 * cut) as usize;
        let (mut first, mut clock) = (model(), WireClock::new());
        let mut events = Vec::new();
        for message in &packets[..kept] {
            let at = clock.at(message);
            events.extend(first.handle(message, at));
        }
        let mut second = model();
        second.seed(journal(&events));
        for message in &packets[kept..] {
            let at = clock.at(message);
            events.extend(second.handle(message, at));
        }
        events.extend(second.resync(&[], clock.at(&Message::default())));
        let ended = records(&events);
        prop_assert!(ended.len() <= 1, "{:?}", events.iter().map(words).collect::<Vec<_>>());
        let told: Vec<u64> = calls(&events).iter().map(|event| event.seq).collect();
        prop_assert_eq!(told, (1..=calls(&events).len() as u64).collect::<Vec<_>>());
    }
}
