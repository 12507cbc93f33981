//! Calls that are not over are remembered until they are.

use super::{log_call, open_call};
use cti_core::call::{CallId, OpenCall};
use cti_core::outbox::Outbox;
use std::sync::Arc;

pub(super) async fn run(new: &impl AsyncFn() -> Arc<dyn Outbox>) {
    open_calls_are_remembered_by_pbx(&*new().await).await;
    the_latest_word_counts(&*new().await).await;
    the_end_forgets_the_call_for_good(&*new().await).await;
}

async fn known(outbox: &dyn Outbox, pbx: &str) -> Vec<OpenCall> {
    let mut calls = outbox.open_calls(pbx).await.unwrap();
    calls.sort_by(|one, other| one.record.call.cmp(&other.record.call));
    calls
}

async fn open_calls_are_remembered_by_pbx(outbox: &dyn Outbox) {
    for call in ["main/2", "branch/1", "main/1"] {
        outbox.remember(&open_call(call, 1)).await.unwrap();
    }
    assert_eq!(known(outbox, "main").await, [open_call("main/1", 1), open_call("main/2", 1)]);
    assert_eq!(known(outbox, "branch").await, [open_call("branch/1", 1)]);
    assert_eq!(known(outbox, "mai").await, []);
    assert_eq!(outbox.stats().await.unwrap().open_calls, 3);
}

async fn the_latest_word_counts(outbox: &dyn Outbox) {
    outbox.remember(&open_call("main/1", 5)).await.unwrap();
    let mut newer = open_call("main/1", 6);
    newer.record.cause = "newer".to_owned();
    outbox.remember(&newer).await.unwrap();
    outbox.remember(&open_call("main/1", 4)).await.unwrap();
    assert_eq!(known(outbox, "main").await, [newer], "a late word does not overwrite a newer one");
}

async fn the_end_forgets_the_call_for_good(outbox: &dyn Outbox) {
    outbox.remember(&open_call("main/1", 3)).await.unwrap();
    outbox.remember(&open_call("main/2", 3)).await.unwrap();
    let (ended, unseen) = (CallId::from("main/1"), CallId::from("main/3"));
    outbox.append(vec![log_call("a", "main/1")], Some(&ended)).await.unwrap();
    outbox.append(Vec::new(), Some(&unseen)).await.unwrap();
    assert_eq!(known(outbox, "main").await, [open_call("main/2", 3)]);
    assert_eq!(outbox.stats().await.unwrap().waiting, 1);
    for call in ["main/1", "main/3"] {
        outbox.remember(&open_call(call, 9)).await.unwrap();
    }
    assert_eq!(known(outbox, "main").await, [open_call("main/2", 3)], "a late word does not bring an ended call back");
    outbox.append(vec![log_call("b", "main/1")], Some(&ended)).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().waiting, 2, "ending twice does no harm");
}
