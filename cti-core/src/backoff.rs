//! How long to wait before the next try.

use std::time::Duration;

/// Waits that grow by doubling, with jitter, so that many who failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
}

impl Backoff {
    /// The wait before try number `tries + 1`, after `tries` have failed: between a half and the whole of
    /// `first · 2^(tries − 1)`, at most `most`.
    pub fn wait(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(20);
        let whole = self.first.saturating_mul(1 << doublings).min(self.most);
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_never_vanish() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };
        for tries in 1..40 {
            let whole = Duration::from_secs(1 << (tries - 1).min(6)).min(backoff.most);
            let wait = backoff.wait(tries);
            assert!(wait >= whole / 2 && wait <= whole, "{tries}: {wait:?}");
        }
    }
}
