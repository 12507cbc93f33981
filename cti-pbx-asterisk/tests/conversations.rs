//! Who shares a conversation: conferences, calls made one, forwards, several devices of one person, parking lots.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::laws;
use support::wire::{Channel, Wire, message};
use support::{journal, records};

fn outside(number: u32) -> Channel {
    Channel::new("PJSIP/trunk", number, number).state(4).exten("0312345000")
}

fn phone(extension: &str, number: u32, linked: u32) -> Channel {
    Channel::new(&format!("PJSIP/{extension}"), number, linked)
}

fn lawful(wire: &Wire) -> Vec<String> {
    laws::check_complete(&wire.events).unwrap();
    wire.told()
}

/// `ConfBridge`: every channel keeps the `Linkedid` with which it came.
#[test]
fn a_conference_is_one_call() {
    let mut wire = Wire::new();
    let (caller, first, second) = (outside(1), phone("6001", 2, 2).state(4), phone("6002", 3, 3).state(4));
    for channel in [&caller, &first, &second] {
        wire.born(channel);
        wire.enters("room", channel);
        wire.wait(2);
    }
    wire.leaves("room", &first);
    wire.hangs_up(&first, "16");
    wire.wait(5);
    wire.hangs_up(&caller, "16");
    wire.hangs_up(&second, "16");
    assert_eq!(
        lawful(&wire),
        [
            "started",
            "answered 6001",
            "answered 6002",
            r#"conferenced ["6001", "6002"]"#,
            "ended answered normal clearing"
        ]
    );
    let record = &records(&wire.events)[0];
    assert_eq!(record.caller.number.as_ref().unwrap().as_str(), "0901234567");
    assert_eq!((record.extensions.len(), record.talk_seconds), (2, 9.0));
}

#[test]
fn two_callers_in_a_conference_are_one_call_from_then_on() {
    let mut wire = Wire::new();
    let (one, other) = (outside(1), outside(2));
    for channel in [&one, &other] {
        wire.born(channel);
        wire.enters("room", channel);
    }
    for channel in [&one, &other] {
        wire.hangs_up(channel, "16");
    }
    let told = lawful(&wire);
    assert_eq!(told[..3], ["started", "started", "ended merged merged into main/1795225327.1"]);
    assert_eq!(told.len(), 4);
}

/// AMI `Bridge` of two callers: their agents are hung up.
#[test]
fn two_calls_that_are_connected_leave_the_older() {
    let mut wire = Wire::new();
    let (one, first) = (outside(1), phone("6001", 2, 1));
    let (other, second) = (outside(3), phone("6002", 4, 3));
    for (caller, agent, bridge) in [(&one, &first, "b1"), (&other, &second, "b2")] {
        wire.born(caller);
        wire.connected(caller, agent, bridge);
    }
    wire.leaves("b1", &one);
    wire.enters("b3", &one);
    wire.hangs_up(&first, "16");
    wire.leaves("b2", &other);
    wire.enters("b3", &other.clone().linked(1));
    wire.hangs_up(&second, "16");
    wire.wait(4);
    wire.hangs_up(&one, "16");
    wire.hangs_up(&other.linked(1), "16");
    let told = lawful(&wire);
    assert_eq!(told[6..], ["ended merged merged into main/1795225327.1", "ended answered normal clearing"]);
    assert_eq!(records(&wire.events)[1].caller.number.as_ref().unwrap().as_str(), "0901234567");
}

/// SIP 302, call forwarding of a phone, follow-me: `Dial` goes on through a Local channel.
fn forwarded(rang: bool) -> Vec<String> {
    let mut wire = Wire::new();
    let (caller, first, last) = (outside(1), phone("6001", 2, 1), phone("6002", 5, 1));
    let one = Channel::new("Local/6002@from-internal;1", 3, 1);
    let two = Channel::new("Local/6002@from-internal;2", 4, 1).state(4);
    wire.born(&caller);
    wire.born(&first);
    wire.dial(&caller, &first, "6001");
    if rang {
        wire.rings(&first);
    }
    for channel in [&one, &two] {
        wire.born(channel);
    }
    wire.dial(&caller, &one, "6002@from-internal");
    let forward = [("DialStatus", "CANCEL"), ("Forward", "6002@from-internal")];
    wire.say("DialEnd", &[("", &caller), ("Dest", &first)], &forward);
    wire.hangs_up(&first, "23");
    wire.born(&last);
    wire.dial(&two, &last, "6002");
    wire.rings(&last);
    wire.dial_end(&two, &last.clone().state(6), "ANSWER");
    wire.dial_end(&caller, &one.clone().state(6), "ANSWER");
    for channel in [&caller, &one, &two, &last] {
        wire.hangs_up(channel, "16");
    }
    lawful(&wire)
}

