//! From what an operator wrote to what can be carried out; everything that is wrong with it.

use crate::capture::Captures;
use crate::command;
use crate::config::Settings;
use crate::names::{self, FOUND, Known, Moment, SPELLED};
use crate::page::PageTemplate;
use crate::ready::{Action, CommandTemplate, Compiled, HttpTemplate};
use crate::step::{Body, Method, Step};
use cti_core::Fault;
use cti_core::template::{Names, Target, Template};
use cti_http::header::HeaderName;
use cti_http::is_local;
use std::time::Duration;
use url::Url;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// Headers that are ours to write.
const OURS: [&str; 6] = ["host", "content-length", "content-type", "transfer-encoding", "connection", "cookie"];

/// The names that the templates of a step may use: the built-in ones, and what the steps before it captured.
pub(crate) fn known(settings: &Settings, moment: Moment) -> Known {
    let mut names = Names::default().with(SPELLED).unwrap_or_default();
    let mut of_search = Vec::new();
    for earlier in [Moment::Auth, Moment::Search].into_iter().filter(|earlier| *earlier < moment) {
        for captured in settings.step(earlier).into_iter().flat_map(|step| &step.captures) {
            if earlier == Moment::Search {
                of_search.push(captured.name.clone());
                if FOUND.contains(&captured.name.as_str()) {
                    continue;
                }
            }
            // What is wrong with a name is told by the step that captures it.
            names = names::with(names.clone(), &captured.name, captured.secret).unwrap_or(names);
        }
    }
    let (has_account, has_server) = (!settings.accounts.is_empty(), settings.fixed.server.is_some());
    Known { moment, names, has_account, has_server, of_search }
}

/// Compiles one step.
pub(crate) struct Compiler<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) known: Known,
    pub(crate) faults: &'a mut Vec<Fault>,
}

