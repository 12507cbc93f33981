//! Sessions: fetched when first needed, again after the keep time and when the CRM refuses them; never twice at once.

use crate::cookie::Jar;
use cti_core::capture::Row;
use cti_core::{Error, ErrorKind, Result, Status};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A session that the CRM gave.
#[derive(Clone, Default)]
pub(crate) struct Open {
    /// What its answer gave.
    pub(crate) gained: Row,
    pub(crate) jar: Jar,
}

/// The session of one account.
#[derive(Default)]
pub(crate) struct Session {
    state: Mutex<State>,
    /// How many log-ins have come to an end.
    tries: AtomicU64,
}

#[derive(Default)]
struct State {
    open: Option<(Arc<Open>, Instant)>,
    failure: Option<Failure>,
}

/// What is kept of a log-in that failed, for those who waited for it.
struct Failure {
    kind: ErrorKind,
    status: Status,
    message: String,
    wait: Option<Duration>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(…)")
    }
}

impl Session {
    /// The session; without a fresh one `log_in` fetches it, while all others wait for that one log-in and share what
    /// comes of it. `keep` of zero keeps a session until it is refused.
    pub(crate) async fn get(&self, keep: Duration, log_in: impl Future<Output = Result<Open>>) -> Result<Arc<Open>> {
        let tries = self.tries.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        if let Some((open, since)) = &state.open
            && (keep.is_zero() || since.elapsed() < keep)
        {
            return Ok(Arc::clone(open));
        }
        if self.tries.load(Ordering::SeqCst) > tries
            && let Some(failure) = &state.failure
        {
            return Err(failure.told_again());
        }
        state.open = None;
        let outcome = log_in.await;
        self.tries.fetch_add(1, Ordering::SeqCst);
        match outcome {
            Ok(open) => {
                let open = Arc::new(open);
                (state.open, state.failure) = (Some((Arc::clone(&open), Instant::now())), None);
                Ok(open)
            }
            Err(error) => {
                state.failure = Some(Failure::of(&error));
                Err(error)
            }
        }
    }

    /// The CRM refused that session: the next one who needs one fetches another, unless somebody has already.
    pub(crate) async fn refused(&self, refused: &Arc<Open>) {
        let mut state = self.state.lock().await;
        if state.open.as_ref().is_some_and(|(open, _)| Arc::ptr_eq(open, refused)) {
            state.open = None;
        }
    }

    /// The session as it is now, without fetching one and without waiting.
    pub(crate) fn peek(&self) -> Option<Arc<Open>> {
        let state = self.state.try_lock().ok()?;
        state.open.as_ref().map(|(open, _)| Arc::clone(open))
    }
}

impl Failure {
    fn of(error: &Error) -> Self {
        let message = error.message().to_owned();
        Self { kind: error.kind(), status: error.status(), message, wait: error.wait() }
    }

    fn told_again(&self) -> Error {
        let error = Error::new(self.kind, self.message.clone()).status_is(self.status);
        match self.wait {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Duration = Duration::from_secs(60);

    async fn log_in(count: &AtomicU64) -> Result<Open> {
        count.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Open::default())
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_are_one_log_in_and_it_is_kept_for_its_time() {
        let (session, count) = (Session::default(), AtomicU64::new(0));
        let get = || session.get(KEEP, log_in(&count));
        let (a, b, c) = tokio::join!(get(), get(), get());
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        tokio::time::sleep(KEEP / 2).await;
        get().await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
        tokio::time::sleep(KEEP).await;
        get().await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2, "after the keep time it is fetched again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_session_is_fetched_again_once() {
        let (session, count) = (Session::default(), AtomicU64::new(0));
        let old = session.get(KEEP, log_in(&count)).await.unwrap();
        // Two requests were refused with the same session.
        session.refused(&old).await;
        let new = session.get(KEEP, log_in(&count)).await.unwrap();
        session.refused(&old).await;
        let kept = session.get(KEEP, log_in(&count)).await.unwrap();
        assert!(Arc::ptr_eq(&new, &kept));
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_for_a_log_in_that_failed_does_not_try_again_at_once() {
        let (session, count) = (Session::default(), AtomicU64::new(0));
        let failing = || async {
            log_in(&count).await?;
            Err(Error::new(ErrorKind::Unauthenticated, "no"))
        };
        let get = || session.get(KEEP, failing());
        let (a, b) = tokio::join!(get(), get());
        for outcome in [a, b] {
            assert_eq!(outcome.err().map(|error| error.kind()), Some(ErrorKind::Unauthenticated));
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(get().await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 2, "who comes later tries anew");
    }
}
