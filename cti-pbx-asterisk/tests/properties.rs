//! What must hold whatever the wire brings: calls stay apart, nothing is told twice, nothing panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use Kind::*;
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::PbxEvent;
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::WireClock;
use cti_testkit::laws;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};
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

// ---- generated calls on a simulated exchange --------------------------------------------------------------------------

/// Of each of the five properties below: 10,500 cases in all.
const CASES: u32 = 2100;
/// How long a generated scenario is.
const STEPS: std::ops::Range<usize> = 1..40;

fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 3_000, ..ProptestConfig::with_cases(CASES) }
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

/// What happens to one message on a bad day: nothing (mostly), it is lost, comes twice, or comes later.
fn disturbed(messages: &[(Message, DateTime<Utc>)], how: &[(u8, u8)]) -> Vec<(Message, DateTime<Utc>)> {
    let mut out: Vec<(usize, (Message, DateTime<Utc>))> = Vec::new();
    for (place, (message, (what, how_far))) in messages.iter().zip(how.iter().cycle()).enumerate() {
        let later = place + usize::from(*how_far);
        match what % 16 {
            0 => {}
            1 => out.extend([(place, message.clone()), (later, message.clone())]),
            2 => out.push((later, message.clone())),
            _ => out.push((place, message.clone())),
        }
    }
    out.sort_by_key(|(place, _)| *place);
    out.into_iter().map(|(_, message)| message).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_happens_is_told_as_it_was_first_half(steps in steps()) {
        judged(&named(&steps, false))?;
    }

    #[test]
    fn whatever_happens_is_told_as_it_was_second_half(steps in steps()) {
        judged(&named(&steps, false))?;
    }

    #[test]
    fn links_cut_anywhere_and_restarts_break_no_law_first_half(steps in steps()) {
        judged(&named(&steps, true))?;
    }

    #[test]
    fn links_cut_anywhere_and_restarts_break_no_law_second_half(steps in steps()) {
        judged(&named(&steps, true))?;
    }

    /// Whatever Asterisk would never send: lost, doubled and late messages. Who answered may be unknown then, but numbers
    /// have no gap, ends come once, and time goes on.
    #[test]
    fn nonsense_keeps_numbers_ends_and_times(
        steps in steps(),
        how in prop::collection::vec((any::<u8>(), any::<u8>()), 1..200),
    ) {
        let play = Play::run(&named(&steps, false));
        let mut model = model();
        let mut events = Vec::new();
        let mut last = None;
        for (message, at) in disturbed(&play.messages, &how) {
            events.extend(model.handle(&message, at));
            last = last.max(Some(at));
        }
        events.extend(model.resync(&[], last.unwrap_or_default()));
        prop_assert!(model.open_calls().is_empty());
        events.retain(|event| matches!(event, PbxEvent::Call(_))); // an old state of an agent is told again
        let mut broken = laws::check_complete(&events).err().unwrap_or_default();
        broken.retain(|violation| matches!(violation.law, 1 | 2 | 7));
        prop_assert_eq!(broken, vec![]);
    }
}

/// The generated scenarios would prove nothing if nothing happened in them.
#[test]
fn generated_scenarios_hold_every_kind_of_fact_and_end() {
    let mut runner = TestRunner::deterministic();
    let (mut facts, mut ends) = (BTreeSet::new(), BTreeSet::new());
    for case in 0..300 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let play = Play::run(&named(&steps, case % 2 == 0));
        facts.extend(calls(&play.events).iter().map(|event| event.name()));
        ends.extend(records(&play.events).iter().map(|record| format!("{:?}", record.disposition)));
    }
    assert_eq!(facts.len(), 16, "{facts:?}");
    assert_eq!(ends.len(), 9, "{ends:?}");
}