impl Compiler<'_> {
    pub(crate) fn step(mut self, step: &Step) -> Option<Compiled> {
        let before = self.faults.len();
        self.rules(step);
        let action = match step.method {
            Method::BrowserGet | Method::BrowserPost => self.page(step).map(Action::Browser),
            Method::HttpGet | Method::HttpPost => self.http(step).map(Action::Http),
            Method::Command => Some(Action::Command(self.command(step))),
        };
        let captures = Captures::compile(step, &mut |key, message| self.fault(key, message));
        let timeout = step.timeout.unwrap_or(self.settings.timeout);
        let (action, captures) = (action?, captures?);
        let needs_search = action.templates().into_iter().any(|template| self.known.needs_search(template));
        let (delay, only_if_answered) = (step.delay, step.only_if_answered);
        let compiled = Compiled { action, captures, timeout, delay, only_if_answered, needs_search };
        (self.faults.len() == before).then_some(compiled)
    }

    fn rules(&mut self, step: &Step) {
        let moment = self.known.moment;
        let asks = moment <= Moment::Search;
        if asks && step.method.is_browser() {
            self.fault(
                "method",
                "the answer is needed, and a browser keeps it to itself: use http_get, http_post or command",
            );
        }
        if !asks && (!step.captures.is_empty() || step.each.is_some()) {
            self.fault("captures", "only the answers of auth and search are read");
        }
        if moment == Moment::Search && step.captures.is_empty() {
            self.fault("captures", "missing: what of the answer is the customer: COMPANY, NAME, EXT_ID");
        }
        for captured in step.captures.iter().filter(|_| asks) {
            let of_search = moment == Moment::Search && FOUND.contains(&captured.name.as_str());
            if let Some(error) = names::with(Names::default(), &captured.name, false).err().filter(|_| !of_search) {
                self.fault(&format!("captures.{}", captured.name), error.message());
            }
        }
        if step.delay > Duration::ZERO && moment != Moment::Answer {
            self.fault("delay_seconds", "is a setting of the step answer");
        }
        if step.only_if_answered && moment != Moment::HangUp {
            self.fault("only_if_answered", "is a setting of the step hang_up");
        }
        if step.body.is_some() && step.method != Method::HttpPost {
            self.fault("body", "is a setting of http_post");
        }
        if !step.headers.is_empty() && !matches!(step.method, Method::HttpGet | Method::HttpPost) {
            self.fault("headers", "are a setting of http_get and http_post");
        }
        if step.method != Method::Command && (!step.args.is_empty() || !step.env.is_empty()) {
            self.fault("args", "are a setting of command");
        }
        if step.timeout.unwrap_or(self.settings.timeout).is_zero() {
            self.fault("timeout_seconds", "must be more than 0");
        }
    }

    fn page(&mut self, step: &Step) -> Option<PageTemplate> {
        let (url, form) = match step.method {
            Method::BrowserPost => split(&step.url),
            _ => (step.url.as_str(), None),
        };
        let is_form = step.method == Method::BrowserPost;
        let form = is_form.then(|| self.template("url", form.unwrap_or_default(), Target::FormBody));
        let url = self.url(url)?;
        let form = match form {
            Some(form) => Some(form?),
            None => None,
        };
        if form.as_ref().is_some_and(Template::uses_secret) {
            self.fault("url", "a secret would be handed to the agent's browser");
        }
        Some(PageTemplate { url, form })
    }

    fn http(&mut self, step: &Step) -> Option<HttpTemplate> {
        let post = step.method == Method::HttpPost;
        let (url, body) = match (&step.body, post) {
            (None, true) => {
                let (url, form) = split(&step.url);
                (url, Some((FORM, "url", form.unwrap_or_default(), Target::FormBody)))
            }
            (Some(Body::Form(text)), true) => {
                (step.url.as_str(), Some((FORM, "form", text.as_str(), Target::FormBody)))
            }
            (Some(Body::Json(text)), true) => (step.url.as_str(), Some((JSON, "json", text.as_str(), Target::Json))),
            (_, false) => (step.url.as_str(), None),
        };
        let url = self.url(url);
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

    fn command(&mut self, step: &Step) -> CommandTemplate {
        if let Some(objection) = command::objection(&step.program, &self.settings.programs) {
            self.fault("program", objection);
        }
        let mut args = Vec::new();
        for (index, text) in step.args.iter().enumerate() {
            let key = format!("args[{index}]");
            if let Some(template) = self.template(&key, text, Target::Argv) {
                if template.uses_secret() {
                    self.fault(
                        &key,
                        "everybody on the machine can read the arguments of a programme: use `env` for secrets",
                    );
                }
                args.push(template);
            }
        }
        let mut env = Vec::new();
        for (name, text) in &step.env {
            let key = format!("env.{name}");
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                self.fault(&key, "a name is made of letters, digits and `_`");
            }
            if let Some(template) = self.template(&key, text, Target::Argv) {
                env.push((name.clone(), template));
            }
        }
        CommandTemplate { program: step.program.clone(), args, env }
    }

    /// An address, and the rules that hold for all addresses.
    fn url(&mut self, text: &str) -> Option<Template> {
        let template = self.template("url", text, Target::Url)?;
        if template.uses_secret() && !self.settings.secrets_in_urls {
            let why = "proxies and logs see what stands in an address: send the secret in a body or a header, or say `secrets_in_urls = true`";
            self.fault("url", why);
        }
        if is_clear_text(text, self.settings.fixed.server.as_deref()) && !self.settings.clear_text {
            self.fault("url", "http:// sends everything in clear text: use https://, or say `clear_text = true`");
        }
        Some(template)
    }

    fn template(&mut self, key: &str, text: &str, target: Target) -> Option<Template> {
        match Template::compile_with(text, target, &self.known.names) {
            Ok(template) => {
                let path = self.path(key);
                self.faults.extend(self.known.check(&path, &template));
                Some(template)
            }
            Err(error) => {
                self.fault(key, error.to_string());
                None
            }
        }
    }

    fn fault(&mut self, key: &str, message: impl Into<String>) {
        let path = self.path(key);
        self.faults.push(Fault::new(path, message));
    }

    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.known.moment.name())
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
            Self::Command(command) => {
                command.args.iter().chain(command.env.iter().map(|(_, template)| template)).collect()
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
    let whole = match text.strip_prefix("{SVADDR}") {
        Some(_) => server.unwrap_or_default(),
        None => text,
    };
    let host = whole.find(['{', '?', '#']).map_or(whole, |end| &whole[..end]);
    Url::parse(host).is_ok_and(|url| url.scheme() == "http" && !is_local(&url))
}
