//! HTTP: from the bytes of a request to the bytes of an answer.

use super::answer::{Answer, Outcome, with_credits};
use super::fault::{Fault, Target};
use super::params::Params;
use super::{Recorded, Shared, State};
use crate::wire::Cutter;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State as Extract};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Answers every request.
pub(super) async fn answer(
    Extract(shared): Extract<Shared>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = record(&method, &uri, &headers, &body);
    let target = target(&request);
    let fault = shared.with(|state| {
        state.requests.push(request.clone());
        state.faults.next(target)
    });
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.carries_out()) {
        return instead(fault);
    }
    // A pause long enough that requests sent together are under way together.
    if request.path == "/oauth/v2/token" {
        tokio::time::sleep(shared.with(|state| state.token_pause)).await;
    }
    let response = shared.with(|state| carry_out(state, &request));
    match fault {
        Some(Fault::CloseBeforeAnswer) => cutter.cut(),
        Some(Fault::Stall(wait)) => tokio::time::sleep(wait).await,
        _ => {}
    }
    response
}

fn record(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Recorded {
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Recorded {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

fn target(request: &Recorded) -> Target {
    let reads = request.method == "GET" || request.path.ends_with("/coql");
    match request.path.starts_with("/oauth/") {
        true => Target::Tokens,
        false if reads => Target::Any,
        false => Target::Writes,
    }
}

fn carry_out(state: &mut State, request: &Recorded) -> Response {
    let params = Params::of(&request.query, request.header("content-type"), request.body.as_bytes());
    if let Some(resource) = request.path.strip_prefix("/oauth/") {
        return accounts(state, request, resource, &params);
    }
    if !state.accounts.lets_in(request.headers.get("authorization").map(String::as_str)) {
        return Answer::refuse(401, "INVALID_TOKEN", "invalid oauth token", json!({})).into_response();
    }
    let outcome = if let Some(resource) = request.path.strip_prefix("/phonebridge/v3/") {
        state.bridge(&request.method, resource, &params)
    } else if let Some(resource) = request.path.strip_prefix("/crm/v8/") {
        state.credits = state.credits.saturating_sub(1);
        crm(state, &request.method, resource, &params, &request.body)
    } else {
        Err(no_such_address())
    };
    with_credits(outcome.unwrap_or_else(|refusal| refusal).into_response(), state.credits)
}

fn no_such_address() -> Answer {
    Answer::refuse(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", json!({}))
}

fn accounts(state: &mut State, request: &Recorded, resource: &str, params: &Params) -> Response {
    match (request.method.as_str(), resource) {
        ("POST", "v2/token") => state.accounts.token(params).into_response(),
        ("POST", "v2/token/revoke") => {
            let ended = state.accounts.revoke(params.get("token").unwrap_or_default());
            let (status, word) = if ended { (200, "success") } else { (400, "failure") };
            Answer::json(status, json!({"status": word})).into_response()
        }
        ("GET", "serverinfo") => Answer::ok(state.accounts.serverinfo(&state.base_url)).into_response(),
        ("GET", "v2/auth") => consent(state, params),
        _ => (StatusCode::NOT_FOUND, "<html><body>Not Found</body></html>").into_response(),
    }
}

/// The consent page, on which the person agrees at once: back to the redirect address with a code.
fn consent(state: &mut State, params: &Params) -> Response {
    let asked = (params.get("client_id"), params.get("response_type"), params.get("redirect_uri"));
    let (Some(client), Some("code"), Some(redirect)) = asked else {
        return (StatusCode::BAD_REQUEST, "<html><body>ERROR_invalid_request</body></html>").into_response();
    };
    if client != state.accounts.client.id {
        return (StatusCode::BAD_REQUEST, "<html><body>ERROR_invalid_client</body></html>").into_response();
    }
    let Ok(mut to) = url::Url::parse(redirect) else {
        return (StatusCode::BAD_REQUEST, "<html><body>ERROR_invalid_redirect_uri</body></html>").into_response();
    };
    let code = state.accounts.grant(Some(redirect));
    to.query_pairs_mut()
        .append_pair("state", params.get("state").unwrap_or_default())
        .append_pair("code", &code)
        .append_pair("location", &state.accounts.location)
        .append_pair("accounts-server", &state.base_url);
    (StatusCode::FOUND, [(header::LOCATION, to.to_string())]).into_response()
}

fn crm(state: &mut State, method: &str, resource: &str, params: &Params, body: &str) -> Outcome {
    let parts: Vec<&str> = resource.split('/').collect();
    let body: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    match (method, parts.as_slice()) {
        ("POST", ["coql"]) => state.coql(&body),
        ("GET", ["users"]) => state.list_users(params),
        ("GET", ["users", id]) => state.one_user(id),
        ("GET", ["org"]) => state.organisation(),
        ("GET", ["settings", "modules"]) => Ok(Answer::ok(state.describe_modules())),
        ("GET", ["settings", "fields"]) => state.fields_of(params.get("module").unwrap_or_default()),
        ("GET", ["settings", "user_groups"]) => state.list_groups(),
        ("GET", ["settings", "user_groups", id, "sources"]) => state.sources(id),
        ("GET", [module, "search"]) => state.search(module, params),
        ("GET", [module, "actions", "count"]) => state.count(module, params),
        ("POST", [module, "upsert"]) => state.upsert(module, &body),
        ("GET", [module]) => state.list(module, params),
        ("POST", [module]) => state.insert(module, &body),
        ("GET", [module, id]) => state.read_one(module, id),
        ("PUT", [module, id]) => state.update(module, id, &body),
        ("PUT", [module]) => {
            let id = body.pointer("/data/0/id").and_then(Value::as_str).unwrap_or_default().to_owned();
            state.update(module, &id, &body)
        }
        _ => Err(no_such_address()),
    }
}

/// The answer that a fault puts in place of the proper one.
fn instead(fault: &Fault) -> Response {
    let page = |status: u16| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "text/html")], "<html><body>Error</body></html>").into_response()
    };
    let too_many = |message: &str| Answer::refuse(429, "TOO_MANY_REQUESTS", message, json!({})).into_response();
    match fault {
        Fault::Status(status) => page(*status),
        Fault::Code(status, code) => Answer::refuse(*status, code, "Simulated.", json!({})).into_response(),
        Fault::TooMany => too_many("You have reached the limit of concurrent calls."),
        Fault::NoCredits => too_many("You have reached the limit of API calls for 24 hours."),
        Fault::TooManyOldShape => {
            let body = json!({"code": 429, "error": "TOO_MANY_REQUESTS", "error_info": "too many", "details": []});
            Answer::json(429, body).into_response()
        }
        Fault::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response(),
        Fault::Garbage | Fault::CloseBeforeAnswer | Fault::Stall(_) => {
            ([(header::CONTENT_TYPE, "application/json")], "{\"data\":[{\"id\"").into_response()
        }
    }
}
