//! What every CRM needs and no connector should contain: retry, budget, cache, a directory for bad times. Each is a wrapper that is itself a
//! [`CrmSink`], so they stack: `kintone.budget(Budget::default()).retry(Retry::default()).cached(Cache::default())`. The order matters: a budget
//! inside the retry counts each try, and a cache outside costs nothing of it.

mod answering;
mod around;
mod backed;
mod budget;
mod cache;
mod retry;

pub use answering::{AnswerLookUps, Answering};
pub use around::{Around, Urgency, Wrapped};
pub use backed::Backing;
pub use budget::{Budget, Spending};
pub use cache::{Answers, Cache};
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
    fn cached(self, cache: Cache) -> Answering<Self, Answers> {
        Answering::new(self, Answers::of(cache))
    }

    /// Answers from a directory on this machine while the CRM does not answer.
    fn backed(self, backing: Backing) -> Answering<Self, Backing> {
        Answering::new(self, backing)
    }
}

impl<T: CrmSink + Sized> CrmSinkExt for T {}
