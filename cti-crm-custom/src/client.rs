//! HTTP: a request that was filled in is sent; redirects on the same host are followed, cookies kept.

use crate::cookie::Jar;
use crate::error::{self, SIDE};
use cti_core::Result;
use cti_http::header::{CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION};
use cti_http::{Client as Http, Method, Options, Repeat, Reply, is_local};
use std::time::Duration;
use url::Url;

/// No answer that a step asks for comes near this.
const MAX_ANSWER: usize = 256 * 1024;
/// Redirects that are followed, on the same host only.
const MAX_REDIRECTS: usize = 3;
/// The time of a step is kept by the step; this is for what would come to no end at all.
const LONGEST: Duration = Duration::from_secs(600);

/// A request, filled in.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) post: bool,
    pub(crate) url: Url,
    pub(crate) body: Option<(&'static str, String)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Client {
    web: Http,
    /// For this machine itself: no proxy.
    local: Http,
}

impl Client {
    pub(crate) fn new() -> Result<Self> {
        let client = |local| {
            let options = Options { timeout: LONGEST, max_answer: MAX_ANSWER, local, ..Options::default() };
            Http::new(SIDE, options)
        };
        Ok(Self { web: client(false)?, local: client(true)? })
    }

    /// Sends it. The jar gives its cookies and takes those of the answer. Any status is an answer.
    pub(crate) async fn send(&self, mut request: Request, jar: &mut Jar, repeat: Repeat) -> Result<Reply> {
        let mut redirects = 0;
        loop {
            let reply = self.once(&request, jar, repeat).await?;
            jar.take(&request.url, &reply.headers);
            let Some(to) = location(&reply, &request.url) else { return Ok(reply) };
            if to.origin() != request.url.origin() || redirects == MAX_REDIRECTS {
                return Err(error::redirect(&reply));
            }
            redirects += 1;
            request.url = to;
            if !matches!(reply.status, 307 | 308) {
                (request.post, request.body) = (false, None);
            }
        }
    }

    async fn once(&self, request: &Request, jar: &Jar, repeat: Repeat) -> Result<Reply> {
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
        client.send(builder, repeat).await
    }
}

/// Where a redirect leads.
fn location(reply: &Reply, from: &Url) -> Option<Url> {
    let is_redirect = matches!(reply.status, 301 | 302 | 303 | 307 | 308);
    let to = reply.headers.get(LOCATION).filter(|_| is_redirect)?;
    from.join(to.to_str().ok()?).ok()
}

/// The answer of a success, or why it is none.
pub(crate) fn success(reply: Reply) -> Result<Reply> {
    if reply.is_success() { Ok(reply) } else { Err(error::refused(&reply)) }
}

/// True if a new session may help.
pub(crate) fn is_session_refused(reply: &Reply) -> bool {
    matches!(reply.status, 401 | 403)
}
