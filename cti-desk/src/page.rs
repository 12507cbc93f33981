//! The page and who is signed in.

use crate::answer::Refusal;
use crate::desk::CallWindow;
use crate::running::Inner;
use crate::security;
use crate::session::hex;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use chrono::Utc;
use cti_core::call::Extension;
use cti_core::pbx::PbxCapabilities;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Holds no data: what it shows, it fetches.
const PAGE: &str = include_str!("../page/index.html");
/// Name, type and text of the files that the page loads.
const FILES: [(&str, &str, &str); 6] = [
    ("desk.js", "text/javascript; charset=utf-8", include_str!("../page/desk.js")),
    ("card.js", "text/javascript; charset=utf-8", include_str!("../page/card.js")),
    ("open.js", "text/javascript; charset=utf-8", include_str!("../page/open.js")),
    ("words.js", "text/javascript; charset=utf-8", include_str!("../page/words.js")),
    ("desk.css", "text/css; charset=utf-8", include_str!("../page/desk.css")),
    ("icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
];
/// Goes on to the page from within the desk: a redirect of a link on another site would leave the cookie behind,
/// because it is `SameSite=Strict`.
const ENTER: &str = "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=/\">\
    <title>cti</title><a href=\"/\">cti</a>";

/// `GET /?token=…`
#[derive(Deserialize)]
pub(crate) struct Entry {
    token: Option<String>,
}

/// `POST /session`
#[derive(Deserialize)]
pub(crate) struct SignIn {
    token: String,
}

/// Who is signed in, and what the page may show.
#[derive(Serialize)]
struct Session<'a> {
    user: &'a str,
    name: Option<&'a str>,
    extensions: &'a [Extension],
    capabilities: PbxCapabilities,
    window: &'a CallWindow,
    /// False where the desk is open and there is nothing to sign out of.
    signed_in: bool,
}

pub(crate) async fn page(State(desk): State<Arc<Inner>>, Query(entry): Query<Entry>, headers: HeaderMap) -> Response {
    if let Some(token) = entry.token {
        return enter(&desk, &token, &headers);
    }
    // The same page in both cases: it asks for the token itself.
    let status = match desk.sessions.who(&headers, Utc::now()) {
        Some(_) => StatusCode::OK,
        None => StatusCode::UNAUTHORIZED,
    };
    (status, Html(PAGE)).into_response()
}

fn enter(desk: &Inner, token: &str, headers: &HeaderMap) -> Response {
    let Some(cookie) = cookie_for(desk, token) else {
        return (StatusCode::UNAUTHORIZED, Html(PAGE)).into_response();
    };
    let from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let cookie = [(header::SET_COOKIE, cookie)];
    if from_elsewhere {
        return (cookie, Html(ENTER)).into_response();
    }
    (StatusCode::SEE_OTHER, cookie, [(header::LOCATION, "/")]).into_response()
}

fn cookie_for(desk: &Inner, token: &str) -> Option<String> {
    let agent = desk.sessions.by_token(token.trim());
    if agent.is_none() {
        desk.metrics.refused("token");
    }
    desk.sessions.sign_in(agent?, Utc::now())
}

/// Who is signed in; begins a new shift.
pub(crate) async fn session(State(desk): State<Arc<Inner>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let who = security::reader(&desk, &headers)?;
    let agent = desk.agent(who.agent).ok_or_else(Refusal::unauthenticated)?;
    let session = Session {
        user: &agent.user,
        name: agent.name.as_deref(),
        extensions: &agent.extensions,
        capabilities: desk.capabilities,
        window: &desk.window,
        signed_in: who.until.is_some(),
    };
    let mut response = Json(session).into_response();
    if who.until.is_some() {
        set_cookie(&mut response, desk.sessions.sign_in(who.agent, Utc::now()));
    }
    Ok(response)
}

pub(crate) async fn sign_in(
    State(desk): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let SignIn { token } = security::read_json(&desk, &headers, body).await?;
    let cookie = cookie_for(&desk, &token).ok_or_else(Refusal::unauthenticated)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, Some(cookie));
    Ok(response)
}

pub(crate) async fn sign_out(State(desk): State<Arc<Inner>>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, Some(desk.sessions.sign_out()));
    response
}

fn set_cookie(response: &mut Response, cookie: Option<String>) {
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// A file of the page; the browser keeps it and asks each time whether it still holds.
pub(crate) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let (_, kind, text) = FILES
        .into_iter()
        .find(|(known, ..)| *known == name)
        .ok_or_else(|| Refusal::not_found("there is nothing here"))?;
    let tag = format!("\"{}\"", hex(&Sha256::digest(text)));
    let cached = headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *tag);
    let common = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag)];
    if cached {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    Ok((common, [(header::CONTENT_TYPE, kind)], text).into_response())
}
