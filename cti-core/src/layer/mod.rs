//! What every CRM needs and no connector should contain: retry, budget, cache. Each is a wrapper that is itself a
//! [`CrmSink`], so they stack: `kintone.budget(Budget::default()).retry(Retry::default()).cached(Cache::default())`. The order matters: a budget
//! inside the retry counts each try, and a cache outside costs nothing of it.

mod around;
mod budget;
mod cache;
mod retry;

pub use around::{Around, Urgency, Wrapped};
pub use budget::{Budget, Spending};
pub use cache::{Cache, Cached};
pub use retry::Retry;

use crate::crm::CrmSink;

/// The wrappers, as methods of every sink.
pub trait CrmSinkExt: CrmSink + Sized {
    /// Repeats what failed for the moment.
    fn retry(self, retry: Retry) -> Wrapped<Self, Retry> {
        Wrapped::new(self, retry)
    }

    /// Keeps within the CRM's limits, look-ups before writes.
    fn budget(self, budget: Budget) -> Wrapped<Self, Spending> {
        Wrapped::new(self, Spending::of(budget))
    }

    /// Answers the same look-up again for a short time, and asks once for many who ask at once.
    fn cached(self, cache: Cache) -> Cached<Self> {
        Cached::new(self, cache)
    }
}

impl<T: CrmSink + Sized> CrmSinkExt for T {}
