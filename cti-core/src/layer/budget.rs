//! Keeps within a CRM's limits.

use super::around::{Around, Urgency};
use crate::error::Result;
use std::future::Future;
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

/// The limits of a CRM, as far as we may use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests at the same time. If there are several, one is kept for look-ups, so that a backlog of logs never delays
    /// a pop.
    pub concurrent: NonZeroU32,
    /// Requests a second; `None` is without limit.
    pub per_second: Option<NonZeroU32>,
}

impl Default for Budget {
    /// Eight at a time, no limit a second.
    fn default() -> Self {
        Self { concurrent: const { NonZeroU32::new(8).unwrap() }, per_second: None }
    }
}

/// A budget in use.
#[derive(Debug)]
pub struct Spending {
    all: Semaphore,
    writes: Semaphore,
    /// One write at a time waits for its turn, so that a look-up waits behind one at the most.
    turn: Mutex<()>,
    gap: Option<Duration>,
    next: Mutex<Instant>,
}

impl Spending {
    pub(super) fn of(budget: Budget) -> Self {
        let concurrent = budget.concurrent.get() as usize;
        Self {
            all: Semaphore::new(concurrent),
            writes: Semaphore::new((concurrent - 1).max(1)),
            turn: Mutex::new(()),
            gap: budget.per_second.map(|per_second| Duration::from_secs(1) / per_second.get()),
            next: Mutex::new(Instant::now()),
        }
    }

    async fn pace(&self) {
        let Some(gap) = self.gap else { return };
        let slot = {
            let mut next = self.next.lock().await;
            let slot = (*next).max(Instant::now());
            *next = slot + gap;
            slot
        };
        tokio::time::sleep_until(slot).await;
    }
}

impl Around for Spending {
    async fn around<T, F>(&self, urgency: Urgency, request: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Send,
        F: Future<Output = Result<T>> + Send,
    {
        // The semaphores are never closed, so a permit always comes.
        let (_write, turn) = match urgency {
            Urgency::Later => (self.writes.acquire().await.ok(), Some(self.turn.lock().await)),
            Urgency::Now => (None, None),
        };
        let _permit = self.all.acquire().await.ok();
        self.pace().await;
        drop(turn);
        request().await
    }
}
