//! Where the time of a call went: every instant counts once.

use super::time::millis;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What a call was doing. Of several at once the first in this list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Somebody had put the other on hold, or the call was parked.
    Hold,
    /// People talked.
    Talk,
    /// The caller waited in a queue.
    Queue,
    /// A phone rang.
    Ring,
    /// None of these: an IVR, dial plan.
    Idle,
}

/// Adds up the time of each activity of a call. Time that runs backwards counts as no time.
///
/// ```
/// use chrono::{TimeDelta, Utc};
/// use cti_core::call::{Activity, Stopwatch};
/// let begun = Utc::now();
/// let mut watch = Stopwatch::new(begun);
/// watch.switch(Activity::Ring, begun);
/// watch.switch(Activity::Talk, begun + TimeDelta::seconds(2));
/// watch.switch(Activity::Idle, begun + TimeDelta::seconds(5));
/// assert_eq!((watch.seconds(Activity::Ring), watch.seconds(Activity::Talk)), (2.0, 3.0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopwatch {
    #[serde(with = "millis")]
    since: DateTime<Utc>,
    now: Activity,
    /// What the call did before people last began to talk.
    before_talk: Activity,
    /// When that was, while they talk on without a break.
    #[serde(with = "millis::option")]
    talk_since: Option<DateTime<Utc>>,
    /// Microseconds of each activity.
    totals: [i64; 5],
}

impl Stopwatch {
    /// Starts with nothing going on.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self { since: at, now: Activity::Idle, before_talk: Activity::Idle, talk_since: None, totals: [0; 5] }
    }

    /// From `at` on the call does `activity`. An `at` in the past counts as now.
    pub fn switch(&mut self, activity: Activity, at: DateTime<Utc>) {
        self.book(self.now, at);
        if activity == Activity::Talk && !matches!(self.now, Activity::Talk | Activity::Hold) {
            self.before_talk = self.now;
            self.talk_since = Some(self.since);
        } else if activity != Activity::Talk {
            self.talk_since = None;
        }
        self.now = activity;
    }

    /// The talk that goes on began only at `at`: until then the call went on with what it did before.
    pub fn talk_began(&mut self, at: DateTime<Utc>) {
        if let Some(known) = self.talk_since.filter(|known| *known < at) {
            let booked = micros(at.min(self.since) - known);
            self.totals[Activity::Talk as usize] -= booked;
            self.totals[self.before_talk as usize] += booked;
            self.talk_since = Some(at);
        }
        if matches!(self.now, Activity::Talk | Activity::Hold) {
            self.book(self.before_talk, at);
        }
    }

    /// Seconds of one activity up to the last switch, to the millisecond.
    pub fn seconds(&self, activity: Activity) -> f64 {
        (self.totals[activity as usize] / 1000) as f64 / 1000.0
    }

    fn book(&mut self, activity: Activity, until: DateTime<Utc>) {
        let span = micros(until - self.since);
        if span > 0 {
            self.totals[activity as usize] += span;
            self.since = until;
        }
    }
}

/// A span of more than 292,000 years is a clock gone wrong, and counts as nothing.
fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    const ALL: [Activity; 5] = [Activity::Hold, Activity::Talk, Activity::Queue, Activity::Ring, Activity::Idle];

    #[test]
    fn each_second_counts_once() {
        let mut watch = Stopwatch::new(at(0));
        watch.switch(Activity::Ring, at(1_000));
        watch.switch(Activity::Talk, at(3_000));
        watch.switch(Activity::Hold, at(7_000));
        watch.switch(Activity::Talk, at(8_000));
        watch.switch(Activity::Idle, at(8_500));
        let sums: Vec<f64> = ALL.iter().map(|&a| watch.seconds(a)).collect();
        assert_eq!(sums, [1.0, 4.5, 0.0, 2.0, 1.0]);
    }

    #[test]
    fn a_later_word_about_the_answer_moves_the_border() {
        let mut watch = Stopwatch::new(at(0));
        watch.switch(Activity::Ring, at(0));
        watch.switch(Activity::Talk, at(0));
        watch.talk_began(at(1_011));
        watch.switch(Activity::Idle, at(4_019));
        assert_eq!((watch.seconds(Activity::Ring), watch.seconds(Activity::Talk)), (1.011, 3.008));

        let mut booked = Stopwatch::new(at(0));
        booked.switch(Activity::Queue, at(0));
        booked.switch(Activity::Talk, at(0));
        booked.switch(Activity::Talk, at(2_000));
        booked.talk_began(at(1_500));
        booked.switch(Activity::Idle, at(3_000));
        assert_eq!((booked.seconds(Activity::Queue), booked.seconds(Activity::Talk)), (1.5, 1.5));
    }

    proptest! {
        #[test]
        fn never_negative_and_never_more_than_the_span(steps in prop::collection::vec((0usize..6, -50i64..500), 0..40)) {
            let mut watch = Stopwatch::new(at(0));
            let (mut now, mut last) = (0, 0);
            for (what, step) in steps {
                now += step;
                last = last.max(now);
                match ALL.get(what) {
                    Some(&activity) => watch.switch(activity, at(now)),
                    None => watch.talk_began(at(now)),
                }
            }
            watch.switch(Activity::Idle, at(last));
            let sums: Vec<f64> = ALL.iter().map(|&a| watch.seconds(a)).collect();
            prop_assert!(sums.iter().all(|&s| s >= 0.0));
            prop_assert!((sums.iter().sum::<f64>() - last as f64 / 1000.0).abs() < 1e-6);
        }
    }
}
