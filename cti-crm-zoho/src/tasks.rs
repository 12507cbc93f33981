//! Missed calls become work: a task for the right person, closed when somebody has talked to the customer.

use crate::call_log::{Entry, With, is_answered};
use crate::client::{Request, list, written};
use crate::error;
use crate::map::id;
use crate::query::{Condition, Literal};
use chrono::{Days, NaiveDate};
use cti_core::call::{CallRecord, Direction};
use cti_core::{ErrorKind, Result};
use serde_json::{Map, Value, json};

/// How the subject of every such task begins.
const BEGINNING: &str = "Call back";
/// More open tasks of one customer are not closed at once.
const MOST: usize = 10;

/// How missed calls become tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissedCallTasks {
    /// So many days after the call a task is due; 0 is the same day.
    pub due_days: u32,
    /// A later talk with the customer, in either direction, closes the tasks.
    pub close: bool,
}

impl Default for MissedCallTasks {
    /// Due on the same day, closed by a later talk.
    fn default() -> Self {
        Self { due_days: 0, close: true }
    }
}

pub(crate) struct Tasks<'a> {
    pub(crate) rules: &'a MissedCallTasks,
    pub(crate) with: &'a With<'a>,
}

fn is_missed(record: &CallRecord) -> bool {
    // Who cannot be called back makes no work.
    record.direction == Direction::Inbound && !is_answered(record) && record.caller.number.is_some()
}

impl Tasks<'_> {
    pub(crate) async fn follow(&self, entry: &Entry<'_>) -> Result<()> {
        if is_missed(entry.record) {
            return self.open(entry).await;
        }
        if self.rules.close && is_answered(entry.record) {
            return self.close(entry).await;
        }
        Ok(())
    }

    async fn open(&self, entry: &Entry<'_>) -> Result<()> {
        let mark = Literal::plain(&format!("%{}", entry.mark())).ok_or_else(|| error::lacks("a key"))?;
        let query = Condition::like("Subject", &mark).select(&["id"], "Tasks", 1);
        let known = self.with.client.send(Request::coql(&query)).await?;
        if !list(known.as_ref(), "data")?.is_empty() {
            return Ok(());
        }
        let mut fields = self.fields(entry);
        if let Some(owner) = self.with.agents.owner(self.with.client, entry.record).await? {
            fields.insert("Owner".to_owned(), json!({ "id": owner }));
        }
        match self.with.client.send(Request::add("Tasks", Value::Object(fields.clone()))).await {
            Err(error) if error.kind() == ErrorKind::Rejected => {
                // A user who left, a record that was deleted: the task matters more.
                for name in ["Owner", "Who_Id", "What_Id", "$se_module"] {
                    fields.remove(name);
                }
                let answer = self.with.client.send(Request::add("Tasks", Value::Object(fields))).await?;
                written(answer.as_ref()).map(drop)
            }
            answer => written(answer?.as_ref()).map(drop),
        }
    }

    fn fields(&self, entry: &Entry<'_>) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("Subject", json!(format!("{BEGINNING} {} {}", entry.whom(), entry.mark())));
        put("Due_Date", json!(self.due(entry.record.started_at.date_naive()).to_string()));
        put("Status", json!("Not Started"));
        put("Priority", json!("High"));
        put("Description", json!(entry.description()));
        for (name, value) in entry.relation(self.with.customers) {
            put(name, value);
        }
        fields
    }

    fn due(&self, day: NaiveDate) -> NaiveDate {
        day.checked_add_days(Days::new(u64::from(self.rules.due_days))).unwrap_or(day)
    }

    async fn close(&self, entry: &Entry<'_>) -> Result<()> {
        let relation = entry.relation(self.with.customers);
        let Some((field, value)) = relation.first() else { return Ok(()) };
        let customer = value.get("id").and_then(Value::as_str).and_then(Literal::plain);
        let (Some(customer), Some(done), Some(ours)) =
            (customer, Literal::plain("Completed"), Literal::plain(&format!("{BEGINNING}%")))
        else {
            return Ok(());
        };
        let open = Condition::is(field, &customer).and(Condition::is_not("Status", &done));
        let query = open.and(Condition::like("Subject", &ours)).select(&["id"], "Tasks", MOST);
        let answer = self.with.client.send(Request::coql(&query)).await?;
        for task in list(answer.as_ref(), "data")?.iter().filter_map(id) {
            self.with.client.send(Request::change("Tasks", &task, json!({"Status": "Completed"}))).await?;
        }
        Ok(())
    }
}
