//! Work is given out until it is delivered, and never after.

use super::{PATIENCE, WATCH, log_call, nothing, open_call, take};
use cti_core::ErrorKind;
use cti_core::outbox::{MAX_BYTES, Outbox, OutboxStats, Task, Verdict};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) async fn run(new: &impl AsyncFn() -> Arc<dyn Outbox>) {
    appended_work_is_taken_and_delivered(&*new().await).await;
    a_dropped_token_is_no_verdict(&*new().await).await;
    a_cancelled_take_loses_nothing(new().await).await;
    retry_comes_after_the_wait(&*new().await).await;
    a_waiting_take_is_woken(new().await).await;
    the_same_key_is_one_piece_of_work(&*new().await).await;
    each_crm_has_its_own(&*new().await).await;
    too_large_stores_nothing(&*new().await).await;
}

async fn appended_work_is_taken_and_delivered(outbox: &dyn Outbox) {
    let work = log_call("a", "pbx/1");
    outbox.append(vec![work.clone()], None).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap(), OutboxStats { waiting: 1, ..OutboxStats::default() });
    let token = take(outbox, "a").await;
    assert_eq!(token.work, work, "what comes out is what went in");
    assert_eq!(token.earlier_tries, 0);
    assert_eq!(outbox.stats().await.unwrap().waiting, 1, "work that is being done still counts as waiting");
    nothing(outbox, "a").await;
    token.settle(Verdict::Delivered).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap(), OutboxStats::default());
    nothing(outbox, "a").await;
}

async fn a_dropped_token_is_no_verdict(outbox: &dyn Outbox) {
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    drop(take(outbox, "a").await);
    let again = take(outbox, "a").await;
    assert_eq!(again.earlier_tries, 1, "a try without a verdict was a try");
    again.settle(Verdict::Delivered).await.unwrap();
    nothing(outbox, "a").await;
}

async fn a_cancelled_take_loses_nothing(outbox: Arc<dyn Outbox>) {
    for round in 0..30 {
        let waiting = tokio::spawn({
            let outbox = outbox.clone();
            async move { drop(outbox.take("a").await) }
        });
        let append = outbox.append(vec![log_call("a", &format!("pbx/{round}"))], None);
        let (appended, ()) = tokio::join!(append, async {
            tokio::task::yield_now().await;
            waiting.abort();
        });
        appended.unwrap();
        take(&*outbox, "a").await.settle(Verdict::Delivered).await.unwrap();
    }
    assert_eq!(outbox.stats().await.unwrap().waiting, 0);
}

async fn retry_comes_after_the_wait(outbox: &dyn Outbox) {
    const WAIT: Duration = Duration::from_millis(150);
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    for tries in [0, 2, 4] {
        let token = take(outbox, "a").await;
        assert_eq!(token.earlier_tries, tries);
        let told = Instant::now();
        token.settle(Verdict::RetryAfter(WAIT)).await.unwrap();
        let again = take(outbox, "a").await;
        let waited = told.elapsed();
        assert!(waited >= WAIT - Duration::from_millis(5), "given out after {waited:?}, not after {WAIT:?}");
        assert_eq!(again.earlier_tries, tries + 1);
        drop(again); // no verdict: a try as well
    }
    take(outbox, "a").await.settle(Verdict::Delivered).await.unwrap();
}

async fn a_waiting_take_is_woken(outbox: Arc<dyn Outbox>) {
    let takers: Vec<_> = (0..3)
        .map(|_| {
            let outbox = outbox.clone();
            tokio::spawn(async move { take(&*outbox, "a").await.settle(Verdict::Delivered).await })
        })
        .collect();
    tokio::time::sleep(WATCH).await;
    for n in 0..3 {
        outbox.append(vec![log_call("a", &format!("pbx/{n}"))], None).await.unwrap();
    }
    for taker in takers {
        tokio::time::timeout(PATIENCE, taker).await.expect("a waiting take must be woken").unwrap().unwrap();
    }
}

async fn the_same_key_is_one_piece_of_work(outbox: &dyn Outbox) {
    let work = log_call("a", "pbx/1");
    outbox.append(vec![work.clone(), work.clone()], None).await.unwrap();
    outbox.append(vec![work.clone()], None).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().waiting, 1);
    let token = take(outbox, "a").await;
    outbox.append(vec![work.clone()], None).await.unwrap();
    nothing(outbox, "a").await;
    token.settle(Verdict::Delivered).await.unwrap();
    outbox.append(vec![work], None).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().waiting, 0, "what was delivered is not taken on again");
    nothing(outbox, "a").await;
}

async fn each_crm_has_its_own(outbox: &dyn Outbox) {
    outbox.append(vec![log_call("a", "pbx/1"), log_call("b", "pbx/1")], None).await.unwrap();
    let of_a = take(outbox, "a").await;
    let of_b = take(outbox, "b").await;
    assert_eq!((of_a.work.crm.as_str(), of_b.work.crm.as_str()), ("a", "b"));
    of_a.settle(Verdict::RetryAfter(Duration::from_secs(3600))).await.unwrap();
    of_b.settle(Verdict::Delivered).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().waiting, 1, "the same key is done for one CRM and waits for the other");
    nothing(outbox, "b").await;
    nothing(outbox, "c").await;
}

async fn too_large_stores_nothing(outbox: &dyn Outbox) {
    let mut large = log_call("a", "pbx/large");
    if let Task::LogCall { record, .. } = &mut large.task {
        record.context.insert("note".to_owned(), "x".repeat(MAX_BYTES));
    }
    outbox.remember(&open_call("pbx/large", 1)).await.unwrap();
    let call = large.call.clone();
    let refused = outbox.append(vec![log_call("a", "pbx/1"), large], Some(&call)).await.expect_err("too large");
    assert_eq!(refused.kind(), ErrorKind::Rejected, "{refused}");
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.waiting, stats.open_calls), (0, 1), "all or nothing");

    let mut open = open_call("pbx/large", 2);
    open.record.context.insert("note".to_owned(), "x".repeat(MAX_BYTES));
    let refused = outbox.remember(&open).await.expect_err("too large");
    assert_eq!(refused.kind(), ErrorKind::Rejected, "{refused}");
}
