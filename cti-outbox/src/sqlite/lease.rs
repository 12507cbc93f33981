//! Which work is out with a token. In memory only: after a restart everything is due again.

use std::collections::{HashMap, HashSet};

/// Work that is out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    /// The number of the work.
    pub(super) number: i64,
    /// How often it had been tried before.
    pub(super) tries: u32,
}

/// The leases. Each has a number of its own, so that a late word from an old token cannot touch work that was given out
/// again.
#[derive(Debug, Default)]
pub(super) struct Leases {
    last: i64,
    out: HashMap<i64, Out>,
    numbers: HashSet<i64>,
    /// Tries that ended without a verdict, which the database does not know.
    unsettled: HashMap<i64, u32>,
}

impl Leases {
    /// Gives work out that the database says was tried `stored` times. Returns the lease and all tries so far.
    pub(super) fn give_out(&mut self, number: i64, stored: u32) -> (i64, u32) {
        let tries = stored.saturating_add(self.unsettled.get(&number).copied().unwrap_or(0));
        self.last += 1;
        self.out.insert(self.last, Out { number, tries });
        self.numbers.insert(number);
        (self.last, tries)
    }

    pub(super) fn is_out(&self, number: i64) -> bool {
        self.numbers.contains(&number)
    }

    pub(super) fn get(&self, lease: i64) -> Option<Out> {
        self.out.get(&lease).copied()
    }

    /// The verdict is stored.
    pub(super) fn settled(&mut self, lease: i64) {
        if let Some(out) = self.remove(lease) {
            self.unsettled.remove(&out.number);
        }
    }

    /// There was no verdict.
    pub(super) fn give_back(&mut self, lease: i64) {
        if let Some(out) = self.remove(lease) {
            *self.unsettled.entry(out.number).or_default() += 1;
        }
    }

    fn remove(&mut self, lease: i64) -> Option<Out> {
        let out = self.out.remove(&lease)?;
        self.numbers.remove(&out.number);
        Some(out)
    }
}
