//! Calls that no recording shows: refusals, transfers of two calls, pick-ups, Asterisk 12, FreePBX click-to-dial.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_core::call::CallId;
use cti_testkit::laws;
use support::wire::{Channel, Wire};
use support::{journal, model, records};

fn caller() -> Channel {
    Channel::new("PJSIP/trunk", 1, 1).state(4).exten("0312345000")
}

fn phone(extension: &str, number: u32, linked: u32) -> Channel {
    Channel::new(&format!("PJSIP/{extension}"), number, linked)
}

/// An inbound call that 6001 is talking on.
fn talking() -> (Wire, Channel, Channel) {
    let (mut wire, trunk, agent) = (Wire::new(), caller(), phone("6001", 2, 1));
    wire.born(&trunk);
    wire.connected(&trunk, &agent, "b1");
    (wire, trunk, agent)
}

/// An inbound call that rings at 6001.
fn ringing() -> (Wire, Channel, Channel) {
    let (mut wire, trunk, agent) = (Wire::new(), caller(), phone("6001", 2, 1));
    wire.born(&trunk);
    wire.born(&agent);
    wire.dial(&trunk, &agent, "6001");
    wire.rings(&agent);
    wire.wait(5);
    (wire, trunk, agent)
}

fn lawful(wire: &Wire) -> Vec<String> {
    laws::check_complete(&wire.events).unwrap();
    wire.told()
}

#[test]
fn a_person_who_refuses() {
    let (mut wire, trunk, agent) = ringing();
    wire.say("HangupRequest", &[("", &agent)], &[("Cause", "21")]);
    wire.dial_end(&trunk, &agent, "NOANSWER");
    wire.hangs_up(&agent, "21");
    wire.hangs_up(&trunk, "21");
    assert_eq!(lawful(&wire), ["started", "ringing 6001", "missed 6001 rejected", "ended rejected call rejected"]);
}

#[test]
fn a_caller_who_gives_up_while_it_rings() {
    let (mut wire, trunk, agent) = ringing();
    wire.say("HangupRequest", &[("", &trunk)], &[]);
    wire.dial_end(&trunk, &agent, "CANCEL");
    wire.hangs_up(&agent, "0");
    wire.hangs_up(&trunk, "16");
    let told = lawful(&wire);
    assert_eq!(told[2..], ["missed 6001 caller_gave_up", "ended abandoned normal clearing"]);
    assert_eq!(records(&wire.events)[0].ring_seconds, 5.0);
}

#[test]
fn a_caller_who_rang_out_and_then_spoke_to_the_voicemail_was_missed() {
    let (mut wire, trunk, agent) = ringing();
    wire.dial_end(&trunk, &agent, "NOANSWER");
    wire.hangs_up(&agent, "0");
    wire.say("Newstate", &[("", &trunk.clone().state(6))], &[]);
    wire.wait(20);
    wire.say("HangupRequest", &[("", &trunk)], &[("Cause", "16")]);
    wire.hangs_up(&trunk, "16");
    assert_eq!(lawful(&wire)[2..], ["missed 6001 no_answer", "ended missed normal clearing"]);
    assert_eq!(records(&wire.events)[0].talk_seconds, 0.0);
}

#[test]
fn a_caller_who_leaves_the_ivr_was_not_answered() {
    let (mut wire, trunk) = (Wire::new(), caller());
    wire.born(&trunk);
    wire.say("Newstate", &[("", &trunk.clone().state(6))], &[]);
    wire.say("HangupRequest", &[("", &trunk)], &[]);
    wire.hangs_up(&trunk, "16");
    assert_eq!(lawful(&wire), ["started", "ended abandoned normal clearing"]);
}

