//! The customer systems. A connector is one file here: its section of the file, and the sink that comes of it. Only
//! [`KINDS`] and [`connect`] name it.

pub(super) mod custom;
pub(super) mod kintone;
pub(super) mod zoho;

use super::check::{check_kind, check_name};
use super::fault::Faults;
use super::section;
use cti::core::Result;
use cti::core::contacts::ContactSource;
use cti::core::crm::CrmSink;
use cti::core::dial::Member;
use cti::core::directory::SyncSettings;
use cti::core::layer::Budget;
use cti::core::number::NumberingPlan;
use cti::core::secret::SecretString;
use cti::core::webhook::Webhook;
use cti::zoho::Zoho;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use toml::Table;

/// What `kind` can be.
const KINDS: &[&str] = &["custom", "kintone", "zoho"];

/// A customer system, connected to nothing yet.
pub(crate) struct Crm {
    /// The connector, without the layers that every CRM gets.
    pub(crate) sink: Arc<dyn CrmSink>,
    /// Its customers, where they can be read.
    pub(crate) contacts: Option<Arc<dyn ContactSource>>,
    /// What may be asked of it.
    pub(crate) budget: Budget,
    /// How its customers are kept on this machine.
    pub(crate) kept: Option<Kept>,
    /// What is clicked in the CRM itself.
    pub(crate) webhook: Option<Arc<dyn Webhook>>,
    /// Telephony groups that have members from the CRM.
    pub(crate) links: Vec<Link>,
}

impl Crm {
    /// A connector that does nothing besides.
    fn of(sink: Arc<dyn CrmSink>) -> Self {
        Self { sink, contacts: None, budget: Budget::default(), kept: None, webhook: None, links: Vec::new() }
    }
}

/// How customers are kept on this machine.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) file: PathBuf,
    /// How long the CRM may take before the directory answers.
    pub(crate) patience: Duration,
    pub(crate) settings: SyncSettings,
    /// The end of the address at which the CRM tells changes; without it, it cannot.
    pub(crate) webhook_secret: Option<SecretString>,
}

/// A telephony group that has the members of a group of users in the CRM.
#[derive(Clone)]
pub(crate) struct Link {
    /// The telephony group.
    pub(crate) group: String,
    crm_group: String,
    zoho: Arc<Zoho>,
}

impl Link {
    /// The members now; `None` if this edition of the CRM has no groups.
    pub(crate) async fn members(&self) -> Result<Option<Vec<Member>>> {
        self.zoho.linked_members(&self.crm_group).await
    }
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("name", &self.sink.name()).finish_non_exhaustive()
    }
}

/// What every section has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    name: Option<String>,
    kind: Option<String>,
}

/// Checks the section at `path`; what is wrong with it goes to the faults.
pub(super) fn check(section: &Table, path: &str, numbering: &NumberingPlan, faults: &mut Faults) -> Option<Crm> {
    let is_head = |key: &str| matches!(key, "name" | "kind");
    let (head, rest): (Table, Table) =
        section.iter().map(|(key, value)| (key.clone(), value.clone())).partition(|(key, _)| is_head(key));
    let head: Head = section::read(head, path, faults);
    let name = check_name(head.name.as_deref(), path, faults);
    let kind = check_kind(head.kind.as_deref(), KINDS, path, faults)?;
    // Without a name the rest is looked at all the same, so that all faults are told at once.
    let crm = connect(kind, name.as_deref().unwrap_or(kind), rest, path, numbering, faults);
    name.and(crm)
}

fn connect(
    kind: &str,
    name: &str,
    section: Table,
    path: &str,
    numbering: &NumberingPlan,
    faults: &mut Faults,
) -> Option<Crm> {
    match kind {
        "custom" => custom::connect(name, section::read(section, path, faults), path, numbering, faults),
        "kintone" => kintone::connect(name, section::read(section, path, faults), path, faults),
        "zoho" => zoho::connect(name, section::read(section, path, faults), path, numbering, faults),
        _ => None,
    }
}