/// What once went wrong, as the generator found it and made it small.
#[test]
fn scenarios_that_went_wrong_once() {
    let table: &[&[(Kind, u8, u8)]] = &[
        // A phone that forwards outside at once was told to have missed the call because the caller gave up.
        &[(JoinQueue, 0, 0), (ForwardOutside, 0, 0), (RingGroup, 0, 0), (FarEndAnswers, 0, 0)],
        // A phone that rings in the same queue picks up the other's ringing.
        &[(Queue, 206, 69), (PickUp, 255, 127)],
        // A phone forwards to one that rings already.
        &[(Forward, 139, 98), (RingGroup, 223, 113)],
        // Two clicks for the same phone: the outcome of the first was taken for that of the second.
        &[(ClickToDial, 166, 251), (ClickToDial, 208, 215)],
        // Somebody who is only asked does not talk to the caller.
        &[(RingGroup, 49, 44), (PickUp, 121, 59), (Consult, 13, 119), (Answer, 5, 78)],
        // A call that comes back from a parking lot through a Local channel.
        &[(LocalGroup, 120, 96), (Answer, 64, 3), (Park, 148, 73), (Retrieve, 174, 161)],
        // An internal call that is forwarded to a mobile and answered there.
        &[(ForwardOutside, 40, 135), (Internal, 56, 148), (FarEndAnswers, 135, 22)],
        // A Local channel of a forward is gone before the phone behind it.
        &[(Forward, 138, 17), (LocalGroup, 170, 125), (Answer, 25, 23)],
        // One phone is offered two calls, takes one and picks up the other.
        &[(RingGroup, 151, 238), (LocalGroup, 73, 201), (Answer, 249, 187), (PickUp, 229, 84)],
        // A phone consults itself.
        &[(RingGroup, 178, 34), (Answer, 186, 251), (Consult, 24, 189)],
        // Answered outside first, then inside.
        &[
            (ForwardOutside, 66, 124),
            (RingGroup, 213, 210),
            (FarEndAnswers, 245, 64),
            (Redirect, 14, 92),
            (Answer, 11, 201),
        ],
        // A click-to-dial that is first seen while the phone rings.
        &[(CutLink, 75, 129), (ClickToDial, 106, 216), (Reconnect, 0, 0)],
        // A call that was not told yet when it was lost.
        &[(ClickToDial, 231, 128), (CutLink, 160, 67), (AmiHangup, 221, 249)],
        // Who shares a conference with a caller is told once, also by a programme that was started anew.
        &[(JoinRoom, 17, 54), (Conference, 133, 31), (RestartReader, 153, 80)],
        &[(Conference, 132, 110), (Conference, 184, 79), (RestartReader, 44, 182)],
        // A phone rang before the restart and is gone after it.
        &[(LocalGroup, 229, 81), (CutLink, 138, 8), (PickUp, 157, 210), (RestartReader, 144, 63)],
        &[
            (RingGroup, 237, 17),
            (CutLink, 138, 8),
            (Answer, 129, 104),
            (BlindTransfer, 117, 52),
            (RestartReader, 144, 63),
        ],
        // A forward goes on over a restart.
        &[(Forward, 0, 25), (RingGroup, 158, 45), (RestartReader, 182, 118), (Answer, 250, 92)],
        // Only an outside line is left, in the parking lot.
        &[(CutLink, 237, 157), (ClickToDial, 10, 68), (Answer, 229, 115), (FarEndAnswers, 224, 166), (Park, 247, 89)],
        // The same name is attached again after a restart.
        &[(Conference, 39, 208), (UserEvent, 233, 26), (RestartReader, 12, 234), (UserEvent, 203, 204)],
        // A pick-up that nobody saw.
        &[
            (Inbound, 147, 19),
            (CutLink, 210, 65),
            (ReconnectLate, 107, 188),
            (PickUp, 199, 96),
            (Consult, 241, 5),
            (Answer, 239, 69),
        ],
        &[
            (Withheld, 123, 235),
            (Answer, 151, 115),
            (CutLink, 18, 118),
            (Redirect, 210, 164),
            (Answer, 29, 218),
            (RestartReader, 183, 88),
        ],
        // A transfer through two Local channels is answered after the transferer has gone.
        &[(LocalGroup, 164, 65), (Answer, 94, 36), (Consult, 160, 168), (PhoneHangsUp, 55, 164), (Answer, 129, 12)],
        // Two calls in one parking lot are two calls.
        &[
            (Outbound, 82, 211),
            (Outbound, 57, 244),
            (FarEndAnswers, 138, 100),
            (FarEndAnswers, 183, 170),
            (Park, 162, 213),
            (CutLink, 172, 149),
            (Park, 70, 149),
        ],
        // Two calls that ring at the same phone become one.
        &[
            (RingGroup, 104, 81),
            (RingGroup, 162, 110),
            (Answer, 231, 164),
            (Consult, 171, 83),
            (CallerHangsUp, 184, 229),
            (Answer, 177, 168),
            (Refer, 249, 174),
        ],
        // The far end is put through to the phone that called it, over a restart.
        &[(Outbound, 143, 131), (FarEndAnswers, 207, 27), (Redirect, 126, 242), (RestartReader, 140, 16)],
        // A phone holds again after a restart.
        &[
            (Internal, 120, 5),
            (Answer, 20, 155),
            (Consult, 3, 199),
            (PhoneHangsUp, 232, 149),
            (RestartReader, 121, 131),
            (Consult, 129, 171),
        ],
    ];
    for steps in table {
        let play = Play::run(steps);
        assert_eq!(play.faults(), Vec::<String>::new(), "{steps:?}\n{}", play.story());
    }
}
