//! What a customer system must be able to do.

use crate::call::{CallEvent, CallFact, CallRecord, EventId, Name, Recording};
use crate::error::{Error, Result};
use crate::health::Check;
use crate::number::Number;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What this CRM can do through this connector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmCapabilities {
    /// [`CrmSink::look_up`].
    pub look_up: bool,
    /// [`CrmSink::notify`].
    pub notify: bool,
    /// [`CrmSink::log_call`].
    pub log_call: bool,
    /// [`CrmSink::update_log`].
    pub update_log: bool,
    /// [`CrmSink::create_contact`].
    pub create_contact: bool,
    /// [`CrmSink::attach_recording`].
    pub attach_recording: bool,
    /// [`CrmSink::screen_pop`].
    pub screen_pop: bool,
    /// [`CrmSink::clicked`].
    pub click: bool,
}

/// The number to look for, as it came and in the other spellings in which a person may have stored it, most likely
/// first (see [`crate::number`]).
#[derive(Debug, Clone, PartialEq)]
pub struct LookUp {
    /// As it came.
    pub number: Number,
    /// Every spelling to try, the one that came included, without repetition.
    pub spellings: Vec<Number>,
    /// The event on which it is asked, for CRMs that are asked with more than the number. `None` if no call is the cause.
    pub event: Option<Arc<CallEvent>>,
}

impl LookUp {
    /// Looks for the number as it came and in no other spelling.
    pub fn exactly(number: Number) -> Self {
        Self { spellings: vec![number.clone()], number, event: None }
    }

    /// The same, asked on that event.
    #[must_use]
    pub fn on(self, event: &CallEvent) -> Self {
        Self { event: Some(Arc::new(event.clone())), ..self }
    }
}

/// A page that the agent's browser is to open. `Debug` shows the host only: the rest is personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Page {
    /// An address.
    Get {
        /// Where.
        url: Url,
    },
    /// A form that is submitted by itself.
    Post {
        /// Where to.
        url: Url,
        /// Name and value of its fields, in order.
        fields: Vec<(String, String)>,
    },
}

impl Page {
    /// Where it is.
    pub fn url(&self) -> &Url {
        match self {
            Self::Get { url } | Self::Post { url, .. } => url,
        }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if matches!(self, Self::Get { .. }) { "Get" } else { "Post" };
        write!(f, "{method}({}…)", self.url().host_str().unwrap_or_default())
    }
}

/// How a CRM wants to be told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// So long after the event. If the call ends first, it is not told.
    pub after: Duration,
    /// With what the look-up found: the CRM waits for it, at most as long as a pop does. Without, it is told at once.
    pub with_matches: bool,
}

impl Default for Notice {
    /// As soon as the look-up is back.
    fn default() -> Self {
        Self { after: Duration::ZERO, with_matches: true }
    }
}

/// A customer record that matches a number.
///
/// Personal: `Debug` shows which fields were read, not what they hold.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The kind of record in the CRM's own words: an app id, `Contact`, `Leads`.
    pub object: String,
    /// The id of the record.
    pub id: String,
    /// The person.
    pub name: Option<Name>,
    /// The company.
    pub company: Option<Name>,
    /// The number exactly as it stands in the record: relations by text need the same spelling in the call log.
    pub spelled: Option<Number>,
    /// Where the record opens in a browser.
    pub url: Option<Url>,
    /// Further fields to show, by our name for them.
    pub fields: BTreeMap<String, String>,
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Match")
            .field("object", &self.object)
            .field("id", &self.id)
            .field("name", &self.name)
            .field("company", &self.company)
            .field("spelled", &self.spelled)
            .field("fields", &self.fields.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The answer of a look-up: none, one or many, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Matches {
    /// The matches that were read.
    pub found: Vec<Match>,
    /// True if the CRM has more than were read.
    pub more: bool,
}

impl Matches {
    /// The match, if there is exactly one.
    pub fn one(&self) -> Option<&Match> {
        match self.found.as_slice() {
            [only] if !self.more => Some(only),
            _ => None,
        }
    }

    /// True if nothing matched.
    pub fn is_none(&self) -> bool {
        self.found.is_empty()
    }
}

/// The key under which a write takes effect once, however often it is tried: the [`EventId`] of the event that caused
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriteKey(EventId);

impl WriteKey {
    /// The key of a write that the event `id` caused.
    pub fn of(id: EventId) -> Self {
        Self(id)
    }

    /// The text to store in the CRM.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A record that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The id of the record; `None` if the CRM does not tell (add-only rights).
    pub id: Option<String>,
    /// False if the record was there already under the same key.
    pub created: bool,
}

/// A caller whom the CRM does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewContact {
    /// The number, in the spelling to be stored.
    pub number: Number,
    /// The name, if the network told one.
    pub name: Option<Name>,
}

