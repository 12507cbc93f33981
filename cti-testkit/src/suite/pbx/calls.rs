//! Cases: what the source tells of calls and agents.

use super::stage::{Outcome, Stage, calls, equal};
use super::{Act, Case, Habit, Line};
use cti_core::call::{AgentState, CallFact, Direction, Disposition, MissReason, PbxEvent};
use std::time::Duration;

const CUSTOMER: &str = "0901234567";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case { name: "inbound_answered", needs: &["inbound"], run: |s| Box::pin(answered(s)) },
        Case { name: "inbound_agent_hangs_up", needs: &["inbound"], run: |s| Box::pin(agent_hangs_up(s)) },
        Case { name: "inbound_no_answer", needs: &["inbound"], run: |s| Box::pin(no_answer(s)) },
        Case { name: "inbound_busy", needs: &["inbound"], run: |s| Box::pin(busy(s)) },
        Case { name: "inbound_rejected", needs: &["inbound"], run: |s| Box::pin(rejected(s)) },
        Case { name: "inbound_unavailable", needs: &["inbound"], run: |s| Box::pin(unavailable(s)) },
        Case { name: "inbound_abandoned", needs: &["inbound"], run: |s| Box::pin(abandoned(s)) },
        Case { name: "ring_group_is_one_call", needs: &["inbound"], run: |s| Box::pin(ring_group(s)) },
        Case { name: "queue_answered", needs: &["inbound", "queues"], run: |s| Box::pin(queue(s)) },
        Case { name: "queue_abandoned", needs: &["inbound", "queues"], run: |s| Box::pin(queue_abandoned(s)) },
        Case { name: "internal_call", needs: &["internal"], run: |s| Box::pin(internal(s)) },
        Case { name: "outbound_from_the_handset", needs: &["outbound"], run: |s| Box::pin(outbound(s)) },
        Case { name: "hold_and_resume", needs: &["inbound", "hold_events"], run: |s| Box::pin(hold(s)) },
        Case { name: "agent_states", needs: &["agent_events"], run: |s| Box::pin(agents(s)) },
        Case { name: "calls_at_the_same_time", needs: &["inbound"], run: |s| Box::pin(overlapping(s)) },
    ]
}

async fn answered(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let call = stage.rig.call_in(CUSTOMER, "Taro", Line::Direct).await;
    stage.until_fact("ringing", Some(&a)).await?;
    stage.act(Some(&a), Act::PickUp).await?;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the disposition", record.disposition, Disposition::Answered)?;
    equal("the direction", record.direction, Direction::Inbound)?;
    equal("who answered", record.answered_by.as_ref(), Some(&a))?;
    equal("the caller", record.caller.number.as_ref().map(|n| n.as_str()), Some(CUSTOMER))?;
    equal("the caller's name", record.caller.name.as_ref().map(|n| n.as_str()), Some("Taro"))?;
    equal("a dialled number", record.dialed.is_some(), true)
}

async fn agent_hangs_up(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    stage.act(Some(&a), Act::HangUp).await?;
    stage.until_ended(1).await?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::Answered)
}

/// A call that one phone does not take.
async fn not_taken(stage: &mut Stage, habit: Habit, reason: MissReason, dispositions: &[Disposition]) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), habit).await;
    stage.rig.ring_time(Duration::from_millis(300)).await;
    stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    if !dispositions.contains(&record.disposition) {
        return Err(format!("the disposition is {:?}, expected one of {dispositions:?}", record.disposition));
    }
    equal("why it was missed", stage.missed(&a).as_slice(), &[reason])
}

async fn no_answer(stage: &mut Stage) -> Outcome {
    not_taken(stage, Habit::RingsOut, MissReason::NoAnswer, &[Disposition::Missed]).await
}

async fn busy(stage: &mut Stage) -> Outcome {
    not_taken(stage, Habit::Busy, MissReason::Busy, &[Disposition::Busy]).await
}

async fn rejected(stage: &mut Stage) -> Outcome {
    not_taken(stage, Habit::Rejects, MissReason::Rejected, &[Disposition::Rejected]).await
}

/// A PBX may tell no leg at all for a phone that it cannot reach: then nobody missed anything.
async fn unavailable(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Unavailable).await;
    stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    let fits = [Disposition::Missed, Disposition::Failed].contains(&record.disposition);
    equal("missed or failed", fits, true)?;
    let missed = stage.missed(&a);
    equal("no reason but unavailable", missed.iter().all(|reason| *reason == MissReason::Unavailable), true)
}

async fn abandoned(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("ringing", Some(&a)).await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::Abandoned)?;
    equal("why it was missed", stage.missed(&a).as_slice(), &[MissReason::CallerGaveUp])
}