#[test]
fn outbound_calls_that_nobody_takes() {
    for (request, status, cause, ended) in [
        (true, "CANCEL", "16", "ended cancelled normal clearing"),
        (false, "BUSY", "17", "ended busy user busy"),
        (false, "NOANSWER", "19", "ended missed no answer"),
        (false, "CONGESTION", "34", "ended failed no circuit available"),
    ] {
        let (mut wire, agent) = (Wire::new(), phone("6001", 1, 1).state(4).exten("90901234567"));
        let line = Channel::new("PJSIP/trunk", 2, 1);
        wire.born(&agent);
        assert!(wire.events.is_empty(), "nobody knows yet where it goes");
        wire.born(&line);
        wire.dial(&agent, &line, "0901234567@trunk");
        if request {
            wire.say("HangupRequest", &[("", &agent)], &[]);
        }
        wire.dial_end(&agent, &line, status);
        wire.hangs_up(&line, cause);
        wire.hangs_up(&agent, cause);
        assert_eq!(lawful(&wire), ["started", "dialing 6001 0901234567", ended], "{status}");
    }
}

#[test]
fn hold_counts_apart_from_talk_and_a_stray_unhold_not_at_all() {
    let (mut wire, trunk, agent) = talking();
    wire.say("Unhold", &[("", &agent)], &[]);
    wire.wait(3);
    wire.say("Hold", &[("", &agent)], &[]);
    wire.say("Hold", &[("", &agent)], &[]);
    wire.wait(4);
    wire.say("Unhold", &[("", &agent)], &[]);
    wire.wait(2);
    wire.hangs_up(&agent, "16");
    wire.hangs_up(&trunk, "16");
    assert_eq!(lawful(&wire)[3..], ["held 6001", "resumed 6001", "ended answered normal clearing"]);
    let record = &records(&wire.events)[0];
    assert_eq!((record.ring_seconds, record.talk_seconds, record.hold_seconds), (1.0, 5.0, 4.0));
}

#[test]
fn an_attended_transfer_of_two_calls_leaves_the_outside_call() {
    let (mut wire, trunk, first) = talking();
    wire.say("Hold", &[("", &first)], &[]);
    let (second, colleague) = (phone("6001", 3, 3).state(4).exten("6002"), phone("6002", 4, 3));
    wire.born(&second);
    wire.connected(&second, &colleague, "b2");
    wire.wait(2);
    wire.leaves("b1", &first);
    wire.leaves("b2", &colleague);
    let colleague = colleague.linked(1);
    wire.enters("b1", &colleague);
    wire.say(
        "AttendedTransfer",
        &[
            ("OrigTransferer", &first),
            ("SecondTransferer", &second),
            ("Transferee", &trunk),
            ("TransferTarget", &colleague.clone().state(6)),
        ],
        &[("Result", "Success"), ("DestType", "Bridge")],
    );
    wire.hangs_up(&first, "16");
    wire.hangs_up(&second, "16");
    wire.wait(10);
    wire.hangs_up(&trunk, "16");
    wire.hangs_up(&colleague, "16");
    assert_eq!(
        lawful(&wire),
        [
            "started",
            "ringing 6001",
            "answered 6001",
            "held 6001",
            "started",
            "ringing 6002",
            "answered 6002",
            "ended merged merged into main/1795225327.1",
            "answered 6002",
            "resumed 6001",
            "transferred 6001 6002 attended",
            "ended answered normal clearing",
        ]
    );
    let record = &records(&wire.events)[1];
    assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6002");
    assert_eq!(record.extensions, ["6001".into(), "6002".into()]);
    assert_eq!((record.hold_seconds, record.talk_seconds), (3.0, 10.0));
    assert_eq!(record.caller.number.as_ref().unwrap().as_str(), "0901234567");
}

#[test]
fn a_pick_up_is_one_call_answered_by_the_one_who_picked_up() {
    let (mut wire, trunk, ringing) = ringing();
    let picker = phone("6003", 7, 7).state(4).exten("*8");
    wire.born(&picker);
    wire.say("Pickup", &[("", &picker), ("Target", &ringing)], &[]);
    let name = picker.name.clone();
    wire.say("Rename", &[], &[("Channel", &name), ("Newname", &format!("{name}<MASQ>")), ("Uniqueid", &picker.uid)]);
    wire.say("Rename", &[], &[("Channel", &ringing.name), ("Newname", &name), ("Uniqueid", &ringing.uid)]);
    let taken = Channel { name, ..ringing };
    wire.hangs_up(&picker, "16");
    wire.dial_end(&trunk, &taken.clone().state(6), "ANSWER");
    wire.enters("b1", &taken);
    wire.enters("b1", &trunk);
    wire.wait(3);
    wire.hangs_up(&taken, "16");
    wire.hangs_up(&trunk, "16");
    assert_eq!(
        lawful(&wire),
        [
            "started",
            "ringing 6001",
            "missed 6001 answered_elsewhere",
            "answered 6003",
            "ended answered normal clearing"
        ]
    );
}

