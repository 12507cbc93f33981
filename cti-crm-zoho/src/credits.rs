//! The credits of the day: an organisation has so many requests in any 24 hours.

use crate::client::Importance;
use cti_core::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const SPAN: Duration = Duration::from_secs(24 * 3600);
/// They are counted in steps of so long.
const STEP: Duration = Duration::from_secs(600);

/// How many of the day's credits were used, as far as this programme knows.
#[derive(Debug)]
pub(crate) struct Credits {
    a_day: Option<u64>,
    used: Mutex<VecDeque<(Instant, u64)>>,
}

impl Credits {
    /// So many a day; without, none are counted.
    pub(crate) fn new(a_day: Option<u64>) -> Self {
        Self { a_day, used: Mutex::default() }
    }

    /// Uses one. The last fifth is for calls, the last tenth for look-ups.
    pub(crate) fn spend(&self, importance: Importance) -> Result<()> {
        let Some(a_day) = self.a_day else { return Ok(()) };
        let limit = match importance {
            Importance::Care => a_day / 5 * 4,
            Importance::Log => a_day / 10 * 9,
            Importance::Pop => a_day,
        };
        let now = Instant::now();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while used.front().is_some_and(|(at, _)| now - *at >= SPAN) {
            used.pop_front();
        }
        if used.iter().map(|(_, count)| count).sum::<u64>() >= limit {
            let wait = used.front().map_or(STEP, |(at, _)| SPAN.saturating_sub(now - *at));
            let text = "the credits of the day are used up, as far as they are ours (credits_per_day)";
            return Err(Error::new(ErrorKind::RateLimited, text).retry_after(wait));
        }
        match used.back_mut().filter(|(at, _)| now - *at < STEP) {
            Some((_, count)) => *count += 1,
            None => used.push_back((now, 1)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn look_ups_go_on_when_logs_must_wait_and_a_day_later_all_is_well() {
        let credits = Credits::new(Some(10));
        for _ in 0..8 {
            credits.spend(Importance::Care).unwrap();
        }
        assert_eq!(credits.spend(Importance::Care).unwrap_err().kind(), ErrorKind::RateLimited);
        credits.spend(Importance::Log).unwrap();
        let wait = credits.spend(Importance::Log).unwrap_err().wait().unwrap();
        credits.spend(Importance::Pop).unwrap();
        assert!(credits.spend(Importance::Pop).is_err());
        tokio::time::advance(wait).await;
        credits.spend(Importance::Log).unwrap();
    }
}
