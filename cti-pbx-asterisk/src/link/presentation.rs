//! Callers who withhold their number: Asterisk tells it only when asked. The call model holds the events of such a call
//! back until the answer is there (a few milliseconds).

use crate::ami::{Action, Client};
use cti_core::{Error, ErrorKind, Result};
use std::collections::HashSet;
use std::time::Duration;
use tokio::task::JoinSet;

const VARIABLE: &str = "CALLERID(num-pres)";

/// How long the events of a call may wait for the answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The answer about one caller.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) channel: String,
    pub(super) presentation: Result<String>,
}

/// The callers about whom was asked, and the questions under way.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: HashSet<String>,
    running: JoinSet<Answer>,
}

impl Questions {
    /// Asks about the caller on that channel.
    pub(super) fn ask(&mut self, client: &Client, channel: String) {
        self.open.insert(channel.clone());
        let client = client.clone();
        self.running.spawn(async move {
            let presentation = presentation(&client, &channel).await;
            Answer { channel, presentation }
        });
    }

    /// The next answer; waits for ever if nothing was asked.
    pub(super) async fn answered(&mut self) -> Answer {
        loop {
            match self.running.join_next().await {
                Some(Ok(answer)) => {
                    self.open.remove(&answer.channel);
                    return answer;
                }
                Some(Err(error)) => tracing::error!(%error, "asking for the presentation of a caller failed"),
                None => std::future::pending().await,
            }
        }
    }

    /// The link is gone: gives up what is under way, and gives the channels that are still to be asked about.
    pub(super) fn give_up(&mut self) -> Vec<String> {
        self.running.abort_all();
        self.running.detach_all();
        self.open.drain().collect()
    }
}

/// Asks Asterisk what `CALLERID(num-pres)` of the channel is: `allowed_not_screened`, `prohib_not_screened`, …
async fn presentation(client: &Client, channel: &str) -> Result<String> {
    let asking = client.send(Action::getvar(channel, VARIABLE));
    let answer = tokio::time::timeout(PATIENCE, asking)
        .await
        .map_err(|_| Error::new(ErrorKind::Timeout, "Asterisk did not tell the presentation of a caller in time"))??;
    Ok(answer.get("Value").unwrap_or_default().into_owned())
}
