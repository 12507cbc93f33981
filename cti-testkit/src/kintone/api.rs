//! What each request does.

use super::access::{Caller, Rights};
use super::app::describe_all;
use super::error::ApiError;
use super::files::Upload;
use super::params::Params;
use super::records::{self, all_or_nothing};
use super::store::{Contents, Table};
use super::{bulk, comments, cursor, files, settings};
use serde_json::{Value, json};

/// A request, ready to be carried out.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// The path behind `/k/v1/`.
    pub(super) resource: &'a str,
    pub(super) guest_space: Option<u64>,
    pub(super) params: &'a Params,
    pub(super) caller: &'a Caller<'a>,
    pub(super) upload: Option<Upload>,
}

/// The JSON of a success, or the refusal.
pub(super) type Outcome = Result<Value, ApiError>;

/// What goes back.
#[derive(Debug)]
pub(super) enum Answer {
    Json(Value),
    File(files::Stored),
    /// A bulk request that failed: the refusal, at its place in the list.
    BulkRefused(ApiError, usize, usize),
}

/// Carries it out.
pub(super) fn carry_out(contents: &mut Contents, call: &Call<'_>) -> Result<Answer, ApiError> {
    match (call.method, call.resource) {
        ("GET", "file.json") => files::download(contents, call.params).map(Answer::File),
        ("POST", "file.json") => files::upload(contents, call.upload.clone()).map(Answer::Json),
        ("POST", "bulkRequest.json") => bulk::carry_out(contents, call),
        (method, resource) if resource.starts_with("preview/") => {
            settings::carry_out(contents, call, method, resource).map(Answer::Json)
        }
        ("GET" | "DELETE", "records/cursor.json") => cursor::go_on(contents, call).map(Answer::Json),
        _ => in_app(contents, call).map(Answer::Json),
    }
}

/// What concerns one app, named by its id.
pub(super) fn in_app(contents: &mut Contents, call: &Call<'_>) -> Outcome {
    let params = call.params;
    let id = params.need(if call.resource == "app.json" { "id" } else { "app" })?;
    let table = contents.table(id)?;
    match (table.app.guest_space, call.guest_space) {
        (Some(_), None) => return Err(ApiError::new(400, "GAIA_IL23", "Use the path of the guest space.")),
        (app, path) if app != path => return Err(ApiError::new(403, "CB_NO02", "No privilege to proceed.")),
        _ => {}
    }
    let may = |enough: fn(Rights) -> bool| call.caller.demand(id, enough);
    let resolved = files::resolve(contents, id, params)?;
    let params = resolved.as_ref().unwrap_or(params);
    if (call.method, call.resource) == ("POST", "records/cursor.json") {
        may(|r| r.view)?;
        return cursor::create(contents, id, params, call.caller);
    }
    let table = contents.table(id)?;
    match (call.method, call.resource) {
        ("GET", "record.json") => may(|r| r.view).and_then(|()| records::get_one(table, params)),
        ("POST", "record.json") => may(|r| r.add).and_then(|()| records::add_one(table, params)),
        ("PUT", "record.json") => may(|r| r.edit).and_then(|()| records::update_one(table, params)),
        ("GET", "records.json") => may(|r| r.view).and_then(|()| records::get_many(table, params)),
        ("POST", "records.json") => {
            may(|r| r.add).and_then(|()| all_or_nothing(table, |table| records::add_many(table, params)))
        }
        ("PUT", "records.json") => {
            let upsert = params.flag("upsert");
            may(|r| r.edit)?;
            if upsert {
                may(|r| r.add)?;
            }
            all_or_nothing(table, |table| records::update_many(table, params, upsert))
        }
        ("DELETE", "records.json") => {
            may(|r| r.delete).and_then(|()| all_or_nothing(table, |table| records::delete_many(table, params)))
        }
        (method, "record/comment.json" | "record/comments.json") => {
            may(|r| r.view)?;
            comments::carry_out(table, method, call.resource, params)
        }
        // The right to view, to add or to manage is enough (documented).
        ("GET", "app/form/fields.json") => {
            may(|r| r.view || r.add || r.manage)?;
            Ok(json!({"revision": "2", "properties": describe_all(&table.app.fields)}))
        }
        ("GET", "app/form/layout.json") => {
            may(|r| r.view || r.add || r.manage)?;
            Ok(json!({"revision": "2", "layout": settings::layout(&table.app)}))
        }
        ("GET", "app.json") => may(|r| r.view || r.add || r.manage).map(|()| describe_app(table)),
        _ => Err(ApiError::new(400, "CB_IL02", "Illegal request.")),
    }
}

fn describe_app(table: &Table) -> Value {
    let person = json!({"code": "Administrator", "name": "Administrator"});
    json!({"appId": table.app.id.to_string(), "code": "", "name": table.app.name, "description": "",
        "spaceId": table.app.guest_space.map(|space| space.to_string()), "threadId": null,
        "createdAt": "2026-01-01T00:00:00.000Z", "creator": person,
        "modifiedAt": "2026-01-01T00:00:00.000Z", "modifier": person})
}
