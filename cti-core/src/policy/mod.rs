//! What to do with what happens: typed settings with defaults, and pure decisions that name the rule that decided.
//!
//! ```text
//! settings.rs    what an operator can say, with help in two languages
//! exceptions.rs  what is otherwise for one telephone, queue or CRM
//! faults.rs      what is wrong with it, all at once
//! rules.rs       made ready for deciding
//! decide.rs      the decisions
//! words.rs       the reason in words
//! ```

mod decide;
mod exceptions;
mod faults;
mod rules;
mod settings;
#[cfg(test)]
mod tests;
mod words;

pub use decide::{Decision, Explanation};
pub use exceptions::{AgentPolicy, CrmPolicy, QueuePolicy};
pub use rules::Rules;
pub use settings::{
    CopyNumber, LogPolicy, LogSeveral, MatchPolicy, MatchRules, Opens, OpensOfMany, Policy, PopPolicy, PopSize,
    PopTiming, Scope, Watched, WithheldLabels,
};
pub use words::Language;

/// The settings of a [`Policy`] as JSON Schema: type, allowed values and default of each, help in English
/// (`description`) and Japanese (`x-help-ja`). A host can draw its own form from it.
#[cfg(feature = "schema")]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Policy).to_value()
}
