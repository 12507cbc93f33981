//! What may change while the pipeline runs.

use crate::dial::DialPlan;
use crate::number::NumberingPlan;
use crate::policy::{Policy, Rules};
use std::sync::OnceLock;

/// What may change while the pipeline runs, swapped as a whole: a call sees one state of it at each step.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    policy: Policy,
    /// Who dials from where, with which prefix. `None`: nobody dials.
    pub dial_plan: Option<DialPlan>,
    numbering: NumberingPlan,
    /// The policy made ready for deciding, once.
    rules: OnceLock<Rules>,
}

impl Settings {
    /// Settings of these parts: when to pop and what to log, who dials from where, how numbers are written here.
    pub fn new(policy: Policy, dial_plan: Option<DialPlan>, numbering: NumberingPlan) -> Self {
        Self { policy, dial_plan, numbering, rules: OnceLock::new() }
    }

    /// When to pop, what to log.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How numbers are written here.
    pub fn numbering(&self) -> &NumberingPlan {
        &self.numbering
    }

    /// The policy made ready for deciding.
    pub fn rules(&self) -> &Rules {
        self.rules.get_or_init(|| Rules::new(&self.policy, &self.numbering))
    }

    pub(super) fn set_policy(&mut self, policy: Policy) {
        (self.policy, self.rules) = (policy, OnceLock::new());
    }

    pub(super) fn set_numbering(&mut self, numbering: NumberingPlan) {
        (self.numbering, self.rules) = (numbering, OnceLock::new());
    }
}
