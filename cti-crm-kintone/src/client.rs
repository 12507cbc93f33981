//! HTTP: a request is built without a network, then sent.

use crate::address::Site;
use crate::auth::{Basic, Proof};
use crate::config::App;
use crate::error;
use cti_core::secret::ExposeSecret;
use cti_core::{Error, ErrorKind, Result};
use cti_http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use cti_http::{Method, Options, Repeat, Reply, RequestBuilder, encode};
use serde_json::{Map, Value};
use url::Url;

/// kintone refuses URLs above 8 KB; its own client sends the parameters in the body from this length on.
const MAX_URL: usize = 4096;
/// No answer about a few records comes near this.
const MAX_ANSWER: usize = 1024 * 1024;
/// 500 records with long texts.
const MAX_PAGE: usize = 64 * 1024 * 1024;
const USER_AGENT: &str = concat!("cti-crm-kintone/", env!("CARGO_PKG_VERSION"));

/// A request to one app.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    resource: &'static str,
    params: Map<String, Value>,
    repeat: Repeat,
    /// The most bytes of the answer.
    most: usize,
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
        Self { method: Method::GET, resource, params: Map::new(), repeat: Repeat::Harmless, most: MAX_ANSWER }
    }

    /// Writes under a key: twice is once.
    pub(crate) fn put(resource: &'static str) -> Self {
        Self { method: Method::PUT, ..Self::get(resource) }
    }

    /// Adds: twice is twice.
    pub(crate) fn post(resource: &'static str) -> Self {
        Self { method: Method::POST, repeat: Repeat::Harmful, ..Self::get(resource) }
    }

    /// Removes.
    pub(crate) fn delete(resource: &'static str) -> Self {
        Self { method: Method::DELETE, ..Self::get(resource) }
    }

    /// It is written under a key after all: twice is once.
    pub(crate) fn repeatable(self) -> Self {
        Self { repeat: Repeat::Harmless, ..self }
    }

    /// Many records come back.
    pub(crate) fn page(self) -> Self {
        Self { most: MAX_PAGE, ..self }
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    fn wire(&self, api: &str) -> Wire {
        let url = format!("{api}{}", self.resource);
        let body = || Some(Value::Object(self.params.clone()).to_string());
        if self.method == Method::DELETE {
            let url = format!("{url}?{}", encode(self.pairs()));
            return Wire { method: Method::DELETE, url, body: None, overridden: false };
        }
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
    origin: Url,
    api: String,
    basic: Option<Basic>,
}

impl Client {
    pub(crate) fn new(site: &Site, basic: Option<Basic>, options: Options) -> Result<Self> {
        let options = Options { user_agent: USER_AGENT.to_owned(), max_answer: MAX_ANSWER, ..options };
        let http = cti_http::Client::new("kintone", options)?;
        Ok(Self { http, origin: site.origin().clone(), api: site.api(), basic })
    }

    /// Sends a request to an app; gives the JSON of the answer.
    pub(crate) async fn send(&self, app: &App, request: Request) -> Result<Value> {
        let name = if request.resource == "app.json" { "id" } else { "app" };
        self.send_plain(app, request.with(name, app.id)).await
    }

    /// Sends a request that does not name the app, with the app's credentials.
    pub(crate) async fn send_plain(&self, app: &App, request: Request) -> Result<Value> {
        let result = self.exchange(&app.proof, &request).await;
        tracing::debug!(app = app.id, method = %request.method, resource = request.resource, ok = result.is_ok(), "kintone");
        result.map_err(|error| error.with("app", app.id))
    }

    /// Sends a request that concerns no app yet.
    pub(crate) async fn exchange(&self, proof: &Proof, request: &Request) -> Result<Value> {
        let build = |header| self.builder(header, request.wire(&self.api));
        let reply = self.prove(proof, request.repeat, request.most, build).await?;
        error::judge(&reply)
    }

    /// Puts a file into kintone's store; gives the key under which a record can take it.
    pub(crate) async fn upload(&self, app: &App, name: &str, content_type: &str, bytes: &[u8]) -> Result<String> {
        let url = format!("{}file.json", self.api);
        let (body, kind) = multipart(name, content_type, bytes);
        let build = |header| {
            let wire = Wire { method: Method::POST, url: url.clone(), body: None, overridden: false };
            Ok(self.builder(header, wire)?.header(CONTENT_TYPE, &kind).body(body.clone()))
        };
        // A file that no record takes is thrown away after three days: twice does no harm.
        let reply = self.prove(&app.proof, Repeat::Harmless, MAX_ANSWER, build).await?;
        let answer = error::judge(&reply)?;
        let key = answer.get("fileKey").and_then(Value::as_str).map(str::to_owned);
        key.ok_or_else(|| error::lacks("the key of the file"))
    }

    /// Sends with credentials; an access token that kintone does not take any more is changed once.
    async fn prove(
        &self,
        proof: &Proof,
        repeat: Repeat,
        most: usize,
        build: impl Fn((HeaderName, HeaderValue)) -> Result<RequestBuilder>,
    ) -> Result<Reply> {
        let oauth = match proof {
            Proof::Header(name, value) => {
                return self.http.send_within(build((name.clone(), value.clone()))?, repeat, most).await;
            }
            Proof::OAuth(oauth) => oauth,
        };
        let header = oauth.header(&self.http, &self.origin).await?;
        let reply = self.http.send_within(build((AUTHORIZATION, header.clone()))?, repeat, most).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        oauth.forget(&header).await;
        let header = oauth.header(&self.http, &self.origin).await?;
        self.http.send_within(build((AUTHORIZATION, header))?, repeat, most).await
    }

    fn builder(&self, (name, value): (HeaderName, HeaderValue), wire: Wire) -> Result<RequestBuilder> {
        let url = Url::parse(&wire.url).map_err(|_| Error::new(ErrorKind::Unexpected, "the request has no address"))?;
        let mut builder = self.http.request(wire.method, url).header(name, value).header(ACCEPT_LANGUAGE, "en");
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

/// A body with one file, and its content type. The boundary is no part of the file.
fn multipart(name: &str, content_type: &str, bytes: &[u8]) -> (Vec<u8>, String) {
    let mut boundary = "cti-boundary".to_owned();
    while bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
        boundary.push_str(&format!("-{:x}", bytes.len()));
    }
    let name: String = name.chars().map(|c| if c.is_control() || c == '"' || c == '\\' { '_' } else { c }).collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    (body, format!("multipart/form-data; boundary={boundary}"))
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
    fn the_boundary_is_no_part_of_the_file_and_the_name_cannot_end_its_header() {
        let (body, kind) = multipart("a\"\r\nX: 1.wav", "audio/wav", b"--cti-boundary--");
        let boundary = kind.split_once("boundary=").unwrap().1;
        assert_eq!(String::from_utf8(body).unwrap().matches(&format!("--{boundary}")).count(), 2, "{kind}");
        assert_eq!(multipart("a\"\r\nX: 1.wav", "audio/wav", b"").0.windows(5).filter(|w| w == b"\r\nX: ").count(), 0);
    }

    #[test]
    fn only_a_post_must_not_be_repeated() {
        let repeat = |request: Request| request.repeat;
        assert_eq!(repeat(Request::get("x")), Repeat::Harmless);
        assert_eq!(repeat(Request::put("x")), Repeat::Harmless);
        assert_eq!(repeat(Request::post("x")), Repeat::Harmful);
    }
}
