//! The behaviour suite against the simulated Asterisk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_pbx_asterisk::Asterisk;
use cti_testkit::asterisk::{Simulator, Version};
use cti_testkit::suite::pbx::{AsteriskRig, run};
use std::sync::Arc;
use std::time::Duration;

async fn rig(version: Version) -> AsteriskRig {
    AsteriskRig::new(Simulator::start_version(version).await.unwrap(), |addr, user, secret| {
        Arc::new(
            Asterisk::new("main", addr.to_string())
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
