//! Zoho's clicks.

use super::notice::call_of;
use super::register::{BUTTONS, EXTENSION, NUMBER, SECRET};
use crate::config::Zoho;
use crate::users::Agent;
use async_trait::async_trait;
use cti_core::call::Extension;
use cti_core::command::{Command, Digits, Outcome};
use cti_core::number::Number;
use cti_core::secret::{ExposeSecret, SecretString};
use cti_core::webhook::{Webhook, WebhookRequest};
use cti_core::{Error, ErrorKind, Result};
use cti_http::Method;
use sha2::{Digest, Sha256};

/// More key tones at once are a mistake.
const MAX_DIGITS: usize = 32;

#[async_trait]
impl Webhook for Zoho {
    fn name(&self) -> &str {
        self.configured_name()
    }

    fn receive(&self, request: &WebhookRequest) -> Result<Command> {
        let ready = self.ready()?;
        let bridge = ready.bridge.as_ref().and_then(|bridge| bridge.settings.webhooks.as_ref());
        let webhooks = bridge.ok_or_else(|| Error::new(ErrorKind::NotFound, "no webhooks are configured"))?;
        check_proof(request, &webhooks.secret)?;
        let extension = Extension::from(request.param(EXTENSION).unwrap_or_default());
        let agent = ready.agents.at(&extension);
        let agent = agent.ok_or_else(|| rejected("nobody is at that telephone"))?;
        command(request, agent)
    }

    async fn done(&self, command: &Command, outcome: &Result<Outcome>) {
        let Command::Dial { user, number, .. } = command else { return };
        let Some((code, message)) = failure(outcome) else { return };
        if let Err(error) = self.dial_failed(user, number, code, &message).await {
            tracing::warn!(error = %error.chain(), "PhoneBridge could not be told that a click-to-dial failed");
        }
    }
}

impl Zoho {
    async fn dial_failed(&self, user: &str, number: &Number, code: &str, message: &str) -> Result<()> {
        let ready = self.ready()?;
        let agent = ready.agents.all.iter().find(|agent| agent.user == user);
        let (Some(bridge), Some(agent)) = (&ready.bridge, agent) else { return Ok(()) };
        let mut form = vec![
            ("code", code.to_owned()),
            ("from", agent.extension.to_string()),
            ("to", number.as_str().to_owned()),
            ("message", message.to_owned()),
        ];
        let user = bridge.users().await.ok().and_then(|users| users.get(&agent.email.to_lowercase()).cloned());
        form.extend(user.map(|user| ("zohouser", user)));
        let request = || crate::client::Request::bridge(Method::POST, "clicktodialerror", form.clone());
        bridge.client.send(request()).await.map(drop)
    }
}

fn rejected(text: &str) -> Error {
    Error::new(ErrorKind::Rejected, text)
}

/// As parameter or as header. The digests are compared, so that the time tells nothing of the secret.
fn check_proof(request: &WebhookRequest, secret: &SecretString) -> Result<()> {
    let given = request.param(SECRET).or_else(|| request.header(SECRET)).unwrap_or_default();
    let same = Sha256::digest(given.as_bytes()) == Sha256::digest(secret.expose_secret().as_bytes());
    if same {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::Unauthenticated, "the webhook brings no proof that it is Zoho's"))
    }
}

fn command(request: &WebhookRequest, agent: &Agent) -> Result<Command> {
    if request.action == "dial" {
        let number =
            request.param(NUMBER).and_then(Number::new).ok_or_else(|| rejected("there is no number to dial"))?;
        return Ok(Command::Dial { user: agent.user.clone(), number, choice: Default::default() });
    }
    if !BUTTONS.iter().any(|(_, action)| *action == request.action) {
        return Err(Error::new(ErrorKind::NotFound, "there is no such action"));
    }
    let call = request.param("callrefid").and_then(call_of).ok_or_else(|| rejected("there is no such call"))?;
    let extension = agent.extension.clone();
    Ok(match request.action.as_str() {
        "answer" => Command::Answer { call, extension },
        "hang_up" => Command::HangUp { call, extension },
        "hold" => Command::Hold { call, extension },
        "resume" => Command::Resume { call, extension },
        "mute" => Command::Mute { call, extension, silent: true },
        "unmute" => Command::Mute { call, extension, silent: false },
        _ => Command::SendDigits { call, extension, digits: digits(request.param("digit"))? },
    })
}

fn digits(text: Option<&str>) -> Result<Digits> {
    let text = text.unwrap_or_default().trim();
    let keys = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
    let good = !text.is_empty() && text.len() <= MAX_DIGITS && text.chars().all(keys);
    if good { Ok(Digits::from(text)) } else { Err(rejected("these are no keys of a telephone")) }
}

/// Zoho's word and a text for the agent, if the phone does not ring.
fn failure(outcome: &Result<Outcome>) -> Option<(&'static str, String)> {
    let error = match outcome {
        Ok(Outcome::ChoiceNeeded { .. }) => {
            return Some(("invalid", "choose extension or prefix: dial this number on the desk page".to_owned()));
        }
        Ok(_) => return None,
        Err(error) => error,
    };
    let code = match error.kind() {
        ErrorKind::Busy => "busy",
        ErrorKind::NoAnswer | ErrorKind::Timeout => "noanswer",
        ErrorKind::Rejected => "invalid",
        ErrorKind::PermissionDenied | ErrorKind::ConfigInvalid => "blocked",
        _ => "notavailable",
    };
    Some((code, error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_a_telephone_are_sent() {
        assert!(digits(Some("12*#")).is_ok());
        for wrong in [None, Some(""), Some("1\r\nAction: Hangup"), Some("１"), Some("w"), Some(&*"1".repeat(33))] {
            assert_eq!(digits(wrong).unwrap_err().kind(), ErrorKind::Rejected);
        }
    }

    #[test]
    fn why_a_phone_does_not_ring_has_a_word_of_zohos() {
        let of = |kind| failure(&Err(Error::new(kind, "why"))).map(|(code, _)| code);
        assert_eq!(of(ErrorKind::Busy), Some("busy"));
        assert_eq!(of(ErrorKind::NoAnswer), Some("noanswer"));
        assert_eq!(of(ErrorKind::PermissionDenied), Some("blocked"));
        assert_eq!(of(ErrorKind::Unreachable), Some("notavailable"));
        assert_eq!(failure(&Ok(Outcome::Done)), None);
    }
}
