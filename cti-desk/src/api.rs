//! What people click: click-to-dial and call control. Only ever with the agent's own telephones.

use crate::answer::Refusal;
use crate::leg::OwnLeg;
use crate::running::Inner;
use crate::security;
use crate::session::Who;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use cti_core::call::{CallId, Extension};
use cti_core::command::{Command, Digits, Outcome};
use cti_core::dial::Choice;
use cti_core::number::Number;
use cti_core::pbx::TransferStep;
use serde::Deserialize;
use std::sync::Arc;

/// More key tones at once are a mistake.
const MAX_DIGITS: usize = 32;

/// Click-to-dial.
#[derive(Debug, Deserialize)]
pub(crate) struct DialRequest {
    number: String,
    #[serde(default)]
    choice: Choice,
}

/// Call control.
#[derive(Debug, Deserialize)]
pub(crate) struct CallRequest {
    call: String,
    /// Which of the agent's telephones, if it matters.
    extension: Option<String>,
    /// Transfer: who gets the call.
    to: Option<String>,
    /// Transfer: which step.
    step: Option<TransferStep>,
    /// The keys.
    digits: Option<String>,
}

pub(crate) async fn dial(
    State(desk): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Outcome>, Refusal> {
    let who = security::writer(&desk, &headers)?;
    place(&desk, who, security::read_json(&desk, &headers, body).await?).await
}

/// Hands a click-to-dial of `who` to the pipeline.
pub(crate) async fn place(desk: &Inner, who: Who, request: DialRequest) -> Result<Json<Outcome>, Refusal> {
    let number = Number::new(&request.number).ok_or_else(|| Refusal::bad_request("there is no number to dial"))?;
    let agent = desk.agent(who.agent).ok_or_else(Refusal::unauthenticated)?;
    if request.choice.extension.as_ref().is_some_and(|chosen| !agent.extensions.contains(chosen)) {
        return Err(Refusal::forbidden("this is not one of your telephones"));
    }
    let command = Command::Dial { user: agent.user.clone(), number, choice: request.choice };
    Ok(Json(desk.carry_out("dial", command).await?))
}

pub(crate) async fn call(
    State(desk): State<Arc<Inner>>,
    Path(action): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Outcome>, Refusal> {
    let who = security::writer(&desk, &headers)?;
    let request: CallRequest = security::read_json(&desk, &headers, body).await?;
    if !desk.window.call_control {
        return Err(Refusal::forbidden("call control is switched off for this desk"));
    }
    let own = desk
        .hub
        .own_leg(who.agent, &request.call, request.extension.as_deref())
        .ok_or_else(|| Refusal::not_found("you have no such call"))?;
    let (name, command) = command(&action, &own, &request)?;
    let consulting = consulting_after(&command);
    let outcome = desk.carry_out(name, command).await;
    // A hand-over that the PBX refuses means that the other is not there any more: asking is over either way.
    let asking_is_over = consulting == Some(None);
    if let Some(whom) = consulting.filter(|_| outcome.is_ok() || asking_is_over) {
        desk.hub.consulting(&own, whom);
    }
    Ok(Json(outcome?))
}

/// A click on a pop. The call may be over: the pop of a recent one can be clicked too.
#[derive(Debug, Deserialize)]
pub(crate) struct PopClick {
    call: String,
    extension: String,
    crm: String,
}

pub(crate) async fn pop_click(
    State(desk): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Outcome>, Refusal> {
    let who = security::writer(&desk, &headers)?;
    let PopClick { call, extension, crm } = security::read_json(&desk, &headers, body).await?;
    let agent = desk.agent(who.agent).ok_or_else(Refusal::unauthenticated)?;
    let extension = Extension::from(extension);
    if !agent.extensions.contains(&extension) {
        return Err(Refusal::forbidden("this is not one of your telephones"));
    }
    let command = Command::Click { call: CallId::from(call), extension, crm };
    Ok(Json(desk.carry_out("click", command).await?))
}

/// The command that an action means; its name is the one in the metrics.
fn command(action: &str, own: &OwnLeg, request: &CallRequest) -> Result<(&'static str, Command), Refusal> {
    let (call, extension) = (own.call.clone(), own.extension.clone());
    Ok(match action {
        "answer" => ("answer", Command::Answer { call, extension }),
        "hang_up" => ("hang_up", Command::HangUp { call, extension }),
        "hold" => ("hold", Command::Hold { call, extension }),
        "resume" => ("resume", Command::Resume { call, extension }),
        "transfer" => {
            let step = request.step.unwrap_or(TransferStep::Blind);
            let to = transfer_target(step, own, request.to.as_deref())?;
            ("transfer", Command::Transfer { call, extension, to, step })
        }
        "digits" => ("digits", Command::SendDigits { call, extension, digits: keys(request.digits.as_deref())? }),
        _ => return Err(Refusal::not_found("there is no such action")),
    })
}

/// The one named; for the last step of a transfer the one who was asked before it.
fn transfer_target(step: TransferStep, own: &OwnLeg, to: Option<&str>) -> Result<Number, Refusal> {
    let asked = match step {
        TransferStep::Complete | TransferStep::Cancel => own.consulting.clone(),
        TransferStep::Blind | TransferStep::Consult => None,
    };
    asked.or_else(|| to.and_then(Number::new)).ok_or_else(|| Refusal::bad_request("say to whom the call goes"))
}

fn keys(digits: Option<&str>) -> Result<Digits, Refusal> {
    let digits = digits.unwrap_or_default();
    let is_key = |key: char| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D');
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.chars().all(is_key) {
        return Err(Refusal::bad_request("digits are 1 to 32 of 0-9 * # A-D"));
    }
    Ok(digits.into())
}

/// Whom the agent is asking once the command is carried out; the outer `None` leaves it as it is.
fn consulting_after(command: &Command) -> Option<Option<Number>> {
    match command {
        Command::Transfer { step: TransferStep::Consult, to, .. } => Some(Some(to.clone())),
        Command::Transfer { .. } => Some(None),
        _ => None,
    }
}
