//! The parameters of a request, from the query string or from a JSON body.

use super::error::ApiError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The parameters by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads `app=1&fields[0]=tel&fields[1]=name`, with `+` or `%20` for a blank.
    pub(super) fn from_query(query: &str) -> Self {
        let mut lists: BTreeMap<String, BTreeMap<usize, Value>> = BTreeMap::new();
        let mut all = Map::new();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = Value::String(value.into_owned());
            match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
                Some((name, index)) => {
                    let list = lists.entry(name.to_owned()).or_default();
                    let index = index.parse().unwrap_or(list.len());
                    list.insert(index, value);
                }
                None => drop(all.insert(key.into_owned(), value)),
            }
        }
        all.extend(lists.into_iter().map(|(name, list)| (name, list.into_values().collect())));
        Self(all)
    }

    /// Reads a JSON body.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body).map(Self).map_err(|_| ApiError::new(400, "CB_IJ01", "Invalid JSON string."))
    }

    /// Takes an object.
    pub(super) fn from_object(all: Map<String, Value>) -> Self {
        Self(all)
    }

    /// Takes a value that should be an object.
    pub(super) fn of(value: &Value) -> Result<Self, ApiError> {
        value.as_object().cloned().map(Self).ok_or_else(|| ApiError::new(400, "CB_IJ01", "Invalid JSON string."))
    }

    /// A number that may be written as text.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => number(value).map(Some).ok_or_else(|| ApiError::parameter(name, "Enter an integer value.")),
        }
    }

    /// A number that must be there.
    pub(super) fn need(&self, name: &str) -> Result<u64, ApiError> {
        self.number(name)?.ok_or_else(|| ApiError::missing(name))
    }

    /// A text; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// True if it is `true`, as text or not.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true))) || self.text(name) == "true"
    }

    /// A list of texts, if it is there and not empty.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.0.get(name)?.as_array()?;
        (!list.is_empty()).then(|| list.iter().filter_map(as_text).collect())
    }

    /// A list that must be there, with no more than 100 items.
    pub(super) fn list(&self, name: &str) -> Result<&[Value], ApiError> {
        let list = self.0.get(name).and_then(Value::as_array).ok_or_else(|| ApiError::missing(name))?;
        if list.len() > 100 {
            return Err(ApiError::parameter(name, "A maximum of 100 items can be specified."));
        }
        Ok(list)
    }

    /// All of them as one object: the shape of one item of a bulk update.
    pub(super) fn object(&self) -> &Map<String, Value> {
        &self.0
    }
}

fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

/// A number that may be written as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The revision that the caller expects; absent and -1 mean any.
pub(super) fn revision(value: Option<&Value>) -> Option<u64> {
    value.and_then(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_blank_and_a_list_are_read() {
        let params = Params::from_query("app=1&fields%5B0%5D=tel&fields[1]=%24id&query=tel%20in+(%22a%22)");
        assert_eq!(params.need("app"), Ok(1));
        assert_eq!(params.texts("fields"), Some(vec!["tel".to_owned(), "$id".to_owned()]));
        assert_eq!(params.text("query"), r#"tel in ("a")"#);
    }

    #[test]
    fn a_body_may_write_numbers_as_text() {
        let params = Params::from_body(br#"{"app":"7","upsert":true}"#).unwrap();
        assert_eq!((params.need("app"), params.flag("upsert")), (Ok(7), true));
        assert_eq!(Params::from_body(b"{").map_err(|error| error.code).err(), Some("CB_IJ01"));
    }
}
