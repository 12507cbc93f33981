//! The door: which names the desk answers to, which pages may ask, and the headers of every answer.

use crate::answer::Refusal;
use crate::click;
use crate::running::Inner;
use crate::session::{Proof, Who};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// No script, style or request but the desk's own; no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
pub(crate) const MAX_BODY: usize = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Scheme, host and port of a page, as browsers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// `None` unless the address is nothing but a web origin.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let bare = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
        bare.then(|| Self(url.origin().ascii_serialization()))
    }
}

/// Who may come in.
#[derive(Debug)]
pub(crate) struct Door {
    public: bool,
    own: Option<Url>,
    allowed: Vec<Origin>,
    content_security_policy: HeaderValue,
}

impl Door {
    /// `form_targets` are the only other places that a form of the page may be sent to.
    pub(crate) fn new(public: bool, own: Option<Url>, allowed: &[Url], form_targets: &[Url]) -> Self {
        let targets = form_targets.iter().map(|url| url.origin().ascii_serialization());
        let policy = targets.fold(CONTENT_SECURITY_POLICY.to_owned(), |policy, origin| format!("{policy} {origin}"));
        // An origin is visible ASCII.
        let fallback = |_| HeaderValue::from_static(CONTENT_SECURITY_POLICY);
        let content_security_policy = HeaderValue::try_from(policy).unwrap_or_else(fallback);
        Self { public, own, allowed: allowed.iter().filter_map(Origin::of).collect(), content_security_policy }
    }

    /// A page that a stranger's name was made to lead to (DNS rebinding) comes with that name; an address in digits
    /// cannot be bent so.
    fn knows_host(&self, authority: &str) -> bool {
        let Ok(url) = Url::parse(&format!("http://{authority}/")) else { return false };
        let by_address = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => self.public || IpAddr::from(address).is_loopback(),
            Some(Host::Ipv6(address)) => self.public || IpAddr::from(address).is_loopback(),
            None => false,
        };
        let is_own = |own: &Url| {
            Url::parse(&format!("{}://{authority}/", own.scheme())).is_ok_and(|u| u.origin() == own.origin())
        };
        by_address || self.own.as_ref().is_some_and(is_own)
    }

    fn is_own(&self, origin: &str, authority: &str) -> bool {
        let own = self.own.as_ref().map(|own| own.origin().ascii_serialization());
        origin == format!("http://{authority}") || own.as_deref() == Some(origin)
    }

    /// True if it is a CRM that may use click-to-dial.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.0 == origin)
    }
}

/// Lets in or refuses, and sets the headers of the answer.
pub(crate) async fn guard(State(desk): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let cors = click::cors_origin(&desk, &request);
    let mut response = match check(&desk, &request, cors.is_some()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    if let Some(origin) = cors {
        click::add_cors(headers, origin);
    }
    add_headers(headers, &desk.door);
    response
}

fn check(desk: &Inner, request: &Request, is_allowed_click: bool) -> Result<(), Refusal> {
    let authority = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(authority) = authority.filter(|host| desk.door.knows_host(host)) else {
        desk.metrics.refused("host");
        return Err(Refusal::forbidden("the desk does not answer to this host name: set its public URL"));
    };
    let own = match request.headers().get(header::ORIGIN).map(HeaderValue::to_str) {
        None => true,
        Some(Ok(origin)) => desk.door.is_own(origin, authority),
        Some(Err(_)) => false,
    };
    if own || is_allowed_click {
        return Ok(());
    }
    desk.metrics.refused("origin");
    Err(Refusal::forbidden("this page may not use the desk: allow its origin"))
}

fn add_headers(headers: &mut HeaderMap, door: &Door) {
    let fixed: [(HeaderName, &'static str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, door.content_security_policy.clone());
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Who is asking to read.
pub(crate) fn reader(desk: &Inner, headers: &HeaderMap) -> Result<Who, Refusal> {
    desk.sessions.who(headers, Utc::now()).ok_or_else(|| {
        desk.metrics.refused("token");
        Refusal::unauthenticated()
    })
}

/// Who is asking to change something. Without a token in the header, the browser must say from which page it comes.
pub(crate) fn writer(desk: &Inner, headers: &HeaderMap) -> Result<Who, Refusal> {
    let who = reader(desk, headers)?;
    if who.proof != Proof::Bearer && !headers.contains_key(header::ORIGIN) {
        desk.metrics.refused("origin");
        return Err(Refusal::forbidden("send an Origin header, or the token as Authorization: Bearer"));
    }
    Ok(who)
}

/// Reads a body of JSON, of bounded size and in bounded time. The content type keeps forms of other sites out.
pub(crate) async fn read_json<T: DeserializeOwned>(
    desk: &Inner,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        desk.metrics.refused("type");
        return Err(Refusal::not_json());
    }
    let bytes = read_body(desk, body, MAX_BODY).await?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::bad_request("the body is not the JSON that belongs here"))
}

/// Reads a body of bounded size in bounded time.
pub(crate) async fn read_body(desk: &Inner, body: Body, most: usize) -> Result<Bytes, Refusal> {
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, most)).await.map_err(|_| Refusal::too_slow())?;
    read.map_err(|_| {
        desk.metrics.refused("size");
        Refusal::too_large()
    })
}

/// Compares in a time that tells nothing about where they differ.
pub(crate) fn same_secret(ours: &str, given: &str) -> bool {
    let differences = ours.bytes().zip(given.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    ours.len() == given.len() && differences == 0
}

/// Anything that is not a route.
pub(crate) async fn no_such_page() -> Refusal {
    Refusal::not_found("there is nothing here")
}
