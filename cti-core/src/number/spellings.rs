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
    let mut list = Spellings { budget, found: Vec::with_capacity(budget.min(LIKELY)) };
    list.first(number);
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

/// How many spellings a number has mostly.
const LIKELY: usize = 6;

struct Spellings {
    budget: usize,
    found: Vec<Number>,
}

impl Spellings {
    fn first(&mut self, number: &Number) {
        self.found.extend((self.budget > 0).then(|| number.clone()));
    }

    fn push(&mut self, pieces: &[&str]) {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let is_it = |found: &Number| found.as_str().len() == length && *found.as_str() == *pieces.concat();
        if self.found.len() < self.budget && length <= Number::MAX && !self.found.iter().any(is_it) {
            self.found.push(Number::of_digits(pieces.concat()));
        }
    }

    /// Adds a number that was made already.
    fn take(&mut self, number: &Number) {
        if self.found.len() < self.budget && !self.found.contains(number) {
            self.found.push(number.clone());
        }
    }

    fn of_canonical(&mut self, canonical: &Canonical, plan: &NumberingPlan) {
        match (canonical.national_number(), canonical.e164()) {
            (Some(national), Some(e164)) => self.of_this_country(national, e164, canonical.identity(), plan),
            (None, Some(e164)) => {
                self.take(canonical.identity());
                self.push(&[plan.international_prefix(), &e164[1..]]);
            }
            (_, None) => self.take(canonical.identity()),
        }
    }

    fn of_this_country(&mut self, national: &Number, e164: &str, identity: &Number, plan: &NumberingPlan) {
        self.take(national);
        let national = national.as_str();
        let groupings = plan.country().groupings(national);
        if let Some(&likeliest) = groupings.first() {
            self.push(&grouped(national, likeliest));
        }
        self.take(identity);
        let bare = &e164[1..];
        if self.found.len() < self.budget && plan.reads_without_plus(bare) {
            self.push(&[bare]);
        }
        for &groups in groupings.iter().skip(1) {
            self.push(&grouped(national, groups));
        }
        if let Some(&likeliest) = groupings.first() {
            let trunk = national.len() + plan.country_code().len() + 1 - e164.len();
            let [area, exchange, line] = split(national, likeliest);
            self.push(&["+", plan.country_code(), "-", &area[trunk..], "-", exchange, "-", line]);
        }
    }
}

/// The national form in pieces, with hyphens between its groups.
fn grouped(national: &str, groups: Groups) -> [&str; 5] {
    let [area, exchange, line] = split(national, groups);
    [area, "-", exchange, "-", line]
}

fn split(national: &str, [first, second, _]: Groups) -> [&str; 3] {
    let (area, rest) = national.split_at(first);
    let (exchange, line) = rest.split_at(second);
    [area, exchange, line]
}
