//! Comments of a record.

use super::api::Outcome;
use super::error::ApiError;
use super::params::Params;
use super::store::Table;
use serde_json::{Value, json};

const MAX_TEXT: usize = 65_535;
const MAX_READ: u64 = 10;

pub(super) fn carry_out(table: &mut Table, method: &str, resource: &str, params: &Params) -> Outcome {
    let id = params.need("record")?;
    let record = table.records.get_mut(&id).ok_or_else(|| ApiError::no_record(id))?;
    match (method, resource) {
        ("POST", "record/comment.json") => {
            let text = params.object().get("comment").and_then(|comment| comment["text"].as_str()).unwrap_or_default();
            if text.is_empty() {
                return Err(ApiError::missing("comment.text"));
            }
            if text.chars().count() > MAX_TEXT {
                return Err(ApiError::parameter("comment.text", "Enter between 1 and 65,535 characters."));
            }
            record.last_comment += 1;
            let number = record.last_comment;
            // Observed: the text comes back with a blank at its end.
            let comment = json!({"id": number.to_string(), "text": format!("{text} "),
                "createdAt": "2026-01-01T00:00:00Z", "mentions": [],
                "creator": {"code": "Administrator", "name": "Administrator"}});
            record.comments.insert(number, comment);
            Ok(json!({"id": number.to_string()}))
        }
        ("GET", "record/comments.json") => {
            let limit = params.number("limit")?.unwrap_or(MAX_READ);
            if limit > MAX_READ {
                return Err(ApiError::parameter("limit", "Enter a number up to 10."));
            }
            let offset = usize::try_from(params.number("offset")?.unwrap_or(0)).unwrap_or(usize::MAX);
            let mut all: Vec<Value> = record.comments.values().cloned().collect();
            if params.text("order") != "asc" {
                all.reverse();
            }
            let limit = usize::try_from(limit).unwrap_or(10);
            let left = all.len().saturating_sub(offset.saturating_add(limit));
            let page: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
            Ok(json!({"comments": page, "older": left > 0, "newer": offset > 0}))
        }
        ("DELETE", "record/comment.json") => match record.comments.remove(&params.need("comment")?) {
            Some(_) => Ok(json!({})),
            None => Err(ApiError::new(400, "GAIA_RE02", "The comment does not exist.")),
        },
        _ => Err(ApiError::new(400, "CB_IL02", "Illegal request.")),
    }
}
