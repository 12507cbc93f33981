//! Callers who withhold their number: Asterisk tells it only when asked, so what comes of such a call waits for the
//! answer (a few milliseconds) before the model sees any of it.

use crate::ami::{Action, Client, Message, Response};
use chrono::{DateTime, Utc};
use cti_core::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinSet;

const VARIABLE: &str = "CALLERID(num-pres)";
/// How long the events of a call may wait for the answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many events of one call may wait.
const MAX_HELD: usize = 1000;

/// A message and when it was true.
pub(super) type Timed = (Message, DateTime<Utc>);

/// The answer about one call.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) call: String,
    pub(super) channel: String,
    pub(super) presentation: Result<String>,
}

/// Calls of which nothing may be told yet.
#[derive(Debug, Default)]
pub(super) struct Held {
    calls: HashMap<String, Vec<Timed>>,
    questions: JoinSet<Answer>,
}

impl Held {
    /// Keeps the message back if its call is held; else gives it back.
    pub(super) fn keep(&mut self, timed: Timed) -> Option<Timed> {
        if self.calls.is_empty() {
            return Some(timed);
        }
        let Some(call) = linkedids(&timed.0).find(|id| self.calls.contains_key(id)) else { return Some(timed) };
        self.calls.entry(call).or_default().push(timed);
        None
    }

    /// Holds the call of this first message and asks for the presentation of its caller.
    pub(super) fn ask(&mut self, client: &Client, channel: String, first: Timed) {
        let call = call_of(&first.0);
        self.calls.insert(call.clone(), vec![first]);
        let client = client.clone();
        self.questions.spawn(async move {
            let presentation = presentation(&client, &channel).await;
            Answer { call, channel, presentation }
        });
    }

    /// The next answer; waits for ever if nothing was asked.
    pub(super) async fn answered(&mut self) -> Answer {
        loop {
            match self.questions.join_next().await {
                Some(Ok(answer)) => return answer,
                Some(Err(error)) => tracing::error!(%error, "asking for the presentation of a caller failed"),
                None => std::future::pending().await,
            }
        }
    }

    /// What was kept back of that call.
    pub(super) fn release(&mut self, call: &str) -> Vec<Timed> {
        self.calls.remove(call).unwrap_or_default()
    }

    /// A call of which too much waits.
    pub(super) fn overfull(&self) -> Option<String> {
        self.calls.iter().find(|(_, messages)| messages.len() > MAX_HELD).map(|(call, _)| call.clone())
    }

    /// Everything that was kept back, and no more questions.
    pub(super) fn release_all(&mut self) -> Vec<Timed> {
        self.questions.abort_all();
        self.calls.drain().flat_map(|(_, messages)| messages).collect()
    }
}

/// Asks Asterisk what `CALLERID(num-pres)` of the channel is: `allowed_not_screened`, `prohib_not_screened`, …
pub(super) async fn presentation(client: &Client, channel: &str) -> Result<String> {
    let asking = client.send(Action::getvar(channel, VARIABLE));
    let answer: Response = tokio::time::timeout(PATIENCE, asking)
        .await
        .map_err(|_| Error::new(ErrorKind::Timeout, "Asterisk did not tell the presentation of a caller in time"))??;
    Ok(answer.get("Value").unwrap_or_default().into_owned())
}

fn call_of(message: &Message) -> String {
    let id = message.get("Linkedid").or_else(|| message.get("Uniqueid"));
    id.unwrap_or_default().into_owned()
}

/// Every call the message is about: `Linkedid`, `DestLinkedid`, `OrigTransfererLinkedid`, … (before 13: `Uniqueid`).
fn linkedids(message: &Message) -> impl Iterator<Item = String> {
    let ends_with =
        |key: &[u8], end: &[u8]| key.len() >= end.len() && key[key.len() - end.len()..].eq_ignore_ascii_case(end);
    message
        .headers()
        .filter(move |(key, _)| ends_with(key, b"linkedid") || ends_with(key, b"uniqueid"))
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}
