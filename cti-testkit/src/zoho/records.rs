//! Records: reading, adding, changing, upsert. Entries of one request stand or fall one by one.

use super::State;
use super::answer::{Answer, Outcome, envelope};
use super::check;
use super::module::{Kind, Record};
use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// The most records that one request may write.
const MOST: usize = 100;

/// The answer to a module that does not exist.
pub(super) fn no_module() -> Answer {
    Answer::refuse(400, "INVALID_MODULE", "the module name given seems to be invalid", json!({}))
}

fn data(body: &Value) -> Result<&Vec<Value>, Answer> {
    let missing =
        || Answer::refuse(400, "MANDATORY_NOT_FOUND", "required field not found", json!({"api_name": "data"}));
    let data = body.get("data").and_then(Value::as_array).filter(|data| !data.is_empty()).ok_or_else(missing)?;
    if data.len() > MOST {
        let details = json!({"maximum_length": MOST, "api_name": "data"});
        return Err(Answer::refuse(400, "INVALID_DATA", "invalid data", details));
    }
    Ok(data)
}

/// The answer to several entries: `good` if all went well, 207 if some did, and 400 (or what the builder says) if none.
fn together(good: u16, none: u16, entries: Vec<Value>) -> Answer {
    let failed = entries.iter().filter(|entry| entry["status"] == "error").count();
    let status = match failed {
        0 => good,
        all if all == entries.len() => none,
        _ => 207,
    };
    Answer::json(status, json!({"data": entries}))
}

fn object(entry: &Value) -> Map<String, Value> {
    entry.as_object().cloned().unwrap_or_default()
}

impl State {
    /// `POST /crm/v8/{module}`.
    pub(super) fn insert(&mut self, module: &str, body: &Value) -> Outcome {
        let entries = data(body)?;
        if !self.modules.contains_key(module) {
            return Err(no_module());
        }
        let written = entries.iter().enumerate();
        let written = written.map(|(index, entry)| match self.add(module, &object(entry), index) {
            Ok(id) => self.success(module, &id, "record added"),
            Err(refusal) => refusal,
        });
        let written = written.collect();
        Ok(together(201, self.none_status, written))
    }

    /// `PUT /crm/v8/{module}/{id}`.
    pub(super) fn update(&mut self, module: &str, id: &str, body: &Value) -> Outcome {
        let entry = object(data(body)?.first().unwrap_or(&Value::Null));
        let written = match self.change(module, id, &entry, 0) {
            Ok(()) => self.success(module, id, "record updated"),
            Err(refusal) => refusal,
        };
        Ok(together(200, self.none_status, vec![written]))
    }

    /// `POST /crm/v8/{module}/upsert`.
    pub(super) fn upsert(&mut self, module: &str, body: &Value) -> Outcome {
        let entries = data(body)?;
        let known = self.modules.get(module).ok_or_else(no_module)?;
        if !known.takes_upsert() {
            return Err(Answer::refuse(400, "NOT_SUPPORTED", "upsert is not supported for this module", json!({})));
        }
        let keys = duplicate_fields(module, body);
        let written = entries.iter().enumerate().map(|(index, entry)| {
            let entry = object(entry);
            let found = self.duplicate(module, &entry, &keys);
            let (result, action, field) = match found {
                Some((id, field)) => (self.change(module, &id, &entry, index).map(|()| id), "update", json!(field)),
                None => (self.add(module, &entry, index), "insert", Value::Null),
            };
            match result {
                Ok(id) => {
                    let message = if action == "insert" { "record added" } else { "record updated" };
                    let mut entry = self.success(module, &id, message);
                    entry["action"] = action.into();
                    entry["duplicate_field"] = field;
                    entry
                }
                Err(refusal) => refusal,
            }
        });
        let written = written.collect();
        Ok(together(200, self.none_status, written))
    }

    fn duplicate(&self, module: &str, entry: &Map<String, Value>, keys: &[String]) -> Option<(String, String)> {
        let records = &self.modules.get(module)?.records;
        let same = |record: &Record, key: &str| {
            let value = entry.get(key).filter(|value| !value.is_null());
            value.is_some() && record.values.get(key) == value
        };
        keys.iter().find_map(|key| {
            let (id, _) = records.iter().find(|(_, record)| same(record, key))?;
            Some((id.clone(), key.clone()))
        })
    }

