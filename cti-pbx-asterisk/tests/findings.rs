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
