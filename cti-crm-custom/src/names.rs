//! Which variable has a value at which moment.

use cti_core::template::{Names, Template};
use cti_core::{Fault, Result};

/// The steps, in the order of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    Auth,
    Search,
    Click,
    Ring,
    Answer,
    HangUp,
}

impl Moment {
    /// The key in a configuration file, and what `{EVENT}` says.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Search => "search",
            Self::Click => "click",
            Self::Ring => "ring",
            Self::Answer => "answer",
            Self::HangUp => "hang_up",
        }
    }
}

/// What the search fills beside names of one's own.
pub(crate) const FOUND: [&str; 3] = ["COMPANY", "NAME", "EXT_ID"];
/// The number of the other side as it stands in the customer's record.
pub(crate) const SPELLED: &str = "SPELLED";
const AT_THE_END: [&str; 7] = ["DURATION", "TALKTIME", "RESULT", "STARTED", "ANSWERED", "ENDED", "RECORDING"];
const ACCOUNT: [&str; 2] = ["AID", "APW"];
const ALWAYS: [&str; 4] = ["SVADDR", "AGENTNAME", "AID", "APW"];
const SALESFORCE: [&str; 3] = ["SFID", "SFSID", "SFAPI"];

/// The names that the templates of a step may use.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) moment: Moment,
    pub(crate) names: Names,
    pub(crate) has_account: bool,
    pub(crate) has_server: bool,
    /// Names that the search fills, beside the built-in ones.
    pub(crate) of_search: Vec<String>,
}

impl Known {
    /// A fault for each variable that never has a value in this step.
    pub(crate) fn check(&self, path: &str, template: &Template) -> Vec<Fault> {
        let wrong = template.variables().into_iter().filter_map(|name| Some((name, self.why_not(name)?)));
        wrong.map(|(name, why)| Fault::new(path, format!("{{{name}}} has no value here: {why}"))).collect()
    }

    /// True if the search must be back before the template can be filled.
    pub(crate) fn needs_search(&self, template: &Template) -> bool {
        template.variables().into_iter().any(|name| self.is_of_search(name))
    }

    fn is_of_search(&self, name: &str) -> bool {
        FOUND.contains(&name) || name == SPELLED || self.of_search.iter().any(|own| own == name)
    }

    fn why_not(&self, name: &str) -> Option<&'static str> {
        let date = name.starts_with("DATE-");
        if SALESFORCE.contains(&name) {
            return Some("it belongs to Salesforce");
        }
        if ACCOUNT.contains(&name) && !self.has_account {
            return Some("no account is configured");
        }
        if name == "SVADDR" && !self.has_server {
            return Some("no server is configured");
        }
        if self.moment <= Moment::Search && self.is_of_search(name) {
            return Some("the search comes later");
        }
        if self.moment == Moment::Auth && !date && !ALWAYS.contains(&name) {
            return Some("authentication belongs to no call");
        }
        if self.moment < Moment::HangUp && AT_THE_END.contains(&name) {
            return Some("it is known when the call is over");
        }
        None
    }
}

/// Adds a name of one's own that an answer defines.
pub(crate) fn with(names: Names, name: &str, secret: bool) -> Result<Names> {
    if secret { names.with_secret(name) } else { names.with(name) }
}
