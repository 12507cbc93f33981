//! Several writes as one: all or nothing, across apps.

use super::api::{Answer, Call, in_app};
use super::error::ApiError;
use super::params::Params;
use super::store::Contents;
use serde_json::{Value, json};

const MAX_REQUESTS: usize = 20;
const ALLOWED: [(&str, &str); 5] = [
    ("POST", "record.json"),
    ("PUT", "record.json"),
    ("POST", "records.json"),
    ("PUT", "records.json"),
    ("DELETE", "records.json"),
];

pub(super) fn carry_out(contents: &mut Contents, call: &Call<'_>) -> Result<Answer, ApiError> {
    let requests = call.params.list("requests")?;
    if requests.len() > MAX_REQUESTS {
        return Err(ApiError::parameter("requests", "A maximum of 20 requests can be specified."));
    }
    let before = contents.clone();
    let mut results = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        match one(contents, call, request) {
            Ok(result) => results.push(result),
            Err(error) => {
                *contents = before;
                return Ok(Answer::BulkRefused(error, index, requests.len()));
            }
        }
    }
    Ok(Answer::Json(json!({"results": results})))
}

fn one(contents: &mut Contents, call: &Call<'_>, request: &Value) -> Result<Value, ApiError> {
    let method = request["method"].as_str().unwrap_or_default();
    let path = request["api"].as_str().unwrap_or_default();
    let illegal = || ApiError::new(400, "CB_IL02", "Illegal request.");
    let (guest_space, resource) = super::server::resource(path).ok_or_else(illegal)?;
    if !ALLOWED.contains(&(method, resource)) {
        return Err(illegal());
    }
    let params = Params::of(&request["payload"])?;
    in_app(contents, &Call { method, resource, guest_space, params: &params, caller: call.caller, upload: None })
}
