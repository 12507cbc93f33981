//! A lost link, a restart of the adapter, a restart of the PBX: no call is lost, doubled, or open for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::{CallFact, PbxEvent};
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::{CallModel, WireClock};
use cti_testkit::laws;
use std::collections::BTreeSet;
use support::wire::{Channel, Wire, message};
use support::{bytes, journal, messages, model, records, words};

/// The trace in which the client asked for everything in mid-call: what came before, the lists, what came after.
fn mid_call() -> (Vec<Message>, Vec<Message>, Vec<Message>) {
    let all = messages(&bytes("22/resync_mid_call"));
    let is_list = |m: &Message| m.get("ActionID").is_some_and(|id| id != "login-1" && id != "bye-1");
    let first = all.iter().position(is_list).unwrap();
    let last = all.iter().rposition(is_list).unwrap();
    (all[..first].to_vec(), all[first..=last].to_vec(), all[last + 1..].to_vec())
}

fn feed(model: &mut CallModel, clock: &mut WireClock, messages: &[Message]) -> Vec<PbxEvent> {
    messages
        .iter()
        .flat_map(|message| {
            let at = clock.at(message);
            model.handle(message, at)
        })
        .collect()
}

fn later(clock: &mut WireClock) -> DateTime<Utc> {
    clock.at(&Message::default()) + TimeDelta::seconds(60)
}

