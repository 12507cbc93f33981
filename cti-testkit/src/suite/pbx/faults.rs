//! Cases: broken links, wrong passwords, hostile text, the end.

use super::stage::{Outcome, Stage, calls, equal, records};
use super::{Act, Case, Habit, Line};
use cti_core::call::{CallFact, Disposition};
use cti_core::pbx::LinkState;
use cti_core::{ErrorKind, Status};
use std::time::Duration;

const CUSTOMER: &str = "0901234567";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case { name: "link_lost_and_the_call_goes_on", needs: &["inbound", "resync"], run: |s| Box::pin(goes_on(s)) },
        Case {
            name: "link_lost_and_the_call_ends_meanwhile",
            needs: &["inbound", "resync"],
            run: |s| Box::pin(ends_meanwhile(s)),
        },
        Case {
            name: "link_lost_and_a_call_begins_meanwhile",
            needs: &["inbound", "resync"],
            run: |s| Box::pin(begins_meanwhile(s)),
        },
        Case { name: "pbx_restarts", needs: &["inbound", "resync"], run: |s| Box::pin(restarts(s)) },
        Case {
            name: "joins_in_mid_call_with_the_same_ids",
            needs: &["inbound", "resync"],
            run: |s| Box::pin(joins(s)),
        },
        Case { name: "wrong_password_is_permanent_and_quiet", needs: &[], run: |s| Box::pin(wrong_password(s)) },
        Case { name: "silent_pbx_is_noticed", needs: &[], run: |s| Box::pin(silent(s)) },
        Case { name: "slow_consumer_loses_nothing", needs: &["inbound"], run: |s| Box::pin(slow(s)) },
        Case { name: "nonsense_is_harmless", needs: &["inbound"], run: |s| Box::pin(nonsense(s)) },
        Case { name: "hostile_caller_names_are_harmless", needs: &["inbound"], run: |s| Box::pin(hostile(s)) },
        Case { name: "shutdown_is_quick_and_polite", needs: &[], run: |s| Box::pin(shutdown(s)) },
    ]
}

async fn down(stage: &mut Stage) -> Outcome {
    let patience = stage.rig.patience();
    stage.wait_link("down", |state| matches!(state, LinkState::Down { .. }), patience).await
}

async fn goes_on(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.cut_link(true).await;
    down(stage).await?;
    stage.rig.come_back().await;
    stage.wait_up().await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the disposition", record.disposition, Disposition::Answered)?;
    equal("who answered", record.answered_by, Some(a))
}

async fn ends_meanwhile(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.cut_link(true).await;
    down(stage).await?;
    stage.rig.caller_hangs_up(call).await;
    stage.rig.come_back().await;
    stage.until_ended(1).await?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::LostTrack)?;
    stage.wait_up().await
}

async fn begins_meanwhile(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.cut_link(true).await;
    down(stage).await?;
    let call = stage.rig.call_in(CUSTOMER, "Taro", Line::Direct).await;
    stage.rig.come_back().await;
    stage.until_fact("started", None).await?;
    stage.wait_up().await?;
    stage.act(Some(&a), Act::PickUp).await?;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the disposition", record.disposition, Disposition::Answered)?;
    equal("the caller", record.caller.number.as_ref().map(|n| n.as_str()), Some(CUSTOMER))
}

async fn restarts(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.restart().await;
    stage.until_ended(1).await?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::LostTrack)?;
    stage.wait_up().await?;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage
        .until("the second answer", |events| calls(events).filter(|event| event.name() == "answered").count() == 2)
        .await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(2).await?;
    let last = records(&stage.events).last().map(|record| record.disposition);
    equal("the disposition of the next call", last, Some(Disposition::Answered))
}

/// A reader that joins while somebody talks tells the end under the same id as one that was there from the beginning.
async fn joins(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    let first = stage.only_call()?;
    let mut late = Stage::new(stage.rig.clone());
    late.open(stage.rig.source(), Vec::new()).await?;
    late.wait_up().await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    late.until_ended(1).await?;
    late.cancel();
    equal("the call", late.only_call()?, first)?;
    let mine: Vec<_> = calls(&stage.events).map(|event| event.id.clone()).collect();
    let strange: Vec<_> = calls(&late.events).map(|event| event.id.clone()).filter(|id| !mine.contains(id)).collect();
    equal("ids that only the second reader tells", strange, Vec::new())?;
    equal("who answered", late.only_record()?.answered_by, Some(a))
}

