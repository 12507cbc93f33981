//! Click-to-dial: who dials from which telephone, and what the PBX is told to dial.
//!
//! [`TelephonyGroup`]s are the configuration; [`DialPlan::new`] checks all of it at once; [`DialPlan::resolve`] turns a user
//! and a number from a record into a dial string with its [`Derivation`], or into an [`Offer`] to choose from.

mod derive;
mod explain;
mod group;
mod plan;
mod prefix;
mod validate;

#[cfg(test)]
mod tests;

pub use explain::Language;
pub use group::{Member, PrefixChoice, TelephonyGroup};
pub use plan::{DialPlan, Resolution};
pub use prefix::{PrefixError, PrefixTable};

use crate::call::Extension;
use crate::number::Number;
use serde::{Deserialize, Serialize};

/// What a user chose, where the dial plan asks before dialling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The telephone to dial from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// The prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<PrefixPick>,
}

/// A prefix that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrefixPick {
    /// Dial the number as it is.
    NoPrefix,
    /// The prefix with that label.
    Label(String),
}

/// What there is to choose from, where the dial plan asks before dialling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The user's telephones; empty if that is settled.
    pub extensions: Vec<Extension>,
    /// The labels of the prefixes; empty if that is settled. "No prefix" is always a choice too.
    pub prefixes: Vec<String>,
}

/// How a dial string came about, step by step, to be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The telephone that rings first.
    pub extension: Extension,
    /// What the PBX is told to dial.
    pub dial_string: Number,
    /// Each rule that had a part in it, with what it made of the number.
    pub steps: Vec<DerivationStep>,
}

/// One step of a [`Derivation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivationStep {
    /// The rule, by a stable name: `as_stored`, `separators_removed`, `extension_removed`, `national`,
    /// `international_prefix`, `prefix:LOCAL`, `prefix_present:LOCAL`, `no_prefix`, and for what is dialled as it is
    /// `emergency`, `service_number`, `feature_code`, `extension`, `short_number`.
    pub rule: String,
    /// The number after it.
    pub number: Number,
}
