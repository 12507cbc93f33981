//! What the page is told of a call: plain data, escaped by JSON, bounded in size.

use crate::leg::{LegState, Parting};
use chrono::{DateTime, Utc};
use cti_core::call::{CallId, Direction, EventId, Extension, Name, Withheld, millis};
use cti_core::crm::{Match, Matches, Page};
use cti_core::number::Number;
use cti_core::popup::{Hints, Notified, Pop};
use serde::Serialize;
use url::Url;

/// More matches than a person can choose from while the phone rings are not sent.
const MAX_MATCHES: usize = 20;
/// Further fields of a customer that are shown.
const MAX_FIELDS: usize = 12;
/// Characters of a field that are shown.
const MAX_TEXT: usize = 300;

/// A call as one agent sees it. Each one sent replaces the one before, so that a lost one does no harm.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallView {
    pub(crate) call: CallId,
    pub(crate) extension: Extension,
    pub(crate) direction: Direction,
    pub(crate) state: LegState,
    #[serde(with = "millis")]
    pub(crate) since: DateTime<Utc>,
    #[serde(with = "millis")]
    pub(crate) started_at: DateTime<Utc>,
    #[serde(with = "millis::option")]
    pub(crate) answered_at: Option<DateTime<Utc>>,
    /// The other side's number.
    pub(crate) number: Option<Number>,
    /// The other side's name as the network tells it.
    pub(crate) name: Option<Name>,
    pub(crate) withheld: Option<Withheld>,
    pub(crate) dialed: Option<Number>,
    pub(crate) queue: Option<String>,
    pub(crate) slot: Option<String>,
    pub(crate) conference: bool,
    pub(crate) recorded: bool,
    pub(crate) transferred_to: Option<Number>,
    pub(crate) consulting: Option<Number>,
    pub(crate) answered_by: Option<Extension>,
    pub(crate) outcome: Option<Parting>,
    pub(crate) talked_seconds: Option<f64>,
    pub(crate) pop: Option<PopView>,
}

/// What the CRM knows of the other side.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PopView {
    pub(crate) id: EventId,
    crm: String,
    matches: Vec<MatchView>,
    more: bool,
    url: Option<Url>,
    problem: bool,
    /// A click is told to the CRM.
    click: bool,
    hints: Hints,
}

/// A page to open, or what went wrong, of a CRM that was told of an event.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotifiedView {
    id: EventId,
    call: CallId,
    crm: String,
    page: Option<Page>,
    problem: bool,
}

impl NotifiedView {
    pub(crate) fn of(outcome: &Notified) -> Self {
        Self {
            id: outcome.id.clone(),
            call: outcome.call.clone(),
            crm: short(&outcome.crm),
            page: outcome.page.clone().filter(|page| web_only(Some(page.url())).is_some()),
            problem: outcome.problem.is_some(),
        }
    }
}

#[derive(Debug, Clone, Serialize)]
struct MatchView {
    name: Option<Name>,
    company: Option<Name>,
    number: Option<Number>,
    url: Option<Url>,
    fields: Vec<(String, String)>,
}

impl PopView {
    pub(crate) fn of(pop: &Pop) -> Self {
        Self {
            id: pop.id.clone(),
            crm: short(&pop.crm),
            matches: pop.matches.found.iter().take(MAX_MATCHES).map(MatchView::of).collect(),
            more: has_more(&pop.matches),
            url: web_only(pop.url.as_ref()),
            problem: pop.problem.is_some(),
            click: pop.click,
            hints: pop.hints.clone(),
        }
    }

    /// True if this is of another CRM that found somebody, and `other` found nobody.
    pub(crate) fn knows_more_than(&self, other: &Self) -> bool {
        self.crm != other.crm && !self.matches.is_empty() && other.matches.is_empty()
    }
}

impl MatchView {
    fn of(found: &Match) -> Self {
        let fields = found.fields.iter().filter(|(_, value)| !value.trim().is_empty());
        Self {
            name: found.name.clone(),
            company: found.company.clone(),
            number: found.spelled.clone(),
            url: web_only(found.url.as_ref()),
            fields: fields.take(MAX_FIELDS).map(|(name, value)| (short(name), short(value))).collect(),
        }
    }
}

fn has_more(matches: &Matches) -> bool {
    matches.more || matches.found.len() > MAX_MATCHES
}

/// Only addresses that open a web page: a CRM record must not bring `javascript:` into the page.
fn web_only(url: Option<&Url>) -> Option<Url> {
    url.filter(|url| matches!(url.scheme(), "http" | "https")).cloned()
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
