//! Cases: what can be done to calls.

use super::stage::{Outcome, Stage, calls, equal};
use super::{Act, Case, Habit, Line};
use cti_core::call::{AgentState, CallFact, CallId, Direction, Disposition, Extension, PbxEvent, TransferHow};
use cti_core::number::Number;
use cti_core::pbx::{DeviceState, Dial, RecordingStep, TransferStep, WantedAgentState};
use cti_core::{Error, ErrorKind};
use std::time::Duration;

const CUSTOMER: &str = "0901234567";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case { name: "dial", needs: &["dial"], run: |s| Box::pin(dial(s)) },
        Case { name: "dial_fails_in_distinct_ways", needs: &["dial"], run: |s| Box::pin(dial_fails(s)) },
        Case { name: "answer", needs: &["inbound", "answer"], run: |s| Box::pin(answer(s)) },
        Case { name: "hang_up", needs: &["inbound", "hang_up"], run: |s| Box::pin(hang_up(s)) },
        Case { name: "hold_by_control", needs: &["inbound", "hold"], run: |s| Box::pin(hold(s)) },
        Case { name: "blind_transfer", needs: &["inbound", "blind_transfer"], run: |s| Box::pin(blind(s)) },
        Case { name: "attended_transfer", needs: &["inbound", "attended_transfer"], run: |s| Box::pin(attended(s)) },
        Case {
            name: "attended_transfer_cancelled",
            needs: &["inbound", "attended_transfer", "cancel_transfer"],
            run: |s| Box::pin(cancelled(s)),
        },
        Case { name: "redirect", needs: &["inbound", "redirect"], run: |s| Box::pin(redirect(s)) },
        Case { name: "redirect_a_ringing_call", needs: &["inbound", "redirect"], run: |s| Box::pin(deflect(s)) },
        Case { name: "mute", needs: &["inbound", "mute"], run: |s| Box::pin(mute(s)) },
        Case { name: "device_state", needs: &["inbound", "device_state"], run: |s| Box::pin(device_state(s)) },
        Case { name: "send_digits", needs: &["inbound", "send_digits"], run: |s| Box::pin(digits(s)) },
        Case { name: "set_agent_state", needs: &["set_agent_state"], run: |s| Box::pin(agent_state(s)) },
        Case { name: "park", needs: &["inbound", "park"], run: |s| Box::pin(park(s)) },
        Case { name: "record", needs: &["inbound", "record"], run: |s| Box::pin(record(s)) },
        Case { name: "unsupported_is_refused_without_a_byte", needs: &[], run: |s| Box::pin(unsupported(s)) },
    ]
}

fn number(text: &str) -> Result<Number, String> {
    Number::new(text).ok_or_else(|| "no number".to_owned())
}

fn fine<T>(what: &str, result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| format!("{what} failed: {error}"))
}

/// A call from outside that the first extension has answered.
async fn talk(stage: &mut Stage) -> Result<(CallId, Extension, super::RigCall), String> {
    let [a, ..] = stage.rig.extensions();
    stage.rig.habit(Some(&a), Habit::Answers).await;
    let call = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("answered", Some(&a)).await?;
    Ok((stage.only_call()?, a, call))
}

async fn dial(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.habit_of_all(Habit::Answers).await;
    let control = stage.control()?;
    let wanted = Dial::new(a.clone(), number(&stage.rig.outside(CUSTOMER))?);
    let call = fine("dial", control.dial(&wanted).await)?;
    stage.until_fact("answered", Some(&a)).await?;
    equal("the call that dial names", call, stage.only_call()?)?;
    stage.act(Some(&a), Act::HangUp).await?;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the direction", record.direction, Direction::Outbound)?;
    equal("the number called", record.dialed.as_ref().map(|n| n.as_str()), Some(CUSTOMER))?;
    equal("the extension", record.extensions, vec![a])
}

