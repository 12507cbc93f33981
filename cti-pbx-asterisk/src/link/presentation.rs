//! Callers who withhold their number: Asterisk tells it only when asked. The model keeps back what it would tell of such
//! a call until the answer is there (a few milliseconds).

use crate::ami::{Action, Client};
use crate::model::Dialect;
use cti_core::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::task::JoinSet;

const VARIABLE: &str = "CALLERID(num-pres)";
/// How long the answer to a question that was sent may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// The answer about the caller on one channel: `allowed_not_screened`, `prohib_not_screened`, …
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) channel: String,
    pub(super) presentation: Result<String>,
}

/// Questions under way at once: more would wait in line before they are sent, and their time would run out there.
const AT_ONCE: usize = 32;

/// The questions of one link.
#[derive(Debug, Default)]
pub(super) struct Questions {
    waiting: VecDeque<String>,
    under_way: JoinSet<Answer>,
}

impl Questions {
    pub(super) fn ask(&mut self, channel: String) {
        self.waiting.push_back(channel);
    }

    /// Sends as many as may be under way.
    pub(super) fn send(&mut self, client: &Client) {
        while self.under_way.len() < AT_ONCE
            && let Some(channel) = self.waiting.pop_front()
        {
            let client = client.clone();
            self.under_way.spawn(async move {
                let presentation = presentation(&client, &channel).await;
                Answer { channel, presentation }
            });
        }
    }

    /// The next answer; waits for ever if nothing was asked.
    pub(super) async fn answered(&mut self) -> Answer {
        loop {
            match self.under_way.join_next().await {
                Some(Ok(answer)) => return answer,
                Some(Err(error)) => tracing::error!(%error, "asking for the presentation of a caller failed"),
                None => std::future::pending().await,
            }
        }
    }
}

/// How the presentation is asked for. 1.6 takes every word that begins with `num` for the number itself, and 1.4 has only
/// this variable, which holds a code (funcs/func_callerid.c, main/pbx.c of those branches).
fn variable(banner: Option<&str>) -> &'static str {
    match banner.and_then(Dialect::of_banner) {
        Some(Dialect::V1_0) => "CALLINGPRES",
        Some(Dialect::V1_1 | Dialect::V1_2) => "CALLERID(pres)",
        Some(Dialect::V2) | None => VARIABLE,
    }
}

async fn presentation(client: &Client, channel: &str) -> Result<String> {
    let asking = client.send(Action::getvar(channel, variable(client.banner().as_deref())));
    let answer = tokio::time::timeout(PATIENCE, asking)
        .await
        .map_err(|_| Error::new(ErrorKind::Timeout, "Asterisk did not tell the presentation of a caller in time"))??;
    Ok(answer.get("Value").unwrap_or_default().into_owned())
}
