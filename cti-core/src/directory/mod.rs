//! Customers kept on this machine: filled by [`DirectorySync`] from a [`ContactSource`](crate::contacts::ContactSource), asked by
//! the layer [`Backing`](crate::layer::Backing) when the CRM does not answer.

mod hook;
mod memory;
mod sync;

pub use hook::DirectoryHook;
pub use memory::MemoryDirectory;
pub use sync::{DirectorySync, SyncReport, SyncSettings};

use crate::contacts::{Contact, Reading};
use crate::crm::Match;
use crate::error::Result;
use crate::number::{Canonical, Number, NumberingPlan};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How far the reading of a CRM has come. It is stored together with what was read, so that it goes on where it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being read, or was read last.
    pub reading: Reading,
    /// The last page that was stored; `None` before the first.
    pub after: Option<String>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it was read to its end; `None` while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// The latest change that was seen so far, in this and every earlier reading.
    pub latest: Option<DateTime<Utc>>,
    /// Records read in this reading.
    pub read: u64,
    /// How many there are in all, if the CRM told.
    pub total: Option<u64>,
}

/// What storing a page did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// New here, or changed.
    pub changed: u64,
    /// Removed: they have no number any more.
    pub removed: u64,
}

/// One number of a contact, ready to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The one form of the number.
    pub canonical: String,
    /// As it stands in the record.
    pub spelled: Number,
}

/// A contact with its keys. Without keys it is to be removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The contact.
    pub contact: Contact,
    /// Under which numbers it is found.
    pub keys: Vec<Key>,
}

impl Entry {
    /// The entry of a contact: each number in its one form.
    pub fn of(contact: Contact, plan: &NumberingPlan) -> Self {
        let mut keys: Vec<Key> = Vec::new();
        for spelled in &contact.numbers {
            let canonical = key(spelled, plan);
            if keys.iter().all(|known| known.canonical != canonical) {
                keys.push(Key { canonical, spelled: spelled.clone() });
            }
        }
        Self { contact, keys }
    }
}

/// The one form of a number under which it is stored and found.
pub fn key(number: &Number, plan: &NumberingPlan) -> String {
    let canonical = Canonical::of(number.as_str(), plan);
    canonical.map_or_else(|| number.as_str().to_owned(), |canonical| canonical.as_str().to_owned())
}

/// Customers kept on this machine.
///
/// Proved by `cti_testkit::suite::directory`.
#[async_trait]
pub trait Directory: Send + Sync {
    /// How far the last reading has come; `None` before the first.
    ///
    /// # Errors
    /// `Storage`.
    async fn progress(&self) -> Result<Option<Progress>>;

    /// Stores a page and how far the reading has come, both or none.
    ///
    /// # Errors
    /// `Storage`.
    async fn store(&self, page: Vec<Entry>, progress: Option<&Progress>) -> Result<Stored>;

    /// Removes a contact.
    ///
    /// # Errors
    /// `Storage`.
    async fn remove(&self, object: &str, id: &str) -> Result<()>;

    /// The contacts under that key, at most `most`, last changed first, spelled as under that key.
    ///
    /// # Errors
    /// `Storage`.
    async fn find(&self, key: &str, most: usize) -> Result<Vec<Match>>;

    /// How many contacts there are.
    ///
    /// # Errors
    /// `Storage`.
    async fn count(&self) -> Result<u64>;
}
