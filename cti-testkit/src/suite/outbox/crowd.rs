//! Many at once.

use super::{PATIENCE, log_call, nth_of_call};
use cti_core::outbox::{Outbox, OutboxStats, Verdict};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc;

const APPENDERS: usize = 64;
const EACH: usize = 10;

/// 64 append while 4 deliver: everything is delivered exactly once.
pub(super) async fn run(outbox: Arc<dyn Outbox>) {
    let appenders: Vec<_> = (0..APPENDERS).map(|n| tokio::spawn(append_some(outbox.clone(), n))).collect();
    let (delivered, mut deliveries) = mpsc::unbounded_channel();
    let takers: Vec<_> = (0..4)
        .map(|_| {
            let (outbox, delivered) = (outbox.clone(), delivered.clone());
            tokio::spawn(async move {
                loop {
                    let token = outbox.take("a").await.unwrap();
                    let work = token.work.clone();
                    token.settle(Verdict::Delivered).await.unwrap();
                    delivered.send(work).unwrap();
                }
            })
        })
        .collect();
    let mut seen = HashSet::new();
    while seen.len() < APPENDERS * EACH {
        let work = tokio::time::timeout(PATIENCE, deliveries.recv()).await.expect("work must be delivered").unwrap();
        assert!(seen.insert(work.key.clone()), "delivered twice: {:?}", work.key);
    }
    for appender in appenders {
        appender.await.unwrap();
    }
    assert_eq!(outbox.stats().await.unwrap(), OutboxStats::default());
    takers.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(deliveries.try_recv().is_err(), "something was delivered twice");
}

async fn append_some(outbox: Arc<dyn Outbox>, appender: usize) {
    for n in 0..EACH {
        let call = format!("pbx/{appender}");
        let work = if n == 0 { log_call("a", &call) } else { nth_of_call("a", &call, n) };
        outbox.append(vec![work], None).await.unwrap();
    }
}
