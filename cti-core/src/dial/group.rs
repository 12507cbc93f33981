//! Telephony groups: who dials from which telephone of which PBX, with which prefixes.

use super::PrefixTable;
use crate::call::Extension;
use serde::{Deserialize, Serialize};

/// A telephony group: users with their telephones on one PBX, and the prefixes they dial with.
///
/// ```toml
/// [[groups]]
/// name = "Tokyo"
/// pbx = "main"
/// owner = "sato"
/// prefixes = "LONGDIS:1000;LOCAL:9"
/// default_prefix = { fixed = "LOCAL" }      # or "no_prefix", or "ask_each_time"
/// members = [{ user = "sato", extension = "6001", default = true }]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelephonyGroup {
    /// The name, free text, different from that of every other group.
    pub name: String,
    /// The PBX, by its name in the configuration.
    pub pbx: String,
    /// The user who stands for the group: owner of records of calls that nobody answered.
    pub owner: String,
    /// Who dials from where.
    #[serde(default)]
    pub members: Vec<Member>,
    /// The prefixes: `LONGDIS:1000;LOCAL:9`.
    #[serde(default)]
    pub prefixes: PrefixTable,
    /// Which prefix goes before a number.
    #[serde(default)]
    pub default_prefix: PrefixChoice,
}

/// A user's telephone in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The user, by the name that commands carry.
    pub user: String,
    /// The user's telephone.
    pub extension: Extension,
    /// True for the telephone to dial from if the user has several. One at most for each user, over all groups.
    #[serde(default)]
    pub default: bool,
}

/// Which prefix goes before a number, if the user says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrefixChoice {
    /// The one with that label.
    Fixed(String),
    /// None: the number is dialled as it stands in the record.
    #[default]
    NoPrefix,
    /// The user is asked before each call.
    AskEachTime,
}
