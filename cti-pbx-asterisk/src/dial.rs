//! Click-to-dial: one `Originate`, and what became of it.

use crate::ami::{Action, Client, Message, Watch};
use crate::config::Settings;
use crate::error::link_lost;
use crate::{device, safe};
use chrono::Utc;
use cti_core::call::CallId;
use cti_core::pbx::{AutoAnswer, DeviceState, Dial};
use cti_core::{Error, ErrorKind, Result, Status};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How much longer than the ring time to wait for the outcome.
const GRACE: Duration = Duration::from_secs(10);
/// How long the hang-up may come after an outcome that does not say why.
const HANGUP_GRACE: Duration = Duration::from_millis(500);

/// Rings the extension; returns when it was picked up.
pub(crate) async fn dial(client: &Client, settings: &Settings, dial: &Dial) -> Result<CallId> {
    let channel_id = new_channel_id();
    let action = originate(settings, dial, &channel_id)?;
    let id = client.new_id();
    let mut watch = watch(client, id.clone(), channel_id.clone());
    client.send_as(&id, action).await?;
    let told = tokio::time::timeout(dial.timeout + GRACE, outcome(&mut watch)).await.map_err(|_| {
        Error::new(ErrorKind::Timeout, "Asterisk did not tell what became of the call")
            .status_is(Status::OutcomeUnknown)
    })??;
    match told.failure() {
        // Whether the telephone is there at all is not told: its state is.
        Some(error) if error.kind() == ErrorKind::NotFound && told.cause == 0 => {
            Err(unreachable(client, settings, dial).await.unwrap_or(error))
        }
        Some(error) => Err(error),
        None => Ok(CallId::new(&settings.name, told.unique_id.as_deref().unwrap_or(&channel_id))),
    }
}

/// The error for a telephone that exists but cannot be reached; `None` if there is none, or nobody may ask.
async fn unreachable(client: &Client, settings: &Settings, dial: &Dial) -> Option<Error> {
    let state = client.send(device::ask(&settings.technology, &dial.extension).ok()?).await.ok()?;
    (device::state(&state.get("Value")?) == Some(DeviceState::Unavailable))
        .then(|| Error::new(ErrorKind::Unreachable, "the telephone is not registered"))
}

fn originate(settings: &Settings, dial: &Dial, channel_id: &str) -> Result<Action> {
    let channel = format!("{}/{}", settings.technology, safe::extension(&dial.extension)?);
    let number = safe::number(&dial.number)?;
    let shown = dial.caller_id.as_ref().map_or(Ok(number), safe::number)?;
    let action = Action::originate(&channel, &settings.dial_context, number, dial.timeout)
        .header("CallerID", format!("\"{shown}\" <{shown}>"))
        .header("ChannelId", channel_id);
    let action = with_context(action, &dial.context);
    Ok(match dial.auto_answer.or(settings.auto_answer) {
        Some(header) => with_auto_answer(action, &settings.technology, header),
        None => action,
    })
}

/// The header goes into the INVITE to the telephone: `PJSIP_HEADER` of PJSIP, the variable `SIPADDHEADER` of chan_sip;
/// other technologies have no such header. A quote keeps its semicolons and commas together.
fn with_auto_answer(action: Action, technology: &str, header: AutoAnswer) -> Action {
    let (name, value) = match header {
        AutoAnswer::CallInfo => ("Call-Info", "<sip:localhost>;answer-after=0"),
        AutoAnswer::AlertInfo => ("Alert-Info", "<http://localhost>;info=alert-autoanswer;delay=0"),
        AutoAnswer::AnswerMode => ("Answer-Mode", "Auto"),
    };
    match technology.to_ascii_uppercase().as_str() {
        "PJSIP" => action.header("Variable", format!("PJSIP_HEADER(add,{name})={value}")),
        "SIP" => action.header("Variable", format!("SIPADDHEADER=\"{name}: {value}\"")),
        _ => action,
    }
}