async fn wrong_password(stage: &mut Stage) -> Outcome {
    stage.close();
    let before = stage.rig.logins();
    stage.open(stage.rig.source_with_wrong_secret(), Vec::new()).await?;
    let patience = stage.rig.patience();
    match stage.next(patience).await? {
        Some(Err(error)) => {
            equal("the kind", error.kind(), ErrorKind::Unauthenticated)?;
            equal("the status", error.status(), Status::Permanent)?;
        }
        other => return Err(format!("a wrong password gives {other:?}, not an error")),
    }
    equal("nothing after the error", stage.next(patience).await?.is_none(), true)?;
    stage.wait_link("closed", |state| matches!(state, LinkState::Closed { .. }), patience).await?;
    // A second try would come within the first back-off of any sensible client.
    tokio::time::sleep(Duration::from_secs(2)).await;
    equal("login attempts", stage.rig.logins() - before, 1)
}

async fn silent(stage: &mut Stage) -> Outcome {
    stage.rig.fall_silent().await;
    let patience = stage.rig.silence_patience();
    stage.wait_link("down", |state| !matches!(state, LinkState::Up), patience).await
}

/// Hundreds of calls while nobody reads.
async fn slow(stage: &mut Stage) -> Outcome {
    const CALLS: usize = 300;
    stage.habit_of_all(Habit::Answers).await;
    for number in 0..CALLS {
        let call = stage.rig.call_in(&format!("0900000{number:04}"), "", Line::Group).await;
        stage.rig.caller_hangs_up(call).await;
        tokio::task::yield_now().await; // a rig may be done at once, and the reader must live meanwhile
    }
    let ended = stage.until_ended(CALLS).await;
    let (ends, logins) = (records(&stage.events).count(), stage.rig.logins());
    ended.map_err(|why| format!("{why}: {ends} ended, after {logins} logins"))?;
    crate::laws::check_complete(&stage.events).map_err(|found| found[0].to_string())?;
    equal("calls", crate::laws::by_call(&stage.events).len(), CALLS)
}

async fn nonsense(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    stage.rig.say_nonsense().await;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.rig.say_nonsense().await;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.say_nonsense().await;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::Answered)
}

async fn hostile(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    let long = "あ".repeat(3400);
    let names = [
        "<script>alert(1)</script>",
        "\"; DROP TABLE calls; --",
        "x\r\nEvent: Hangup\r\nUniqueid: 1.0",
        "a: b",
        "\\n\\\"",
        "\u{202e}evil\u{0}",
        long.as_str(),
    ];
    for (count, name) in names.iter().enumerate() {
        let call = stage.rig.call_in(CUSTOMER, name, Line::Direct).await;
        stage
            .until(&format!("the answer to caller {count}"), |events| {
                calls(events).filter(|event| matches!(event.fact, CallFact::Answered { .. })).count() > count
            })
            .await?;
        stage.rig.caller_hangs_up(call).await;
        stage.until_ended(count + 1).await?;
    }
    for record in records(&stage.events) {
        equal("the disposition", record.disposition, Disposition::Answered)?;
        let number = record.caller.number.as_ref().map(|number| number.as_str());
        equal("the caller", number, Some(CUSTOMER))?;
        let clean = record.caller.name.as_ref().is_none_or(|name| !name.as_str().contains(['\r', '\n']));
        equal("a name in one line", clean, true)?;
    }
    let markup = records(&stage.events).next().and_then(|record| record.caller.name.clone());
    equal("the first name", markup.as_ref().map(|name| name.as_str()), Some(names[0]))?;
    equal("calls", crate::laws::by_call(&stage.events).len(), names.len())
}

async fn shutdown(stage: &mut Stage) -> Outcome {
    let before = stage.rig.logoffs();
    stage.cancel();
    let quick = Duration::from_secs(2);
    let end = tokio::time::Instant::now() + quick;
    while let Some(item) = stage.next(end.saturating_duration_since(tokio::time::Instant::now())).await? {
        item.map_err(|error| format!("the end of the programme gives an error: {error}"))?;
    }
    stage.wait_link("closed", |state| matches!(state, LinkState::Closed { .. }), quick).await?;
    // The last words may still be on their way.
    let rig = stage.rig.clone();
    let polite = async move {
        while rig.logoffs() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(quick, polite).await.map_err(|_| "the reader does not log off".to_owned())
}
