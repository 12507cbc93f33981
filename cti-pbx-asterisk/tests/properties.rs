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
use support::play::{Kind, Play, Step, named};
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

const CASES: u32 = 200;

/// How long a generated scenario is.
const STEPS: std::ops::Range<usize> = 1..40;

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 3_000, ..ProptestConfig::with_cases(count) }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((any::<u16>(), any::<u8>(), any::<u8>()), STEPS)
}

fn judged(steps: &[(Kind, u8, u8)]) -> Result<(), TestCaseError> {
    let play = Play::run(steps);
    let faults = play.faults();
    prop_assert!(faults.is_empty(), "{faults:#?}\n{steps:?}\n{}", play.story());
    Ok(())
}

proptest! {
    #![proptest_config(cases(CASES))]

    #[test]
    fn whatever_happens_is_told_as_it_was_1(steps in steps()) {
        judged(&named(&steps, false))?;
    }

    #[test]
    fn whatever_happens_is_told_as_it_was_2(steps in steps()) {
        judged(&named(&steps, false))?;
    }

    #[test]
    fn whatever_is_missed_breaks_no_law_1(steps in steps()) {
        judged(&named(&steps, true))?;
    }

    #[test]
    fn whatever_is_missed_breaks_no_law_2(steps in steps()) {
        judged(&named(&steps, true))?;
    }
}

#[test]
#[ignore]
fn sweep() {
    let faults_on: bool = std::env::var("FAULTS").is_ok();
    let count: u64 = std::env::var("COUNT").map_or(2000, |n| n.parse().unwrap());
    let mut groups: BTreeMap<String, (usize, Vec<(Kind, u8, u8)>, String)> = BTreeMap::new();
    let class = |text: &str| {
        let mut out = String::new();
        for c in text.chars() {
            if c.is_ascii_digit() {
                if !out.ends_with('#') {
                    out.push('#');
                }
            } else {
                out.push(c);
            }
        }
        out.chars().take(110).collect::<String>()
    };
    let mut seed = 88172645463325252u64 ^ std::env::var("SEED").map_or(0, |n| n.parse::<u64>().unwrap() << 20);
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let judge = |steps: &[(Kind, u8, u8)]| -> (Vec<String>, String) {
        let steps = steps.to_vec();
        match std::panic::catch_unwind(move || {
            let p = Play::run(&steps);
            (p.faults(), p.story())
        }) {
            Ok(f) => f,
            Err(_) => (vec!["panic".into()], String::new()),
        }
    };
    std::panic::set_hook(Box::new(|_| {}));
    for _ in 0..count {
        let len = 1 + next() % 40;
        let steps: Vec<Step> = (0..len)
            .map(|_| {
                let n = next();
                ((n >> 16) as u16, (n >> 32) as u8, (n >> 40) as u8)
            })
            .collect();
        let steps = named(&steps, faults_on);
        let (faults, _) = judge(&steps);
        for fault in faults.iter().map(|f| class(f)).collect::<std::collections::BTreeSet<_>>() {
            let known = groups.get(&fault);
            let count = known.map_or(0, |k| k.0) + 1;
            if known.is_none() {
                let mut small = steps.clone();
                let mut i = 0;
                while i < small.len() {
                    let mut fewer = small.clone();
                    fewer.remove(i);
                    if judge(&fewer).0.iter().any(|f| class(f) == fault) {
                        small = fewer;
                        i = 0;
                    } else {
                        i += 1;
                    }
                }
                let (all, story) = judge(&small);
                groups.insert(fault, (count, small, format!("{all:#?}\n{story}")));
            } else if let Some(known) = groups.get_mut(&fault) {
                known.0 = count;
            }
        }
    }
    let mut sorted: Vec<_> = groups.into_iter().collect();
    sorted.sort_by_key(|g| std::cmp::Reverse(g.1.0));
    for (class, (count, steps, story)) in sorted.into_iter().take(14) {
        println!("=== {count}x {class}\n{steps:?}\n{story}");
    }
}
