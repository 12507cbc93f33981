//! Repeats what failed for the moment.

use super::around::{Around, Urgency};
use crate::backoff::Backoff;
use crate::error::{Error, Result, Status};
use std::future::Future;
use std::time::Duration;

/// How often and how soon to try again what failed for the moment, and only that: an outcome that is unknown is not
/// repeated here, but by the outbox, under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all, the first included.
    pub tries: u32,
    /// The waits between them, unless the CRM says how long.
    pub backoff: Backoff,
}

impl Default for Retry {
    /// Three tries within about a second: an agent waits for the answer.
    fn default() -> Self {
        let backoff = Backoff { first: Duration::from_millis(250), most: Duration::from_secs(5) };
        Self { tries: 3, backoff }
    }
}

impl Retry {
    /// How long to wait after `tried` tries; `None` if another try is not worth it.
    fn wait(&self, error: &Error, tried: u32) -> Option<Duration> {
        if !error.is_temporary() || tried >= self.tries {
            return None;
        }
        let wait = error.wait().unwrap_or_else(|| self.backoff.wait(tried));
        // Longer than anybody here waits: the outbox will come back then.
        (wait <= self.backoff.most).then_some(wait)
    }
}

impl Around for Retry {
    async fn around<T, F>(&self, _: Urgency, request: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Send,
        F: Future<Output = Result<T>> + Send,
    {
        let mut tried = 1;
        loop {
            let error = match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = self.wait(&error, tried) else {
                let used_up = error.is_temporary() && tried > 1;
                return Err(if used_up { error.status_is(Status::Exhausted).with("tries", tried) } else { error });
            };
            tracing::debug!(error = %error, tried, wait_ms = wait.as_millis() as u64, "trying again");
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }
}