#[test]
fn asterisk_12_has_no_linkedid() {
    let mut wire = Wire::new();
    let trunk = caller().without_linkedid();
    let one = Channel::new("Local/6001@from-queue;1", 2, 1).without_linkedid();
    let two = Channel::new("Local/6001@from-queue;2", 3, 1).without_linkedid().state(4);
    let agent = phone("6001", 4, 4).without_linkedid();
    for channel in [&trunk, &one, &two] {
        wire.born(channel);
    }
    wire.say("LocalBridge", &[("LocalOne", &one), ("LocalTwo", &two)], &[]);
    wire.dial(&trunk, &one, "6001@from-queue");
    wire.born(&agent);
    wire.rings(&agent);
    wire.dial(&two, &agent.clone().state(5), "6001");
    wire.dial_end(&two, &agent.clone().state(6), "ANSWER");
    wire.dial_end(&trunk, &one.clone().state(6), "ANSWER");
    wire.wait(3);
    for channel in [&trunk, &one, &two, &agent] {
        wire.hangs_up(channel, "16");
    }
    assert_eq!(lawful(&wire), ["started", "ringing 6001", "answered 6001", "ended answered normal clearing"]);
}

#[test]
fn freepbx_click_to_dial_goes_through_a_local_channel() {
    let mut wire = Wire::new();
    let one = Channel::new("Local/6001@from-internal;1", 1, 1);
    let two = Channel::new("Local/6001@from-internal;2", 2, 1).state(4);
    let (agent, line) = (phone("6001", 3, 1), Channel::new("PJSIP/trunk", 4, 1));
    for channel in [&one, &two] {
        wire.born(channel);
    }
    wire.say("DialBegin", &[("Dest", &one)], &[("DialString", "6001@from-internal")]);
    wire.born(&agent);
    wire.rings(&agent);
    wire.dial(&two, &agent, "6001");
    wire.dial_end(&two, &agent.clone().state(6), "ANSWER");
    wire.born(&line);
    wire.dial(&one.clone().state(6), &line, "0901234567@trunk");
    wire.wait(2);
    wire.dial_end(&one.clone().state(6), &line.clone().state(6), "ANSWER");
    wire.wait(4);
    for channel in [&line, &one, &two, &agent] {
        wire.hangs_up(channel, "16");
    }
    assert_eq!(
        lawful(&wire),
        ["started", "dialing 6001 0901234567", "answered 6001", "ended answered normal clearing"]
    );
    let record = &records(&wire.events)[0];
    assert_eq!((record.ring_seconds, record.talk_seconds), (2.0, 4.0));
}

#[test]
fn a_queue_that_tries_twice_and_gives_up() {
    let (mut wire, trunk) = (Wire::new(), caller());
    wire.born(&trunk);
    wire.say("QueueCallerJoin", &[("", &trunk)], &[("Queue", "support"), ("Position", "1")]);
    for number in [2, 3] {
        let member = phone("6001", number, 1);
        wire.born(&member);
        wire.say("AgentCalled", &[("", &trunk), ("Dest", &member)], &[("Queue", "support")]);
        wire.dial(&trunk, &member, "PJSIP/6001");
        wire.rings(&member);
        wire.wait(10);
        wire.dial_end(&trunk, &member, "CANCEL");
        wire.say("AgentRingNoAnswer", &[("", &trunk), ("Dest", &member)], &[("Queue", "support")]);
        wire.hangs_up(&member, "0");
    }
    wire.say("QueueCallerLeave", &[("", &trunk)], &[("Queue", "support")]);
    wire.hangs_up(&trunk, "16");
    assert_eq!(
        lawful(&wire),
        [
            "started",
            "queued support",
            "ringing 6001",
            "missed 6001 no_answer",
            "ringing 6001",
            "missed 6001 no_answer",
            "dequeued support timeout",
            "ended missed normal clearing",
        ]
    );
    let record = &records(&wire.events)[0];
    assert_eq!((record.queue_seconds, record.ring_seconds, record.extensions.len()), (20.0, 0.0, 1));
}

