//! Where work waits until the CRM has it: nothing is lost, nothing is done twice.

mod memory;

use crate::call::{CallId, CallRecord, OpenCall, Recording};
use crate::crm::{Match, NewContact, WriteKey};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

pub use memory::MemoryOutbox;

/// The largest piece of work, or open call, that an outbox takes, in bytes of JSON.
pub const MAX_BYTES: usize = 1 << 20;

/// The longest wait that [`Verdict::RetryAfter`] can ask for; longer ones are cut to it.
pub const MAX_WAIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// For outboxes: the JSON of something to be stored.
///
/// # Errors
/// `Rejected` if it is larger than [`MAX_BYTES`], `Unexpected` if it has no JSON form.
pub fn to_json(what: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(what)
        .map_err(|error| Error::new(ErrorKind::Unexpected, "this has no JSON form").caused_by(error))?;
    if json.len() > MAX_BYTES {
        return Err(Error::new(ErrorKind::Rejected, "too large for the outbox; shorten what is attached to the call")
            .with("bytes", json.len())
            .with("most", MAX_BYTES));
    }
    Ok(json)
}

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
    /// Change the entry of a call that was written before: late facts.
    UpdateLog {
        /// The call, as it is known now.
        record: Box<CallRecord>,
    },
    /// Add a recording that came late to the entry of a call.
    AttachRecording {
        /// The recording.
        recording: Recording,
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
    /// Stores the verdict on the work of the token with that number; when it returns the verdict is durable.
    ///
    /// # Errors
    /// `Storage`: nothing changed, and [`Token`] gives the work back.
    async fn settle(&self, number: i64, verdict: Verdict) -> Result<()>;

    /// Gives the work of a token back that got no verdict: it is due again at once. Does nothing if the verdict was
    /// stored after all (the task that waited for it was cancelled).
    fn give_back(&self, number: i64);
}

/// A piece of work that was taken. Without a verdict (dropped, task cancelled, panic) it is due again.
#[must_use = "work without a verdict is given out again"]
pub struct Token {
    /// What is to be done.
    pub work: Work,
    /// How often it was tried before this time, since it was appended or revived.
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
    /// For outboxes: a token for `work`. `number` comes back with the verdict; give every token one of its own, so that
    /// a late word from an old token cannot touch work that was given out again.
    pub fn new(work: Work, earlier_tries: u32, number: i64, outbox: Arc<dyn Settle>) -> Self {
        Self { work, earlier_tries, number, outbox: Some(outbox) }
    }

    /// Says what became of the work.
    ///
    /// # Errors
    /// `Storage`: the verdict could not be stored, and the work will be given out again.
    pub async fn settle(mut self, verdict: Verdict) -> Result<()> {
        let Some(outbox) = self.outbox.clone() else { return Ok(()) };
        outbox.settle(self.number, verdict).await?;
        self.outbox = None;
        Ok(())
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
    /// disk (or acknowledged by the broker). Work whose key is known for its CRM (waiting, dead, or delivered or
    /// dropped lately) is passed over.
    ///
    /// # Errors
    /// `Storage`; `Rejected` if a piece of work is larger than [`MAX_BYTES`]. Then nothing at all was stored.
    async fn append(&self, work: Vec<Work>, ended: Option<&CallId>) -> Result<()>;

    /// Waits for the next work of that CRM that is due. Work of one call comes in order, one at a time; dead letters do
    /// not hold up what comes after them. Cancel safe: work that nobody received is due again.
    ///
    /// # Errors
    /// `Storage`.
    async fn take(&self, crm: &str) -> Result<Token>;

    /// Remembers a call that is not over, so that a restart can go on with it or end it. A word that comes late (with
    /// a smaller `seq`, or after the end) changes nothing.
    ///
    /// # Errors
    /// `Storage`; `Rejected` if it is larger than [`MAX_BYTES`].
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

    /// Makes a dead letter due again, as if never tried. False if there is none with that number.
    ///
    /// # Errors
    /// `Storage`.
    async fn revive(&self, number: i64) -> Result<bool>;

    /// Forgets a dead letter; its work is not taken on again. False if there is none with that number.
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

/// A shared outbox is an outbox.
#[async_trait]
impl<T: Outbox + ?Sized> Outbox for Arc<T> {
    async fn append(&self, work: Vec<Work>, ended: Option<&CallId>) -> Result<()> {
        (**self).append(work, ended).await
    }

    async fn take(&self, crm: &str) -> Result<Token> {
        (**self).take(crm).await
    }

    async fn remember(&self, open: &OpenCall) -> Result<()> {
        (**self).remember(open).await
    }

    async fn open_calls(&self, pbx: &str) -> Result<Vec<OpenCall>> {
        (**self).open_calls(pbx).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        (**self).dead_letters().await
    }

    async fn revive(&self, number: i64) -> Result<bool> {
        (**self).revive(number).await
    }

    async fn drop_dead(&self, number: i64) -> Result<bool> {
        (**self).drop_dead(number).await
    }

    async fn stats(&self) -> Result<OutboxStats> {
        (**self).stats().await
    }
}
