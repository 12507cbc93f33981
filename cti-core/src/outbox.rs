//! Where work waits until the CRM has it: nothing is lost, nothing is done twice.

use crate::call::{CallId, CallRecord, OpenCall};
use crate::crm::{Match, NewContact, WriteKey};
use crate::error::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One thing to do at one CRM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The CRM, by the name it has in the configuration.
    pub crm: String,
    /// The call that it belongs to; work of one call is done in the order in which it was appended.
    pub call: CallId,
    /// The key under which it takes effect once. Appending the same key for the same CRM twice is one piece of work.
    pub key: WriteKey,
    /// What to do.
    pub task: Task,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Write the call to the call history.
    LogCall {
        /// The call.
        record: Box<CallRecord>,
        /// The customer, if the look-up found exactly one.
        matched: Option<Box<Match>>,
    },
    /// Create a customer for an unknown number.
    CreateContact {
        /// The customer.
        contact: NewContact,
    },
}

/// What became of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done; forget it.
    Delivered,
    /// It can never be done: keep it as a dead letter, with the reason.
    Rejected {
        /// Why, in words without secrets.
        reason: String,
    },
    /// Try again later.
    RetryAfter(Duration),
}

/// What an [`Outbox`] does with a verdict. Called by [`Token`].
#[async_trait]
pub trait Settle: Send + Sync {
    /// Stores the verdict on the work with that number; when it returns the verdict is durable.
    ///
    /// # Errors
    /// `Storage`: the work will be given out again.
    async fn settle(&self, number: i64, verdict: Verdict) -> Result<()>;

    /// Gives work back that got no verdict: it is due again at once.
    fn give_back(&self, number: i64);
}

/// A piece of work that was taken. Without a verdict (dropped, task cancelled, panic) it is due again.
#[must_use = "work without a verdict is given out again"]
pub struct Token {
    /// What is to be done.
    pub work: Work,
    /// How often it was taken before this time.
    pub earlier_tries: u32,
    number: i64,
    outbox: Option<Arc<dyn Settle>>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("key", &self.work.key).field("earlier_tries", &self.earlier_tries).finish()
    }
}

impl Token {
    /// For outboxes: the token of the work with that number.
    pub fn new(work: Work, earlier_tries: u32, number: i64, outbox: Arc<dyn Settle>) -> Self {
        Self { work, earlier_tries, number, outbox: Some(outbox) }
    }

    /// Says what became of the work.
    ///
    /// # Errors
    /// `Storage`: the verdict could not be stored, and the work will be given out again.
    pub async fn settle(mut self, verdict: Verdict) -> Result<()> {
        match self.outbox.take() {
            Some(outbox) => {
                let result = outbox.settle(self.number, verdict).await;
                if result.is_err() {
                    outbox.give_back(self.number);
                }
                result
            }
            None => Ok(()),
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take() {
            outbox.give_back(self.number);
        }
    }
}

/// Work that can never be done as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The number under which it is retried or dropped.
    pub number: i64,
    /// The work.
    pub work: Work,
    /// Why it was rejected.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// How full an outbox is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxStats {
    /// Waiting, also those that are being worked on.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
    /// Calls that are not over.
    pub open_calls: u64,
}

/// Durable work.
///
/// Proved by `cti_testkit::suite::outbox`.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Stores work, in one step with forgetting the open call `ended` if one is given. When it returns the work is on
    /// disk (or acknowledged by the broker).
    ///
    /// # Errors
    /// `Storage`.
    async fn append(&self, work: Vec<Work>, ended: Option<&CallId>) -> Result<()>;

    /// Waits for the next work of that CRM that is due. Work of one call comes in order, one at a time.
    ///
    /// # Errors
    /// `Storage`.
    async fn take(&self, crm: &str) -> Result<Token>;

    /// Remembers a call that is not over, so that a restart can go on with it or end it.
    ///
    /// # Errors
    /// `Storage`.
    async fn remember(&self, open: &OpenCall) -> Result<()>;

    /// The calls of that PBX that are not over as far as we know.
    ///
    /// # Errors
    /// `Storage`.
    async fn open_calls(&self, pbx: &str) -> Result<Vec<OpenCall>>;

    /// The dead letters, oldest first.
    ///
    /// # Errors
    /// `Storage`.
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>>;

    /// Makes a dead letter due again. False if there is none with that number.
    ///
    /// # Errors
    /// `Storage`.
    async fn revive(&self, number: i64) -> Result<bool>;

    /// Forgets a dead letter. False if there is none with that number.
    ///
    /// # Errors
    /// `Storage`.
    async fn drop_dead(&self, number: i64) -> Result<bool>;

    /// How full it is.
    ///
    /// # Errors
    /// `Storage`.
    async fn stats(&self) -> Result<OutboxStats>;
}
