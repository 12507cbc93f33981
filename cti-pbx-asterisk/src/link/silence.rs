//! Calls of which nothing is heard after a lost link, where channels may not be listed: they end in the end.

use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::Instant;

/// What waits for a sign of life.
#[derive(Debug)]
pub(super) struct Silence {
    /// Calls without a sign since then end …
    since: DateTime<Utc>,
    /// … at this time.
    until: Instant,
    /// When channels could not be listed last.
    latest: DateTime<Utc>,
}

impl Silence {
    /// Channels could not be listed at `now`; an earlier time stays what it was.
    pub(super) fn begin(earlier: Option<Self>, now: DateTime<Utc>, patience: Duration) -> Self {
        match earlier {
            Some(earlier) => Self { latest: now, ..earlier },
            None => Self { since: now, until: Instant::now() + patience, latest: now },
        }
    }

    /// Waits until the time is up; for ever if there is nothing to wait for.
    pub(super) async fn over(silence: Option<&Self>) {
        match silence {
            Some(silence) => tokio::time::sleep_until(silence.until).await,
            None => std::future::pending().await,
        }
    }

    /// Since when those were silent that end now, and what is to be waited for next: the link may have been lost again.
    pub(super) fn next(self, patience: Duration) -> (DateTime<Utc>, Option<Self>) {
        let again = self.latest > self.since;
        (self.since, again.then(|| Self { since: self.latest, until: Instant::now() + patience, latest: self.latest }))
    }
}
