//! What can be checked without writing, and what to do about what is wrong.

use crate::call_log::{CallLog, CallLogMode};
use crate::client::{Client, Request};
use crate::config::{App, Ready};
use crate::customers::Customers;
use crate::form::{Field, Form, Place};
use cti_core::fields::is_phone;
use cti_core::health::{Check, CheckOutcome};
use cti_core::{Error, ErrorKind, Fault};
use serde_json::json;

const TEXTS: &[&str] = &["SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "RICH_TEXT"];

/// Which of the two apps.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Customers,
    CallLog(CallLogMode),
}

/// A fault of the configuration as a check.
pub(crate) fn configuration_fault(fault: &Fault) -> Check {
    let name = format!("kintone.configuration.{}", fault.path);
    Check::failed(name, fault.message.clone(), "correct this key of the configuration")
}

/// All checks of both apps.
pub(crate) async fn check(ready: &Ready) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(Customers { app, .. }) = &ready.customers {
        checks.extend(check_app(&ready.client, app, Role::Customers).await);
    }
    if let Some(CallLog { app, mode, .. }) = &ready.call_log {
        checks.extend(check_app(&ready.client, app, Role::CallLog(*mode)).await);
    }
    checks
}

async fn check_app(client: &Client, app: &App, role: Role) -> Vec<Check> {
    let name = |what: &str| role.name(what);
    let form = match Form::read(client, app).await {
        Ok(form) => form,
        Err(error) => return unusable(role, &error),
    };
    let mut checks = vec![
        Check::ok(name("reachable"), format!("app {} answers", app.id)),
        Check::ok(name("token"), "kintone accepts the token"),
    ];
    if role == Role::Customers {
        checks.push(view(client, app, role).await);
    }
    for right in role.rights() {
        checks.push(may(client, app, role, right).await);
    }
    checks.extend(app.fields.iter().map(|(attribute, code)| field(role, attribute, code.as_str(), &form)));
    checks.push(required(role, app, &form));
    checks
}

/// The form cannot be read: say which step failed.
fn unusable(role: Role, error: &Error) -> Vec<Check> {
    let reached = Check::ok(role.name("reachable"), "kintone answers");
    let (step, cure) = match error.kind() {
        ErrorKind::Unauthenticated => ("token", "generate a token in the app's settings, save, and press Update App"),
        ErrorKind::PermissionDenied => {
            ("token", "is it a token of this app? tick its rights in the app's settings and press Update App")
        }
        ErrorKind::ConfigInvalid | ErrorKind::NotFound => ("app", "check the domain, the app id and the guest space"),
        _ => {
            let cure = "check the network, the domain and kintone's own status page";
            return vec![Check::failed(role.name("reachable"), error.chain(), cure)];
        }
    };
    vec![reached, Check::failed(role.name(step), error.chain(), cure)]
}

/// Reads one record: the right to view.
async fn view(client: &Client, app: &App, role: Role) -> Check {
    let request = Request::get("records.json").with("fields", json!(["$id"])).with("query", "limit 1");
    match client.send(app, request).await {
        Ok(_) => Check::ok(role.name("view"), "records can be read"),
        Err(error) => {
            Check::failed(role.name("view"), error.chain(), "tick the right to view records and press Update App")
        }
    }
}

/// Asks to write nothing at all: kintone refuses even that to whom it gives no right to write.
async fn may(client: &Client, app: &App, role: Role, right: &'static str) -> Check {
    let nothing = if right == "add" { Request::post("records.json") } else { Request::put("records.json") };
    let name = role.name(right);
    match client.send(app, nothing.with("records", json!([]))).await {
        Ok(_) => Check::ok(name, format!("records may be {right}ed")),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let cure = format!("tick the right to {right} records for the token and press Update App (設定完了)");
            Check::failed(name, format!("the right to {right} records is missing"), cure)
        }
        Err(error) => {
            let cure = format!("see that the right to {right} records is ticked for the token");
            Check { cure: Some(cure), ..Check::not_checked(name, error.chain()) }
        }
    }
}

/// One mapped field.
fn field(role: Role, attribute: &str, code: &str, form: &Form) -> Check {
    let name = role.name(&format!("field.{attribute}"));
    let field = match form.find(code) {
        Place::Top(field) => field,
        Place::InTable(table) => {
            let found = format!("the field {code} is inside the table {table}");
            return Check::failed(name, found, "map a field outside of tables");
        }
        Place::Nowhere => {
            let found = format!("the app has no field with the code {code}");
            let cure = "take the field code, not the label, from the field's settings";
            let outcome = if role.needs(attribute) { CheckOutcome::Failed } else { CheckOutcome::Warning };
            return Check { name, outcome, found, cure: Some(cure.to_owned()) };
        }
    };
    match role.fault(attribute, field) {
        None if field.is_lookup() => Check::warning(
            name,
            format!("{code} is a lookup field: kintone takes only what stands in the app it looks into"),
            "add that app's token to ours, separated by a comma, or map a field that looks nowhere",
        ),
        Some((outcome, found, cure)) => {
            Check { name, outcome, found: format!("{code}: {found}"), cure: Some(cure.to_owned()) }
        }
        None => Check::ok(name, format!("{code} is a {}", field.kind())),
    }
}

