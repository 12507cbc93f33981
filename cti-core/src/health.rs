//! What the doctor finds: named checks with cause and cure.

use serde::{Deserialize, Serialize};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A stable name: `kintone.customer_app.phone_field`.
    pub name: String,
    /// How it stands.
    pub outcome: CheckOutcome,
    /// What was found, for a person.
    pub found: String,
    /// What to do, if something is to be done.
    pub cure: Option<String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Good.
    Ok,
    /// Works, but look at it.
    Warning,
    /// Does not work.
    Failed,
    /// Could not be checked without doing harm (for instance without writing).
    NotChecked,
}

impl Check {
    /// A check that came out well.
    pub fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: CheckOutcome::Ok, found: found.into(), cure: None }
    }

    /// Works, but somebody should look at it.
    pub fn warning(name: impl Into<String>, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: CheckOutcome::Warning, found: found.into(), cure: Some(cure.into()) }
    }

    /// Does not work.
    pub fn failed(name: impl Into<String>, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: CheckOutcome::Failed, found: found.into(), cure: Some(cure.into()) }
    }

    /// Could not be checked without doing harm, or because something before it failed.
    pub fn not_checked(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: CheckOutcome::NotChecked, found: why.into(), cure: None }
    }
}