#[test]
fn an_extension_that_calls_a_queue_is_an_internal_call() {
    let (mut wire, agent) = (Wire::new(), phone("6003", 1, 1).state(4).exten("9000000"));
    wire.born(&agent);
    wire.say("QueueCallerJoin", &[("", &agent)], &[("Queue", "support")]);
    wire.say("QueueCallerAbandon", &[("", &agent)], &[("Queue", "support")]);
    wire.hangs_up(&agent, "16");
    let told = lawful(&wire);
    assert_eq!(told, ["started", "queued support", "dequeued support abandoned", "ended abandoned normal clearing"]);
    assert_eq!(serde_json::to_value(&wire.events[0]).unwrap()["direction"], "internal");
}

#[test]
fn nothing_is_told_before_it_is_known_whether_the_caller_may_be_shown() {
    let (trunk, agent) = (caller(), phone("6001", 2, 1));
    for (answer, shown) in [("prohib_not_screened", false), ("allowed_not_screened", true), ("", true)] {
        let mut wire = Wire::with(model().wait_for_presentation(true));
        wire.born(&trunk);
        wire.born(&agent);
        wire.dial(&trunk, &agent, "6001");
        wire.rings(&agent);
        assert!(wire.events.is_empty());
        assert_eq!(wire.model.callers_to_ask(), std::slice::from_ref(&trunk.name));
        assert!(wire.model.callers_to_ask().is_empty(), "asked once");
        let call = CallId::new("main", "1795225327.1");
        assert!(!wire.model.presentation_known(&call));
        let told = wire.model.set_presentation(&trunk.name, answer);
        assert_eq!(told.len(), 2);
        assert!(wire.model.presentation_known(&call));
        assert_eq!(serde_json::to_string(&told).unwrap().contains("0901234567"), shown, "{answer}");
    }
    let mut wire = Wire::with(model().wait_for_presentation(true));
    wire.born(&trunk);
    wire.hangs_up(&trunk, "16");
    assert_eq!(lawful(&wire).len(), 2);
    assert!(!serde_json::to_string(&wire.events).unwrap().contains("0901234567"), "nobody answered in time");
}

#[test]
fn a_parked_call_waits_and_is_taken_by_another_phone() {
    let (mut wire, trunk, agent) = talking();
    wire.wait(2);
    wire.say("ParkedCall", &[("Parkee", &trunk)], &[("ParkingSpace", "701")]);
    wire.hangs_up(&agent, "16");
    wire.wait(5);
    let retriever = phone("6002", 8, 8).state(4).exten("701");
    wire.born(&retriever);
    wire.say("UnParkedCall", &[("Parkee", &trunk), ("Retriever", &retriever)], &[("ParkingSpace", "701")]);
    wire.enters("b2", &trunk);
    wire.enters("b2", &retriever.clone().linked(1));
    wire.wait(3);
    wire.hangs_up(&trunk, "16");
    wire.hangs_up(&retriever.linked(1), "16");
    let told = lawful(&wire);
    assert_eq!(told[3..5], ["parked 701", "unparked 701"]);
    assert_eq!(told[told.len() - 2..], ["answered 6002", "ended answered normal clearing"]);
    let record = &records(&wire.events)[0];
    assert_eq!((record.talk_seconds, record.hold_seconds), (5.0, 5.0));
    assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6002");
}

