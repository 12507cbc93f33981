//! What is otherwise for one telephone, queue or CRM.

use super::settings::PopTiming;
use crate::call::FactKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is otherwise for one telephone. What is left out is as for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AgentPolicy {
    /// Calls from outside.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "外線着信時の表示タイミング。")))]
    pub inbound: Option<PopTiming>,
    /// Calls to the outside.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "外線発信時の表示タイミング。")))]
    pub outbound: Option<PopTiming>,
    /// Callers who do not pop here.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "この内線では表示しない発信者番号。")))]
    pub blocked: BTreeSet<String>,
}

/// What is otherwise for the calls of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct QueuePolicy {
    /// Its calls pop. Default: yes.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "このキューの着信を表示する。")))]
    pub pop: bool,
    /// Its calls are written to the call history. Default: yes.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "このキューの通話を記録する。")))]
    pub log: bool,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self { pop: true, log: true }
    }
}

/// What is otherwise for one CRM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CrmPolicy {
    /// The events of a call at which this CRM is told and written to; none at all is a CRM that is only asked who is
    /// calling. Without `ended`, calls are not written there and nobody is created; without `answered`, an entry is not
    /// begun before the end. Default: all.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "このCRMに通知・記録する通話イベント。省略時はすべて。")))]
    pub events: Option<BTreeSet<FactKind>>,
}
