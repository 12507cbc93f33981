//! One step, as an operator writes it.

use std::path::PathBuf;
use std::time::Duration;

/// How a step is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The agent's browser opens an address.
    BrowserGet,
    /// The agent's browser submits a form.
    BrowserPost,
    /// We send a GET.
    HttpGet,
    /// We send a POST.
    HttpPost,
    /// We start a programme, without a shell.
    Command,
}

impl Method {
    /// Every method, by its name in a configuration file.
    pub const ALL: [(&'static str, Self); 5] = [
        ("browser_get", Self::BrowserGet),
        ("browser_post", Self::BrowserPost),
        ("http_get", Self::HttpGet),
        ("http_post", Self::HttpPost),
        ("command", Self::Command),
    ];

    /// The method of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|&(_, method)| method)
    }

    /// True if the agent's browser does it.
    pub fn is_browser(self) -> bool {
        matches!(self, Self::BrowserGet | Self::BrowserPost)
    }
}

/// The body of a POST, where it is not what stands behind the `?` of the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Form(String),
    Json(String),
}

/// What is done at one moment of a call. All texts are templates (see [`cti_core::template`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) body: Option<Body>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) each: Option<String>,
    pub(crate) captures: Vec<Captured>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) delay: Duration,
    pub(crate) only_if_answered: bool,
}

/// A variable that is taken from the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Captured {
    pub(crate) name: String,
    pub(crate) from: String,
    pub(crate) secret: bool,
}

impl Step {
    fn new(method: Method, url: String) -> Self {
        Self {
            method,
            url,
            body: None,
            headers: Vec::new(),
            program: PathBuf::new(),
            args: Vec::new(),
            env: Vec::new(),
            each: None,
            captures: Vec::new(),
            timeout: None,
            delay: Duration::ZERO,
            only_if_answered: false,
        }
    }

    /// The agent's browser opens that address.
    pub fn browser_get(url: impl Into<String>) -> Self {
        Self::new(Method::BrowserGet, url.into())
    }

    /// The agent's browser submits a form: what stands behind the first `?` of the address are its fields.
    pub fn browser_post(url: impl Into<String>) -> Self {
        Self::new(Method::BrowserPost, url.into())
    }

    /// A GET of ours.
    pub fn http_get(url: impl Into<String>) -> Self {
        Self::new(Method::HttpGet, url.into())
    }

    /// A POST of ours: what stands behind the first `?` of the address is sent as a form, unless there is a body of its
    /// own ([`Step::json`], [`Step::form`]); then the address keeps its query.
    pub fn http_post(url: impl Into<String>) -> Self {
        Self::new(Method::HttpPost, url.into())
    }

    /// A programme, by its absolute path, with its arguments: each text is one argument, whatever the values hold.
    pub fn command<A: Into<String>>(program: impl Into<PathBuf>, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.into(), args, ..Self::new(Method::Command, String::new()) }
    }

    /// Sends that form in the body of a POST.
    #[must_use]
    pub fn form(self, body: impl Into<String>) -> Self {
        Self { body: Some(Body::Form(body.into())), ..self }
    }

    /// Sends that JSON in the body of a POST; values stand inside strings.
    #[must_use]
    pub fn json(self, body: impl Into<String>) -> Self {
        Self { body: Some(Body::Json(body.into())), ..self }
    }

    /// Adds a header to a request of ours.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets an environment variable of the programme. It has no others but `PATH` and `LANG`.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The search gives a list: where it is in the answer. Captures are then read from each of its elements.
    #[must_use]
    pub fn each(self, from: impl Into<String>) -> Self {
        Self { each: Some(from.into()), ..self }
    }

    /// Takes a variable from the answer. The search fills `COMPANY`, `NAME`, `EXT_ID` and names of one's own;
    /// authentication names of one's own only.
    #[must_use]
    pub fn capture(mut self, name: impl Into<String>, from: impl Into<String>) -> Self {
        self.captures.push(Captured { name: name.into(), from: from.into(), secret: false });
        self
    }

    /// As [`Step::capture`], for a variable that is secret: it may not stand in an address.
    #[must_use]
    pub fn capture_secret(mut self, name: impl Into<String>, from: impl Into<String>) -> Self {
        self.captures.push(Captured { name: name.into(), from: from.into(), secret: true });
        self
    }

    /// How long the step may take in all; without, as long as [`Custom::timeout`](crate::Custom::timeout) says.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Waits so long before the step (answer only). A call that ends first cancels it.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Only for calls that were answered (hang-up only).
    #[must_use]
    pub fn only_if_answered(self, only: bool) -> Self {
        Self { only_if_answered: only, ..self }
    }
}