/// `__` hands a variable on to every channel of the call; `CTI_` keeps a CRM from setting variables of the dial plan.
fn with_context(action: Action, context: &BTreeMap<String, String>) -> Action {
    context.iter().fold(action, |action, (key, value)| {
        let key = key.strip_prefix("CTI_").unwrap_or(key);
        action.variable(&format!("__CTI_{key}"), value)
    })
}

/// The uniqueid that the channel will have (Asterisk 12 and later), in the form `<system name>-<seconds>.<number>`.
fn new_channel_id() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("cti{:08x}-{}.{count}", fastrand::u32(..), Utc::now().timestamp())
}

fn watch(client: &Client, action_id: String, channel_id: String) -> Watch {
    client.watch(move |message| {
        if message.is_event("OriginateResponse") {
            return message.action_id().is_some_and(|id| id == action_id);
        }
        is_hangup(message) && message.get("Uniqueid").is_some_and(|id| id == channel_id)
    })
}

fn is_hangup(message: &Message) -> bool {
    ["Hangup", "HangupRequest", "SoftHangupRequest"].iter().any(|name| message.is_event(name))
}

/// What Asterisk told about the attempt.
#[derive(Debug, Default)]
struct Told {
    success: bool,
    /// Of `OriginateResponse`.
    reason: u32,
    /// Of the channel's hang-up (Q.850); since Asterisk 16 the only thing that tells busy from unreachable.
    cause: u32,
    unique_id: Option<String>,
}

async fn outcome(watch: &mut Watch) -> Result<Told> {
    let mut told = Told::default();
    loop {
        let message = watch.recv().await.ok_or_else(|| link_lost("while the telephone was ringing", true))?;
        if !is_hangup(&message) {
            told.response(&message);
            break;
        }
        told.hangup(&message);
    }
    if !told.success
        && told.cause == 0
        && let Ok(Some(message)) = tokio::time::timeout(HANGUP_GRACE, watch.recv()).await
    {
        told.hangup(&message);
    }
    Ok(told)
}

