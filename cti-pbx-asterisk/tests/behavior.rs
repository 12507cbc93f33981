//! The behaviour suite against the simulated Asterisk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_pbx_asterisk::Asterisk;
use cti_testkit::asterisk::{Simulator, Version};
use cti_testkit::suite::pbx::{AsteriskRig, run, run_only};
use std::sync::Arc;
use std::time::Duration;

async fn rig(version: Version) -> AsteriskRig {
    AsteriskRig::new(Simulator::start_version(version).await.unwrap(), move |addr, user, secret| {
        Arc::new(
            Asterisk::new("main", addr.to_string())
                .technology(version.technology())
                .login(user, secret.to_owned().into())
                .backoff(Duration::from_millis(50), Duration::from_millis(200))
                // Shorter, a busy machine loses links that nobody cut.
                .options(|o| o.keep_alive(Duration::from_secs(2)).response_timeout(Duration::from_secs(8))),
        )
    })
    .notices_silence_within(Duration::from_secs(10))
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_22() {
    run(|| rig(Version::V22)).await.assert_passed();
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_16() {
    run(|| rig(Version::V16)).await.assert_passed();
}

/// What every Asterisk before 12 can do.
const OLD: &[&str] = &[
    "inbound_answered",
    "inbound_agent_hangs_up",
    "inbound_no_answer",
    "inbound_busy",
    "inbound_rejected",
    "inbound_unavailable",
    "inbound_abandoned",
    "ring_group_is_one_call",
    "queue_answered",
    "queue_abandoned",
    "internal_call",
    "outbound_from_the_handset",
    "hold_and_resume",
    "calls_at_the_same_time",
    "dial",
    "hang_up",
    "blind_transfer",
    "redirect",
    "redirect_a_ringing_call",
    "send_digits",
    "set_agent_state",
    "park",
    "unsupported_is_refused_without_a_byte",
    "without_the_right",
    "link_lost_and_the_call_goes_on",
    "link_lost_and_the_call_ends_meanwhile",
    "link_lost_and_a_call_begins_meanwhile",
    "joins_in_mid_call_with_the_same_ids",
    "pbx_restarts",
    "wrong_password_is_permanent_and_quiet",
    "silent_pbx_is_noticed",
    "slow_consumer_loses_nothing",
    "nonsense_is_harmless",
    "hostile_caller_names_are_harmless",
    "shutdown_is_quick_and_polite",
];

/// Cases that an old Asterisk cannot pass, and since when it could (docs/asterisk.md).
const SINCE: &[(&str, Option<Version>, &str)] = &[
    ("agent_states", Some(Version::V1_8), "1.4 tells no reason of a pause"),
    ("attended_transfer", Some(Version::V1_8), "Atxfer came with 1.6.1"),
    ("attended_transfer_cancelled", None, "CancelAtxfer came with 13.18"),
    ("mute", Some(Version::V1_8), "MuteAudio came with 1.8"),
    ("device_state", Some(Version::V1_8), "DEVICE_STATE came with 1.6"),
    ("record", Some(Version::V11), "the actions MixMonitor and StopMixMonitor came with 11"),
    ("dial_fails_in_distinct_ways", None, "no ChannelId before 12: whose hang-up tells the cause is not known"),
    ("answer", None, "no Asterisk can"),
    ("hold_by_control", None, "no Asterisk can"),
];

async fn old(version: Version) {
    let since =
        SINCE.iter().filter(|(_, since, _)| since.is_some_and(|since| version >= since)).map(|(name, ..)| *name);
    let names: Vec<&str> = OLD.iter().copied().chain(since).collect();
    let report = run_only(|| rig(version), &names).await;
    report.assert_passed();
    assert_eq!(report.passed.len(), names.len(), "every case ran: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_1_4() {
    old(Version::V1_4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_1_8() {
    old(Version::V1_8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_11() {
    old(Version::V11).await;
}

/// No case is left out silently.
#[tokio::test]
async fn every_case_is_run_on_an_old_asterisk_or_excused() {
    let all = run(|| rig(Version::V22)).await;
    let known = |name: &String| OLD.contains(&name.as_str()) || SINCE.iter().any(|(excused, ..)| excused == name);
    let forgotten: Vec<&String> = all.passed.iter().chain(&all.skipped).filter(|name| !known(name)).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