#[test]
fn a_phone_that_forwards_at_once_was_offered_nothing() {
    assert_eq!(forwarded(false), ["started", "ringing 6002", "answered 6002", "ended answered normal clearing"]);
}

#[test]
fn a_phone_that_rang_and_forwards_did_not_answer() {
    let told = forwarded(true);
    assert_eq!(told[1..4], ["ringing 6001", "missed 6001 no_answer", "ringing 6002"]);
    assert_eq!(told.len(), 6);
}

/// One extension with a desk telephone and a mobile: one offering, one answer, one miss.
#[test]
fn several_devices_of_one_extension_ring_once() {
    for answered in [true, false] {
        let mut wire = Wire::new();
        let (caller, desk, mobile) = (outside(1), phone("6001", 2, 1), phone("6001", 3, 1));
        wire.born(&caller);
        for device in [&desk, &mobile] {
            wire.born(device);
            wire.dial(&caller, device, "6001");
            wire.rings(device);
        }
        let status = if answered { "ANSWER" } else { "NOANSWER" };
        wire.dial_end(&caller, &desk, if answered { "CANCEL" } else { "NOANSWER" });
        wire.dial_end(&caller, &mobile.clone().state(if answered { 6 } else { 5 }), status);
        for (channel, cause) in [(&desk, "26"), (&mobile, "16"), (&caller, "16")] {
            wire.hangs_up(channel, cause);
        }
        let told = lawful(&wire);
        if answered {
            assert_eq!(told, ["started", "ringing 6001", "answered 6001", "ended answered normal clearing"]);
        } else {
            assert_eq!(told, ["started", "ringing 6001", "missed 6001 no_answer", "ended missed normal clearing"]);
        }
    }
}

const LOT: [(&str, &str); 2] = [("BridgeUniqueid", "lot"), ("BridgeTechnology", "holding_bridge")];

/// A caller whom 6001 talked to waits in a parking lot.
fn parked(wire: &mut Wire, number: u32, slot: &str) -> Channel {
    let (caller, agent) = (outside(number), phone("6001", number + 1, number));
    let bridge = format!("b{number}");
    wire.born(&caller);
    wire.connected(&caller, &agent, &bridge);
    wire.leaves(&bridge, &caller);
    let caller = caller.state(6);
    wire.say("BridgeEnter", &[("", &caller)], &LOT);
    wire.say("ParkedCall", &[("Parkee", &caller)], &[("ParkingSpace", slot)]);
    wire.hangs_up(&agent, "16");
    caller
}

#[test]
fn calls_in_one_parking_lot_are_as_many_calls() {
    let mut wire = Wire::new();
    let callers: Vec<Channel> =
        [(1, "701"), (3, "702"), (5, "703")].map(|(number, slot)| parked(&mut wire, number, slot)).into();
    for caller in &callers {
        wire.say("ParkedCallGiveUp", &[("Parkee", caller)], &[("ParkingSpace", "x")]);
        wire.hangs_up(caller, "16");
    }
    let told = lawful(&wire);
    assert_eq!(records(&wire.events).len(), 3);
    assert!(!told.iter().any(|word| word.starts_with("conferenced") || word.contains("merged")), "{told:?}");
}

/// The programme is started anew while a call is parked; who takes the call is told to have it.
#[test]
fn a_parked_call_is_still_parked_after_a_restart() {
    let mut wire = Wire::new();
    let caller = parked(&mut wire, 1, "701");
    let mut second = Wire::new();
    second.events = wire.events.clone();
    second.at = wire.at;
    second.model.seed(journal(&wire.events));
    second.wait(60);
    let snapshot = [
        message("CoreShowChannel", &[("", &caller)], &[("Application", "Park"), ("BridgeId", "lot")]),
        message("BridgeListItem", &[], &LOT),
        message("ParkedCall", &[("Parkee", &caller)], &[("ParkingSpace", "701")]),
    ];
    let told = second.model.resync(&snapshot, second.at);
    assert!(told.is_empty(), "{told:?}");
    let taker = phone("6002", 8, 8).state(4).exten("701");
    second.born(&taker);
    second.say("UnParkedCall", &[("Parkee", &caller), ("Retriever", &taker)], &[("ParkingSpace", "701")]);
    second.enters("b9", &taker);
    second.enters("b9", &caller);
    second.wait(5);
    second.hangs_up(&caller, "16");
    second.hangs_up(&taker.linked(1), "16");
    let told = lawful(&second);
    assert_eq!(told[3..], ["parked 701", "unparked 701", "answered 6002", "ended answered normal clearing"]);
    let record = &records(&second.events)[0];
    assert_eq!((record.hold_seconds, record.talk_seconds), (60.0, 5.0));
}

