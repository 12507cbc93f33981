//! The customers, page by page: a cursor where it can be had, and always a position in the data, so that reading goes on
//! after whatever ended it.

use crate::client::{Client, Request};
use crate::config::{App, Kintone, Ready};
use crate::customers::Customers;
use crate::error;
use crate::map::{self, id_text};
use crate::query::{Condition, FieldCode};
use crate::sink::NO_CUSTOMERS;
use crate::webhook;
use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use cti_core::contacts::{Changed, Contact, ContactPage, ContactSource, Reading};
use cti_core::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// The most that kintone gives at once.
const PAGE: u64 = 500;

/// The cursor that is open, if one is.
#[derive(Debug, Default)]
pub(crate) struct Reader(Mutex<Option<Live>>);

/// A cursor, and the page after which it goes on.
#[derive(Debug)]
struct Live {
    cursor: String,
    reading: Reading,
    after: Option<String>,
}

/// The last record of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    changed_at: DateTime<Utc>,
    id: u64,
    /// How many were read with it.
    read: u64,
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let changed_at = parts.next()?.parse().ok()?;
        let (id, read) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { changed_at, id, read })
    }

    fn text(self) -> String {
        format!("{}|{}|{}", self.changed_at.to_rfc3339_opts(SecondsFormat::Secs, true), self.id, self.read)
    }
}

/// What is asked for: which records, in which order.
struct Question<'a> {
    reading: &'a Reading,
    /// The field that holds the time of the last change.
    updated: FieldCode,
    position: Option<Position>,
}

impl Question<'_> {
    fn condition(&self, phones: &Condition) -> Condition {
        let (from, further) = match self.reading {
            // Only customers with a number are ours; later, who lost his number must be seen too.
            Reading::Newest { not_before, .. } => {
                (Condition::instant(&self.updated, ">=", *not_before).and(phones), "<")
            }
            Reading::Changed { since } => (Condition::instant(&self.updated, ">=", *since), ">"),
        };
        let Some(position) = self.position else { return from };
        let same_minute =
            Condition::instant(&self.updated, "=", position.changed_at).and(&Condition::id(further, position.id));
        from.and(&Condition::instant(&self.updated, further, position.changed_at).or(&same_minute))
    }

    fn order(&self) -> String {
        let way = if matches!(self.reading, Reading::Newest { .. }) { "desc" } else { "asc" };
        format!("order by {} {way}, $id {way}", self.updated.as_str())
    }

    /// How many may still be read.
    fn room(&self) -> u64 {
        match self.reading {
            Reading::Newest { most, .. } => most.saturating_sub(self.read()),
            Reading::Changed { .. } => u64::MAX,
        }
    }

    fn read(&self) -> u64 {
        self.position.map_or(0, |position| position.read)
    }
}

/// Records as they came, whether more come, and how many there are.
struct Records {
    records: Vec<Value>,
    cursor: Option<String>,
    more: bool,
    total: Option<u64>,
}

#[async_trait]
impl ContactSource for Kintone {
    fn name(&self) -> &str {
        self.configured_name()
    }

    async fn contacts(&self, reading: &Reading, after: Option<&str>) -> Result<ContactPage> {
        let operation = "contacts";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        page(ready, reading, after).await.map_err(|error| error.during(operation))
    }

