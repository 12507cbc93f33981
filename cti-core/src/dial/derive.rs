//! From the number in a record to what the PBX is told to dial, step by step.

use super::DerivationStep;
use crate::error::{Error, ErrorKind, Result};
use crate::number::{Cleaned, Number, NumberingPlan};

/// Emergency numbers. They are never prefixed, and no prefix may be one of them.
pub(super) const EMERGENCY: [&str; 8] = ["110", "112", "118", "119", "911", "995", "999", "000"];

/// Service numbers that are dialled as they are: directory, telegram, time, message board, weather, crisis line.
pub(super) const SERVICE: [&str; 8] = ["104", "113", "115", "117", "171", "177", "411", "988"];

/// The longest number that is dialled, in digits, before a prefix.
const LONGEST: usize = 32;

/// The longest number in international form, in digits (E.164).
const LONGEST_E164: usize = 15;

/// Up to so many digits, a number that the numbering plan cannot place is taken for one inside the company.
const LONGEST_INTERNAL: usize = 5;

/// A number on its way: what it is now, and how it came to be that.
pub(super) struct Route {
    steps: Vec<DerivationStep>,
    digits: String,
    prefixable: bool,
}

impl Route {
    /// Brings a number as it stands in a record into the form that is dialled, without a group's prefix.
    pub(super) fn of(
        stored: &Number,
        plan: &NumberingPlan,
        exempt: &dyn Fn(&str) -> bool,
        is_extension: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let cleaned =
            Cleaned::of(stored.as_str()).filter(|cleaned| cleaned.digits().as_str().len() <= LONGEST).ok_or_else(
                || Error::new(ErrorKind::Rejected, "the text in the record is no number that can be dialled"),
            )?;
        let digits = cleaned.digits().as_str();
        refuse_two_numbers(digits, &cleaned, plan)?;
        let mut route =
            Self { steps: vec![step("as_stored", stored)], digits: stored.as_str().to_owned(), prefixable: false };
        let written = if cleaned.extension().is_some() { "extension_removed" } else { "separators_removed" };
        route.becomes(written, digits);
        if let Some(rule) = dialled_as_it_is(digits, plan, exempt, is_extension, &cleaned) {
            route.note(rule);
            return Ok(route);
        }
        route.prefixable = true;
        match cleaned.caller_id_prefix(plan) {
            Some((_, prefix, rest)) => {
                let (rule, rest) = dialled_here(rest, plan).unwrap_or(("caller_id", rest.to_owned()));
                route.becomes(rule, &format!("{prefix}{rest}"));
            }
            None => {
                if let Some((rule, digits)) = dialled_here(digits, plan) {
                    route.becomes(rule, &digits);
                }
            }
        }
        Ok(route)
    }

    /// False for numbers that no prefix ever goes before.
    pub(super) fn may_have_prefix(&self) -> bool {
        self.prefixable
    }

    /// Puts the prefix before the number, unless it is there already.
    pub(super) fn prefixed(mut self, label: &str, prefix: &str, plan: &NumberingPlan) -> Self {
        if has_prefix_already(&self.digits, prefix, plan) {
            self.note(&format!("prefix_present:{label}"));
        } else {
            let digits = format!("{prefix}{}", self.digits);
            self.becomes(&format!("prefix:{label}"), &digits);
        }
        self
    }

    /// Records that no prefix was wanted.
    pub(super) fn unprefixed(mut self) -> Self {
        if self.prefixable {
            self.note("no_prefix");
        }
        self
    }

    /// What is dialled, and the steps.
    pub(super) fn finish(self) -> Result<(Number, Vec<DerivationStep>)> {
        let number = Number::new(&self.digits)
            .filter(|number| number.as_str().len() == self.digits.len())
            .ok_or_else(|| Error::new(ErrorKind::Rejected, "the number is too long with its prefix"))?;
        Ok((number, self.steps))
    }

    fn becomes(&mut self, rule: &str, digits: &str) {
        if digits != self.digits {
            digits.clone_into(&mut self.digits);
            self.note(rule);
        }
    }

    fn note(&mut self, rule: &str) {
        self.steps.extend(Number::new(&self.digits).map(|number| step(rule, &number)));
    }
}

fn step(rule: &str, number: &Number) -> DerivationStep {
    DerivationStep { rule: rule.to_owned(), number: number.clone() }
}

/// A field with two numbers in it becomes one long row of digits, which would reach a stranger.
fn refuse_two_numbers(digits: &str, cleaned: &Cleaned, plan: &NumberingPlan) -> Result<()> {
    let body = cleaned.caller_id_prefix(plan).map_or(digits, |(_, _, rest)| rest).trim_start_matches('+');
    if body.starts_with(['*', '#']) || body.len() <= LONGEST_E164 + plan.international_prefix().len() {
        return Ok(());
    }
    let message = "these are more digits than a telephone number has: does the record hold two numbers in one field?";
    Err(Error::new(ErrorKind::Rejected, message).with("digits", body.len()))
}

/// The rule by which a number is dialled as it is, if there is one.
fn dialled_as_it_is(
    digits: &str,
    plan: &NumberingPlan,
    exempt: &dyn Fn(&str) -> bool,
    is_extension: &dyn Fn(&str) -> bool,
    cleaned: &Cleaned,
) -> Option<&'static str> {
    if exempt(digits) {
        let emergency = EMERGENCY.contains(&digits) || plan.is_emergency(digits);
        return Some(if emergency { "emergency" } else { "service_number" });
    }
    if is_extension(digits) {
        return Some("extension");
    }
    if digits.starts_with(['*', '#']) && cleaned.caller_id_prefix(plan).is_none() {
        return Some("feature_code");
    }
    let internal = digits.len() <= LONGEST_INTERNAL && !digits.starts_with('+') && plan.e164(digits).is_none();
    let service_of_plan = plan.is_service(digits);
    (internal && !service_of_plan).then_some("short_number")
}

/// How a number in international form is dialled from here; `None` if it can be dialled as it is.
fn dialled_here(digits: &str, plan: &NumberingPlan) -> Option<(&'static str, String)> {
    let e164 = plan.e164(digits);
    let trunk = plan.trunk_prefix();
    let starts_with_trunk = !trunk.is_empty() && digits.starts_with(trunk);
    let bare = e164.as_deref().is_some_and(|e164| e164[1..] == *digits) && !starts_with_trunk;
    if !digits.starts_with('+') && !bare {
        return None;
    }
    if let Some(national) = e164.as_deref().and_then(|e164| plan.national(e164)) {
        return Some(("national", national));
    }
    Some(("international_prefix", format!("{}{}", plan.international_prefix(), digits.trim_start_matches('+'))))
}

/// The rule against double prefixes: the number has the prefix already if it begins with it, what follows is a whole
/// number of the plan, and the number with the prefix is none, or the same one (a prefix that is the trunk prefix). Where
/// the plan does not know how long numbers are, a number that could be whole is taken for whole, and is prefixed.
fn has_prefix_already(digits: &str, prefix: &str, plan: &NumberingPlan) -> bool {
    let Some(rest) = digits.strip_prefix(prefix) else { return false };
    let Some(without) = whole_number(rest, plan) else { return false };
    whole_number(digits, plan).is_none_or(|with| with == without)
}

/// The number that the digits are in full, with or without a wish for the caller's own number in front.
fn whole_number(digits: &str, plan: &NumberingPlan) -> Option<String> {
    let after_wish = || Cleaned::of(digits)?.caller_id_prefix(plan).and_then(|(_, _, rest)| plan.e164(rest));
    plan.e164(digits).or_else(after_wish)
}
