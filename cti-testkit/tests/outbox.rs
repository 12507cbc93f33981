//! The outbox in memory passes the suite.

use cti_core::outbox::{MemoryOutbox, Outbox, Verdict};
use cti_testkit::suite;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn memory_outbox_behaves() {
    suite::outbox::run(async || MemoryOutbox::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_outbox_behaves_on_several_threads() {
    suite::outbox::run(async || MemoryOutbox::new()).await;
}

#[tokio::test(start_paused = true)]
async fn memory_outbox_follows_a_paused_clock() {
    let outbox = MemoryOutbox::new();
    outbox.append(vec![suite::outbox::log_call("a", "pbx/1")], None).await.unwrap();
    let told = Instant::now();
    let wait = Duration::from_secs(3600);
    outbox.take("a").await.unwrap().settle(Verdict::RetryAfter(wait)).await.unwrap();
    let again = outbox.take("a").await.unwrap();
    assert!(told.elapsed() >= wait && told.elapsed() < wait + Duration::from_secs(1));
    again.settle(Verdict::Delivered).await.unwrap();
}
