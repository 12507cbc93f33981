//! Zoho's records ↔ our types.

use crate::customers::Module;
use cti_core::call::Name;
use cti_core::crm::Match;
use cti_core::number::Number;
use serde_json::Value;
use url::Url;

/// The most characters of one value that are read.
const MAX_VALUE: usize = 10_000;

/// Where the CRM's pages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pages {
    pub(crate) web: Url,
    /// The number of the organisation in the browser's address; not needed by who has one organisation only.
    pub(crate) org: Option<String>,
}

impl Pages {
    fn tab(&self, module: &str) -> String {
        // The pages still call deals by their old name.
        let tab = if module == "Deals" { "Potentials" } else { module };
        match &self.org {
            Some(org) => format!("crm/org{org}/tab/{tab}"),
            None => format!("crm/tab/{tab}"),
        }
    }

    /// The page of a record.
    pub(crate) fn record(&self, module: &str, id: &str) -> Option<Url> {
        self.web.join(&format!("{}/{id}", self.tab(module))).ok()
    }

    /// The page on which a person writes a new record.
    pub(crate) fn create(&self, module: &str) -> Option<Url> {
        self.web.join(&format!("{}/create", self.tab(module))).ok()
    }
}

/// The value of a field as text: of a look-up the name, `None` if it is empty or has none.
pub(crate) fn text(record: &Value, field: &str) -> Option<String> {
    let value = record.get(field)?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(_) => value.get("name")?.as_str()?.to_owned(),
        _ => return None,
    };
    let text: String = text.chars().take(MAX_VALUE).collect();
    (!text.trim().is_empty()).then_some(text)
}

/// The id of a record; `None` if it is none that could stand in an address.
pub(crate) fn id(record: &Value) -> Option<String> {
    let id = record.get("id")?.as_str()?;
    (!id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_digit())).then(|| id.to_owned())
}

/// A record as a match. `searched` are the spellings under which it was looked for.
pub(crate) fn to_match(record: &Value, module: &Module, pages: &Pages, searched: &[&str]) -> Option<Match> {
    let id = id(record)?;
    let named = |field: &Option<String>| field.as_deref().and_then(|field| text(record, field));
    let extra = |field: &String| Some((field.clone(), text(record, field)?));
    Some(Match {
        url: pages.record(&module.name, &id),
        object: module.name.clone(),
        name: named(&module.person).as_deref().and_then(Name::new),
        company: named(&module.company).as_deref().and_then(Name::new),
        spelled: spelling(record, module, searched),
        fields: module.extra.iter().filter_map(extra).collect(),
        id,
    })
}

/// The number as it stands in the record: the one that was searched, else the first.
fn spelling(record: &Value, module: &Module, searched: &[&str]) -> Option<Number> {
    let mut texts: Vec<String> = module.phones.iter().filter_map(|field| text(record, field)).collect();
    texts.sort_by_key(|text| !same(text, searched));
    texts.first().and_then(|text| Number::new(text))
}

/// True if the text is one of the numbers, whatever stands between the digits.
pub(crate) fn same(text: &str, searched: &[&str]) -> bool {
    let digits = |text: &str| text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>();
    let text = digits(text);
    searched.iter().any(|wanted| digits(wanted) == text)
}

/// Text for a field of one line.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_their_known_addresses() {
        let web = Url::parse("https://crm.zoho.jp/").unwrap();
        let pages = Pages { web: web.clone(), org: Some("700".to_owned()) };
        assert_eq!(pages.record("Contacts", "5").unwrap().as_str(), "https://crm.zoho.jp/crm/org700/tab/Contacts/5");
        assert_eq!(pages.record("Deals", "5").unwrap().as_str(), "https://crm.zoho.jp/crm/org700/tab/Potentials/5");
        let pages = Pages { web, org: None };
        assert_eq!(pages.create("Leads").unwrap().as_str(), "https://crm.zoho.jp/crm/tab/Leads/create");
    }

    #[test]
    fn an_id_that_is_none_makes_no_match() {
        for wrong in ["", "1/../2", "abc", "1?x"] {
            assert_eq!(id(&serde_json::json!({ "id": wrong })), None, "{wrong}");
        }
    }
}
