//! The time by which work is due.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 that never jump while the process runs: the wall clock at the start, and a monotonic clock
/// from there. What a clock that was set back between two runs would do is mended at open (see [`super::store`]).
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    wall: i64,
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { wall: wall(), start: Instant::now() }
    }

    pub(super) fn now(self) -> i64 {
        self.wall.saturating_add(millis(self.start.elapsed()))
    }
}

/// The wall clock, in milliseconds since 1970.
pub(super) fn wall() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
