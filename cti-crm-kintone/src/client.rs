//! HTTP: a request is built without a network, then sent.

use crate::address::{Site, encode};
use crate::auth::{API_TOKEN, Basic};
use crate::config::App;
use crate::error::{self, Answer};
use cti_core::secret::ExposeSecret;
use cti_core::{Error, ErrorKind, Result};
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, redirect};
use serde_json::{Map, Value};
use std::time::Duration;

/// kintone refuses URLs above 8 KB; its own client sends the parameters in the body from this length on.
const MAX_URL: usize = 4096;
/// No answer that we ask for comes near this.
const MAX_ANSWER: usize = 1024 * 1024;
const USER_AGENT: &str = concat!("cti-crm-kintone/", env!("CARGO_PKG_VERSION"));

/// A request to one app.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    resource: &'static str,
    params: Map<String, Value>,
    /// False if carrying it out twice does harm.
    repeatable: bool,
}

/// A request as it goes over the wire.
#[derive(Debug, PartialEq)]
struct Wire {
    method: Method,
    url: String,
    body: Option<String>,
    overridden: bool,
}

impl Request {
    /// Reads.
    pub(crate) fn get(resource: &'static str) -> Self {
        Self { method: Method::GET, resource, params: Map::new(), repeatable: true }
    }

    /// Writes under a key: twice is once.
    pub(crate) fn put(resource: &'static str) -> Self {
        Self { method: Method::PUT, ..Self::get(resource) }
    }

    /// Adds: twice is twice.
    pub(crate) fn post(resource: &'static str) -> Self {
        Self { method: Method::POST, repeatable: false, ..Self::get(resource) }
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    fn wire(&self, api: &str) -> Wire {
        let url = format!("{api}{}", self.resource);
        let body = || Some(Value::Object(self.params.clone()).to_string());
        if self.method != Method::GET {
            return Wire { method: self.method.clone(), url, body: body(), overridden: false };
        }
        let full = format!("{url}?{}", encode(self.pairs()));
        if full.len() > MAX_URL {
            Wire { method: Method::POST, url, body: body(), overridden: true }
        } else {
            Wire { method: Method::GET, url: full, body: None, overridden: false }
        }
    }

    /// The parameters of a query string: lists as `fields[0]`, `fields[1]`.
    fn pairs(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut pairs = Vec::new();
        for (name, value) in &self.params {
            match value.as_array() {
                Some(list) => {
                    pairs.extend(
                        list.iter().enumerate().map(|(index, value)| (format!("{name}[{index}]"), text(value))),
                    );
                }
                None => pairs.push((name.clone(), text(value))),
            }
        }
        pairs
    }
}

/// Speaks to one kintone.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    api: String,
    basic: Option<Basic>,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(site: &Site, basic: Option<Basic>, timeout: Duration) -> Result<Self> {
        // A redirect would carry the token to another place.
        let mut builder = reqwest::Client::builder().redirect(redirect::Policy::none()).user_agent(USER_AGENT);
        if site.is_local() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|cause| {
            Error::new(ErrorKind::Unexpected, "the HTTP client cannot be set up").caused_by(cause.without_url())
        })?;
        Ok(Self { http, api: site.api(), basic, timeout })
    }

    /// Sends a request to an app; gives the JSON of the answer.
    pub(crate) async fn send(&self, app: &App, request: Request) -> Result<Value> {
        let name = if request.resource == "app.json" { "id" } else { "app" };
        let request = request.with(name, app.id);
        let result = self.exchange(&app.token, &request).await;
        tracing::debug!(app = app.id, method = %request.method, resource = request.resource, ok = result.is_ok(), "kintone");
        result.map_err(|error| error.with("app", app.id))
    }

    async fn exchange(&self, token: &HeaderValue, request: &Request) -> Result<Value> {
        let failed = |cause| error::transport(cause, request.repeatable);
        let response = self.builder(token, request.wire(&self.api)).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let retry_after = header(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok()).map(Duration::from_secs);
        match limited(response).await.map_err(failed)? {
            Some(body) => Answer { status, retry_after, body: &body, repeatable: request.repeatable }.judge(),
            None => Err(error::too_big(status, request.repeatable)),
        }
    }

    fn builder(&self, token: &HeaderValue, wire: Wire) -> reqwest::RequestBuilder {
        let mut builder = self
            .http
            .request(wire.method, wire.url)
            .timeout(self.timeout)
            .header(API_TOKEN, token)
            .header(ACCEPT_LANGUAGE, "en");
        if let Some(basic) = &self.basic {
            builder = builder.basic_auth(&basic.user, Some(basic.password.expose_secret()));
        }
        if wire.overridden {
            builder = builder.header("x-http-method-override", "GET");
        }
        match wire.body {
            Some(body) => builder.header(CONTENT_TYPE, "application/json").body(body),
            None => builder,
        }
    }
}

/// The body; `None` if it is longer than we accept.
async fn limited(mut response: Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const API: &str = "https://acme.cybozu.com/k/v1/";

    #[test]
    fn a_short_read_has_its_parameters_in_the_url() {
        let request = Request::get("records.json").with("app", 14).with("fields", json!(["$id", "tel"]));
        let wire = request.with("query", r#"tel in ("03 1")"#).wire(API);
        let query = "app=14&fields%5B0%5D=%24id&fields%5B1%5D=tel&query=tel%20in%20%28%2203%201%22%29";
        let url = format!("{API}records.json?{query}");
        assert_eq!(wire, Wire { method: Method::GET, url, body: None, overridden: false });
    }

    #[test]
    fn a_long_read_has_them_in_the_body() {
        let query = "x".repeat(4096);
        let wire = Request::get("records.json").with("query", query.as_str()).wire(API);
        assert_eq!((wire.method, wire.overridden), (Method::POST, true));
        assert_eq!(wire.url, format!("{API}records.json"));
        assert_eq!(wire.body, Some(json!({"query": query}).to_string()));
    }

    #[test]
    fn only_a_post_must_not_be_repeated() {
        assert!(Request::get("x").repeatable && Request::put("x").repeatable && !Request::post("x").repeatable);
    }
}
