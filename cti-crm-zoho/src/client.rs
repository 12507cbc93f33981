//! HTTP: a request is built without a network, then sent with a token that is good.

use crate::auth::{Access, Auth};
use crate::credits::Credits;
use crate::error;
use cti_core::{Error, ErrorKind, Result};
use cti_http::header::{AUTHORIZATION, CONTENT_TYPE};
use cti_http::{Method, Repeat, RequestBuilder, encode};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::Url;

/// Requests at the same time: the smallest limit of any edition is five for all programmes together.
const CONCURRENT: usize = 4;

/// How much a request matters: when the credits of the day run short, what matters less is left out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Importance {
    /// Lists of users and groups, checks.
    Care,
    /// Writing calls and what belongs to them.
    Log,
    /// Somebody waits.
    Pop,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    None,
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Body,
    repeat: Repeat,
    importance: Importance,
}

impl Request {
    /// Reads from the CRM; `resource` is the path behind the version.
    pub(crate) fn get(resource: &str) -> Self {
        Self {
            method: Method::GET,
            path: format!("crm/v8/{resource}"),
            query: Vec::new(),
            body: Body::None,
            repeat: Repeat::Harmless,
            importance: Importance::Log,
        }
    }

    /// Asks the CRM in its query language.
    pub(crate) fn coql(query: &str) -> Self {
        let body = Body::Json(serde_json::json!({ "select_query": query }));
        Self { method: Method::POST, body, ..Self::get("coql") }
    }

    /// Adds a record: twice is twice.
    pub(crate) fn add(module: &str, record: Value) -> Self {
        let body = Body::Json(serde_json::json!({ "data": [record] }));
        Self { method: Method::POST, body, repeat: Repeat::Harmful, ..Self::get(module) }
    }

    /// Changes a record.
    pub(crate) fn change(module: &str, id: &str, record: Value) -> Self {
        let body = Body::Json(serde_json::json!({ "data": [record] }));
        Self { method: Method::PUT, body, ..Self::get(&format!("{module}/{id}")) }
    }

    /// Speaks to PhoneBridge.
    pub(crate) fn bridge(method: Method, resource: &str, form: Vec<(&'static str, String)>) -> Self {
        let path = format!("phonebridge/v3/{resource}");
        Self { method, path, body: Body::Form(form), ..Self::get("") }
    }

    /// Adds a parameter to the query.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// How much it matters; writing a call unless said otherwise.
    pub(crate) fn matters(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    fn url(&self, api: &Url) -> Result<Url> {
        let wrong = |_| Error::new(ErrorKind::Unexpected, "the request has no address");
        let mut url = api.join(&self.path).map_err(wrong)?;
        if !self.query.is_empty() {
            url.set_query(Some(&encode(self.query.iter().map(|(name, value)| (*name, value)))));
        }
        Ok(url)
    }
}

/// Speaks to one organisation.
#[derive(Debug)]
pub(crate) struct Client {
    http: cti_http::Client,
    auth: Arc<Auth>,
    slots: Semaphore,
    credits: Credits,
}

impl Client {
    pub(crate) fn new(http: cti_http::Client, auth: Arc<Auth>, credits: Credits) -> Self {
        Self { http, auth, slots: Semaphore::new(CONCURRENT), credits }
    }

    /// Sends a request; `None` if nothing was found.
    pub(crate) async fn send(&self, request: Request) -> Result<Option<Value>> {
        let result = self.with_token(&request).await;
        tracing::debug!(method = %request.method, path = resource(&request.path), ok = result.is_ok(), "zoho");
        result
    }

    /// A token that was refused is renewed once: what was refused for it was not carried out.
    async fn with_token(&self, request: &Request) -> Result<Option<Value>> {
        let access = self.auth.access().await?;
        let result = self.exchange(request, &access).await;
        match &result {
            Err(error) if matches!(error::vendor_code(error), Some("INVALID_TOKEN" | "AUTHENTICATION_FAILURE")) => {
                let access = self.auth.renewed(&access).await?;
                self.exchange(request, &access).await
            }
            _ => result,
        }
    }

    async fn exchange(&self, request: &Request, access: &Access) -> Result<Option<Value>> {
        self.credits.spend(request.importance)?;
        let _slot = self.slots.acquire().await.ok();
        let reply = self.http.send(self.builder(request, access)?, request.repeat).await?;
        error::judge(&reply)
    }

    fn builder(&self, request: &Request, access: &Access) -> Result<RequestBuilder> {
        let url = request.url(&access.api)?;
        let builder = self.http.request(request.method.clone(), url).header(AUTHORIZATION, &access.header);
        Ok(match &request.body {
            Body::None => builder,
            Body::Json(json) => builder.header(CONTENT_TYPE, "application/json").body(json.to_string()),
            Body::Form(form) => builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
                .body(encode(form.iter().map(|(name, value)| (*name, value)))),
        })
    }
}

/// The path without the id of a record.
fn resource(path: &str) -> &str {
    path.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('/')
}

/// The list of that name in an answer.
pub(crate) fn list<'a>(answer: Option<&'a Value>, name: &str) -> Result<&'a [Value]> {
    let Some(answer) = answer else { return Ok(&[]) };
    let list = answer.get(name).and_then(Value::as_array).map(Vec::as_slice);
    list.ok_or_else(|| error::lacks("its list"))
}

/// True if there is another page.
pub(crate) fn has_more(answer: Option<&Value>) -> bool {
    answer.and_then(|answer| answer.pointer("/info/more_records")).and_then(Value::as_bool).unwrap_or_default()
}

/// The id of the record that was written.
pub(crate) fn written(answer: Option<&Value>) -> Result<String> {
    let id = answer.and_then(|answer| answer.pointer("/data/0/details/id")).and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| error::lacks("the id of the record"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_in_a_number_arrives_as_a_plus() {
        let api = Url::parse("https://www.zohoapis.jp").unwrap();
        let url = Request::get("Contacts/search").with("phone", "+81 3").url(&api).unwrap();
        assert_eq!(url.as_str(), "https://www.zohoapis.jp/crm/v8/Contacts/search?phone=%2B81%203");
        assert_eq!(resource("crm/v8/Calls/5725767000000500001"), "crm/v8/Calls");
    }
}
