//! The steps by their names, and the names that their templates may use.

use crate::config::Settings;
use cti_core::template::{NameGroup, Names, Step as Moment, Template};

/// Every step, in the order of a call.
pub(crate) const MOMENTS: [Moment; 6] =
    [Moment::Authentication, Moment::Search, Moment::Click, Moment::Ringing, Moment::Answered, Moment::Ended];

/// The number of the other side as it stands in the customer's record.
pub(crate) const SPELLED: &str = "SPELLED";
/// What the search fills beside names of one's own.
const FOUND: [&str; 3] = ["COMPANY", "NAME", "EXT_ID"];

/// The key of a step in a configuration file, and what `{EVENT}` says.
pub(crate) fn key(moment: Moment) -> &'static str {
    match moment {
        Moment::Authentication => "auth",
        Moment::Search => "search",
        Moment::Click => "click",
        Moment::Ringing => "ring",
        Moment::Answered => "answer",
        Moment::Ended => "hang_up",
    }
}

/// The names that exist with these settings, before any answer.
pub(crate) fn known(settings: &Settings) -> Names {
    let mut names = Names::default().numbering(settings.numbering.clone());
    // The name is legal: an error would say that it is not.
    names = names.clone().with_captured(SPELLED, false, Moment::Authentication).unwrap_or(names);
    if settings.accounts.is_empty() {
        names = names.without(NameGroup::Account);
    }
    if settings.salesforce.is_none() {
        names = names.without(NameGroup::Salesforce);
    }
    if settings.secrets_in_urls {
        names = names.allow_secrets_in_urls();
    }
    match settings.version {
        Some(version) => names.of_version(version),
        None => names,
    }
}

/// True if the search must be back before the template can be filled; `own` are the names that it fills beside its own.
pub(crate) fn needs_search(template: &Template, own: &[String]) -> bool {
    let of_search = |name: &str| FOUND.contains(&name) || name == SPELLED || own.iter().any(|own| own == name);
    template.variables().into_iter().any(of_search)
}
