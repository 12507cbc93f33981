//! HTTP: a request that was filled in is sent, and its answer read within limits.

use crate::cookie::Jar;
use crate::error::{self, Repeat};
use cti_core::{Error, ErrorKind, Result};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response, redirect};
use std::time::Duration;
use url::Url;

/// No answer that a step asks for comes near this.
pub(crate) const MAX_ANSWER: usize = 256 * 1024;
/// Redirects that are followed, on the same host only.
const MAX_REDIRECTS: usize = 3;
const USER_AGENT: &str = concat!("cti-crm-custom/", env!("CARGO_PKG_VERSION"));

/// A request, filled in.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) post: bool,
    pub(crate) url: Url,
    pub(crate) body: Option<(&'static str, String)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What came back: from a server, or from a programme (then the status is 200 and there are no headers).
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Client {
    web: reqwest::Client,
    /// For this machine itself: no proxy.
    local: reqwest::Client,
}

impl Client {
    pub(crate) fn new() -> Result<Self> {
        // Redirects are followed by hand: never to another host, and with the cookies that they set.
        let builder = || reqwest::Client::builder().redirect(redirect::Policy::none()).user_agent(USER_AGENT);
        let failed = |cause: reqwest::Error| {
            Error::new(ErrorKind::Unexpected, "the HTTP client cannot be set up").caused_by(cause.without_url())
        };
        let web = builder().build().map_err(failed)?;
        let local = builder().no_proxy().build().map_err(failed)?;
        Ok(Self { web, local })
    }

    /// Sends it. The jar gives its cookies and takes those of the answer. Any status is an answer.
    pub(crate) async fn send(&self, mut request: Request, jar: &mut Jar, repeat: Repeat) -> Result<Answer> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.once(&request, jar, repeat).await?;
            jar.take(&request.url, response.headers());
            let status = response.status().as_u16();
            let Some(to) = location(&response, &request.url) else { return read(response, repeat).await };
            if to.origin() != request.url.origin() {
                return Err(error::redirect(status));
            }
            request.url = to;
            if !matches!(status, 307 | 308) {
                (request.post, request.body) = (false, None);
            }
        }
        Err(error::redirect(302))
    }

    async fn once(&self, request: &Request, jar: &Jar, repeat: Repeat) -> Result<Response> {
        let client = if is_local(&request.url) { &self.local } else { &self.web };
        let method = if request.post { Method::POST } else { Method::GET };
        let mut builder = client.request(method, request.url.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(cookies) = jar.header(&request.url) {
            builder = builder.header(COOKIE, cookies);
        }
        if let Some((kind, body)) = &request.body {
            builder = builder.header(CONTENT_TYPE, *kind).body(body.clone());
        }
        builder.send().await.map_err(|cause| error::transport(cause, repeat))
    }
}

/// Where a redirect leads.
fn location(response: &Response, from: &Url) -> Option<Url> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let to = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    from.join(to.to_str().ok()?).ok()
}

async fn read(mut response: Response, repeat: Repeat) -> Result<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|cause| error::transport(cause, repeat))? {
        if body.len() + piece.len() > MAX_ANSWER {
            return Err(error::too_long(MAX_ANSWER, repeat));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, headers, body })
}

impl Answer {
    /// The answer of a success, or why it is none.
    pub(crate) fn success(self, repeat: Repeat) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let seconds = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Err(error::refused(self.status, seconds.map(Duration::from_secs), repeat))
    }

    /// True if a new session may help.
    pub(crate) fn is_session_refused(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// The type of the body, without its parameters.
    pub(crate) fn content_type(&self) -> Option<&str> {
        let text = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(text.split(';').next().unwrap_or(text).trim())
    }
}

/// True for this machine itself.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