async fn dial_fails(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let control = stage.control()?;
    let outside = number(&stage.rig.outside(CUSTOMER))?;
    let tries = [
        (a.clone(), Habit::Busy, ErrorKind::Busy),
        (a.clone(), Habit::Rejects, ErrorKind::Rejected),
        (a.clone(), Habit::RingsOut, ErrorKind::NoAnswer),
        (a.clone(), Habit::Unavailable, ErrorKind::Unreachable),
        (stage.rig.unknown_extension(), Habit::RingsOut, ErrorKind::NotFound),
    ];
    for (extension, habit, kind) in tries {
        stage.rig.habit(Some(&a), habit).await;
        let mut wanted = Dial::new(extension, outside.clone());
        wanted.timeout = Duration::from_secs(1);
        let call = tokio::time::timeout(stage.rig.patience(), control.dial(&wanted)).await;
        match call.map_err(|_| format!("dial to a phone that {habit:?} does not come back"))? {
            Ok(_) => return Err(format!("dial succeeds although the phone {habit:?}")),
            Err(error) => equal(&format!("the error when the phone {habit:?} ({error})"), error.kind(), kind)?,
        }
    }
    stage.until_ended(3).await
}

async fn answer(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("ringing", Some(&a)).await?;
    let call = stage.only_call()?;
    fine("answer", stage.control()?.answer(&call, &a).await)?;
    stage.until_fact("answered", Some(&a)).await
}

async fn hang_up(stage: &mut Stage) -> Outcome {
    let (call, a, _) = talk(stage).await?;
    fine("hang_up", stage.control()?.hang_up(&call, &a).await)?;
    stage.until_ended(1).await?;
    match stage.control()?.hang_up(&call, &a).await {
        Ok(()) => Err("a call that is over can be hung up again".to_owned()),
        Err(error) => equal("the error for a call that is over", error.kind(), ErrorKind::NotFound),
    }
}

async fn hold(stage: &mut Stage) -> Outcome {
    let (call, a, _) = talk(stage).await?;
    fine("hold", stage.control()?.hold(&call, &a).await)?;
    stage.until_fact("held", Some(&a)).await?;
    fine("resume", stage.control()?.resume(&call, &a).await)?;
    stage.until_fact("resumed", Some(&a)).await
}

/// The transfers of the only call.
fn transfers(stage: &Stage) -> Vec<(String, String, TransferHow)> {
    calls(&stage.events)
        .filter_map(|event| match &event.fact {
            CallFact::Transferred { from, to, how } => Some((from.to_string(), to.as_str().to_owned(), *how)),
            _ => None,
        })
        .collect()
}

async fn blind(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    nowhere(stage, &call, &a, TransferStep::Blind).await?;
    let [_, b, _] = stage.rig.extensions();
    let to = number(b.as_str())?;
    fine("transfer", stage.control()?.transfer(&call, &a, &to, TransferStep::Blind).await)?;
    stage.until_fact("ringing", Some(&b)).await?;
    stage.act(Some(&b), Act::PickUp).await?;
    stage.until_fact("answered", Some(&b)).await?;
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    handed_over(stage, &call, &a, &b, TransferHow::Blind)
}

/// A call is not handed to a number that there is not: it would be lost.
async fn nowhere(stage: &mut Stage, call: &CallId, a: &Extension, step: TransferStep) -> Outcome {
    let unknown = number(stage.rig.unknown_extension().as_str())?;
    match stage.control()?.transfer(call, a, &unknown, step).await {
        Ok(()) => Err(format!("{step:?} to a number that there is not succeeds")),
        Err(error) => equal("the error for a number that there is not", error.kind(), ErrorKind::NotFound),
    }
}

fn handed_over(stage: &Stage, call: &CallId, a: &Extension, b: &Extension, how: TransferHow) -> Outcome {
    equal("the transfers", transfers(stage), vec![(a.to_string(), b.to_string(), how)])?;
    let record = stage.only_record()?;
    equal("the call", &record.call, call)?;
    equal("who answered last", record.answered_by.as_ref(), Some(b))?;
    equal("the caller", record.caller.number.as_ref().map(|n| n.as_str()), Some(CUSTOMER))?;
    equal("the disposition", record.disposition, Disposition::Answered)
}

