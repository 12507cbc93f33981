//! Cursors: many records, page by page, as they were when the cursor was made.

use super::access::Caller;
use super::api::{Call, Outcome};
use super::error::ApiError;
use super::params::Params;
use super::store::Contents;
use super::{query, select};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Live cursors of one kintone.
const MAX_CURSORS: usize = 10;
const MAX_SIZE: u64 = 500;

/// A cursor.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    app: u64,
    ids: VecDeque<u64>,
    size: usize,
    fields: Option<Vec<String>>,
}

pub(super) fn create(contents: &mut Contents, app: u64, params: &Params, caller: &Caller<'_>) -> Outcome {
    if matches!(caller, Caller::OAuth) {
        return Err(ApiError::new(401, "CB_OA01", "Cursors cannot be used with OAuth."));
    }
    if contents.cursors.len() >= MAX_CURSORS {
        return Err(ApiError::new(429, "GAIA_TM12", "The number of cursors has reached its limit."));
    }
    let size = params.number("size")?.unwrap_or(100);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(ApiError::parameter("size", "Enter a number from 1 to 500."));
    }
    let query = query::parse(params.text("query"))?;
    if query.limit.is_some() || query.offset.is_some() {
        return Err(ApiError::parameter("query", "limit and offset cannot be used with a cursor."));
    }
    let ids: VecDeque<u64> = select::all(contents.table(app)?, &query)?.into_iter().map(|record| record.id).collect();
    let total = ids.len().to_string();
    let id = contents.next_key("cursor");
    let size = usize::try_from(size).unwrap_or(100);
    contents.cursors.insert(id.clone(), Cursor { app, ids, size, fields: params.texts("fields") });
    Ok(json!({"id": id, "totalCount": total}))
}

/// The next page, or the end of a cursor before its time.
pub(super) fn go_on(contents: &mut Contents, call: &Call<'_>) -> Outcome {
    let id = call.params.text("id");
    let gone = || ApiError::new(404, "GAIA_CN01", "The specified cursor is not found.");
    let mut cursor = contents.cursors.get(id).cloned().ok_or_else(gone)?;
    call.caller.demand(cursor.app, |rights| rights.view)?;
    if call.method == "DELETE" {
        contents.cursors.remove(id);
        return Ok(json!({}));
    }
    let page: Vec<u64> = cursor.ids.drain(..cursor.size.min(cursor.ids.len())).collect();
    let table = contents.table(cursor.app)?;
    // What was deleted meanwhile is left out, so a page can be short or empty while more come.
    let found = page.iter().filter_map(|id| table.records.get(id));
    let records: Vec<Value> = found.map(|record| record.read(&table.app, cursor.fields.as_deref())).collect();
    let next = !cursor.ids.is_empty();
    if next {
        contents.cursors.insert(id.to_owned(), cursor);
    } else {
        contents.cursors.remove(id);
    }
    Ok(json!({"records": records, "next": next}))
}