/// A pick-up by a phone that rings in the same group: it has missed nothing.
#[test]
fn who_picks_up_while_ringing_has_missed_nothing() {
    let mut wire = Wire::new();
    let (caller, target, own) = (outside(1), phone("6001", 2, 1), phone("6002", 3, 1));
    wire.born(&caller);
    for leg in [&target, &own] {
        wire.born(leg);
        wire.dial(&caller, leg, "x");
        wire.rings(leg);
    }
    let picker = phone("6002", 7, 7).state(4).exten("*8");
    wire.born(&picker);
    wire.say("Pickup", &[("", &picker), ("Target", &target)], &[]);
    let name = picker.name.clone();
    wire.say("Rename", &[], &[("Channel", &target.name), ("Newname", &name), ("Uniqueid", &target.uid)]);
    wire.hangs_up(&picker, "16");
    wire.dial_end(&caller, &own, "CANCEL");
    let taken = Channel { name, ..target };
    wire.dial_end(&caller, &taken.clone().state(6), "ANSWER");
    for channel in [&own, &taken, &caller] {
        wire.hangs_up(channel, "16");
    }
    assert_eq!(
        lawful(&wire)[3..],
        ["missed 6001 answered_elsewhere", "answered 6002", "ended answered normal clearing"]
    );
}

/// FreePBX: the members of a queue are Local channels, and it rings again after a round.
#[test]
fn a_queue_whose_members_are_local_channels() {
    let mut wire = Wire::new();
    let caller = outside(1);
    wire.born(&caller);
    wire.say("QueueCallerJoin", &[("", &caller)], &[("Queue", "support"), ("Position", "1")]);
    for (round, number) in [(1, 2), (2, 5)] {
        let half = |half: u32| Channel {
            name: format!("Local/6001@from-queue-0000000{round};{half}"),
            ..Channel::new("Local/6001@from-queue", number + half - 1, 1)
        };
        let (one, two, agent) = (half(1), half(2).state(4), phone("6001", number + 2, 1));
        for channel in [&one, &two, &agent] {
            wire.born(channel);
        }
        let member = [("Queue", "support"), ("Interface", "Local/6001@from-queue/n")];
        wire.say("AgentCalled", &[("", &caller), ("Dest", &one)], &member);
        wire.dial(&caller, &one, "Local/6001@from-queue/n");
        wire.dial(&two, &agent, "6001");
        wire.rings(&agent);
        wire.wait(10);
        if round == 1 {
            wire.dial_end(&caller, &one, "NOANSWER");
            wire.say("AgentRingNoAnswer", &[("", &caller), ("Dest", &one)], &member);
            wire.dial_end(&two, &agent, "CANCEL");
        } else {
            wire.dial_end(&two, &agent.clone().state(6), "ANSWER");
            wire.dial_end(&caller, &one.clone().state(6), "ANSWER");
            wire.say("QueueCallerLeave", &[("", &caller)], &member);
            wire.say("AgentConnect", &[("", &caller), ("Dest", &one)], &member);
            wire.wait(5);
        }
        for channel in [&one, &two, &agent] {
            wire.hangs_up(channel, if round == 1 { "0" } else { "16" });
        }
    }
    wire.hangs_up(&caller, "16");
    assert_eq!(
        lawful(&wire),
        [
            "started",
            "queued support",
            "ringing 6001",
            "missed 6001 no_answer",
            "ringing 6001",
            "answered 6001",
            "dequeued support answered",
            "ended answered normal clearing",
        ]
    );
    let record = &records(&wire.events)[0];
    assert_eq!((record.queue_seconds, record.talk_seconds, record.queue.as_deref()), (20.0, 5.0, Some("support")));
}
