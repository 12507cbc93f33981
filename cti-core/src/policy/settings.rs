//! The settings, as they stand in a configuration file.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything an operator decides about pops and logs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which calls concern the CRM at all.
    pub scope: Scope,
    /// When the agent sees who is calling.
    pub pop: PopPolicy,
    /// What is written to the call history.
    pub log: LogPolicy,
}

/// Which calls concern the CRM at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Calls between extensions count too. Default: no.
    pub internal: bool,
    /// The numbers called (DIDs) or extensions that count. Default: all.
    pub watched: Watched,
    /// Numbers of the system itself, such as monitoring: never a customer. Default: `9999`.
    pub system_numbers: BTreeSet<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { internal: false, watched: Watched::All, system_numbers: BTreeSet::from(["9999".to_owned()]) }
    }
}

/// A choice among numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// Every number.
    #[default]
    All,
    /// These.
    Only(BTreeSet<String>),
    /// Every number but these.
    AllExcept(BTreeSet<String>),
}

impl Watched {
    /// True if one of the numbers is chosen.
    pub fn includes<'a>(&self, mut numbers: impl Iterator<Item = &'a str>) -> bool {
        match self {
            Self::All => true,
            Self::Only(chosen) => numbers.any(|number| chosen.contains(number)),
            Self::AllExcept(left_out) => !numbers.any(|number| left_out.contains(number)),
        }
    }
}

/// When the agent sees who is calling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PopPolicy {
    /// Calls from outside. Default: when it rings.
    pub inbound: PopTiming,
    /// Calls to the outside; `on_ring` is when the far end is dialled. Default: when it is dialled.
    pub outbound: PopTiming,
    /// Callers without a number pop too. Default: yes.
    pub withheld: bool,
    /// How long a look-up may take, in milliseconds; then the pop comes without it. Default: 5000.
    pub look_up_timeout_ms: u64,
    /// How many spellings of a number one look-up may try. Default: 12.
    pub spellings: usize,
    /// How long a CRM may take to be told of an event while the call goes on, in milliseconds. Default: 30000.
    pub notice_timeout_ms: u64,
}

impl Default for PopPolicy {
    fn default() -> Self {
        Self {
            inbound: PopTiming::OnRing,
            outbound: PopTiming::OnRing,
            withheld: true,
            look_up_timeout_ms: 5_000,
            spellings: 12,
            notice_timeout_ms: 30_000,
        }
    }
}

impl PopPolicy {
    /// How long a look-up may take.
    pub fn look_up_timeout(&self) -> Duration {
        Duration::from_millis(self.look_up_timeout_ms)
    }

    /// How long a CRM may take to be told of an event.
    pub fn notice_timeout(&self) -> Duration {
        Duration::from_millis(self.notice_timeout_ms)
    }
}

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PopTiming {
    /// Not at all.
    Never,
    /// When the phone rings (outbound: when the far end is dialled).
    OnRing,
    /// When somebody answers.
    OnAnswer,
}

/// What is written to the call history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogPolicy {
    /// Calls that nobody answered are written too. Default: yes.
    pub unanswered: bool,
    /// An unknown caller becomes a customer. Default: no.
    pub create_unknown: bool,
}

impl Default for LogPolicy {
    fn default() -> Self {
        Self { unanswered: true, create_unknown: false }
    }
}