    async fn contact(&self, id: &str) -> Result<Option<Contact>> {
        let operation = "contact";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        let read = async {
            let customers = customers(ready)?;
            let updated = updated_field(&ready.client, customers).await?;
            let request = Request::get("record.json").with("id", id);
            match ready.client.send(&customers.app, request).await {
                Ok(answer) => {
                    let record = answer.get("record").ok_or_else(|| error::lacks("the record"))?;
                    to_contact(record, &customers.app, ready, &updated).map(|(contact, _)| Some(contact))
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        };
        read.await.map_err(|error| error.during(operation))
    }

    fn changed_in(&self, notice: &[u8]) -> Result<Option<Changed>> {
        let operation = "changed_in";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        changed(ready, notice).map_err(|error| error.during(operation))
    }
}

/// What kintone's webhook tells.
fn changed(ready: &Ready, notice: &[u8]) -> Result<Option<Changed>> {
    webhook::changed(notice, customers(ready)?.app.id)
}

fn customers(ready: &Ready) -> Result<&Customers> {
    ready.customers.as_ref().ok_or_else(|| Error::unsupported("contacts", NO_CUSTOMERS))
}

/// The field that holds the time of the last change: its name and code are in the language of whoever made the app.
async fn updated_field(client: &Client, customers: &Customers) -> Result<FieldCode> {
    let form = customers.form.get(client, &customers.app).await?;
    let code = form.and_then(|form| form.updated_time()).and_then(FieldCode::new);
    code.ok_or_else(|| {
        Error::new(ErrorKind::PermissionDenied, "the field with the time of the last change is not shown")
    })
}

async fn page(ready: &Ready, reading: &Reading, after: Option<&str>) -> Result<ContactPage> {
    let customers = customers(ready)?;
    let updated = updated_field(&ready.client, customers).await?;
    let question = Question { reading, updated, position: after.and_then(Position::parse) };
    if question.room() == 0 {
        return Ok(ContactPage::default());
    }
    // Whatever fails from here on, the cursor is not used again: a page that was lost would be missing.
    let mut live = ready.reader.0.lock().await;
    let open = live.take().filter(|live| live.reading == *reading && live.after.as_deref() == after);
    let mut got = match open {
        Some(open) => match next_page(ready, customers, open.cursor).await {
            Err(error) if error.kind() == ErrorKind::NotFound => begin(ready, customers, &question).await?,
            other => other?,
        },
        None => begin(ready, customers, &question).await?,
    };
    let room = usize::try_from(question.room()).unwrap_or(usize::MAX);
    let enough = got.records.len() >= room;
    got.records.truncate(room);
    let mut contacts = Vec::with_capacity(got.records.len());
    let mut last = question.position;
    for record in &got.records {
        let (contact, id) = to_contact(record, &customers.app, ready, &question.updated)?;
        let read = question.read() + contacts.len() as u64 + 1;
        last = Some(Position { changed_at: contact.changed_at, id, read });
        contacts.push(contact);
    }
    let next = last.map(Position::text).filter(|_| got.more && !enough);
    match (got.cursor.take(), &next) {
        (Some(cursor), Some(_)) => *live = Some(Live { cursor, reading: reading.clone(), after: next.clone() }),
        (Some(cursor), None) if got.more => close(ready, &customers.app, &cursor).await,
        _ => {}
    }
    Ok(ContactPage { contacts, next, total: got.total })
}

/// The first page from a position on: of a new cursor, or without one where there is none to be had.
async fn begin(ready: &Ready, customers: &Customers, question: &Question<'_>) -> Result<Records> {
    let app = &customers.app;
    let condition = question.condition(&Condition::filled(app.phones()));
    let query = format!("{} {}", condition.as_str(), question.order());
    let mut fields = map::wanted(app);
    fields.extend(["$revision", question.updated.as_str()]);
    if app.proof.allows_cursors() {
        let create = Request::post("records/cursor.json").repeatable();
        let create = create.with("fields", json!(fields)).with("query", query.as_str()).with("size", PAGE);
        match ready.client.send(app, create).await {
            Ok(answer) => {
                let cursor = answer.get("id").and_then(id_text).ok_or_else(|| error::lacks("the id of the cursor"))?;
                let total = answer.get("totalCount").and_then(id_text).and_then(|total| total.parse().ok());
                return Ok(Records { total, ..next_page(ready, customers, cursor).await? });
            }
            // All cursors of this kintone are in use, by whomever.
            Err(error) if error.kind() == ErrorKind::RateLimited => {}
            Err(error) => return Err(error),
        }
    }
    let request = Request::get("records.json").page().with("fields", json!(fields)).with("totalCount", true);
    let answer = ready.client.send(app, request.with("query", format!("{query} limit {PAGE}"))).await?;
    let records = records_in(&answer)?;
    let total: Option<u64> = answer.get("totalCount").and_then(id_text).and_then(|total| total.parse().ok());
    let more = records.len() as u64 == PAGE;
    Ok(Records { records, cursor: None, more, total })
}

/// The next page of a cursor that has something on it.
async fn next_page(ready: &Ready, customers: &Customers, cursor: String) -> Result<Records> {
    loop {
        let request = Request::get("records/cursor.json").page().with("id", cursor.as_str());
        let answer = ready.client.send_plain(&customers.app, request).await?;
        let records = records_in(&answer)?;
        let more = answer.get("next").and_then(Value::as_bool).unwrap_or(false);
        // A page can be empty while more come: what was deleted meanwhile is left out.
        if !records.is_empty() || !more {
            return Ok(Records { records, cursor: Some(cursor), more, total: None });
        }
    }
}

/// Others need it: there are ten in a kintone.
async fn close(ready: &Ready, app: &App, cursor: &str) {
    let request = Request::delete("records/cursor.json").with("id", cursor);
    if let Err(error) = ready.client.send_plain(app, request).await {
        tracing::debug!(error = %error, "the cursor ends by itself");
    }
}

fn records_in(answer: &Value) -> Result<Vec<Value>> {
    answer.get("records").and_then(Value::as_array).cloned().ok_or_else(|| error::lacks("the records"))
}

fn to_contact(record: &Value, app: &App, ready: &Ready, updated: &FieldCode) -> Result<(Contact, u64)> {
    let text = |code: &str| record.get(code).and_then(|field| field.get("value")).and_then(id_text);
    let id: u64 = text("$id").and_then(|id| id.parse().ok()).ok_or_else(|| error::lacks("the id of a record"))?;
    let changed_at = text(updated.as_str()).and_then(|at| at.parse().ok());
    let changed_at = changed_at.ok_or_else(|| error::lacks("the time of the last change"))?;
    let matched = map::to_match(record, app, &ready.site, &[]).ok_or_else(|| error::lacks("the id of a record"))?;
    let version = text("$revision").unwrap_or_default();
    Ok((Contact { matched, numbers: map::numbers(record, app), changed_at, version }, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written_down() {
        let position = Position { changed_at: "2026-04-23T14:11:00Z".parse().unwrap(), id: 7, read: 500 };
        assert_eq!(Position::parse(&position.text()), Some(position));
        for wrong in ["", "7", "x|7|1", "2026-04-23T14:11:00Z|7", "2026-04-23T14:11:00Z|x|1"] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_first_reading_is_newest_first_and_goes_on_within_a_minute() {
        let reading = Reading::Newest { not_before: "2026-09-22T00:00:00Z".parse().unwrap(), most: 3000 };
        let position = Position { changed_at: "2026-11-01T10:00:00Z".parse().unwrap(), id: 77, read: 500 };
        let updated = FieldCode::new("更新日時").unwrap();
        let question = Question { reading: &reading, updated, position: Some(position) };
        let phones = [FieldCode::new("tel").unwrap(), FieldCode::new("tel2").unwrap()];
        let query = format!("{} {}", question.condition(&Condition::filled(&phones)).as_str(), question.order());
        let expected = "((更新日時 >= \"2026-09-22T00:00:00Z\") and (tel != \"\" or tel2 != \"\")) and \
            ((更新日時 < \"2026-11-01T10:00:00Z\") or ((更新日時 = \"2026-11-01T10:00:00Z\") and ($id < \"77\"))) \
            order by 更新日時 desc, $id desc";
        assert_eq!(query, expected);
        assert_eq!(question.room(), 2500);
    }
}
