//! The app that holds the customers.

use crate::address::Site;
use crate::client::{Client, Request};
use crate::config::App;
use crate::error;
use crate::form::KnownForm;
use crate::map::{self, id_text};
use crate::query::{Condition, FieldCode};
use cti_core::crm::{LookUp, Match, Matches, NewContact};
use cti_core::number::Number;
use cti_core::turns::Turns;
use cti_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

/// How many customers with one number are read.
const MAX_MATCHES: usize = 10;
/// How many spellings are searched; kintone tells no limit for `in`.
const MAX_SPELLINGS: usize = 50;
/// The longest value that can be the key of an upsert.
const MAX_KEY: usize = 64;

/// The customers.
#[derive(Debug)]
pub(crate) struct Customers {
    pub(crate) app: App,
    pub(crate) form: KnownForm,
    creating: Turns,
}

/// The spellings to search: no blanks (an empty text would find all customers without a number), each once.
fn spellings(number: &LookUp) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for spelling in number.spellings.iter().chain([&number.number]).map(Number::as_str) {
        if !spelling.trim().is_empty() && !all.contains(&spelling) && all.len() < MAX_SPELLINGS {
            all.push(spelling);
        }
    }
    all
}

impl Customers {
    pub(crate) fn new(app: App) -> Self {
        Self { app, form: KnownForm::default(), creating: Turns::default() }
    }

    /// The condition "has one of these numbers".
    fn with_numbers(&self, numbers: &[&str]) -> Condition {
        Condition::any_of(self.app.phones(), numbers)
    }

    /// The list of all matches in a browser.
    pub(crate) fn list(&self, site: &Site, number: &LookUp, matches: &Matches) -> Option<url::Url> {
        let mut stored: Vec<&str> =
            matches.found.iter().filter_map(|m| m.spelled.as_ref()).map(Number::as_str).collect();
        stored.sort_unstable();
        stored.dedup();
        let numbers = if stored.is_empty() { spellings(number) } else { stored };
        site.list(self.app.id, self.with_numbers(&numbers).as_str())
    }

    pub(crate) async fn find(&self, client: &Client, site: &Site, number: &LookUp) -> Result<Matches> {
        let searched = spellings(number);
        if searched.is_empty() {
            return Ok(Matches::default());
        }
        let query = self.with_numbers(&searched).oldest(MAX_MATCHES + 1);
        let request = Request::get("records.json").with("fields", json!(map::wanted(&self.app))).with("query", query);
        let answer = client.send(&self.app, request).await?;
        let records = answer.get("records").and_then(Value::as_array).ok_or_else(|| error::lacks("the records"))?;
        let found = records.iter().take(MAX_MATCHES).map(|record| map::to_match(record, &self.app, site, &searched));
        let found: Option<Vec<Match>> = found.collect();
        Ok(Matches {
            found: found.ok_or_else(|| error::lacks("the id of a record"))?,
            more: records.len() > MAX_MATCHES,
        })
    }

    /// Creates a customer, unless there is one with the number. Two at once for one number wait for each other; against
    /// other programs only a unique field helps.
    pub(crate) async fn create(&self, client: &Client, site: &Site, contact: &NewContact) -> Result<Match> {
        let phone = self.app.code("phone").ok_or_else(|| Error::config("customers.fields.phone", "not mapped"))?;
        let number = contact.number.as_str();
        if number.trim().is_empty() {
            return Err(Error::new(ErrorKind::Rejected, "a customer without a number is not created"));
        }
        let is_key = self.phone_is_key(client, phone).await? && number.chars().count() <= MAX_KEY;
        let _one_at_a_time = self.creating.take(number).await;
        let known = self.find(client, site, &LookUp::exactly(contact.number.clone())).await?;
        if let Some(first) = known.found.into_iter().next() {
            return Ok(first);
        }
        let id = self.add(client, phone, contact, is_key).await?;
        Ok(Match {
            object: self.app.id.to_string(),
            url: site.record(self.app.id, &id),
            id,
            name: contact.name.clone().filter(|_| self.app.code("name").is_some()),
            company: None,
            spelled: Some(contact.number.clone()),
            fields: Default::default(),
        })
    }

    async fn add(&self, client: &Client, phone: &FieldCode, contact: &NewContact, is_key: bool) -> Result<String> {
        let number = contact.number.as_str();
        let mut record = Map::new();
        if let Some(name) = &contact.name {
            map::write(&mut record, &self.app, "name", &map::one_line(name.as_str()));
        }
        let answer = if is_key {
            let key = json!({"field": phone.as_str(), "value": number});
            let records = json!([{"updateKey": key, "record": record}]);
            client.send(&self.app, Request::put("records.json").with("upsert", true).with("records", records)).await?
        } else {
            map::write(&mut record, &self.app, "phone", number);
            client.send(&self.app, Request::post("record.json").with("record", record)).await?
        };
        let id = answer.pointer("/records/0/id").or_else(|| answer.get("id")).and_then(id_text);
        id.ok_or_else(|| error::lacks("the id of the record"))
    }

    /// Whether the field `phone` prohibits duplicates. Who may not read the form takes the safe way.
    async fn phone_is_key(&self, client: &Client, phone: &FieldCode) -> Result<bool> {
        let form = self.form.get(client, &self.app).await?;
        Ok(form.and_then(|form| form.top(phone.as_str())).is_some_and(|field| field.can_be_key()))
    }
}
