//! What compiles and is still not wise.

use super::error::TemplateError;
use super::escape::Escape;
use super::functions::Function;
use super::parse::Expression;
use super::place::{Part, Use};
use super::step::Step;
use super::{Target, Template};
use std::fmt;

/// Something in a template that works and should not be: it prints like a warning of a compiler.
///
/// ```
/// use cti_core::template::{Lint, Target, Template};
/// let template = Template::compile("https://crm.example/login?key={APW}", Target::Url).unwrap();
/// let warnings = template.lint(None);
/// assert_eq!(warnings[0].lint(), Lint::SecretInUrl);
/// assert_eq!(warnings[0].to_string(), "\
/// warning: a secret in a URL stays in the logs of servers and proxies
///   |
/// 1 | https://crm.example/login?key={APW}
///   |                               ^^^^^ send it in a header or a body");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    lint: Lint,
    place: TemplateError,
}

/// The kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lint {
    /// A secret stands in a URL.
    SecretInUrl,
    /// A secret goes over a connection without encryption.
    SecretInClear,
    /// A secret stands in the arguments of a programme.
    SecretInArguments,
    /// A secret is shown to a person.
    SecretShown,
    /// A secret is only hashed: the hash is as good as the secret.
    HashedSecret,
    /// The variable has never a value at this step.
    NeverThere,
    /// Text of a stranger is an argument of its own.
    BareArgument,
    /// Text of a stranger stands in the path of a file.
    InFilePath,
    /// Text of a stranger stands in a header, which holds ASCII only.
    InHeader,
    /// A value is encoded twice.
    EncodedTwice,
}

impl Warning {
    fn new(lint: Lint, place: TemplateError) -> Self {
        Self { lint, place }
    }

    /// Which kind it is.
    pub fn lint(&self) -> Lint {
        self.lint
    }

    /// What is unwise, in one line.
    pub fn message(&self) -> &str {
        self.place.message()
    }

    /// What to do about it.
    pub fn cure(&self) -> &str {
        self.place.cure()
    }

    /// Where, as line and character, both counted from 1.
    pub fn position(&self) -> (usize, usize) {
        self.place.position()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.write(f, "warning")
    }
}

/// All warnings, in the order of the text.
pub(super) fn lint(template: &Template, step: Option<Step>) -> Vec<Warning> {
    let mut linter = Linter { template, step, before: String::new(), warnings: Vec::new() };
    for part in &template.parts {
        match part {
            Part::Literal(text) => linter.before.push_str(text),
            Part::Value { value, escape } => {
                part.visit(&mut |used| linter.variable(&used));
                if *escape == Escape::Argv {
                    linter.argument(part);
                }
                if let Expression::Call { function: Function::UrlEncode, .. } = value.expression
                    && matches!(escape, Escape::Path | Escape::Query | Escape::Form)
                {
                    let message = "this value is encoded twice";
                    linter.warn(Lint::EncodedTwice, value.at, value.length, message, "leave URLENCODE out");
                }
                // Something stands here: what follows does not begin the argument.
                linter.before.push('x');
            }
        }
    }
    linter.warnings
}

struct Linter<'a> {
    template: &'a Template,
    step: Option<Step>,
    /// The fixed text so far, with an `x` for each value.
    before: String,
    warnings: Vec<Warning>,
}

impl Linter<'_> {
    fn warn(&mut self, lint: Lint, at: usize, length: usize, message: impl Into<String>, help: impl Into<String>) {
        let place = TemplateError::new(&self.template.source, at, length, message).help(help);
        self.warnings.push(Warning::new(lint, place));
    }

    fn variable(&mut self, used: &Use<'_>) {
        if let Some(step) = self.step.filter(|step| !used.known.since.is_possible_at(*step)) {
            let message = format!("{{{}}} has never a value at the step {step}", used.name);
            let help = format!("it has one {}", used.known.since.told());
            self.warn(Lint::NeverThere, used.at, used.length, message, help);
        }
        if used.known.secret {
            self.secret(used);
        }
        let bare_in_header = used.inside.is_none() || used.inside.is_some_and(keeps_text);
        if self.template.target == Target::Header && used.known.free_text && bare_in_header {
            let message = "a header holds visible ASCII only: a Japanese name fails here";
            self.warn(Lint::InHeader, used.at, used.length, message, "write BASE64(…) or URLENCODE(…) around it");
        }
    }

    fn secret(&mut self, used: &Use<'_>) {
        let (at, length) = (used.at, used.length);
        if used.inside.is_some_and(Function::is_plain_hash) {
            let message = "whoever sees the hash of a secret can use it like the secret";
            self.warn(
                Lint::HashedSecret,
                at,
                length,
                message,
                "HMACSHA256(key,text) with a date in the text is better",
            );
        }
        let help = "send it in a header or a body";
        match self.template.target {
            Target::Url | Target::BrowserUrl => {
                self.warn(
                    Lint::SecretInUrl,
                    at,
                    length,
                    "a secret in a URL stays in the logs of servers and proxies",
                    help,
                );
                if is_clear(&self.before) {
                    let message = "a secret over http can be read on the way";
                    self.warn(Lint::SecretInClear, at, length, message, "use https");
                }
            }
            Target::Argv => {
                let message = "a secret among the arguments shows in the list of processes";
                self.warn(
                    Lint::SecretInArguments,
                    at,
                    length,
                    message,
                    "hand it over by standard input or environment",
                );
            }
            Target::DisplayText | Target::Html => {
                self.warn(Lint::SecretShown, at, length, "a secret is shown here", "take it out");
            }
            Target::FormBody | Target::Json | Target::Header => {}
        }
    }

    fn argument(&mut self, part: &Part) {
        let mut strange = None;
        part.visit(&mut |used| {
            if used.known.free_text && strange.is_none() {
                strange = Some((used.at, used.length, used.name.to_owned()));
            }
        });
        let Some((at, length, name)) = strange else { return };
        if self.before.is_empty() {
            let message = format!("{{{name}}} is an argument of its own, and hyphens are dropped from its beginning");
            self.warn(Lint::BareArgument, at, length, message, format!("write --name={{{name}}}, or -- before it"));
        } else if self.before.contains(['/', '\\']) && !self.before.contains("://") {
            let message = "a stranger chooses a part of this path";
            self.warn(Lint::InFilePath, at, length, message, "use {ID}, or MD5(…) around it");
        }
    }
}

/// True for functions that let text other than ASCII through.
fn keeps_text(function: Function) -> bool {
    !function.is_plain_hash() && !matches!(function, Function::HmacSha256 | Function::UrlEncode | Function::Base64)
}

/// True for an address that is neither encrypted nor on this machine.
fn is_clear(before: &str) -> bool {
    let Some(rest) = before.strip_prefix("http://") else { return false };
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    !matches!(host, "localhost" | "127.0.0.1" | "[") // "[::1]" is cut at its first colon
}
