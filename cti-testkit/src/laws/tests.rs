use super::*;
use chrono::TimeDelta;
use cti_core::call::{AgentEvent, AgentState, Direction, EventId, Party};
use cti_core::number::Number;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn extension(number: &str) -> Extension {
    Extension::from(number)
}

/// A ring group of two: 6002 answers.
fn good() -> Vec<CallEvent> {
    let call = CallId::new("main", "1.0");
    let record = CallRecord {
        call: call.clone(),
        direction: Direction::Inbound,
        caller: Party::known("0901234567", "Taro"),
        dialed: Number::new("0312345001"),
        queue: None,
        extensions: vec![extension("6001"), extension("6002")],
        answered_by: Some(extension("6002")),
        disposition: Disposition::Answered,
        cause: "normal clearing".into(),
        started_at: at(0),
        answered_at: Some(at(3)),
        ended_at: at(5),
        ring_seconds: 3.0,
        queue_seconds: 0.0,
        hold_seconds: 0.0,
        talk_seconds: 2.0,
        transfers: vec![],
        recordings: vec![],
        context: cti_core::call::Attached::default(),
    };
    let ended = CallFact::Ended {
        cause: "normal clearing".into(),
        disposition: Disposition::Answered,
        record: Box::new(record),
    };
    let facts = [
        CallFact::Started,
        CallFact::Ringing { extension: extension("6001") },
        CallFact::Ringing { extension: extension("6002") },
        CallFact::Answered { extension: extension("6002") },
        CallFact::Missed { extension: extension("6001"), reason: MissReason::AnsweredElsewhere },
        ended,
    ];
    let event = |(place, fact): (usize, CallFact)| CallEvent {
        id: EventId::of(&call, &format!("{}:{place}", fact.name())),
        call: call.clone(),
        seq: place as u64 + 1,
        at: at(place as i64),
        fact,
        direction: Direction::Inbound,
        caller: Party::known("0901234567", "Taro"),
        dialed: Number::new("0312345001"),
    };
    facts.into_iter().enumerate().map(event).collect()
}

/// The laws that are broken after a change of the good call.
fn laws_after(change: impl FnOnce(&mut Vec<CallEvent>)) -> Vec<u8> {
    let mut events = good();
    change(&mut events);
    let events: Vec<PbxEvent> = events.into_iter().map(PbxEvent::Call).collect();
    check_complete(&events).err().unwrap_or_default().iter().map(|violation| violation.law).collect()
}

fn record_of(events: &mut [CallEvent]) -> &mut CallRecord {
    match &mut events.last_mut().unwrap().fact {
        CallFact::Ended { record, .. } => record,
        _ => panic!("the last event is the end"),
    }
}

#[test]
fn a_good_call_breaks_no_law() {
    assert_eq!(laws_after(|_| ()), Vec::<u8>::new());
}

#[test]
fn law_1_sequence_and_ids() {
    assert!(laws_after(|events| events[3].seq = 9).contains(&1));
    assert!(laws_after(|events| events[3].id = events[2].id.clone()).contains(&1));
    assert!(laws_after(|events| events[3].id = EventId::from("4711")).contains(&1));
    assert!(laws_after(|events| drop(events.remove(0))).contains(&1));
    assert!(laws_after(|events| drop(events.remove(2))).contains(&1));
}

#[test]
fn law_2_one_end_and_a_true_record() {
    assert!(laws_after(|events| drop(events.pop())).contains(&2));
    assert!(
        laws_after(|events| {
            let mut again = events[5].clone();
            again.seq = 7;
            again.id = EventId::of(&again.call, "ended:2");
            events.push(again);
        })
        .contains(&2)
    );
    assert!(laws_after(|events| record_of(events).answered_by = Some(extension("6001"))).contains(&2));
    assert!(laws_after(|events| drop(record_of(events).extensions.pop())).contains(&2));
    assert!(laws_after(|events| record_of(events).queue = Some("support".into())).contains(&2));
    assert!(laws_after(|events| record_of(events).disposition = Disposition::Missed).contains(&2));
    assert!(laws_after(|events| record_of(events).answered_at = None).contains(&2));
}

#[test]
fn law_3_offerings_and_losers() {
    let reason =
        |reason| laws_after(|events| events[4].fact = CallFact::Missed { extension: extension("6001"), reason });
    assert_eq!(reason(MissReason::NoAnswer), [3]);
    assert!(laws_after(|events| events[1].fact = CallFact::Ringing { extension: extension("6002") }).contains(&3));
    assert!(laws_after(|events| events[4].fact = CallFact::Parked { slot: "701".into() }).contains(&3));
    assert!(
        laws_after(|events| {
            events[3].fact = CallFact::Answered { extension: extension("6001") };
        })
        .contains(&3)
    );
}

#[test]
fn law_4_only_devices_of_persons() {
    for odd in ["Local/6001@from-queue-0001;1", "trunk", "PJSIP/6001", ""] {
        assert!(laws_after(|events| events[3].fact = CallFact::Answered { extension: extension(odd) }).contains(&4));
    }
}

#[test]
fn laws_5_and_6_caller_and_direction_stay() {
    assert_eq!(laws_after(|events| events[3].caller = Party::known("6001", "")), [5]);
    assert_eq!(laws_after(|events| events[3].direction = Direction::Internal), [6]);
    assert_eq!(laws_after(|events| record_of(events).direction = Direction::Internal), [6]);
}

#[test]
fn law_7_time() {
    assert!(laws_after(|events| events[3].at = at(0)).contains(&7));
    assert_eq!(laws_after(|events| record_of(events).talk_seconds = 9.0), [7]);
    assert_eq!(laws_after(|events| record_of(events).hold_seconds = -1.0), [7]);
    assert_eq!(laws_after(|events| record_of(events).answered_at = Some(at(99))), [7]);
}

#[test]
fn an_open_call_is_allowed_unless_all_must_have_ended() {
    let mut events = good();
    events.pop();
    let events: Vec<PbxEvent> = events.into_iter().map(PbxEvent::Call).collect();
    assert_eq!(check(&events), Ok(()));
    assert!(check_complete(&events).is_err());
}

#[test]
fn same_facts_do_not_look_at_clocks() {
    let a: Vec<PbxEvent> = good().into_iter().map(PbxEvent::Call).collect();
    let mut later = good();
    for event in &mut later {
        event.at += TimeDelta::seconds(100);
    }
    record_of(&mut later).talk_seconds = 77.0;
    let b: Vec<PbxEvent> = later.clone().into_iter().map(PbxEvent::Call).collect();
    assert!(same_facts(&a, &b));
    record_of(&mut later).answered_by = None;
    let c: Vec<PbxEvent> = later.into_iter().map(PbxEvent::Call).collect();
    assert!(!same_facts(&a, &c));
    assert!(!same_facts(&a, &a[1..]));
}

#[test]
fn agents_have_ids_too() {
    let agent = PbxEvent::Agent(AgentEvent {
        pbx: "main".into(),
        id: EventId::from("main#agent:1"),
        at: at(0),
        extension: extension("6001"),
        state: AgentState::Ready,
        reason: None,
        queue: None,
    });
    assert_eq!(check(std::slice::from_ref(&agent)), Ok(()));
    let found = check(&[agent.clone(), agent]).unwrap_err();
    assert_eq!(found[0].to_string(), "law 1: the event id main#agent:1 is told twice");
}
