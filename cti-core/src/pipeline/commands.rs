//! Click-to-dial and call control.

use super::builder::Parts;
use crate::call::CallId;
use crate::command::{Command, CommandRequest, CommandStream, Outcome};
use crate::dial::{Choice, Resolution};
use crate::error::{Error, ErrorKind, Result};
use crate::number::Number;
use crate::pbx::{Dial, PbxControl};
use std::collections::HashMap;
use std::sync::Arc;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

/// Carries out commands: finds the PBX, asks the dial plan.
pub(super) struct Commander {
    controls: HashMap<String, Arc<dyn PbxControl>>,
    parts: Parts,
}

/// Takes commands until the end; each is carried out beside the others.
pub(super) async fn serve(mut commands: CommandStream, commander: Arc<Commander>, cancel: CancellationToken) {
    while let Some(Some(CommandRequest { command, reply })) = cancel.run_until_cancelled(commands.next()).await {
        let (commander, cancel) = (Arc::clone(&commander), cancel.clone());
        let tasks = commander.parts.tasks.clone();
        tasks.spawn(async move {
            let outcome = cancel.run_until_cancelled(commander.carry_out(command)).await;
            let ending = || Error::new(ErrorKind::Unreachable, "the programme is ending").during("command");
            // Nobody may be waiting any more: the browser was closed.
            let _ = reply.send(outcome.unwrap_or_else(|| Err(ending())));
        });
    }
}

impl Commander {
    pub(super) fn new(controls: HashMap<String, Arc<dyn PbxControl>>, parts: Parts) -> Self {
        Self { controls, parts }
    }

    async fn carry_out(&self, command: Command) -> Result<Outcome> {
        if command.controls_a_call() && !self.parts.settings().policy().pop.call_control {
            let why = "call control is switched off (policy.pop.call_control)";
            return Err(Error::new(ErrorKind::PermissionDenied, why));
        }
        match command {
            Command::Dial { user, number, choice } => return self.dial(&user, &number, &choice).await,
            Command::Click { call, extension, crm } => {
                return self.parts.clicks.click(&call, &extension, &crm).await;
            }
            Command::Answer { call, extension } => self.of(&call)?.answer(&call, &extension).await?,
            Command::HangUp { call, extension } => self.of(&call)?.hang_up(&call, &extension).await?,
            Command::Hold { call, extension } => self.of(&call)?.hold(&call, &extension).await?,
            Command::Resume { call, extension } => self.of(&call)?.resume(&call, &extension).await?,
            Command::Transfer { call, extension, to, step } => {
                self.of(&call)?.transfer(&call, &extension, &to, step).await?;
            }
            Command::SendDigits { call, extension, digits } => {
                self.of(&call)?.send_digits(&call, &extension, &digits).await?;
            }
            Command::Redirect { call, extension, to } => self.of(&call)?.redirect(&call, &extension, &to).await?,
            Command::Park { call, extension } => {
                return Ok(Outcome::Parked { slot: self.of(&call)?.park(&call, &extension).await? });
            }
            Command::Record { call, extension, step } => self.of(&call)?.record(&call, &extension, step).await?,
            Command::Mute { call, extension, silent } => self.of(&call)?.mute(&call, &extension, silent).await?,
            Command::DeviceState { pbx, extension } => {
                return Ok(Outcome::Device { state: self.control(&pbx)?.device_state(&extension).await? });
            }
            Command::SetAgentState { pbx, extension, state } => {
                self.control(&pbx)?.set_agent_state(&extension, &state).await?;
            }
        }
        Ok(Outcome::Done)
    }

    async fn dial(&self, user: &str, number: &Number, choice: &Choice) -> Result<Outcome> {
        let settings = self.parts.settings();
        let Some(plan) = &settings.dial_plan else {
            return Err(
                Error::config("groups", "nobody may dial: the configuration has no telephony group").during("dial")
            );
        };
        match plan.resolve(user, number, choice, settings.numbering())? {
            Resolution::ChoiceNeeded(offer) => Ok(Outcome::ChoiceNeeded { offer }),
            Resolution::Dial { pbx, derivation } => {
                let dial = Dial::new(derivation.extension.clone(), derivation.dial_string.clone());
                let call = self.control(&pbx)?.dial(&dial).await?;
                Ok(Outcome::Placed { call, derivation })
            }
        }
    }

    fn of(&self, call: &CallId) -> Result<&Arc<dyn PbxControl>> {
        self.control(call.pbx())
    }

    fn control(&self, pbx: &str) -> Result<&Arc<dyn PbxControl>> {
        let missing =
            || Error::new(ErrorKind::NotFound, "there is no such PBX, or it cannot be controlled").with("pbx", pbx);
        self.controls.get(pbx).ok_or_else(missing)
    }
}
