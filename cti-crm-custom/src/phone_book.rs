//! Who has which number, as the house itself knows: a phone book for all, and one for each telephone.

use cti_core::call::{Extension, Name};
use cti_core::number::{Canonical, Number, NumberingPlan};
use std::collections::HashMap;
use std::fmt;

/// Names by number. `Debug` shows how many.
#[derive(Clone, Default)]
pub(crate) struct PhoneBook(Vec<(String, String)>);

impl FromIterator<(String, String)> for PhoneBook {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl fmt::Debug for PhoneBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneBook({} entries)", self.0.len())
    }
}

/// Both levels, asked by what a number means: the telephone's own book first, then the one for all.
#[derive(Default)]
pub(crate) struct PhoneBooks {
    shared: HashMap<String, Name>,
    own: HashMap<Extension, HashMap<String, Name>>,
    plan: NumberingPlan,
}

impl fmt::Debug for PhoneBooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneBooks({} entries, {} telephones)", self.shared.len(), self.own.len())
    }
}

impl PhoneBooks {
    pub(crate) fn new(shared: &PhoneBook, own: &[(Extension, PhoneBook)], plan: &NumberingPlan) -> Self {
        let index = |book: &PhoneBook| {
            let entries = book.0.iter();
            entries.filter_map(|(number, name)| Some((identity(number, plan), Name::new(name)?))).collect()
        };
        let own = own.iter().map(|(extension, book)| (extension.clone(), index(book))).collect();
        Self { shared: index(shared), own, plan: plan.clone() }
    }

    /// The name of that number, for the agent at that telephone.
    pub(crate) fn name(&self, number: &Number, extension: Option<&Extension>) -> Option<&Name> {
        let identity = identity(number.as_str(), &self.plan);
        let own = extension.and_then(|extension| self.own.get(extension)?.get(&identity));
        own.or_else(|| self.shared.get(&identity))
    }
}

fn identity(number: &str, plan: &NumberingPlan) -> String {
    Canonical::of(number, plan).map_or_else(|| number.trim().to_owned(), |canonical| canonical.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telephones_own_book_comes_before_the_one_for_all() {
        let book = |entries: &[(&str, &str)]| {
            entries.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect::<PhoneBook>()
        };
        let shared = book(&[("03-1234-5678", "山田商店"), ("6002", "受付")]);
        let own = [(Extension::from("6001"), book(&[("+81312345678", "山田さん")]))];
        let books = PhoneBooks::new(&shared, &own, &NumberingPlan::japan());
        let name = |number: &str, extension: Option<&str>| {
            let extension = extension.map(Extension::from);
            books.name(&Number::new(number).unwrap(), extension.as_ref()).map(|name| name.as_str().to_owned())
        };
        assert_eq!(name("0312345678", Some("6001")).as_deref(), Some("山田さん"));
        assert_eq!(name("0312345678", Some("6009")).as_deref(), Some("山田商店"));
        assert_eq!(name("6002", None).as_deref(), Some("受付"));
        assert_eq!(name("0399999999", Some("6001")), None);
        assert!(!format!("{books:?} {shared:?}").contains("山田"));
    }
}