fn numeric(message: &Message, key: &str) -> u32 {
    message.get(key).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

impl Told {
    fn response(&mut self, message: &Message) {
        self.success = message.get("Response").is_some_and(|text| text.eq_ignore_ascii_case("Success"));
        self.reason = numeric(message, "Reason");
        let id = message.get("Uniqueid").filter(|id| !id.is_empty() && !id.starts_with('<'));
        self.unique_id = id.map(|id| id.into_owned());
    }

    fn hangup(&mut self, message: &Message) {
        match numeric(message, "Cause") {
            0 => {}
            cause => self.cause = cause,
        }
    }

    /// The cause is finer than the reason, where it says anything.
    fn failure(&self) -> Option<Error> {
        if self.success {
            return None;
        }
        let (kind, text) = match (self.cause, self.reason) {
            (17, _) => (ErrorKind::Busy, "the telephone is in use"),
            (18 | 19, _) => (ErrorKind::NoAnswer, "the telephone rang and nobody took it"),
            (21, _) => (ErrorKind::Rejected, "the call was refused at the telephone"),
            (1 | 3 | 28, _) => (ErrorKind::NotFound, "there is no such extension"),
            (20, _) => (ErrorKind::Unreachable, "the telephone is not registered"),
            (27 | 34 | 38 | 41 | 42 | 44, _) => (ErrorKind::Unreachable, "the telephone cannot be reached"),
            (_, 5) => (ErrorKind::Busy, "the telephone is in use"),
            (_, 3) => (ErrorKind::NoAnswer, "the telephone rang and nobody took it"),
            (_, 1) => (ErrorKind::Rejected, "the call was refused at the telephone"),
            (_, 8) => (ErrorKind::Unreachable, "the telephone cannot be reached, or refuses calls"),
            _ => (
                ErrorKind::NotFound,
                "the telephone could not be called: check that the extension exists and is registered, and the \
                 technology (PJSIP, SIP) in the configuration",
            ),
        };
        Some(Error::new(kind, text).with("reason", self.reason).with("cause", self.cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_core::call::Extension;
    use cti_core::number::Number;

    #[test]
    fn every_outcome_has_its_kind() {
        use ErrorKind::{Busy, NoAnswer, NotFound, Rejected, Unreachable};
        let table = [
            (0, 17, Busy), // click_to_dial_agent_refuses, Asterisk 16 and 22
            (5, 0, Busy),
            (5, 17, Busy),
            (3, 0, NoAnswer),
            (3, 16, NoAnswer),
            (0, 19, NoAnswer),
            (1, 0, Rejected),
            (8, 21, Rejected),
            (8, 0, Unreachable),
            (0, 20, Unreachable),
            (0, 1, NotFound),
            (0, 0, NotFound),
            (77, 0, NotFound),
        ];
        for (reason, cause, kind) in table {
            let told = Told { reason, cause, ..Told::default() };
            assert_eq!(told.failure().expect("failed").kind(), kind, "reason {reason}, cause {cause}");
        }
        assert!(Told { success: true, reason: 4, ..Told::default() }.failure().is_none());
    }

    #[test]
    fn a_telephone_is_asked_to_pick_up_in_the_words_of_its_technology() {
        let mut dial = Dial::new(Extension::from("6001"), Number::new("0901234567").expect("number"));
        let text = |asterisk: &crate::Asterisk, dial: &Dial| {
            let bytes = originate(&asterisk.settings, dial, "cti-1.1").and_then(|action| action.encode("id"));
            String::from_utf8_lossy(&bytes.expect("good")).into_owned()
        };
        let pbx = crate::Asterisk::new("main", "127.0.0.1");
        assert!(!text(&pbx, &dial).contains("Variable"), "nobody asked for it");
        let pbx = pbx.auto_answer(AutoAnswer::CallInfo);
        let call_info = "\r\nVariable: PJSIP_HEADER(add,Call-Info)=<sip:localhost>;answer-after=0\r\n";
        assert!(text(&pbx, &dial).contains(call_info), "by the configuration");
        dial.auto_answer = Some(AutoAnswer::AnswerMode);
        assert!(text(&pbx, &dial).contains("\r\nVariable: PJSIP_HEADER(add,Answer-Mode)=Auto\r\n"), "by the dial");
        let sip = text(&pbx.clone().technology("SIP"), &dial);
        assert!(sip.contains("\r\nVariable: SIPADDHEADER=\"Answer-Mode: Auto\"\r\n"), "{sip}");
        assert!(!text(&pbx.technology("IAX2"), &dial).contains("Variable"), "IAX2 has no headers");
    }

    #[test]
    fn channel_ids_do_not_repeat() {
        assert_ne!(new_channel_id(), new_channel_id());
    }

    #[test]
    fn context_becomes_inherited_variables_that_cannot_touch_the_dial_plan() {
        let mut dial = Dial::new(Extension::from("6001"), Number::new("0901234567").expect("number"));
        dial.context.insert("TRUNK".to_owned(), "x".to_owned());
        dial.context.insert("CTI_RECORD".to_owned(), "12".to_owned());
        let asterisk = crate::Asterisk::new("main", "127.0.0.1");
        let action = originate(&asterisk.settings, &dial, "cti-1.1").expect("good");
        let bytes = action.encode("id").expect("good");
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("\r\nVariable: __CTI_TRUNK=x\r\n"), "{text}");
        assert!(text.contains("\r\nVariable: __CTI_RECORD=12\r\n"), "{text}");
        dial.context.insert("NOTE".to_owned(), "a,TRUNK=b".to_owned());
        let action = originate(&asterisk.settings, &dial, "cti-1.1").expect("good");
        assert_eq!(action.encode("id").expect_err("comma").kind(), ErrorKind::Rejected);
    }
}
