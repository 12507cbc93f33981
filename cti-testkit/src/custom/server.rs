//! HTTP: from a request to its answer.

use super::fault::Fault;
use super::{Call, Customer, Recorded, Shared, Simulator, State};
use crate::wire::Cutter;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State as Carried};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Answers every request.
pub(super) async fn answer(
    Carried(shared): Carried<Shared>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = record(&method, &uri, &headers, &body);
    let fault = {
        let mut state = shared.lock();
        state.requests.push(request.clone());
        state.faults.next(&request.path)
    };
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.carries_out()) {
        return instead(fault);
    }
    let proper = carry_out(&mut shared.lock(), &request);
    match fault {
        Some(Fault::NeverAnswers) => std::future::pending().await,
        Some(Fault::Late(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::Closes) => cutter.cut(),
        Some(Fault::ClosesInTheMiddle) => return cut_short(proper),
        _ => {}
    }
    proper
}

fn record(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Recorded {
    let text = |(name, value): (&header::HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Recorded {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.iter().map(text).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

fn carry_out(state: &mut State, request: &Recorded) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/login") => log_in(state, request),
        (_, "/open") => StatusCode::NO_CONTENT.into_response(),
        _ if !is_let_in(state, request) => StatusCode::UNAUTHORIZED.into_response(),
        ("GET", "/customers") => customers(state, request),
        ("POST", "/calls") => log_call(state, request),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn log_in(state: &mut State, request: &Recorded) -> Response {
    let is = |name: &str, wanted: &str| request.parameter(name).as_deref() == Some(wanted);
    if !is("user", Simulator::USER) || !is("password", Simulator::PASSWORD) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    state.log_ins += 1;
    let session = format!("session-{}", state.log_ins);
    state.sessions.push(session.clone());
    let cookie = format!("sid={session}; Path=/; HttpOnly");
    ([(header::SET_COOKIE, cookie)], axum::Json(json!({ "session": session }))).into_response()
}

/// A session lets in by cookie or as bearer token.
fn is_let_in(state: &State, request: &Recorded) -> bool {
    let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let cookies = request.header("cookie").into_iter().flat_map(|value| value.split("; "));
    let cookie = cookies.filter_map(|cookie| cookie.strip_prefix("sid=")).next();
    bearer.or(cookie).is_some_and(|session| state.sessions.iter().any(|known| known == session))
}

fn customers(state: &State, request: &Recorded) -> Response {
    let wanted = request.parameter("tel").unwrap_or_default();
    let shown = |c: &Customer| json!({"id": c.id, "name": c.name, "company": c.company, "tel": c.tel});
    let found: Vec<Value> = state.customers.iter().filter(|customer| customer.tel == wanted).map(shown).collect();
    axum::Json(json!({ "found": found })).into_response()
}

fn log_call(state: &mut State, request: &Recorded) -> Response {
    let text = |name: &str| request.parameter(name).unwrap_or_default();
    let call = Call { id: text("id"), number: text("number"), name: text("name") };
    if state.calls.iter().any(|known| known.id == call.id) {
        return StatusCode::CONFLICT.into_response();
    }
    state.calls.push(call);
    StatusCode::CREATED.into_response()
}

/// The answer that a fault puts in place of the proper one.
fn instead(fault: &Fault) -> Response {
    const JSON: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/json");
    match fault {
        Fault::Status(status) => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Fault::Huge(bytes) => {
            let text = format!("{{\"found\":[],\"filler\":\"{}\"}}", "x".repeat(*bytes));
            ([JSON], Body::from(text)).into_response()
        }
        Fault::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response(),
        _ => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], "<html><body>Maintenance</body></html>")
            .into_response(),
    }
}

/// Promises a body and closes the connection before its end.
fn cut_short(proper: Response) -> Response {
    let pieces = vec![Ok(Bytes::from_static(b"{\"found\":[{\"id\":\"")), Err(std::io::Error::other("cut"))];
    let (head, _) = proper.into_parts();
    let mut response = Response::from_parts(head, Body::from_stream(tokio_stream::iter(pieces)));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.status_mut() = StatusCode::OK;
    response
}