async fn attended(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    let [_, b, _] = stage.rig.extensions();
    let to = number(b.as_str())?;
    let control = stage.control()?;
    nowhere(stage, &call, &a, TransferStep::Consult).await?;
    if control.transfer(&call, &a, &to, TransferStep::Complete).await.is_ok() {
        return Err("a transfer is completed although nobody was consulted".to_owned());
    }
    fine("consult", control.transfer(&call, &a, &to, TransferStep::Consult).await)?;
    stage.until_fact("ringing", Some(&b)).await?;
    stage.act(Some(&b), Act::PickUp).await?;
    stage.until_fact("answered", Some(&b)).await?;
    equal("transfers before it is completed", transfers(stage).len(), 0)?;
    fine("complete", control.transfer(&call, &a, &to, TransferStep::Complete).await)?;
    stage.until_fact("transferred", None).await?;
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    handed_over(stage, &call, &a, &b, TransferHow::Attended)
}

async fn cancelled(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    let [_, b, _] = stage.rig.extensions();
    let to = number(b.as_str())?;
    let control = stage.control()?;
    fine("consult", control.transfer(&call, &a, &to, TransferStep::Consult).await)?;
    stage.until_fact("ringing", Some(&b)).await?;
    fine("cancel", control.transfer(&call, &a, &to, TransferStep::Cancel).await)?;
    stage.until_fact("missed", Some(&b)).await?;
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    equal("the transfers", transfers(stage).len(), 0)?;
    equal("the disposition", stage.only_record()?.disposition, Disposition::Answered)
}

async fn redirect(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    sent_on(stage, &call, &a, caller).await
}

async fn deflect(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let caller = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("ringing", Some(&a)).await?;
    let call = stage.only_call()?;
    sent_on(stage, &call, &a, caller).await
}

/// The caller is sent to the second extension, which answers; the first has no part in it any more.
async fn sent_on(stage: &mut Stage, call: &CallId, a: &Extension, caller: super::RigCall) -> Outcome {
    let [_, b, _] = stage.rig.extensions();
    stage.rig.habit(Some(&b), Habit::Answers).await;
    fine("redirect", stage.control()?.redirect(call, a, &number(b.as_str())?).await)?;
    stage.until_fact("answered", Some(&b)).await?;
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    let record = stage.only_record()?;
    equal("the call", &record.call, call)?;
    equal("who answered last", record.answered_by.as_ref(), Some(&b))?;
    equal("the caller", record.caller.number.as_ref().map(|n| n.as_str()), Some(CUSTOMER))?;
    equal("the disposition", record.disposition, Disposition::Answered)
}

async fn mute(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    let control = stage.control()?;
    for silent in [true, false] {
        fine("mute", control.mute(&call, &a, silent).await)?;
    }
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    match control.mute(&call, &a, true).await {
        Ok(()) => Err("a call that is over can be muted".to_owned()),
        Err(error) => equal("the error for a call that is over", error.kind(), ErrorKind::NotFound),
    }
}

async fn device_state(stage: &mut Stage) -> Outcome {
    let [a, b, _] = stage.rig.extensions();
    stage.rig.habit(Some(&b), Habit::Unavailable).await;
    let control = stage.control()?;
    let states = [(&a, DeviceState::Idle), (&b, DeviceState::Unavailable)];
    for (extension, state) in states {
        equal("the state", fine("device_state", control.device_state(extension).await)?, state)?;
    }
    let caller = stage.rig.call_in(CUSTOMER, "", Line::Direct).await;
    stage.until_fact("ringing", Some(&a)).await?;
    equal("a phone that rings", fine("device_state", control.device_state(&a).await)?, DeviceState::Ringing)?;
    stage.act(Some(&a), Act::PickUp).await?;
    stage.until_fact("answered", Some(&a)).await?;
    equal("a phone in use", fine("device_state", control.device_state(&a).await)?, DeviceState::InUse)?;
    match control.device_state(&stage.rig.unknown_extension()).await {
        Ok(state) => return Err(format!("a telephone that there is not is {state:?}")),
        Err(error) => equal("the error for a telephone that there is not", error.kind(), ErrorKind::NotFound)?,
    }
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await
}

