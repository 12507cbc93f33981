//! How long to wait before the next try.

use std::time::Duration;

/// Exponential, with jitter over the whole range, never less than the first wait.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    ceiling: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, ceiling: first }
    }

    pub(super) fn reset(&mut self) {
        self.ceiling = self.first;
    }

    pub(super) fn next_wait(&mut self) -> Duration {
        self.ceiling = (self.ceiling * 2).min(self.longest);
        self.first + self.ceiling.saturating_sub(self.first).mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_the_longest_wait_and_starts_anew_after_a_reset() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        let mut backoff = Backoff::new(first, longest);
        let waits: Vec<_> = (0..200).map(|_| backoff.next_wait()).collect();
        assert!(waits.iter().all(|wait| (first..=longest).contains(wait)));
        assert!(waits[0] <= first * 2 && waits[1] <= first * 4);
        assert!(waits[10..].iter().any(|wait| *wait > longest / 2));
        backoff.reset();
        assert!(backoff.next_wait() <= first * 2);
    }
}
