//! HTTP: a request is built without a network, then sent.

use crate::address::Site;
use crate::auth::{API_TOKEN, Basic};
use crate::config::App;
use crate::error;
use cti_core::secret::ExposeSecret;
use cti_core::{Error, ErrorKind, Result};
use cti_http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderValue};
use cti_http::{Method, Options, Repeat, RequestBuilder, encode};
use serde_json::{Map, Value};
use std::time::Duration;
use url::Url;

/// kintone refuses URLs above 8 KB; its own client sends the parameters in the body from this length on.
const MAX_URL: usize = 4096;
const USER_AGENT: &str = concat!("cti-crm-kintone/", env!("CARGO_PKG_VERSION"));

/// A request to one app.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    resource: &'static str,
    params: Map<String, Value>,
    repeat: Repeat,
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
        Self { method: Method::GET, resource, params: Map::new(), repeat: Repeat::Harmless }
    }

    /// Writes under a key: twice is once.
    pub(crate) fn put(resource: &'static str) -> Self {
        Self { method: Method::PUT, ..Self::get(resource) }
    }

    /// Adds: twice is twice.
    pub(crate) fn post(resource: &'static str) -> Self {
        Self { method: Method::POST, repeat: Repeat::Harmful, ..Self::get(resource) }
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
    http: cti_http::Client,
    api: String,
    basic: Option<Basic>,
}

impl Client {
    pub(crate) fn new(site: &Site, basic: Option<Basic>, timeout: Duration) -> Result<Self> {
        let options = Options { timeout, user_agent: USER_AGENT.to_owned(), ..Options::for_base(site.origin()) };
        Ok(Self { http: cti_http::Client::new("kintone", options)?, api: site.api(), basic })
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
        let reply = self.http.send(self.builder(token, request.wire(&self.api))?, request.repeat).await?;
        error::judge(&reply)
    }

    fn builder(&self, token: &HeaderValue, wire: Wire) -> Result<RequestBuilder> {
        let url = Url::parse(&wire.url).map_err(|_| Error::new(ErrorKind::Unexpected, "the request has no address"))?;
        let mut builder = self.http.request(wire.method, url).header(API_TOKEN, token).header(ACCEPT_LANGUAGE, "en");
        if let Some(basic) = &self.basic {
            builder = builder.basic_auth(&basic.user, Some(basic.password.expose_secret()));
        }
        if wire.overridden {
            builder = builder.header("x-http-method-override", "GET");
        }
        Ok(match wire.body {
            Some(body) => builder.header(CONTENT_TYPE, "application/json").body(body),
            None => builder,
        })
    }
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
        let repeat = |request: Request| request.repeat;
        assert_eq!(repeat(Request::get("x")), Repeat::Harmless);
        assert_eq!(repeat(Request::put("x")), Repeat::Harmless);
        assert_eq!(repeat(Request::post("x")), Repeat::Harmful);
    }
}
