//! The customers of a CRM, read page by page: for a [`crate::directory`] that also answers when the CRM does not.

use crate::crm::Match;
use crate::error::{Error, Result};
use crate::number::Number;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A customer with every number under which the CRM knows him.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The record.
    pub matched: Match,
    /// The numbers, as they stand in the record. Who has none is nobody who can call.
    pub numbers: Vec<Number>,
    /// When the CRM last changed the record, as exactly as it tells.
    pub changed_at: DateTime<Utc>,
    /// Another text after each change of the record.
    pub version: String,
}

/// Which contacts are read, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The first time: the newest first, nothing that was last changed before that, and no more than so many.
    Newest {
        /// The oldest change that counts.
        not_before: DateTime<Utc>,
        /// The most contacts.
        most: u64,
    },
    /// Later: what was changed since then (that instant included), oldest first.
    Changed {
        /// From here on.
        since: DateTime<Utc>,
    },
}

/// A page of contacts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContactPage {
    /// The contacts, also those without a number.
    pub contacts: Vec<Contact>,
    /// What to give for the next page; `None` if this was the last.
    pub next: Option<String>,
    /// How many fit in all from this page on, those that are too many included; `None` if the CRM does not tell.
    pub total: Option<u64>,
}

/// A contact that may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The kind of record, as in [`Match::object`].
    pub object: String,
    /// The id of the record.
    pub id: String,
}

/// A CRM whose customers can be read.
///
/// Reading is without memory: the same `after` gives the page that follows it, whether a minute or a restart lies
/// between. What changes meanwhile may come twice, but is never left out.
#[async_trait]
pub trait ContactSource: Send + Sync {
    /// The name of this CRM, as configured.
    fn name(&self) -> &str;

    /// The page that follows `after`, or the first.
    ///
    /// # Errors
    /// As [`CrmSink::look_up`](crate::crm::CrmSink::look_up).
    async fn contacts(&self, reading: &Reading, after: Option<&str>) -> Result<ContactPage>;

    /// One contact as it stands now; `None` if it is gone.
    ///
    /// # Errors
    /// As [`ContactSource::contacts`].
    async fn contact(&self, id: &str) -> Result<Option<Contact>>;

    /// Which contact a notice of the CRM (a webhook) is about; `None` if it is about none. The notice may be forged: only
    /// where to look is taken from it. Sends nothing.
    ///
    /// # Errors
    /// `Rejected` if it is no notice, `Unsupported` where the CRM sends none.
    fn changed_in(&self, notice: &[u8]) -> Result<Option<Changed>> {
        let _ = notice;
        Err(Error::unsupported("changed_in", "this CRM sends no notices"))
    }
}

/// A shared source is a source.
#[async_trait]
impl<T: ContactSource + ?Sized> ContactSource for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    async fn contacts(&self, reading: &Reading, after: Option<&str>) -> Result<ContactPage> {
        (**self).contacts(reading, after).await
    }

    async fn contact(&self, id: &str) -> Result<Option<Contact>> {
        (**self).contact(id).await
    }

    fn changed_in(&self, notice: &[u8]) -> Result<Option<Changed>> {
        (**self).changed_in(notice)
    }
}
