//! One step, as an operator writes it.

use cti_core::capture::{BodyRule, CaptureSettings, JsonRule};
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
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub(crate) method: Method,
    /// An address; of a command its line.
    pub(crate) text: String,
    pub(crate) body: Option<Body>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) answer: CaptureSettings,
    pub(crate) timeout: Option<Duration>,
    pub(crate) delay: Duration,
    pub(crate) only_if_answered: bool,
}

impl Step {
    /// A step with that method and text.
    pub fn new(method: Method, text: impl Into<String>) -> Self {
        Self {
            method,
            text: text.into(),
            body: None,
            headers: Vec::new(),
            env: Vec::new(),
            answer: CaptureSettings::default(),
            timeout: None,
            delay: Duration::ZERO,
            only_if_answered: false,
        }
    }

    /// The agent's browser opens that address.
    pub fn browser_get(url: impl Into<String>) -> Self {
        Self::new(Method::BrowserGet, url)
    }

    /// The agent's browser submits a form: what stands behind the first `?` of the address are its fields.
    pub fn browser_post(url: impl Into<String>) -> Self {
        Self::new(Method::BrowserPost, url)
    }

    /// A GET of ours.
    pub fn http_get(url: impl Into<String>) -> Self {
        Self::new(Method::HttpGet, url)
    }

    /// A POST of ours: what stands behind the first `?` of the address is sent as a form, unless there is a body of its
    /// own ([`Step::json`], [`Step::form`]); then the address keeps its query.
    pub fn http_post(url: impl Into<String>) -> Self {
        Self::new(Method::HttpPost, url)
    }

    /// A programme, by its absolute path, with its arguments: `"/opt/our crm/find" {TEL} --name={TELNAME}`. The line is
    /// split before any value is put in: each value stays in its argument, whatever it holds (see
    /// [`cti_core::template::CommandTemplate`]).
    pub fn command(line: impl Into<String>) -> Self {
        Self::new(Method::Command, line)
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

    /// How the answer is read. The search fills `COMPANY`, `NAME`, `EXT_ID` and names of one's own; authentication names
    /// of one's own, which are secret unless said otherwise.
    #[must_use]
    pub fn answer(self, answer: CaptureSettings) -> Self {
        Self { answer, ..self }
    }

    /// Takes a variable from a place in a JSON answer: `$.session`. Short for [`Step::answer`].
    #[must_use]
    pub fn capture(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        let mut rule = self.take_json_rule();
        rule.fields.insert(name.into(), path.into());
        self.answer.body = Some(BodyRule::Json(rule));
        self
    }

    /// Where the hits are in a JSON answer: `$.found[*]`. Captures are read from each of them. Short for [`Step::answer`].
    #[must_use]
    pub fn rows(mut self, path: impl Into<String>) -> Self {
        let rule = JsonRule { rows: Some(path.into()), ..self.take_json_rule() };
        self.answer.body = Some(BodyRule::Json(rule));
        self
    }

    fn take_json_rule(&mut self) -> JsonRule {
        match self.answer.body.take() {
            Some(BodyRule::Json(rule)) => rule,
            _ => JsonRule::default(),
        }
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