async fn digits(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    let control = stage.control()?;
    fine("send_digits", control.send_digits(&call, &a, "12#*").await)?;
    match control.send_digits(&call, &a, "1\r\nAction: Hangup").await {
        Ok(()) => return Err("digits that are none are sent".to_owned()),
        Err(error) => equal("the error for digits that are none", error.kind(), ErrorKind::Rejected)?,
    }
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await
}

async fn agent_state(stage: &mut Stage) -> Outcome {
    let [a, ..] = stage.rig.extensions();
    let control = stage.control()?;
    let told = |events: &[PbxEvent], state: AgentState| {
        events
            .iter()
            .any(|event| matches!(event, PbxEvent::Agent(agent) if agent.extension == a && agent.state == state))
    };
    let pause = WantedAgentState::NotReady { reason: Some("lunch".to_owned()) };
    fine("pause", control.set_agent_state(&a, &pause).await)?;
    stage.until("not ready", |events| told(events, AgentState::NotReady)).await?;
    fine("unpause", control.set_agent_state(&a, &WantedAgentState::Ready).await)?;
    stage.until("ready", |events| told(events, AgentState::Ready)).await
}

async fn park(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    fine("park", stage.control()?.park(&call, &a).await)?;
    stage.until_fact("parked", None).await?;
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    stage.only_record().map(|_| ())
}

async fn record(stage: &mut Stage) -> Outcome {
    let (call, a, caller) = talk(stage).await?;
    let control = stage.control()?;
    for step in [RecordingStep::Start, RecordingStep::Pause, RecordingStep::Resume, RecordingStep::Stop] {
        fine(&format!("record {step:?}"), control.record(&call, &a, step).await)?;
    }
    stage.until_fact("recording", None).await?;
    stage.rig.caller_hangs_up(caller).await;
    stage.until_ended(1).await?;
    equal("recordings in the record", stage.only_record()?.recordings.is_empty(), false)
}

async fn unsupported(stage: &mut Stage) -> Outcome {
    let Ok(control) = stage.control() else { return Ok(()) };
    let can = control.capabilities();
    let [a, b, _] = stage.rig.extensions();
    let call = CallId::new("main", "0.0");
    let to = number(b.as_str())?;
    let before = stage.rig.commands();
    let (state, dial) = (WantedAgentState::Ready, Dial::new(a.clone(), to.clone()));
    let tries = [
        ("dial", can.dial, none_if(can.dial, || control.dial(&dial)).await),
        ("answer", can.answer, none_if(can.answer, || control.answer(&call, &a)).await),
        ("hang_up", can.hang_up, none_if(can.hang_up, || control.hang_up(&call, &a)).await),
        ("hold", can.hold, none_if(can.hold, || control.hold(&call, &a)).await),
        ("resume", can.hold, none_if(can.hold, || control.resume(&call, &a)).await),
        (
            "transfer",
            can.blind_transfer,
            none_if(can.blind_transfer, || control.transfer(&call, &a, &to, TransferStep::Blind)).await,
        ),
        ("send_digits", can.send_digits, none_if(can.send_digits, || control.send_digits(&call, &a, "1")).await),
        (
            "set_agent_state",
            can.set_agent_state,
            none_if(can.set_agent_state, || control.set_agent_state(&a, &state)).await,
        ),
        ("redirect", can.redirect, none_if(can.redirect, || control.redirect(&call, &a, &to)).await),
        ("park", can.park, none_if(can.park, || control.park(&call, &a)).await),
        ("mute", can.mute, none_if(can.mute, || control.mute(&call, &a, true)).await),
        ("device_state", can.device_state, none_if(can.device_state, || control.device_state(&a)).await),
        ("record", can.record, none_if(can.record, || control.record(&call, &a, RecordingStep::Start)).await),
    ];
    for (name, supported, error) in tries {
        if !supported {
            let kind = error.map(|error| error.kind());
            equal(&format!("the error of {name}"), kind, Some(ErrorKind::Unsupported))?;
        }
    }
    equal("the number of commands sent", stage.rig.commands(), before)
}

/// The error of a command that is not supported; a supported one is not sent.
async fn none_if<F, T>(supported: bool, command: impl FnOnce() -> F) -> Option<Error>
where
    F: Future<Output = Result<T, Error>>,
{
    if supported { None } else { command().await.err() }
}
