//! Work of one call is done in order, one at a time.

use super::{PATIENCE, nothing, nth_of_call, take};
use cti_core::call::CallId;
use cti_core::outbox::{Outbox, Verdict};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) async fn run(new: &impl AsyncFn() -> Arc<dyn Outbox>) {
    later_work_of_a_call_waits_for_earlier(&*new().await).await;
    work_that_backs_off_holds_up_its_call_only(&*new().await).await;
    one_crm_does_not_hold_up_another(&*new().await).await;
    order_holds_with_many_takers(new().await).await;
}

async fn later_work_of_a_call_waits_for_earlier(outbox: &dyn Outbox) {
    let work: Vec<_> = (0..3).map(|n| nth_of_call("a", "pbx/1", n)).collect();
    outbox.append(work[..2].to_vec(), None).await.unwrap();
    outbox.append(work[2..].to_vec(), None).await.unwrap();
    for expected in &work {
        let token = take(outbox, "a").await;
        assert_eq!(&token.work, expected);
        nothing(outbox, "a").await;
        token.settle(Verdict::Delivered).await.unwrap();
    }
}

async fn work_that_backs_off_holds_up_its_call_only(outbox: &dyn Outbox) {
    outbox.append(vec![nth_of_call("a", "pbx/1", 0), nth_of_call("a", "pbx/1", 1)], None).await.unwrap();
    take(outbox, "a").await.settle(Verdict::RetryAfter(Duration::from_secs(3600))).await.unwrap();
    nothing(outbox, "a").await;
    outbox.append(vec![nth_of_call("a", "pbx/1", 2), nth_of_call("a", "pbx/2", 0)], None).await.unwrap();
    let other = take(outbox, "a").await;
    assert_eq!(other.work.call, CallId::from("pbx/2"));
    other.settle(Verdict::Delivered).await.unwrap();
    nothing(outbox, "a").await;
}

async fn one_crm_does_not_hold_up_another(outbox: &dyn Outbox) {
    let (a, b) = (nth_of_call("a", "pbx/1", 0), nth_of_call("b", "pbx/1", 1));
    outbox.append(vec![a, b.clone()], None).await.unwrap();
    assert_eq!(take(outbox, "b").await.work, b, "order is kept for each CRM on its own");
}

async fn order_holds_with_many_takers(outbox: Arc<dyn Outbox>) {
    const CALLS: usize = 12;
    const STEPS: usize = 5;
    for step in 0..STEPS {
        let work = (0..CALLS).map(|call| nth_of_call("a", &format!("pbx/{call}"), step)).collect();
        outbox.append(work, None).await.unwrap();
    }
    let done = Arc::new(Mutex::new(HashMap::<CallId, usize>::new()));
    let takers: Vec<_> = (0..8).map(|n| tokio::spawn(work_in_order(outbox.clone(), done.clone(), n))).collect();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while outbox.stats().await.unwrap().waiting > 0 {
        let stuck = takers.iter().find(|taker| taker.is_finished());
        assert!(stuck.is_none(), "a taker stopped: order was broken");
        assert!(tokio::time::Instant::now() < deadline, "work is left over");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    takers.iter().for_each(tokio::task::JoinHandle::abort);
    let done = done.lock().unwrap();
    assert!(done.len() == CALLS && done.values().all(|&steps| steps == STEPS), "{done:?}");
}

/// Does work, now and then without success, and checks that each step of a call comes after the one before.
async fn work_in_order(outbox: Arc<dyn Outbox>, done: Arc<Mutex<HashMap<CallId, usize>>>, mut luck: usize) {
    loop {
        let token = take(&*outbox, "a").await;
        luck += 1;
        match luck % 4 {
            0 => drop(token),
            1 => token.settle(Verdict::RetryAfter(Duration::from_millis(3))).await.unwrap(),
            _ => {
                let call = token.work.call.clone();
                let step = done.lock().unwrap().get(&call).copied().unwrap_or(0);
                assert_eq!(token.work, nth_of_call("a", call.as_str(), step), "out of order");
                tokio::task::yield_now().await;
                done.lock().unwrap().insert(call, step + 1);
                token.settle(Verdict::Delivered).await.unwrap();
            }
        }
    }
}
