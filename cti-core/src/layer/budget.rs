//! Keeps within a CRM's limits.

use super::around::{Around, Urgency};
use crate::error::{Error, ErrorKind, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::PoisonError;
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
    /// Requests a day, from midnight to midnight UTC (09:00 in Japan); `None` is without limit. The last tenth is kept for
    /// look-ups: what is to be written waits for the next day.
    pub per_day: Option<NonZeroU32>,
}

impl Default for Budget {
    /// Eight at a time, no limit a second.
    fn default() -> Self {
        Self { concurrent: const { NonZeroU32::new(8).unwrap() }, per_second: None, per_day: None }
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
    day: Option<Day>,
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
            day: budget.per_day.map(|limit| Day { limit: limit.get(), spent: std::sync::Mutex::default() }),
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
        if let Some(day) = &self.day {
            day.spend(urgency, Utc::now())?;
        }
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

/// What may be sent in a day.
#[derive(Debug)]
struct Day {
    limit: u32,
    /// The day, and what was sent in it.
    spent: std::sync::Mutex<(NaiveDate, u32)>,
}

impl Day {
    /// Counts a request; refuses it until the next day if there is nothing left for its urgency.
    fn spend(&self, urgency: Urgency, now: DateTime<Utc>) -> Result<()> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.0 != now.date_naive() {
            *spent = (now.date_naive(), 0);
        }
        let most = match urgency {
            Urgency::Now => self.limit,
            Urgency::Later => self.limit - self.limit / 10,
        };
        if spent.1 >= most {
            let tomorrow = now.date_naive().and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1);
            let wait = (tomorrow - now).to_std().unwrap_or_default();
            let text = "the requests of the day are used up: it goes on at midnight UTC";
            return Err(Error::new(ErrorKind::RateLimited, text).with("per_day", self.limit).retry_after(wait));
        }
        spent.1 += 1;
        if spent.1 == self.limit - self.limit / 5 {
            tracing::warn!(
                spent = spent.1,
                per_day = self.limit,
                "four fifths of the day's requests to the CRM are used up"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tenth_of_a_day_is_for_look_ups_and_midnight_begins_anew() {
        let day = Day { limit: 20, spent: std::sync::Mutex::default() };
        let evening: DateTime<Utc> = "2026-11-21T23:00:00Z".parse().unwrap();
        for _ in 0..18 {
            day.spend(Urgency::Later, evening).unwrap();
        }
        let error = day.spend(Urgency::Later, evening).unwrap_err();
        assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(Duration::from_secs(3600))));
        day.spend(Urgency::Now, evening).unwrap();
        day.spend(Urgency::Now, evening).unwrap();
        assert!(day.spend(Urgency::Now, evening).is_err());
        day.spend(Urgency::Later, evening + TimeDelta::hours(1)).unwrap();
    }
}