fn ids(events: &[PbxEvent]) -> BTreeSet<String> {
    events.iter().map(|e| serde_json::to_value(e).unwrap()["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn who_joins_in_mid_call_tells_the_same_facts_under_the_same_ids() {
    let (before, lists, after) = mid_call();
    let (mut whole, mut clock) = (model(), WireClock::new());
    let mut all = feed(&mut whole, &mut clock, &before);
    all.extend(feed(&mut whole, &mut clock, &after));

    let (mut model, mut clock) = (model(), WireClock::new());
    let mut events = model.resync(&lists, clock.at(&before[3]));
    events.retain(|event| matches!(event, PbxEvent::Call(_)));
    events.extend(feed(&mut model, &mut clock, &after));
    laws::check_complete(&events).unwrap();
    let told: Vec<String> = events.iter().map(words).collect();
    assert_eq!(told, ["started", "ringing 6001", "answered 6001", "ended answered normal clearing"]);
    assert_eq!(ids(&events), ids(&all));
    assert_eq!(records(&events)[0].caller, records(&all)[0].caller);
}

#[test]
fn a_call_that_goes_on_is_told_on() {
    let (before, lists, after) = mid_call();
    let (mut model, mut clock) = (model(), WireClock::new());
    let mut events = feed(&mut model, &mut clock, &before);
    let again = model.resync(&lists, clock.at(&Message::default()));
    assert!(again.iter().all(|event| matches!(event, PbxEvent::Agent(_))), "{again:?}");
    // Events that were received during the snapshot come again.
    events.extend(feed(&mut model, &mut clock, &before[before.len() - 4..]));
    events.extend(feed(&mut model, &mut clock, &after));
    laws::check_complete(&events).unwrap();
    assert_eq!(events.len(), 4);
}

#[test]
fn a_call_that_ended_meanwhile_is_lost_once_and_never_comes_back() {
    let (before, _, after) = mid_call();
    let (mut model, mut clock) = (model(), WireClock::new());
    let mut events = feed(&mut model, &mut clock, &before);
    let last = clock.at(&Message::default());
    events.extend(model.resync(&[], later(&mut clock)));
    events.extend(model.resync(&[], later(&mut clock)));
    events.extend(feed(&mut model, &mut clock, &after));
    laws::check_complete(&events).unwrap();
    let record = &records(&events)[0];
    assert_eq!(record.ended_at, last + TimeDelta::seconds(60));
    assert!(record.talk_seconds < 1.0, "talk counts up to the last sign of the call");
    assert_eq!(words(events.last().unwrap()), "ended lost_track lost track");
}

#[test]
fn a_restarted_adapter_goes_on_with_the_calls_of_its_journal() {
    let (before, lists, after) = mid_call();
    let (mut first, mut clock) = (model(), WireClock::new());
    let mut events = feed(&mut first, &mut clock, &before);
    let journal = journal(&events);

    let mut second = model();
    second.seed(journal.clone());
    let resumed = second.resync(&lists, clock.at(&Message::default()));
    events.extend(resumed.into_iter().filter(|event| matches!(event, PbxEvent::Call(_))));
    events.extend(feed(&mut second, &mut clock, &after));
    laws::check_complete(&events).unwrap();
    assert_eq!(records(&events).len(), 1);
    assert_eq!(records(&events)[0].answered_by.as_ref().unwrap().as_str(), "6001");
    let (mut whole, mut clock_of_whole) = (model(), WireClock::new());
    let undisturbed =
        [feed(&mut whole, &mut clock_of_whole, &before), feed(&mut whole, &mut clock_of_whole, &after)].concat();
    // Only the first run saw when the phone was picked up; Asterisk's own correction of that moment is lost.
    let talk = [&events, &undisturbed].map(|events| records(events)[0].talk_seconds);
    assert!((talk[0] - talk[1]).abs() < 0.5, "{talk:?}");

    let mut third = model();
    third.seed(journal);
    let lost = third.resync(&[], later(&mut clock));
    assert_eq!(lost.iter().map(words).collect::<Vec<_>>(), ["ended lost_track lost track"]);
    let PbxEvent::Call(ended) = &lost[0] else { panic!("no call") };
    assert_eq!(ended.seq, 4);
}

/// Talk since 0:01, hold since 1:01; the adapter is away from 2:01 to 5:01; the hold ends at 6:01, the call at 9:01.
#[test]
fn talk_and_hold_go_on_over_a_restart_of_the_adapter() {
    let mut wire = Wire::new();
    let (trunk, phone) = (Channel::new("PJSIP/trunk", 1, 1).state(4), Channel::new("PJSIP/6001", 2, 1).state(6));
    wire.born(&trunk);
    wire.connected(&trunk, &phone, "b");
    wire.wait(60);
    wire.say("Hold", &[("", &phone)], &[]);
    let mut second = Wire::new();
    second.at = wire.at;
    second.events = wire.events.clone();
    second.model.seed(journal(&wire.events));
    second.wait(240);
    let live = [&phone, &trunk.state(6)].map(|channel| shown(channel, &[("BridgeId", "b")]));
    let told = second.model.resync(&live, second.at);
    assert!(told.is_empty(), "{told:?}");
    second.wait(60);
    second.say("Unhold", &[("", &phone)], &[]);
    assert_eq!(second.told().last().unwrap(), "resumed 6001");
    second.wait(180);
    second.hangs_up(&phone, "16");
    second.hangs_up(&Channel::new("PJSIP/trunk", 1, 1).state(6), "16");
    laws::check_complete(&second.events).unwrap();
    let record = &records(&second.events)[0];
    assert_eq!((record.talk_seconds, record.hold_seconds), (240.0, 300.0));
}

#[test]
fn a_restart_of_the_pbx_ends_everything() {
    let (before, ..) = mid_call();
    let (mut model, mut clock) = (model(), WireClock::new());
    let mut events = feed(&mut model, &mut clock, &before);
    events.extend(model.forget_all(later(&mut clock)));
    laws::check_complete(&events).unwrap();
    assert!(model.open_calls().is_empty());
}

fn shown(channel: &Channel, more: &[(&str, &str)]) -> Message {
    message("CoreShowChannel", &[("", channel)], more)
}

#[test]
fn the_first_look_finds_queues_outbound_calls_and_ringing_phones() {
    let mut wire = Wire::new();
    let waiting = Channel::new("PJSIP/trunk", 1, 1).state(6).exten("0312345002");
    let member = Channel::new("PJSIP/6001", 2, 1).state(5);
    let (agent, line) =
        (Channel::new("PJSIP/6002", 3, 3).state(6).exten("90800000000"), Channel::new("PJSIP/trunk", 4, 3));
    let snapshot = [
        message("QueueEntry", &[], &[("Queue", "support"), ("Position", "1"), ("Uniqueid", &waiting.uid)]),
        message("QueueParams", &[], &[("Queue", "support")]),
        shown(&member, &[("Application", "AppQueue")]),
        shown(&waiting, &[("Application", "Queue"), ("BridgeId", "")]),
        shown(&line.clone().state(6), &[("Application", "AppDial"), ("BridgeId", "b")]),
        shown(
            &agent,
            &[("Application", "Dial"), ("ApplicationData", "PJSIP/0800000000@trunk,20,tT"), ("BridgeId", "b")],
        ),
        message(
            "QueueMember",
            &[],
            &[("Queue", "support"), ("Location", "PJSIP/6001"), ("Paused", "0"), ("LastPause", "0")],
        ),
    ];
    wire.events = wire.model.resync(&snapshot, wire.at);
    assert_eq!(wire.model.interface_of(&"6001".into()).as_deref(), Some("PJSIP/6001"));
    let told: BTreeSet<String> = wire.told().into_iter().collect();
    let expected = ["started", "queued support", "ringing 6001", "answered 6002", "6001 ready support -"];
    assert_eq!(told, expected.map(str::to_owned).into());
    laws::check(&wire.events).unwrap();
    let open = journal(&wire.events);
    let outbound = open.iter().find(|open| open.record.call.native() == "1795225327.3").unwrap();
    assert_eq!(outbound.record.dialed.as_ref().unwrap().as_str(), "0800000000");
    assert_eq!(outbound.record.caller.number.as_ref().unwrap().as_str(), "6002");

    // While we were away the member answered, and the caller left the queue with that.
    let again = [
        message("QueueParams", &[], &[("Queue", "support")]),
        shown(&member.clone().state(6), &[("Application", "AppQueue"), ("BridgeId", "q")]),
        shown(&waiting, &[("Application", "Queue"), ("BridgeId", "q")]),
    ];
    let told = wire.model.resync(&again, wire.at + TimeDelta::seconds(9));
    let mut all = wire.events.clone();
    all.extend(told.clone());
    laws::check(&all).unwrap();
    let told: BTreeSet<String> = told.iter().map(words).collect();
    let expected = ["ended lost_track lost track", "dequeued support answered", "answered 6001"];
    assert_eq!(told, expected.map(str::to_owned).into());
}

/// Without `system` and `reporting` Asterisk lists channels only by `Status`.
#[test]
fn status_keeps_and_finds_calls_as_the_list_of_channels_does() {
    let status = |channel: &Channel, more: &[(&str, &str)]| message("Status", &[("", channel)], more);
    let mut wire = Wire::new();
    let (trunk, phone) = (Channel::new("PJSIP/trunk", 1, 1).state(4), Channel::new("PJSIP/6001", 2, 1).state(6));
    wire.born(&trunk);
    wire.connected(&trunk, &phone, "b");
    let mut live: Vec<Message> = [&phone, &trunk].map(|c| status(&c.clone().state(6), &[("BridgeID", "b")])).into();
    assert!(wire.model.resync(&live, wire.at).is_empty());
    let (agent, line) = (Channel::new("PJSIP/6002", 3, 3).state(6), Channel::new("PJSIP/trunk", 4, 3).state(6));
    live.push(status(&line, &[("Application", "AppDial"), ("BridgeID", "c")]));
    let dial = "PJSIP/0800000000@trunk,20,tT";
    live.push(status(&agent, &[("Application", "Dial"), ("Data", dial), ("BridgeID", "c")]));
    let told = wire.model.resync(&live, wire.at);
    assert!(told.iter().any(|event| words(event) == "answered 6002"), "{told:?}");
    assert_eq!(journal(&told)[0].record.dialed.as_ref().unwrap().as_str(), "0800000000");
    assert!(wire.model.resync_members(&[], wire.at).is_empty());
    assert_eq!(wire.model.open_calls().len(), 2);
}

/// At birth "allowed" means nothing; a channel that is listed was born before.
#[test]
fn a_caller_who_is_allowed_in_the_snapshot_is_told_at_once() {
    let mut wire = Wire::with(model().wait_for_presentation(true));
    let trunk = Channel::new("PJSIP/trunk", 1, 1).state(4);
    let told =
        wire.model.resync(&[shown(&trunk, &[("ChanVariable", "CALLERID(num-pres)=allowed_not_screened")])], wire.at);
    assert_eq!(told.iter().map(words).collect::<Vec<_>>(), ["started"]);
}

#[test]
fn a_caller_whom_nobody_can_be_asked_about_is_hidden_and_not_silent() {
    let mut wire = Wire::with(model().wait_for_presentation(true));
    for number in 1..=1030 {
        wire.born(&Channel::new("PJSIP/trunk", number, number).state(4));
    }
    let hidden = support::calls(&wire.events);
    assert_eq!(hidden.len(), 1030 - 1024);
    for event in hidden {
        assert_eq!(event.caller.withheld, Some(cti_core::call::Withheld::Unknown));
        assert!(event.caller.number.is_none());
    }
    let asked = wire.model.callers_to_ask();
    let told = wire.model.set_presentation(&asked[0], cti_pbx_asterisk::model::UNKNOWN_PRESENTATION);
    assert!(support::calls(&told)[0].caller.number.is_none());
    assert!(wire.model.set_presentation(&asked[0], "allowed_not_screened").is_empty());
}

/// The word that Asterisk is up may come late, when calls go on already whose last events are still to be read.
#[test]
fn a_second_look_on_the_same_link_ends_no_call() {
    let (mut wire, trunk) = (Wire::new(), Channel::new("PJSIP/trunk", 1, 1).state(4));
    wire.born(&trunk);
    assert!(wire.model.resync_additions(&[], wire.at).is_empty());
    wire.hangs_up(&trunk, "16");
    assert_eq!(wire.told().last().unwrap(), "ended failed normal clearing");
}

/// The link is lost before anybody said whether the caller may be shown.
#[test]
fn a_call_that_is_lost_before_it_was_told_leaves_a_log() {
    let mut wire = Wire::with(model().wait_for_presentation(true));
    wire.born(&Channel::new("PJSIP/trunk", 1, 1).state(4));
    assert!(wire.events.is_empty());
    let told = wire.model.resync(&[], wire.at);
    laws::check_complete(&told).unwrap();
    assert_eq!(told.iter().map(words).collect::<Vec<_>>(), ["started", "ended lost_track lost track"]);
    assert!(records(&told)[0].caller.number.is_none());
}

#[test]
fn a_phone_that_rang_and_is_gone_was_missed() {
    let mut wire = Wire::new();
    let (trunk, phone) = (Channel::new("PJSIP/trunk", 1, 1).state(4), Channel::new("PJSIP/6001", 2, 1));
    wire.born(&trunk);
    wire.born(&phone);
    wire.dial(&trunk, &phone, "6001");
    wire.rings(&phone);
    let told = wire.model.resync(&[shown(&trunk, &[("Application", "VoiceMail")])], wire.at);
    assert_eq!(told.iter().map(words).collect::<Vec<_>>(), ["missed 6001 no_answer"]);
    assert!(!told.iter().any(|event| matches!(event, PbxEvent::Call(c) if matches!(c.fact, CallFact::Ended { .. }))));
}

/// A user without any right: calls in a conversation are known to be live, others end when nothing is heard of them.
#[test]
fn without_a_list_of_channels_silent_calls_end_in_the_end() {
    let mut wire = Wire::new();
    for (n, extension) in [(1, "6001"), (11, "6002"), (21, "6003")] {
        let (trunk, phone) =
            (Channel::new("PJSIP/trunk", n, n).state(4), Channel::new(&format!("PJSIP/{extension}"), n + 1, n));
        wire.born(&trunk);
        wire.connected(&trunk, &phone.state(6), &format!("b{n}"));
    }
    wire.wait(60);
    let since = wire.at;
    let talks =
        message("BridgeInfoChannel", &[("", &Channel::new("PJSIP/6001", 2, 1).state(6))], &[("BridgeUniqueid", "b1")]);
    assert!(wire.model.resync_members(&[talks], since).is_empty());
    wire.wait(5);
    wire.say("Newexten", &[("", &Channel::new("PJSIP/trunk", 11, 11).state(6))], &[("Application", "Wait")]);
    wire.wait(600);
    let told: Vec<String> = wire.model.forget_silent(since, wire.at).iter().map(words).collect();
    assert_eq!(told, ["ended lost_track lost track"], "of the third alone nothing was heard");
    assert_eq!(wire.model.open_calls().len(), 2);
}
