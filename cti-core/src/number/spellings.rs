//! The spellings under which a number may be stored.

use super::country::Groups;
use super::{Canonical, Number, NumberingPlan};
use crate::call::Withheld;
use crate::crm::LookUp;

/// The spellings of a number, most likely first, without repetition, at most `budget`. The first is always the number as
/// it came; every other one means the same line in that plan.
///
/// ```
/// use cti_core::number::{Number, NumberingPlan, spellings};
/// let number = Number::new("+81312345678").unwrap();
/// let found: Vec<_> = spellings(&number, &NumberingPlan::japan(), 4).iter().map(|n| n.as_str().to_owned()).collect();
/// assert_eq!(found, ["+81312345678", "0312345678", "03-1234-5678", "81312345678"]);
/// ```
pub fn spellings(number: &Number, plan: &NumberingPlan, budget: usize) -> Vec<Number> {
    let mut list = Spellings { budget, found: Vec::new() };
    list.push(number.as_str());
    if let Some(canonical) = Canonical::of(number.as_str(), plan) {
        list.of_canonical(&canonical, plan);
    }
    list.found
}

impl LookUp {
    /// Looks for the number in at most `budget` spellings (see [`spellings`]). `None` if there is nothing to look for:
    /// the text only says that the number is withheld, or the budget is 0.
    pub fn of(number: &Number, plan: &NumberingPlan, budget: usize) -> Option<Self> {
        if budget == 0 || Withheld::from_words(number.as_str(), "").is_some() {
            return None;
        }
        Some(Self { number: number.clone(), spellings: spellings(number, plan, budget), event: None })
    }
}

struct Spellings {
    budget: usize,
    found: Vec<Number>,
}

impl Spellings {
    fn push(&mut self, text: &str) {
        if self.found.len() < self.budget && self.found.iter().all(|found| found.as_str() != text) {
            self.found.extend(Number::new(text));
        }
    }

    fn of_canonical(&mut self, canonical: &Canonical, plan: &NumberingPlan) {
        match (canonical.national(), canonical.e164()) {
            (Some(national), Some(e164)) => self.of_this_country(national, e164, plan),
            (None, Some(e164)) => {
                self.push(e164);
                self.push(&format!("{}{}", plan.international_prefix(), &e164[1..]));
            }
            (_, None) => self.push(canonical.as_str()),
        }
    }

    fn of_this_country(&mut self, national: &str, e164: &str, plan: &NumberingPlan) {
        let groupings = plan.country().groupings(national);
        self.push(national);
        if let Some(&likeliest) = groupings.first() {
            self.push(&grouped(national, likeliest));
        }
        self.push(e164);
        let bare = &e164[1..];
        if plan.e164(bare).as_deref() == Some(e164) {
            self.push(bare);
        }
        for &groups in groupings.iter().skip(1) {
            self.push(&grouped(national, groups));
        }
        if let Some(&likeliest) = groupings.first() {
            let trunk = national.len() + plan.country_code().len() + 1 - e164.len();
            self.push(&format!("+{}-{}", plan.country_code(), &grouped(national, likeliest)[trunk..]));
        }
    }
}

/// The national form with hyphens between its groups.
fn grouped(national: &str, [first, second, _]: Groups) -> String {
    let (area, rest) = national.split_at(first);
    let (exchange, line) = rest.split_at(second);
    format!("{area}-{exchange}-{line}")
}