#[test]
fn three_parties_are_a_conference() {
    let (mut wire, trunk, agent) = talking();
    let third = phone("6002", 5, 1);
    wire.born(&third);
    wire.dial(&agent, &third, "6002");
    wire.dial_end(&agent, &third.clone().state(6), "ANSWER");
    wire.enters("b1", &third);
    assert_eq!(wire.told()[3..], ["ringing 6002", "answered 6002", r#"conferenced ["6001", "6002"]"#]);
    for channel in [&trunk, &agent, &third] {
        wire.hangs_up(channel, "16");
    }
    lawful(&wire);
}

#[test]
fn a_call_forwarded_to_a_mobile_is_answered_by_no_extension() {
    let (mut wire, trunk, mobile) = (Wire::new(), caller(), Channel::new("PJSIP/trunk", 2, 1));
    wire.born(&trunk);
    wire.born(&mobile);
    wire.dial(&trunk, &mobile, "0809999999@trunk");
    wire.wait(3);
    wire.dial_end(&trunk, &mobile.clone().state(6), "ANSWER");
    wire.wait(7);
    wire.hangs_up(&mobile, "16");
    wire.hangs_up(&trunk, "16");
    assert_eq!(lawful(&wire), ["started", "ended answered normal clearing"]);
    let record = &records(&wire.events)[0];
    assert_eq!((record.answered_by.as_ref(), record.talk_seconds), (None, 7.0));
}

#[test]
fn channels_that_are_no_party_are_no_call() {
    let mut wire = Wire::new();
    let one = Channel::new("Local/s@nowhere;1", 1, 1);
    wire.born(&one);
    wire.hangs_up(&one, "16");
    assert!(wire.events.is_empty());
    assert!(wire.model.open_calls().is_empty());
}

#[test]
fn too_many_open_calls_give_up_the_oldest() {
    let mut wire = Wire::with(model().max_open_calls(2));
    for number in 1..=3 {
        wire.born(&Channel::new("PJSIP/trunk", number, number).state(4).exten("0312345000"));
    }
    assert_eq!(wire.told(), ["started", "started", "ended lost_track lost track", "started"]);
    assert_eq!(wire.model.open_calls().len(), 2);
    wire.hangs_up(&Channel::new("PJSIP/trunk", 1, 1), "16");
    assert_eq!(wire.events.len(), 4, "a late hang-up of the lost call says nothing");
}

#[test]
fn control_finds_the_channels() {
    let (wire, trunk, agent) = talking();
    let call = CallId::new("main", "1795225327.1");
    assert_eq!(wire.model.channel_of(&call, &"6001".into()), Some(agent.name));
    assert_eq!(wire.model.channel_of(&call, &"6002".into()), None);
    assert_eq!(wire.model.customer_channel(&call), Some(trunk.name));
    assert_eq!(wire.model.customer_channel(&CallId::new("other", "1795225327.1")), None);
}

#[test]
fn user_events_and_variables_are_attached_within_bounds() {
    let (mut wire, trunk, _) = talking();
    wire.say("UserEvent", &[("", &trunk)], &[("UserEvent", "Order"), ("OrderId", "A: 1")]);
    wire.say("UserEvent", &[("", &trunk)], &[("UserEvent", "Order"), ("OrderId", "A: 1")]);
    wire.say("VarSet", &[("", &trunk)], &[("Variable", "__CTI_NOTE"), ("Value", &"x".repeat(5000))]);
    for number in 0..200 {
        wire.say("VarSet", &[("", &trunk)], &[("Variable", &format!("CTI_{number}")), ("Value", "1")]);
    }
    assert_eq!(wire.told()[3], "context OrderId=A: 1 UserEvent=Order");
    let open = journal(&wire.events).pop().unwrap();
    assert_eq!(open.record.context.len(), 64);
    assert_eq!(open.record.context["CTI_NOTE"].len(), 1024);
}

/// 6001 consults 6002 through a Local channel, as the feature code and AMI `Atxfer` do; before the transfer 6002
/// answered, or only after it. The event of the transfer names who got the call, or only where.
fn consulted(answered_before: bool, target: &[(&str, &str)]) -> Wire {
    let (mut wire, trunk, first) = talking();
    wire.wait(2);
    let one = Channel::new("Local/6002@from-internal;1", 3, 1);
    let two = Channel::new("Local/6002@from-internal;2", 4, 1).state(4);
    let colleague = phone("6002", 5, 1);
    let answer = |wire: &mut Wire| {
        wire.dial_end(&two, &colleague.clone().state(6), "ANSWER");
        wire.enters("b3", &colleague);
        wire.enters("b3", &two);
    };
    wire.say("Hold", &[("", &first)], &[]);
    for channel in [&one, &two, &colleague] {
        wire.born(channel);
    }
    wire.enters("b2", &one);
    wire.leaves("b1", &first);
    wire.enters("b2", &first);
    wire.dial(&two, &colleague, "6002");
    wire.rings(&colleague);
    wire.wait(3);
    if answered_before {
        answer(&mut wire);
    }
    wire.leaves("b2", &first);
    wire.leaves("b2", &one);
    wire.enters("b1", &one);
    let mut parties = vec![("OrigTransferer", &first), ("SecondTransferer", &first), ("Transferee", &trunk)];
    if target.is_empty() {
        parties.push(("TransferTarget", &one));
    }
    wire.say("AttendedTransfer", &parties, &[&[("Result", "Success"), ("DestType", "Bridge")], target].concat());
    wire.hangs_up(&first, "16");
    wire.wait(4);
    if !answered_before {
        answer(&mut wire);
    }
    wire.wait(5);
    for channel in [&trunk, &one, &two, &colleague] {
        wire.hangs_up(channel, "16");
    }
    wire
}

/// Somebody who withholds the number is on the second line, and gets the first caller.
#[test]
fn a_withheld_number_is_not_told_by_a_transfer_to_it() {
    let (mut wire, trunk, first) = talking();
    wire.say("Hold", &[("", &first)], &[]);
    let mut other = Channel::new("PJSIP/trunk", 3, 3).state(4);
    other.number = "0809999999".into();
    wire.say("Newchannel", &[("", &other)], &[("ChanVariable", "CALLERID(num-pres)=prohib_not_screened")]);
    let second = phone("6001", 4, 3);
    wire.connected(&other, &second, "b2");
    let target = other.linked(1).state(6);
    let party = [
        ("OrigTransferer", &first),
        ("SecondTransferer", &second),
        ("Transferee", &trunk),
        ("TransferTarget", &target),
    ];
    wire.say("AttendedTransfer", &party, &[("Result", "Success"), ("DestType", "Bridge")]);
    for channel in [&first, &second, &trunk, &target] {
        wire.hangs_up(channel, "16");
    }
    assert!(wire.told().contains(&"transferred 6001 anonymous attended".to_owned()), "{:?}", wire.told());
    assert!(!serde_json::to_string(&wire.events).unwrap().contains("0809999999"));
}

#[test]
fn an_attended_transfer_through_a_local_channel() {
    let wire = consulted(true, &[]);
    let expected = ["held 6001", "ringing 6002", "answered 6002", "resumed 6001", "transferred 6001 6002 attended"];
    assert_eq!(lawful(&wire)[3..8], expected);
    let record = &records(&wire.events)[0];
    assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6002");
    assert_eq!((record.ring_seconds, record.hold_seconds, record.talk_seconds), (1.0, 3.0, 11.0));
}

#[test]
fn a_transferer_who_does_not_wait_for_the_answer() {
    let wire = consulted(false, &[]);
    let expected = ["held 6001", "ringing 6002", "resumed 6001", "transferred 6001 6002 attended", "answered 6002"];
    assert_eq!(lawful(&wire)[3..8], expected);
    let record = &records(&wire.events)[0];
    assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6002");
    assert_eq!((record.ring_seconds, record.hold_seconds, record.talk_seconds), (5.0, 3.0, 7.0));
}

/// Seen on Asterisk 16: whoever completes the transfer right after the answer gets an event without the target.
#[test]
fn an_attended_transfer_whose_target_is_not_named() {
    let expected = ["held 6001", "ringing 6002", "answered 6002", "resumed 6001", "transferred 6001 6002 attended"];
    for target in [("DestBridgeUniqueid", "b1"), ("SecondTransfererConnectedLineNum", "6002")] {
        let wire = consulted(true, &[target]);
        assert_eq!(lawful(&wire)[3..8], expected);
        let record = &records(&wire.events)[0];
        assert_eq!(record.answered_by.as_ref().unwrap().as_str(), "6002");
    }
}