async fn ring_group(stage: &mut Stage) -> Outcome {
    let [a, b, c] = stage.rig.extensions();
    let call = stage.rig.call_in(CUSTOMER, "", Line::Group).await;
    for extension in [&a, &b, &c] {
        stage.until_fact("ringing", Some(extension)).await?;
    }
    stage.act(Some(&b), Act::PickUp).await?;
    stage.until_fact("answered", Some(&b)).await?;
    for loser in [&a, &c] {
        stage.until_fact("missed", Some(loser)).await?;
        equal("why it was missed", stage.missed(loser).as_slice(), &[MissReason::AnsweredElsewhere])?;
    }
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("who answered", record.answered_by, Some(b))?;
    equal("how many extensions", record.extensions.len(), 3)
}

async fn queue(stage: &mut Stage) -> Outcome {
    let [a, b, _] = stage.rig.extensions();
    let call = stage.rig.call_in(CUSTOMER, "", Line::Queue).await;
    stage.until_fact("queued", None).await?;
    for extension in [&a, &b] {
        stage.until_fact("ringing", Some(extension)).await?;
    }
    stage.act(Some(&a), Act::PickUp).await?;
    stage.until_fact("answered", Some(&a)).await?;
    stage.until_fact("dequeued", None).await?;
    stage.until_fact("missed", Some(&b)).await?;
    equal("why it was missed", stage.missed(&b).as_slice(), &[MissReason::AnsweredElsewhere])?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the queue", record.queue, Some(stage.rig.queue()))?;
    equal("who answered", record.answered_by, Some(a))
}

async fn queue_abandoned(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let call = stage.rig.call_in(CUSTOMER, "", Line::Queue).await;
    stage.until_fact("ringing", Some(&a)).await?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::Abandoned)?;
    let left = calls(&stage.events).any(|event| matches!(event.fact, CallFact::Dequeued { .. }));
    equal("left the queue", left, true)
}

async fn internal(stage: &mut Stage) -> Outcome {
    let [a, b, _] = stage.rig.extensions();
    stage.act(Some(&a), Act::Dial(b.to_string())).await?;
    stage.until_fact("ringing", Some(&b)).await?;
    stage.act(Some(&b), Act::PickUp).await?;
    stage.until_fact("answered", Some(&b)).await?;
    stage.act(Some(&a), Act::HangUp).await?;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the direction", record.direction, Direction::Internal)?;
    equal("who answered", record.answered_by, Some(b))?;
    equal("the caller", record.caller.number.as_ref().map(|n| n.as_str()), Some(a.as_str()))
}

async fn outbound(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.act(Some(&a), Act::Dial(stage.rig.outside(CUSTOMER))).await?;
    stage.until_fact("dialing", Some(&a)).await?;
    stage.act(None, Act::PickUp).await?;
    stage.until_fact("answered", Some(&a)).await?;
    stage.act(Some(&a), Act::HangUp).await?;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the direction", record.direction, Direction::Outbound)?;
    equal("the number called", record.dialed.as_ref().map(|n| n.as_str()), Some(CUSTOMER))?;
    equal("the disposition", record.disposition, Disposition::Answered)
}

async fn hold(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    stage.rig.caller_holds(call, true).await;
    stage.until_fact("held", None).await?;
    stage.rig.caller_holds(call, false).await;
    stage.until_fact("resumed", None).await?;
    stage.act(Some(&a), Act::Hold(true)).await?;
    stage.until_fact("held", Some(&a)).await?;
    stage.act(Some(&a), Act::Hold(false)).await?;
    stage.until_fact("resumed", Some(&a)).await?;
    let who: Vec<_> = calls(&stage.events)
        .filter_map(|event| match &event.fact {
            CallFact::Held { extension } => Some(extension.clone()),
            _ => None,
        })
        .collect();
    equal("who held", who, vec![None, Some(a)])?;
    stage.rig.caller_hangs_up(call).await;
    stage.until_ended(1).await
}

async fn agents(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let told = |events: &[PbxEvent], state: AgentState, why: Option<&str>| {
        events.iter().any(|event| match event {
            PbxEvent::Agent(event) => {
                event.extension == a
                    && event.state == state
                    && why.is_none_or(|why| event.reason.as_deref() == Some(why))
            }
            PbxEvent::Call(_) => false,
        })
    };
    stage.act(Some(&a), Act::Pause(true, "lunch".to_owned())).await?;
    stage.until("not ready, lunch", |events| told(events, AgentState::NotReady, Some("lunch"))).await?;
    stage.act(Some(&a), Act::Pause(false, String::new())).await?;
    stage.until("ready", |events| told(events, AgentState::Ready, None)).await
}

async fn overlapping(stage: &mut Stage) -> Outcome {
    let mut all = Vec::new();
    for number in 0..10 {
        all.push(stage.rig.call_in(&format!("09000000{number:02}"), "", Line::Group).await);
    }
    for call in all {
        stage.rig.caller_hangs_up(call).await;
    }
    stage.until_ended(10).await?;
    crate::laws::check_complete(&stage.events).map_err(|found| found[0].to_string())?;
    let calls = crate::laws::by_call(&stage.events).len();
    equal("the number of calls", calls, 10)
}
