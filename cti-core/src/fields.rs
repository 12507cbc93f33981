//! Which of our attributes stands in which field of a CRM.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An ordered map from our name of an attribute (`phone`, `name`) to the code of a field in the CRM (`tel`).
///
/// `phone`, `phone2`, `phone3`, … are telephone numbers, all of which are searched. Attributes that are not in the map
/// are neither read nor written. Written with [`fields!`](crate::fields!):
///
/// ```
/// use cti_core::fields;
/// let map = fields! { phone: "tel", phone2: "mobile", name: "name" };
/// assert_eq!(map.get("name"), Some("name"));
/// assert_eq!(map.phones().collect::<Vec<_>>(), [("phone", "tel"), ("phone2", "mobile")]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldMap(Vec<(String, String)>);

impl FieldMap {
    /// The map with one more attribute. An attribute that is there already gets the new code in its old place.
    #[must_use]
    pub fn with(mut self, attribute: impl Into<String>, code: impl Into<String>) -> Self {
        self.set(attribute.into(), code.into());
        self
    }

    /// The map without that attribute.
    #[must_use]
    pub fn without(mut self, attribute: &str) -> Self {
        self.0.retain(|(name, _)| name != attribute);
        self
    }

    /// The code of the field that holds the attribute.
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == attribute).map(|(_, code)| code)
    }

    /// Attribute and code, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, code)| (name.as_str(), code.as_str()))
    }

    /// The attributes that are telephone numbers, in order.
    pub fn phones(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(name, _)| is_phone(name))
    }

    /// True if nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn set(&mut self, attribute: String, code: String) {
        match self.0.iter_mut().find(|(name, _)| *name == attribute) {
            Some((_, old)) => *old = code,
            None => self.0.push((attribute, code)),
        }
    }
}

/// True for `phone`, `phone2`, `phone3`, …
pub fn is_phone(attribute: &str) -> bool {
    attribute.strip_prefix("phone").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

impl<A: Into<String>, C: Into<String>> FromIterator<(A, C)> for FieldMap {
    fn from_iter<I: IntoIterator<Item = (A, C)>>(pairs: I) -> Self {
        pairs.into_iter().fold(Self::default(), |map, (attribute, code)| map.with(attribute, code))
    }
}

impl Serialize for FieldMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for FieldMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = FieldMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of attribute = \"field code\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<FieldMap, A::Error> {
        let mut map = FieldMap::default();
        while let Some((attribute, code)) = access.next_entry()? {
            map.set(attribute, code);
        }
        Ok(map)
    }
}

/// Makes a [`FieldMap`](crate::fields::FieldMap): `fields! { phone: "tel", name: "name" }`.
#[macro_export]
macro_rules! fields {
    ($($attribute:ident : $code:expr),* $(,)?) => {
        $crate::fields::FieldMap::default()$(.with(stringify!($attribute), $code))*
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_survives_json_and_a_later_code_replaces_an_earlier_one() {
        let map: FieldMap = serde_json::from_str(r#"{"phone":"tel","name":"n","alpha":"a","phone":"tel2"}"#).unwrap();
        assert_eq!(map, fields! { phone: "tel2", name: "n", alpha: "a" });
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"phone":"tel2","name":"n","alpha":"a"}"#);
    }

    #[test]
    fn only_numbered_phones_are_phones() {
        let map = fields! { phone: "a", phone2: "b", phonetic: "c", telephone: "d" };
        assert_eq!(map.phones().count(), 2);
        assert!(fields! {}.is_empty());
    }
}
