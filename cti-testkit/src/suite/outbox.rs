//! What every [`Outbox`] must do.
//!
//! ```
//! use cti_core::outbox::MemoryOutbox;
//! use cti_testkit::suite;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(
//! suite::outbox::run(async || MemoryOutbox::new())
//! # );
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a suite stops at the first surprise")]

mod calls;
mod crowd;
mod dead;
mod delivery;
mod order;

use cti_core::call::{CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, OpenCall, Party};
use cti_core::crm::WriteKey;
use cti_core::outbox::{Outbox, Task, Token, Work};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for what must happen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long to watch for what must not happen.
const WATCH: Duration = Duration::from_millis(40);

/// Runs the whole suite. `fresh` gives a new, empty outbox each time.
///
/// # Panics
/// Stops with a panic at the first thing that the outbox does wrong.
pub async fn run<O: Outbox + 'static>(fresh: impl AsyncFn() -> O) {
    let new = async || {
        let outbox: Arc<dyn Outbox> = Arc::new(fresh().await);
        outbox
    };
    delivery::run(&new).await;
    order::run(&new).await;
    dead::run(&new).await;
    calls::run(&new).await;
    crowd::run(new().await).await;
}

/// A piece of work: the call log entry of that call for that CRM.
pub fn log_call(crm: &str, call: &str) -> Work {
    let record = record(call);
    Work {
        crm: crm.to_owned(),
        call: record.call.clone(),
        key: WriteKey::of(record.ended_id()),
        task: Task::LogCall { record: Box::new(record), matched: None },
    }
}

/// The `n`th piece of work of a call for that CRM, under a key of its own.
pub fn nth_of_call(crm: &str, call: &str, n: usize) -> Work {
    let work = log_call(crm, call);
    let key = WriteKey::of(EventId::of(&work.call, &format!("step:{n}")));
    Work { key, ..work }
}

/// A call that goes on; `seq` as given.
pub fn open_call(call: &str, seq: u64) -> OpenCall {
    let call = CallId::from(call);
    OpenCall::begin(&CallEvent {
        id: EventId::of(&call, "started"),
        call,
        seq,
        at: chrono::DateTime::UNIX_EPOCH + chrono::Duration::seconds(1_795_225_659),
        fact: CallFact::Started,
        direction: Direction::Inbound,
        caller: Party::known("0901234567", "山田 \"太郎\""),
        dialed: None,
    })
}

fn record(call: &str) -> CallRecord {
    let open = open_call(call, 1);
    let at = open.record.started_at;
    open.finish(at, Disposition::Missed, "normal clearing")
}

/// Takes what must be due by now or soon.
async fn take(outbox: &dyn Outbox, crm: &str) -> Token {
    tokio::time::timeout(PATIENCE, outbox.take(crm)).await.expect("work must be due, but none came").unwrap()
}

/// Watches for a while that nothing is given out.
async fn nothing(outbox: &dyn Outbox, crm: &str) {
    if let Ok(token) = tokio::time::timeout(WATCH, outbox.take(crm)).await {
        panic!("nothing should be due, but this came: {token:?}");
    }
}
