//! The moments at which templates are expanded, and which variables can have a value then.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The moment at which a template is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The CRM is asked for a session. That belongs to no call.
    Authentication,
    /// The customer is looked up by the number.
    Search,
    /// The telephone rings.
    Ringing,
    /// The agent clicks the pop-up: at any moment of the call, and for a while after it.
    Click,
    /// The call is answered.
    Answered,
    /// The call is over.
    Ended,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentication => "authentication",
            Self::Search => "search",
            Self::Ringing => "ringing",
            Self::Click => "click",
            Self::Answered => "answered",
            Self::Ended => "ended",
        })
    }
}

/// Since when a variable can have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// Always: configuration, account, date.
    Always,
    /// Since there is a call.
    Call,
    /// Since the customer was looked up.
    Found,
    /// Since somebody answered.
    Answer,
    /// Since the call is over.
    End,
    /// Since the answer to that step was read.
    AnswerTo(Step),
}

impl Since {
    /// True if the variable can have a value at that step.
    pub(super) fn is_possible_at(self, step: Step) -> bool {
        match self {
            Self::Always => true,
            Self::Call => step != Step::Authentication,
            Self::Found => step > Step::Search,
            Self::Answer => matches!(step, Step::Click | Step::Answered | Step::Ended),
            Self::End => matches!(step, Step::Click | Step::Ended),
            Self::AnswerTo(asked) => step > asked,
        }
    }

    /// When that is, to a person.
    pub(super) fn told(self) -> String {
        match self {
            Self::Always => "always".to_owned(),
            Self::Call => "as soon as there is a call".to_owned(),
            Self::Found => "after the search".to_owned(),
            Self::Answer => "after the answer".to_owned(),
            Self::End => "after the call".to_owned(),
            Self::AnswerTo(step) => format!("after the step {step}"),
        }
    }
}