    /// Adds a record; the id, or the entry that refuses it.
    pub(super) fn add(&mut self, module: &str, entry: &Map<String, Value>, index: usize) -> Result<String, Value> {
        let Some(known) = self.modules.get(module) else {
            return Err(envelope("INVALID_MODULE", "the module name given seems to be invalid", json!({})));
        };
        let mut values = check::values(known, entry, index)?;
        check::whole(known, &values, index)?;
        if module == "Calls" {
            check::call(&values, self.duration, index)?;
        }
        self.unique(module, &values, index)?;
        self.relations(&values, index)?;
        self.last_id += 1;
        let id = format!("5725767{:012}", self.last_id);
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, false);
        values.insert("id".to_owned(), json!(id));
        for name in ["Created_Time", "Modified_Time"] {
            values.insert(name.to_owned(), json!(now));
        }
        values.entry("Owner").or_insert_with(|| json!({"id": self.me()}));
        self.derive(&mut values);
        let indexed = !self.index_lags;
        if let Some(known) = self.modules.get_mut(module) {
            known.records.insert(id.clone(), Record { values, indexed });
        }
        Ok(id)
    }

    fn change(&mut self, module: &str, id: &str, entry: &Map<String, Value>, index: usize) -> Result<(), Value> {
        let known = self.modules.get(module).and_then(|known| Some((known, known.records.get(id)?)));
        let Some((known, old)) = known else {
            let details = json!({"id": id, "api_name": "id"});
            return Err(envelope("INVALID_DATA", "the id given seems to be invalid", details));
        };
        let changes = check::values(known, entry, index)?;
        if module == "Calls" {
            check::call_change(&old.values, &changes, index)?;
        }
        let mut values = old.values.clone();
        values.extend(changes);
        check::whole(known, &values, index)?;
        self.derive(&mut values);
        values.insert("Modified_Time".to_owned(), json!(Utc::now().to_rfc3339_opts(SecondsFormat::Secs, false)));
        if let Some(record) = self.modules.get_mut(module).and_then(|known| known.records.get_mut(id)) {
            record.values = values;
        }
        Ok(())
    }

    /// What Zoho fills itself.
    fn derive(&self, values: &mut Map<String, Value>) {
        let text = |name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let full = format!("{} {}", text("First_Name"), text("Last_Name")).trim().to_owned();
        let seconds = self.duration.seconds(&text("Call_Duration"));
        if !full.is_empty() {
            values.insert("Full_Name".to_owned(), json!(full));
        }
        if let Some(seconds) = seconds {
            values.insert("Call_Duration_in_seconds".to_owned(), json!(seconds));
        }
    }

    fn unique(&self, module: &str, values: &Map<String, Value>, index: usize) -> Result<(), Value> {
        let Some(known) = self.modules.get(module) else { return Ok(()) };
        for field in known.fields.iter().filter(|field| field.unique) {
            let Some(value) = values.get(&field.name).filter(|value| !value.is_null()) else { continue };
            if let Some((id, _)) =
                known.records.iter().find(|(_, record)| record.values.get(&field.name) == Some(value))
            {
                let details = json!({"api_name": field.name, "id": id,
                    "duplicate_record": {"id": id, "module": {"api_name": module}},
                    "json_path": format!("$.data[{index}].{}", field.name)});
                return Err(envelope("DUPLICATE_DATA", "duplicate data", details));
            }
        }
        Ok(())
    }

    /// What a record points to must be there: `Who_Id` a contact, `What_Id` a record of `$se_module`, `Owner` a user.
    fn relations(&self, values: &Map<String, Value>, index: usize) -> Result<(), Value> {
        let id = |name: &str| values.get(name).and_then(|value| value.get("id")).and_then(Value::as_str);
        let there = |module: &str, id: &str| self.modules.get(module).is_some_and(|m| m.records.contains_key(id));
        let se_module = values.get("$se_module").and_then(Value::as_str).unwrap_or_default();
        let wrong = if id("Who_Id").is_some_and(|id| !there("Contacts", id)) {
            "Who_Id"
        } else if id("What_Id").is_some_and(|id| !there(se_module, id)) {
            "What_Id"
        } else if id("Owner").is_some_and(|id| !self.users.iter().any(|user| user.id == id)) {
            "Owner"
        } else {
            return Ok(());
        };
        let details = json!({"api_name": wrong, "json_path": format!("$.data[{index}].{wrong}.id")});
        Err(envelope("INVALID_DATA", "the id given seems to be invalid", details))
    }

    fn success(&self, module: &str, id: &str, message: &str) -> Value {
        let record = self.modules.get(module).and_then(|known| known.records.get(id));
        let value = |name: &str| record.and_then(|record| record.values.get(name)).cloned().unwrap_or_default();
        let by = json!({"name": "API User", "id": self.me()});
        json!({"code": "SUCCESS", "message": message, "status": "success", "details": {"id": id,
            "Created_Time": value("Created_Time"), "Modified_Time": value("Modified_Time"),
            "Created_By": by, "Modified_By": by, "$approval_state": "approved"}})
    }

    /// A record as it is read, with these fields only.
    pub(super) fn show(&self, module: &str, record: &Record, fields: Option<&[&str]>) -> Value {
        let mut out = Map::new();
        for (name, value) in &record.values {
            if name == "id" || fields.is_none_or(|fields| fields.contains(&name.as_str())) {
                out.insert(name.clone(), self.resolved(module, name, value));
            }
        }
        Value::Object(out)
    }

    /// A look-up is shown with the name of what it points to.
    fn resolved(&self, module: &str, name: &str, value: &Value) -> Value {
        let is_lookup = self.modules.get(module).and_then(|m| m.field(name)).is_some_and(|f| f.kind == Kind::Lookup);
        let Some(id) = value.get("id").and_then(Value::as_str).filter(|_| is_lookup) else { return value.clone() };
        if let Some(user) = self.users.iter().find(|user| user.id == id) {
            return json!({"id": id, "name": user.name, "email": user.email});
        }
        let name_of = |values: &Map<String, Value>| {
            ["Full_Name", "Account_Name"].iter().find_map(|name| values.get(*name).cloned())
        };
        let found = self.modules.values().find_map(|module| module.records.get(id));
        json!({"id": id, "name": found.and_then(|record| name_of(&record.values))})
    }

    /// `GET /crm/v8/{module}/{id}`.
    pub(super) fn read_one(&self, module: &str, id: &str) -> Outcome {
        let known = self.modules.get(module).ok_or_else(no_module)?;
        Ok(match known.records.get(id) {
            Some(record) => Answer::ok(json!({"data": [self.show(module, record, None)]})),
            None => Answer::nothing(),
        })
    }
}

fn duplicate_fields(module: &str, body: &Value) -> Vec<String> {
    let system = match module {
        "Leads" | "Contacts" => "Email",
        "Accounts" => "Account_Name",
        _ => "Deal_Name",
    };
    match body.get("duplicate_check_fields").and_then(Value::as_array) {
        Some(fields) => fields.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => vec![system.to_owned()],
    }
}
