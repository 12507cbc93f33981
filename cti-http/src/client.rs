//! One client for one server.

use crate::base::is_local;
use crate::error;
use crate::reply::{Repeat, Reply};
use cti_core::secret::{ExposeSecret, SecretString};
use cti_core::{Error, ErrorKind, Result};
use reqwest::{Certificate, Identity, Method, RequestBuilder, Response, redirect};
use std::time::Duration;
use url::Url;

const USER_AGENT: &str = concat!("cti/", env!("CARGO_PKG_VERSION"));

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long one request may take, connecting and reading included. 10 seconds unless said otherwise.
    pub timeout: Duration,
    /// The most bytes of an answer that are read. 1 MiB unless said otherwise.
    pub max_answer: usize,
    /// The name under which we come; `cti/<version>` unless said otherwise.
    pub user_agent: String,
    /// True if no proxy may stand between: the server is on this machine.
    pub local: bool,
    /// Client certificate and key, as PEM.
    pub identity: Option<SecretString>,
    /// Certificates of authorities to trust besides those of the system, as PEM.
    pub authorities: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_answer: 1024 * 1024,
            user_agent: USER_AGENT.to_owned(),
            local: false,
            identity: None,
            authorities: None,
        }
    }
}

impl Options {
    /// The usual ones for a server at that address.
    pub fn for_base(base: &Url) -> Self {
        Self { local: is_local(base), ..Self::default() }
    }
}

/// Speaks to one server. Redirects are not followed: they would carry credentials to another place.
#[derive(Debug, Clone)]
pub struct Client {
    side: &'static str,
    http: reqwest::Client,
    max_answer: usize,
}

impl Client {
    /// A client; `side` is how errors call the other side (`kintone`).
    ///
    /// # Errors
    /// `ConfigInvalid` if a certificate cannot be used.
    pub fn new(side: &'static str, options: Options) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .user_agent(options.user_agent)
            .timeout(options.timeout);
        if options.local {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &options.identity {
            builder = builder.identity(identity(pem)?);
        }
        if let Some(pem) = &options.authorities {
            let unusable =
                |_| Error::new(ErrorKind::ConfigInvalid, "the file of authorities holds no PEM certificates");
            for authority in Certificate::from_pem_bundle(pem).map_err(unusable)? {
                builder = builder.add_root_certificate(authority);
            }
        }
        let http = builder.build().map_err(|cause| {
            Error::new(ErrorKind::ConfigInvalid, "the HTTP client cannot be set up").caused_by(cause.without_url())
        })?;
        Ok(Self { side, http, max_answer: options.max_answer })
    }

    /// A request, to be completed and given to [`Client::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// A GET.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A POST.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// `Unreachable`, `Timeout`, `Protocol` if the answer is too long; with `OutcomeUnknown` as status if the request may
    /// have been carried out and must not be repeated.
    pub async fn send(&self, request: RequestBuilder, repeat: Repeat) -> Result<Reply> {
        self.send_within(request, repeat, self.max_answer).await
    }

    /// As [`Client::send`], but of the answer so many bytes are read.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_within(&self, request: RequestBuilder, repeat: Repeat, most: usize) -> Result<Reply> {
        let failed = |cause| error::transport(self.side, cause, repeat);
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let retry_after = crate::reply::retry_after(&headers);
        match limited(response, most).await.map_err(failed)? {
            Some(body) => Ok(Reply { side: self.side, status, headers, retry_after, body, repeat }),
            None => Err(error::too_big(self.side, status, repeat)),
        }
    }
}

fn identity(pem: &SecretString) -> Result<Identity> {
    Identity::from_pem(pem.expose_secret().as_bytes()).map_err(|_| {
        let text = "the client certificate cannot be used: it must be PEM, certificate and unencrypted key in one file \
                    (openssl pkcs12 -in certificate.pfx -nodes -out certificate.pem)";
        Error::new(ErrorKind::ConfigInvalid, text)
    })
}

/// The body; `None` if it is longer than we accept.
async fn limited(mut response: Response, most: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