/// A customer system.
///
/// Reading never creates anything. Every write carries a [`WriteKey`] and takes effect once under it. Retry, budget and
/// cache are not the connector's business: see [`crate::layer`].
///
/// Proved by `cti_testkit::suite::crm`.
#[async_trait]
pub trait CrmSink: Send + Sync {
    /// The name of this CRM, as configured.
    fn name(&self) -> &str;

    /// What this CRM can do.
    fn capabilities(&self) -> CrmCapabilities;

    /// Finds the customers with that number.
    ///
    /// # Errors
    /// `Unauthenticated`, `PermissionDenied`, `ConfigInvalid` for what a person must mend; the rest is temporary.
    async fn look_up(&self, number: &LookUp) -> Result<Matches>;

    /// Whether and how the CRM wants to be told of this event. Sends nothing. Default: that a phone rings or calls, an
    /// answer and the end, as soon as the look-up is back.
    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        let told = matches!(
            event.fact,
            CallFact::Ringing { .. } | CallFact::Dialing { .. } | CallFact::Answered { .. } | CallFact::Ended { .. }
        );
        told.then(Notice::default)
    }

    /// Tells the CRM of an event while the call goes on (CRMs with a call window of their own, or with steps of their own
    /// for each moment of a call). Events of one call come one after the other. Gives the page that the agent's browser
    /// is to open now, if there is one.
    ///
    /// # Errors
    /// `Unsupported`, and as [`CrmSink::look_up`].
    async fn notify(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        let _ = (event, matches);
        Err(Error::unsupported("notify", "this CRM has no call window of its own"))
    }

    /// The agent clicked the pop that `event` caused. Gives the page to open, if there is one.
    ///
    /// # Errors
    /// `Unsupported`, and as [`CrmSink::look_up`].
    async fn clicked(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        let _ = (event, matches);
        Err(Error::unsupported("clicked", "a click on a pop is no business of this CRM"))
    }

    /// Writes the call to the CRM's call history; with the same key twice there is one entry.
    ///
    /// # Errors
    /// As [`CrmSink::look_up`], `Rejected` if the CRM refuses the entry, `OutcomeUnknown` as status if it may have been
    /// written.
    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written>;

    /// Changes an entry that [`CrmSink::log_call`] wrote under `key`: late facts. What people edited stays.
    ///
    /// # Errors
    /// As [`CrmSink::log_call`], `NotFound` if there is no such entry.
    async fn update_log(&self, record: &CallRecord, key: &WriteKey) -> Result<Written> {
        let _ = (record, key);
        Err(Error::unsupported("update_log", "this CRM's call history cannot be changed"))
    }

    /// Creates a customer; with the same key or the same number twice there is one.
    ///
    /// # Errors
    /// As [`CrmSink::log_call`].
    async fn create_contact(&self, contact: &NewContact, key: &WriteKey) -> Result<Match> {
        let _ = (contact, key);
        Err(Error::unsupported("create_contact", "this CRM cannot create customers"))
    }

    /// Adds a recording to the entry under `key`.
    ///
    /// # Errors
    /// As [`CrmSink::update_log`].
    async fn attach_recording(&self, recording: &Recording, key: &WriteKey) -> Result<()> {
        let _ = (recording, key);
        Err(Error::unsupported("attach_recording", "this CRM takes no recordings"))
    }

    /// Where the agent's browser goes for these matches: the record, the list of several, a new record. Sends nothing.
    fn screen_pop(&self, number: &LookUp, matches: &Matches) -> Option<Url> {
        let _ = number;
        matches.one().and_then(|only| only.url.clone())
    }

    /// The origins to which [`Page::Post`] leads, so that the agents' page can allow them.
    fn form_targets(&self) -> Vec<Url> {
        Vec::new()
    }

    /// Checks that everything needed is there and allowed, without writing.
    async fn health(&self) -> Vec<Check>;
}

/// A shared sink is a sink.
#[async_trait]
impl<T: CrmSink + ?Sized> CrmSink for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        (**self).capabilities()
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        (**self).look_up(number).await
    }

    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        (**self).notice(event)
    }

    async fn notify(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        (**self).notify(event, matches).await
    }

    async fn clicked(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        (**self).clicked(event, matches).await
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        (**self).log_call(record, matched, key).await
    }

    async fn update_log(&self, record: &CallRecord, key: &WriteKey) -> Result<Written> {
        (**self).update_log(record, key).await
    }

    async fn create_contact(&self, contact: &NewContact, key: &WriteKey) -> Result<Match> {
        (**self).create_contact(contact, key).await
    }

    async fn attach_recording(&self, recording: &Recording, key: &WriteKey) -> Result<()> {
        (**self).attach_recording(recording, key).await
    }

    fn screen_pop(&self, number: &LookUp, matches: &Matches) -> Option<Url> {
        (**self).screen_pop(number, matches)
    }

    fn form_targets(&self) -> Vec<Url> {
        (**self).form_targets()
    }

    async fn health(&self) -> Vec<Check> {
        (**self).health().await
    }
}
