//! What to do with what happens: typed settings with defaults, and pure decisions that name the rule that decided.

mod decide;
mod settings;

pub use decide::{Decision, log_decision, notice_decision, pop_decision};
pub use settings::{LogPolicy, Policy, PopPolicy, PopTiming, Scope, Watched};