type FieldFault = (CheckOutcome, String, &'static str);

impl Role {
    fn name(self, what: &str) -> String {
        let app = if self == Self::Customers { "customers" } else { "call_log" };
        format!("kintone.{app}.{what}")
    }

    fn rights(self) -> &'static [&'static str] {
        if self == Self::CallLog(CallLogMode::AddOnly) { &["add"] } else { &["add", "edit"] }
    }

    /// Without this field nothing works; any other that is missing is left blank.
    fn needs(self, attribute: &str) -> bool {
        match self {
            Self::Customers => is_phone(attribute),
            Self::CallLog(_) => attribute == "call_id",
        }
    }

    fn fault(self, attribute: &str, field: Field<'_>) -> Option<FieldFault> {
        match (self, attribute) {
            (_, phone) if is_phone(phone) => phone_fault(field),
            (Self::Customers, "name") => text_fault(field),
            (Self::Customers, _) => None,
            (Self::CallLog(mode), "call_id") => key_fault(field, mode),
            (_, "direction") => choice_fault(field, &["inbound", "outbound", "internal"]),
            (_, "result") => choice_fault(field, &["answered", "missed", "failed"]),
            (_, "started_at" | "answered_at" | "ended_at") => kind_fault(field, &["DATETIME", "SINGLE_LINE_TEXT"]),
            (_, "duration") => kind_fault(field, &["NUMBER", "SINGLE_LINE_TEXT"]),
            (_, "recording_urls") => recordings_fault(field),
            (_, "recording_file") => kind_fault(field, &["FILE"]),
            _ => text_fault(field),
        }
    }

    /// Attributes that are in every record we write.
    fn always_writes(self, attribute: &str) -> bool {
        match self {
            Self::Customers => attribute == "phone",
            Self::CallLog(_) => {
                matches!(attribute, "call_id" | "direction" | "result" | "started_at" | "ended_at" | "duration")
            }
        }
    }
}

fn phone_fault(field: Field<'_>) -> Option<FieldFault> {
    match field.kind() {
        "SINGLE_LINE_TEXT" => None,
        "LINK" if field.is_call_link() => None,
        "NUMBER" => {
            Some((CheckOutcome::Failed, "a number loses the leading zero".to_owned(), "use a text of one line"))
        }
        kind => {
            Some((CheckOutcome::Failed, format!("a {kind} cannot hold a telephone number"), "use a text of one line"))
        }
    }
}

fn key_fault(field: Field<'_>, mode: CallLogMode) -> Option<FieldFault> {
    let outcome = if mode == CallLogMode::Upsert { CheckOutcome::Failed } else { CheckOutcome::Warning };
    if field.kind() != "SINGLE_LINE_TEXT" {
        return Some((
            CheckOutcome::Failed,
            format!("a {} cannot hold the call id", field.kind()),
            "use a text of one line",
        ));
    }
    if !field.is_unique() {
        let found = "duplicate values are not prohibited, so a call could stand there twice";
        return Some((outcome, found.to_owned(), "tick Prohibit duplicate values in the field's settings"));
    }
    let short = field.max_length().filter(|max| *max < 64)?;
    Some((CheckOutcome::Failed, format!("takes {short} characters only"), "allow 64 characters or set no limit"))
}

fn choice_fault(field: Field<'_>, words: &[&str]) -> Option<FieldFault> {
    let Some(options) = field.options() else { return text_fault(field) };
    let missing: Vec<&str> = words.iter().copied().filter(|word| !options.contains_key(*word)).collect();
    if missing.is_empty() {
        return None;
    }
    let outcome = if missing == ["internal"] { CheckOutcome::Warning } else { CheckOutcome::Failed };
    Some((outcome, format!("the choices lack: {}", missing.join(" ")), "add them, or use a text of one line"))
}

fn recordings_fault(field: Field<'_>) -> Option<FieldFault> {
    if field.kind() == "LINK" {
        let found = "a link refuses several addresses, and with them the whole record";
        return Some((CheckOutcome::Failed, found.to_owned(), "use a text of one line"));
    }
    if let Some(max) = field.max_length().filter(|max| *max < 1000) {
        let found = format!("takes {max} characters only; several addresses are longer");
        return Some((CheckOutcome::Warning, found, "set no limit"));
    }
    kind_fault(field, &["SINGLE_LINE_TEXT", "MULTI_LINE_TEXT"])
}

fn text_fault(field: Field<'_>) -> Option<FieldFault> {
    kind_fault(field, TEXTS)
}

fn kind_fault(field: Field<'_>, kinds: &[&str]) -> Option<FieldFault> {
    let kind = field.kind();
    let found = format!("a {kind} does not fit: {} does", kinds.join(" or "));
    (!kinds.contains(&kind)).then_some((CheckOutcome::Failed, found, "change the field or map another one"))
}

/// Required fields that we do not write make kintone refuse the record.
fn required(role: Role, app: &App, form: &Form) -> Check {
    let name = role.name("required_fields");
    let attribute = |code: &str| app.fields.iter().find(|(_, mapped)| mapped.as_str() == code).map(|(name, _)| name);
    let missing: Vec<&str> =
        form.required().into_iter().filter(|code| !attribute(code).is_some_and(|a| role.always_writes(a))).collect();
    if missing.is_empty() {
        return Check::ok(name, "no field is required that is not always written");
    }
    let unmapped = missing.iter().any(|code| attribute(code).is_none());
    let outcome = if unmapped && role != Role::Customers { CheckOutcome::Failed } else { CheckOutcome::Warning };
    let found = format!("required, but not written or not always: {}", missing.join(" "));
    let cure = "untick Required field, or give the field a default value; else kintone refuses the record";
    Check { name, outcome, found, cure: Some(cure.to_owned()) }
}
