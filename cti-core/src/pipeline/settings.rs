//! What may change while the pipeline runs.

use crate::dial::DialPlan;
use crate::number::NumberingPlan;
use crate::policy::Policy;

/// What may change while the pipeline runs, swapped as a whole: a call sees one state of it at each step.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// When to pop, what to log.
    pub policy: Policy,
    /// Who dials from where, with which prefix. `None`: nobody dials.
    pub dial_plan: Option<DialPlan>,
    /// How numbers are written here.
    pub numbering: NumberingPlan,
}
