//! What fuzzing found (`cargo xtask fuzz`), as small as it can be told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::laws;
use support::records;
use support::wire::{Channel, Wire};

#[test]
fn a_telephone_of_which_only_a_hold_was_heard_is_in_the_record() {
    let mut wire = Wire::new();
    let (trunk, phone) = (Channel::new("PJSIP/trunk", 1, 1).state(4), Channel::new("PJSIP/6001", 2, 1).state(6));
    wire.born(&trunk.clone().exten("0312345000"));
    wire.say("Hold", &[("", &phone)], &[]);
    let told = wire.model.resync(&[], wire.at);
    wire.events.extend(told);
    assert_eq!(laws::check_complete(&wire.events), Ok(()));
    let extensions: Vec<_> = records(&wire.events)[0].extensions.iter().map(ToString::to_string).collect();
    assert_eq!(extensions, ["6001"]);
}

/// A queue's word of an answer in which one channel names a `Linkedid` of its own: the calls become one later, and nobody
/// was told to have answered in the one that stays.
#[test]
fn nobody_is_said_to_have_answered_of_whom_no_answer_was_told() {
    let mut wire = Wire::new();
    let trunk = Channel::new("PJSIP/trunk", 25, 99).state(6).exten("0312345002");
    let phone = Channel::new("PJSIP/6001", 26, 25).state(6);
    let other = Channel::new("PJSIP/trunk", 52, 49).state(6).exten("6002");
    let bridge = &[("BridgeUniqueid", "40369b21-f3f5-4a9e-8324-62307d666554")];
    wire.say("AgentConnect", &[("", &trunk), ("Dest", &phone)], &[]);
    wire.say("BridgeEnter", &[("", &phone)], bridge);
    wire.say("BridgeEnter", &[("", &other)], bridge);
    let trunk = Channel::new("PJSIP/trunk", 25, 25).state(4).exten("0312345002");
    wire.say("Newchannel", &[("", &trunk)], &[]);
    wire.say("AgentConnect", &[("", &trunk.state(6)), ("Dest", &phone)], &[]);
    wire.say("BridgeEnter", &[("", &phone)], bridge);
    wire.say("BridgeEnter", &[("", &other)], bridge);
    let told = wire.model.resync(&[], wire.at);
    wire.events.extend(told);
    let broken = laws::check_complete(&wire.events).err().unwrap_or_default();
    assert!(broken.iter().all(|violation| violation.law == 3), "{broken:?}");
}
