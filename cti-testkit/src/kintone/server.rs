//! HTTP: from the bytes of a request to the bytes of an answer.

use super::access::Caller;
use super::api::{Answer, Call, carry_out};
use super::error::ApiError;
use super::fault::Fault;
use super::files;
use super::pages;
use super::params::Params;
use super::{Recorded, Shared};
use crate::wire::Cutter;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde_json::Value;

const HUGE: usize = 8 * 1024 * 1024;

/// Answers every request.
pub(super) async fn answer(
    State(shared): State<Shared>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(app) = pages::app_of(uri.path()) {
        return pages::page(&shared, app);
    }
    let (number, fault) = shared.with(|state| {
        if !state.forgetful {
            state.requests.push(record(&method, &uri, &headers, &body));
        }
        (state.requests.len(), state.faults.next(effective_method(&method, &headers) != "GET"))
    });
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.carries_out()) {
        return with_limits(instead(fault, number));
    }
    let answer = with_limits(proper(&shared, number, &method, &uri, &headers, &body));
    match fault {
        Some(Fault::CloseBeforeAnswer) => cutter.cut(),
        Some(Fault::Stall(wait)) => tokio::time::sleep(wait).await,
        _ => {}
    }
    answer
}

fn record(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Recorded {
    let text = |(name, value): (&header::HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let query = uri.query().unwrap_or_default().to_owned();
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let in_body = body.get("app").and_then(super::params::number);
    let in_query = || Params::from_query(&query).number("app").ok().flatten();
    Recorded {
        at: Utc::now(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        app: in_body.or_else(in_query),
        query,
        headers: headers.iter().map(text).collect(),
        body,
    }
}

fn proper(shared: &Shared, number: usize, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let gate = shared.with(|state| state.access.gate.clone());
    if gate.is_some_and(|wanted| {
        headers.get(header::AUTHORIZATION).is_none_or(|given| given.as_bytes() != wanted.as_bytes())
    }) {
        return html(StatusCode::UNAUTHORIZED, "<html><body>401 Authorization Required</body></html>");
    }
    if uri.path() == "/oauth2/token" {
        return match shared.with(|state| state.access.refresh(headers, body)) {
            Some(token) => json(
                StatusCode::OK,
                &serde_json::json!({"access_token": token, "token_type": "bearer", "expires_in": 3600}),
            ),
            None => json(StatusCode::BAD_REQUEST, &serde_json::json!({"error": "invalid_grant"})),
        };
    }
    let Some((guest_space, resource)) = resource(uri.path()) else {
        return html(StatusCode::NOT_FOUND, "<html><body>404 Not Found</body></html>");
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_multipart = content_type.starts_with("multipart/");
    let upload = is_multipart.then(|| files::from_multipart(content_type, body)).flatten();
    let params = match (uri.query(), body.is_empty() || is_multipart) {
        (Some(query), true) => Ok(Params::from_query(query)),
        (None, true) => Ok(Params::default()),
        (_, false) => Params::from_body(body),
    };
    let answer = params.and_then(|params| {
        shared.with(|state| {
            let caller = Caller::of(headers, &state.access)?;
            let method = effective_method(method, headers);
            let call = Call { method, resource, guest_space, params: &params, caller: &caller, upload };
            carry_out(&mut state.contents, &call)
        })
    });
    match answer {
        Ok(Answer::Json(body)) => json(StatusCode::OK, &body),
        Ok(Answer::File(stored)) => {
            ([(header::CONTENT_TYPE, stored.file.content_type)], stored.file.bytes).into_response()
        }
        Ok(Answer::BulkRefused(error, index, count)) => {
            let results: Vec<Value> =
                (0..count).map(|at| if at == index { error.body(number) } else { serde_json::json!({}) }).collect();
            json(status_of(&error), &serde_json::json!({ "results": results }))
        }
        Err(error) => refuse(&error, number),
    }
}

/// What a request does: a POST may say that it is another method.
fn effective_method<'a>(method: &'a Method, headers: &'a HeaderMap) -> &'a str {
    let overridden = headers.get("x-http-method-override").and_then(|value| value.to_str().ok());
    overridden.filter(|_| method == Method::POST).unwrap_or(method.as_str())
}

/// `/k/v1/x` or `/k/guest/7/v1/x` → the guest space and `x`.
pub(super) fn resource(path: &str) -> Option<(Option<u64>, &str)> {
    if let Some(resource) = path.strip_prefix("/k/v1/") {
        return Some((None, resource));
    }
    let (space, resource) = path.strip_prefix("/k/guest/")?.split_once("/v1/")?;
    Some((Some(space.parse().ok()?), resource))
}

fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body.to_string()).into_response()
}

fn html(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html;charset=utf-8")], body).into_response()
}

fn status_of(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn refuse(error: &ApiError, number: usize) -> Response {
    let mut response = json(status_of(error), &error.body(number));
    response.headers_mut().insert("x-cybozu-error", HeaderValue::from_static(error.code));
    response
}

/// The answer that a fault puts in place of the proper one.
fn instead(fault: &Fault, number: usize) -> Response {
    match fault {
        Fault::Status(429) => refuse(&ApiError::new(429, "GAIA_TO04", "Too many requests at the same time."), number),
        Fault::Code(status, code) => refuse(&ApiError::new(*status, code, "Simulated."), number),
        Fault::Status(status) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            html(status, "<html><body>Error</body></html>")
        }
        Fault::Maintenance503 => (StatusCode::SERVICE_UNAVAILABLE, "Service is under maintenance.").into_response(),
        Fault::Html401 => html(StatusCode::UNAUTHORIZED, "<html><body>401 Authorization Required</body></html>"),
        Fault::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response(),
        Fault::HugeBody => {
            let mut text = vec![b' '; HUGE];
            text.extend_from_slice(br#"{"records":[],"totalCount":null}"#);
            ([(header::CONTENT_TYPE, "application/json;charset=utf-8")], Body::from(text)).into_response()
        }
        Fault::Garbage | Fault::CloseBeforeAnswer | Fault::Stall(_) => {
            ([(header::CONTENT_TYPE, "application/json")], "{\"records\":[{\"tel\"").into_response()
        }
    }
}

fn with_limits(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("x-concurrencylimit-limit", HeaderValue::from_static("100"));
    headers.insert("x-concurrencylimit-running", HeaderValue::from_static("1"));
    response
}
