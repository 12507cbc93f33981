//! From what an operator wrote to what can be carried out; everything that is wrong with it.

use crate::command;
use crate::config::Settings;
use crate::names::{key, needs_search};
use crate::page::PageTemplate;
use crate::ready::{Action, Compiled, HttpTemplate, Programme};
use crate::step::{Body, Method, Step};
use cti_core::Fault;
use cti_core::capture::{Capture, CaptureSettings, Purpose};
use cti_core::template::{CommandTemplate, Lint, Names, Step as Moment, Target, Template, TemplateError, Warning};
use cti_http::header::HeaderName;
use cti_http::is_local;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// Headers that are ours to write.
const OURS: [&str; 6] = ["host", "content-length", "content-type", "transfer-encoding", "connection", "cookie"];
/// The search is answered so if nobody has that number, unless it is said otherwise.
const NOBODY: &str = "404";

/// Compiles one step after the other.
pub(crate) struct Compiler<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) moment: Moment,
    /// The names that the steps so far gave.
    pub(crate) names: Names,
    /// Those of them that the search gave.
    pub(crate) of_search: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    /// What works and is not wise.
    pub(crate) warnings: Vec<Fault>,
}

impl Compiler<'_> {
    /// Compiles the step of that moment, if there is one.
    pub(crate) fn step(&mut self, moment: Moment) -> Option<Compiled> {
        self.moment = moment;
        let step = self.settings.step(moment)?;
        let before = self.faults.len();
        self.rules(step);
        let action = match step.method {
            Method::BrowserGet | Method::BrowserPost => self.page(step).map(Action::Browser),
            Method::HttpGet | Method::HttpPost => self.http(step).map(Action::Http),
            Method::Command => self.programme(step).map(Action::Command),
        };
        let capture = self.capture(&step.answer);
        let action = action?;
        let timeout = step.timeout.unwrap_or(self.settings.timeout);
        let needs_search = action.templates().into_iter().any(|template| needs_search(template, &self.of_search));
        let (delay, only_if_answered) = (step.delay, step.only_if_answered);
        let compiled = Compiled { action, capture, timeout, delay, only_if_answered, needs_search };
        (self.faults.len() == before).then_some(compiled)
    }

    fn rules(&mut self, step: &Step) {
        let asks = self.moment <= Moment::Search;
        let reads = step.answer != CaptureSettings::default();
        if asks && step.method.is_browser() {
            let why = "the answer is needed, and a browser keeps it to itself: use http_get, http_post or command";
            self.fault("method", why);
        }
        if !asks && reads {
            self.fault("answer", "only the answers of auth and search are read");
        }
        if self.moment == Moment::Search && !reads {
            self.fault("answer", "missing: what of the answer is COMPANY, NAME, EXT_ID");
        }
        if step.delay > Duration::ZERO && self.moment != Moment::Answered {
            self.fault("delay_seconds", "is a setting of the step answer");
        }
        if step.only_if_answered && self.moment != Moment::Ended {
            self.fault("only_if_answered", "is a setting of the step hang_up");
        }
        if step.body.is_some() && step.method != Method::HttpPost {
            self.fault("body", "is a setting of http_post");
        }
        if !step.headers.is_empty() && !matches!(step.method, Method::HttpGet | Method::HttpPost) {
            self.fault("headers", "are a setting of http_get and http_post");
        }
        if step.method != Method::Command && !step.env.is_empty() {
            self.fault("env", "is a setting of command");
        }
        if step.timeout.unwrap_or(self.settings.timeout).is_zero() {
            self.fault("timeout_seconds", "must be more than 0");
        }
    }

    fn page(&mut self, step: &Step) -> Option<PageTemplate> {
        let (url, form) = match step.method {
            Method::BrowserPost => split(&step.text),
            _ => (step.text.as_str(), None),
        };
        let url = self.url(url, Target::BrowserUrl);
        if step.method == Method::BrowserGet {
            return Some(PageTemplate { url: url?, form: None });
        }
        let form = self.template("text", form.unwrap_or_default(), Target::FormBody);
        if form.as_ref().is_some_and(Template::uses_secret) {
            self.fault("text", "a secret would be handed to the agent's browser");
        }
        Some(PageTemplate { url: url?, form: Some(form?) })
    }

    fn http(&mut self, step: &Step) -> Option<HttpTemplate> {
        let post = step.method == Method::HttpPost;
        let (url, body) = match &step.body {
            _ if !post => (step.text.as_str(), None),
            None => {
                let (url, form) = split(&step.text);
                (url, Some((FORM, "text", form.unwrap_or_default(), Target::FormBody)))
            }
            Some(Body::Form(form)) => (step.text.as_str(), Some((FORM, "form", form.as_str(), Target::FormBody))),
            Some(Body::Json(json)) => (step.text.as_str(), Some((JSON, "json", json.as_str(), Target::Json))),
        };
        let url = self.url(url, Target::Url);
        let body = body.map(|(kind, key, text, target)| Some((kind, self.template(key, text, target)?)));
        let headers: Vec<_> = step.headers.iter().filter_map(|(name, value)| self.header(name, value)).collect();
        let body = match body {
            Some(compiled) => Some(compiled?),
            None => None,
        };
        Some(HttpTemplate { post, url: url?, body, headers })
    }

    fn header(&mut self, name: &str, value: &str) -> Option<(HeaderName, Template)> {
        let key = format!("headers.{name}");
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
        let Some(header) = parsed.filter(|name| !OURS.contains(&name.as_str())) else {
            self.fault(&key, "this is no header that can be set");
            return None;
        };
        Some((header, self.template(&key, value, Target::Header)?))
    }

    fn programme(&mut self, step: &Step) -> Option<Programme> {
        let command = self.compiled("text", CommandTemplate::compile(&step.text, &self.names))?;
        self.judge("text", &command.lint(Some(self.moment)));
        let program = PathBuf::from(command.program());
        if let Some(objection) = command::objection(&program, &self.settings.programs) {
            self.fault("text", objection);
        }
        let mut env = Vec::new();
        for (name, text) in &step.env {
            let key = format!("env.{name}");
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                self.fault(&key, "a name is made of letters, digits and `_`");
            }
            // What an argument must not hold, the environment must not either; secrets are fine here.
            if let Some(template) = self.compiled(&key, Template::compile_with(text, Target::Argv, &self.names)) {
                env.push((name.clone(), template));
            }
        }
        Some(Programme { program, command, env })
    }

    /// An address, and the rules that hold for all addresses.
    fn url(&mut self, text: &str, target: Target) -> Option<Template> {
        let template = self.template("text", text, target)?;
        let server = self.settings.fixed.server.as_deref();
        if template.variables().contains(&"SVADDR") && server.is_none() {
            self.fault("text", "{SVADDR} has no value: no server is configured");
        }
        if is_clear_text(text, server) && !self.settings.clear_text {
            self.fault("text", "http:// sends everything in clear text: use https://, or say `clear_text = true`");
        }
        Some(template)
    }

    fn template(&mut self, key: &str, text: &str, target: Target) -> Option<Template> {
        let template = self.compiled(key, Template::compile_with(text, target, &self.names))?;
        self.judge(key, &template.lint(Some(self.moment)));
        Some(template)
    }

    fn compiled<T>(&mut self, key: &str, compiled: Result<T, TemplateError>) -> Option<T> {
        compiled.map_err(|error| self.fault(key, error.to_string())).ok()
    }

    /// What a linter warns of: some of it is a mistake here, the rest is for the doctor.
    fn judge(&mut self, key: &str, warnings: &[Warning]) {
        for warning in warnings {
            let mistake = match warning.lint() {
                Lint::NeverThere | Lint::SecretInArguments => true,
                Lint::SecretInUrl => !self.settings.secrets_in_urls,
                Lint::SecretInClear => !self.settings.clear_text,
                _ => false,
            };
            let found = Fault::new(self.path(key), warning.to_string());
            if mistake { &mut self.faults } else { &mut self.warnings }.push(found);
        }
    }

    /// How the answer is read; its names are there for the steps that follow.
    fn capture(&mut self, settings: &CaptureSettings) -> Option<Capture> {
        let purpose = match self.moment {
            Moment::Authentication => Purpose::Session,
            Moment::Search => Purpose::Search,
            _ => return None,
        };
        if *settings == CaptureSettings::default() {
            return None;
        }
        let mut settings = settings.clone();
        if purpose == Purpose::Search && settings.none.is_none() {
            settings.none = NOBODY.parse().ok();
        }
        match Capture::compile(&settings, purpose) {
            Ok(capture) => {
                self.names = capture.declare(self.names.clone(), self.moment).unwrap_or_else(|_| self.names.clone());
                if purpose == Purpose::Search {
                    self.of_search.extend(capture.names().map(|(name, _)| name.to_owned()));
                }
                Some(capture)
            }
            Err(errors) => {
                for error in errors {
                    self.fault(&format!("answer.{}", error.key()), error.place().to_string());
                }
                None
            }
        }
    }

    fn fault(&mut self, key: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(self.path(key), message));
    }

    fn path(&self, name: &str) -> String {
        format!("{}.{name}", key(self.moment))
    }
}

impl Action {
    /// Every template in it.
    fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Browser(page) => page.form.iter().chain([&page.url]).collect(),
            Self::Http(http) => {
                let body = http.body.iter().map(|(_, template)| template);
                http.headers.iter().map(|(_, template)| template).chain(body).chain([&http.url]).collect()
            }
            Self::Command(programme) => {
                let env = programme.env.iter().map(|(_, template)| template);
                programme.command.arguments().iter().chain(env).collect()
            }
        }
    }
}

/// Address and form of a POST: what stands behind the first `?` is the form.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((url, form)) => (url, Some(form)),
        None => (text, None),
    }
}

/// True if the address would be asked without encryption, and is not on this machine.
fn is_clear_text(text: &str, server: Option<&str>) -> bool {
    let whole = if text.starts_with("{SVADDR}") { server.unwrap_or_default() } else { text };
    let host = whole.find(['{', '?', '#']).map_or(whole, |end| &whole[..end]);
    Url::parse(host).is_ok_and(|url| url.scheme() == "http" && !is_local(&url))
}
