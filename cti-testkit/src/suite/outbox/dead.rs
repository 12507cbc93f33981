//! Work that can never be done is kept for a person to look at.

use super::{log_call, nothing, nth_of_call, take};
use cti_core::outbox::{DeadLetter, Outbox, Verdict};
use std::sync::Arc;

pub(super) async fn run(new: &impl AsyncFn() -> Arc<dyn Outbox>) {
    rejected_work_becomes_a_dead_letter(&*new().await).await;
    a_dead_letter_does_not_block_its_call(&*new().await).await;
    a_revived_letter_is_due_again(&*new().await).await;
    a_revived_letter_waits_for_what_is_being_done(&*new().await).await;
    a_dropped_letter_is_gone(&*new().await).await;
    unknown_numbers_are_told(&*new().await).await;
}

async fn reject_next(outbox: &dyn Outbox, reason: &str) -> DeadLetter {
    take(outbox, "a").await.settle(Verdict::Rejected { reason: reason.to_owned() }).await.unwrap();
    outbox.dead_letters().await.unwrap().pop().expect("a dead letter")
}

async fn rejected_work_becomes_a_dead_letter(outbox: &dyn Outbox) {
    let before = chrono::Utc::now() - chrono::Duration::seconds(1);
    for call in ["pbx/1", "pbx/2"] {
        outbox.append(vec![log_call("a", call)], None).await.unwrap();
        reject_next(outbox, call).await;
    }
    let letters = outbox.dead_letters().await.unwrap();
    let found: Vec<_> = letters.iter().map(|letter| (&letter.work, letter.reason.as_str())).collect();
    let expected = [log_call("a", "pbx/1"), log_call("a", "pbx/2")];
    assert_eq!(found, [(&expected[0], "pbx/1"), (&expected[1], "pbx/2")], "oldest first, as they were");
    assert!(letters.iter().all(|letter| letter.at >= before && letter.at <= chrono::Utc::now()));
    assert_ne!(letters[0].number, letters[1].number);
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.waiting, stats.dead), (0, 2));
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    nothing(outbox, "a").await;
}

async fn a_dead_letter_does_not_block_its_call(outbox: &dyn Outbox) {
    outbox.append(vec![nth_of_call("a", "pbx/1", 0), nth_of_call("a", "pbx/1", 1)], None).await.unwrap();
    reject_next(outbox, "no").await;
    let next = take(outbox, "a").await;
    assert_eq!(next.work, nth_of_call("a", "pbx/1", 1));
    next.settle(Verdict::Delivered).await.unwrap();
    outbox.append(vec![nth_of_call("a", "pbx/1", 2)], None).await.unwrap();
    assert_eq!(take(outbox, "a").await.work, nth_of_call("a", "pbx/1", 2));
}

async fn a_revived_letter_is_due_again(outbox: &dyn Outbox) {
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    let letter = reject_next(outbox, "no").await;
    assert!(outbox.revive(letter.number).await.unwrap());
    assert_eq!(outbox.dead_letters().await.unwrap(), []);
    let token = take(outbox, "a").await;
    assert_eq!((&token.work, token.earlier_tries), (&log_call("a", "pbx/1"), 0), "as if never tried");
    assert!(!outbox.revive(letter.number).await.unwrap(), "it is no dead letter any more");
    assert!(!outbox.drop_dead(letter.number).await.unwrap(), "and cannot be dropped while it is worked on");
    token.settle(Verdict::Delivered).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().waiting, 0);
}

async fn a_revived_letter_waits_for_what_is_being_done(outbox: &dyn Outbox) {
    outbox.append(vec![nth_of_call("a", "pbx/1", 0), nth_of_call("a", "pbx/1", 1)], None).await.unwrap();
    let letter = reject_next(outbox, "no").await;
    let token = take(outbox, "a").await;
    assert!(outbox.revive(letter.number).await.unwrap());
    nothing(outbox, "a").await;
    token.settle(Verdict::Delivered).await.unwrap();
    assert_eq!(take(outbox, "a").await.work, letter.work);
}

async fn a_dropped_letter_is_gone(outbox: &dyn Outbox) {
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    let letter = reject_next(outbox, "no").await;
    assert!(outbox.drop_dead(letter.number).await.unwrap());
    assert!(!outbox.drop_dead(letter.number).await.unwrap());
    assert!(!outbox.revive(letter.number).await.unwrap());
    outbox.append(vec![letter.work], None).await.unwrap();
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.waiting, stats.dead), (0, 0), "what a person dropped does not come back");
}

async fn unknown_numbers_are_told(outbox: &dyn Outbox) {
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    for number in [-1, 0, 1, 2, i64::MAX] {
        assert!(!outbox.revive(number).await.unwrap());
        assert!(!outbox.drop_dead(number).await.unwrap());
    }
    assert_eq!(outbox.stats().await.unwrap().waiting, 1);
}
