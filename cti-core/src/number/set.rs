//! Sets of numbers, compared by what they mean.

use super::{Canonical, NumberingPlan};
use std::collections::HashSet;
use std::fmt;

/// A set of numbers and extensions that is asked by what a number means: `+81 3-1234-5678` is in it if `0312345678` was put
/// in. What is no number, such as a SIP user, is compared as text. `Debug` shows how many there are.
///
/// ```
/// use cti_core::number::{NumberSet, NumberingPlan};
/// let watched = NumberSet::new(["03-1234-5678", "6001", "alice"], NumberingPlan::japan());
/// assert!(watched.contains("+81312345678") && watched.contains("6001") && watched.contains("alice"));
/// assert!(!watched.contains("0312345679") && !watched.contains("06001"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NumberSet {
    identities: HashSet<String>,
    plan: NumberingPlan,
}

impl NumberSet {
    /// A set of these, read as numbers of that plan.
    pub fn new<T: AsRef<str>>(numbers: impl IntoIterator<Item = T>, plan: NumberingPlan) -> Self {
        let identities = numbers.into_iter().map(|number| identity(number.as_ref(), &plan)).collect();
        Self { identities, plan }
    }

    /// True if the same line is in it, however it is written.
    pub fn contains(&self, number: &str) -> bool {
        !self.identities.is_empty() && self.identities.contains(&identity(number, &self.plan))
    }

    /// How many different numbers there are.
    pub fn len(&self) -> usize {
        self.identities.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }
}

fn identity(text: &str, plan: &NumberingPlan) -> String {
    Canonical::of(text, plan).map_or_else(|| text.trim().to_owned(), |canonical| canonical.as_str().to_owned())
}

impl fmt::Debug for NumberSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberSet({} numbers)", self.len())
    }
}
