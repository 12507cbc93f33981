//! Text with variables that cannot be injected: `https://crm.example/find?tel={TEL}`.
//!
//! A [`Template`] is compiled once for the [`Target`] it is meant for. Every value is escaped for the place where it stands,
//! so that no caller name changes the structure of a URL, a form, a JSON body, a header or an argument list; a value is
//! never read as a template again.
//!
//! ```text
//! {NAME}                          a variable; see Names for the known ones
//! MD5(…) SHA256(…)                the hash of the text inside, in upper-case hex
//! LOWERCASE(…) UPPERCASE(…)       the text inside; functions nest: LOWERCASE(MD5({TEL}))
//! HMACSHA256(key,…)               a keyed hash, in upper-case hex
//! BASE64(…) URLENCODE(…)          for receivers that want it
//! DIGITS(…) E164(…) NATIONAL(…)   a number without separators, as +81…, as it is dialled inside the country
//! LAST(…,n) SUBSTR(…,start,n)     the last n characters; n characters after the first `start`
//! REPLACE(…,a,b) DEFAULT(…,b)     b for every a; b if the text is empty. Blanks after a comma do not count
//! {{ }}                           a brace
//! ```
//!
//! In a JSON body the braces of objects are written as they are, and variables stand inside strings: `{"tel": "{TEL}"}`.
//!
//! ```
//! use cti_core::template::{Target, Template, Variables};
//! let template = Template::compile("https://www.google.com/search?q={TEL}", Target::Url).unwrap();
//! let mut variables = Variables::default();
//! variables.set("TEL", "+81 3-1234-5678");
//! let expanded = template.expand(&variables).unwrap();
//! assert_eq!(expanded.expose(), "https://www.google.com/search?q=%2B81%203-1234-5678");
//! assert_eq!(expanded.to_string(), "***");
//! ```

mod command;
mod error;
mod escape;
mod expand;
mod functions;
mod html;
mod json;
mod lint;
mod names;
mod parse;
mod place;
mod salesforce;
mod step;
mod url;
mod variables;
mod version;
mod zone;

#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;

pub use command::CommandTemplate;
pub use error::{ExpandError, TemplateError};
pub use expand::Expanded;
pub use lint::{Lint, Warning};
pub use names::{NameGroup, Names};
pub use salesforce::SalesforceSession;
pub use step::Step;
pub use variables::Variables;
pub use version::{NoVersion, ProductVersion};
pub use zone::{NoZone, Zone};

pub(crate) use names::{is_return_name, nearest};

use crate::number::NumberingPlan;
use expand::Mode;
use place::Part;
use std::fmt;

/// What a template makes, and so how its values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A URL, `http` or `https`. Values stand in path, query and fragment; scheme and host are fixed, except that
    /// `{SVADDR}`, which is configuration, may stand at the very beginning.
    Url,
    /// A URL that a browser opens. As [`Target::Url`], but without secrets: they would stay in its history.
    BrowserUrl,
    /// A body of type `application/x-www-form-urlencoded`.
    FormBody,
    /// A JSON body. Values stand inside strings, and not in the names of fields.
    Json,
    /// The value of an HTTP header: visible ASCII and blanks.
    Header,
    /// One argument of a programme. Its value is one argument and, unless the template says so, no option: hyphens and
    /// slashes that a value brings to the beginning of the argument are dropped.
    Argv,
    /// HTML. Values stand in the text and in quoted attributes that hold only text (`title`, `value`, `data-…`); what
    /// [`Target::DisplayText`] drops is dropped here too.
    Html,
    /// Plain text for a person. Control characters and marks that turn the direction of writing are dropped.
    DisplayText,
}

/// What becomes of a variable that has no value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Undefined {
    /// It is empty, and [`Expanded::missing`] names it.
    #[default]
    Empty,
    /// The expansion fails.
    Error,
}

/// A template that was found right for its target. See the [module](self). `Debug` shows no text of it: it may hold a key.
#[derive(Clone)]
pub struct Template {
    source: Box<str>,
    target: Target,
    parts: Vec<Part>,
    undefined: Undefined,
    plan: NumberingPlan,
    literal_length: usize,
}

/// Room for the values, to be reserved with the fixed text.
const ROOM_FOR_VALUES: usize = 64;

impl Template {
    /// The longest template, in bytes.
    pub const MAX: usize = 64 * 1024;

    /// Compiles a template that uses the built-in names only.
    ///
    /// # Errors
    /// Where and why the text is no template for that target, to be shown to the person who wrote it.
    pub fn compile(text: &str, target: Target) -> Result<Self, TemplateError> {
        Self::compile_with(text, target, &Names::default())
    }

    /// Compiles a template that may also use names of one's own.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn compile_with(text: &str, target: Target, names: &Names) -> Result<Self, TemplateError> {
        let nodes = parse::parse(text, target, names)?;
        let parts = place::place(text, nodes, target, names)?;
        let literal_length = parts.iter().map(Part::literal_length).sum();
        let (source, undefined, plan) = (text.into(), Undefined::default(), names.plan().clone());
        Ok(Self { source, target, parts, undefined, plan, literal_length })
    }

    /// Sets what becomes of variables without a value.
    #[must_use]
    pub fn undefined(mut self, undefined: Undefined) -> Self {
        self.undefined = undefined;
        self
    }

    /// What it makes.
    pub fn target(&self) -> Target {
        self.target
    }

    /// The names of the variables it uses, in order, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.parts {
            part.visit(&mut |used| {
                if !names.contains(&used.name) {
                    names.push(used.name);
                }
            });
        }
        names
    }

    /// True if it uses a variable that is secret by its name. Such a template does not belong into a URL.
    pub fn uses_secret(&self) -> bool {
        let mut found = false;
        self.parts.iter().for_each(|part| part.visit(&mut |used| found |= used.known.secret));
        found
    }

    /// What works and is still not wise; with the step at which it is expanded, also what has never a value then.
    pub fn lint(&self, step: Option<Step>) -> Vec<Warning> {
        lint::lint(self, step)
    }

    /// Puts the values in.
    ///
    /// # Errors
    /// A variable without a value, if that is an [error](Undefined::Error); a value that a header cannot carry; an
    /// `{SVADDR}` that is no base URL. The value itself is never named.
    pub fn expand(&self, variables: &Variables) -> Result<Expanded, ExpandError> {
        let mut out = Expanded::with_room(self.literal_length + ROOM_FOR_VALUES);
        self.expand_into(variables, &mut out)?;
        Ok(out)
    }

    /// Puts the values in, into the memory of an earlier expansion, of which nothing is left. Once that is large enough,
    /// this allocates nothing, unless a function, a date or a missing value is involved.
    ///
    /// # Errors
    /// As [`Template::expand`]; `out` then holds nothing that may be sent.
    ///
    /// ```
    /// use cti_core::template::{Expanded, Target, Template, Variables};
    /// let template = Template::compile("tel={TEL}", Target::FormBody).unwrap();
    /// let (mut variables, mut body) = (Variables::default(), Expanded::default());
    /// for tel in ["110", "03 1234"] {
    ///     variables.set("TEL", tel);
    ///     template.expand_into(&variables, &mut body).unwrap();
    /// }
    /// assert_eq!(body.expose(), "tel=03+1234");
    /// ```
    pub fn expand_into(&self, variables: &Variables, out: &mut Expanded) -> Result<(), ExpandError> {
        let expanded = expand::expand(self, variables, Mode::Real, out);
        if expanded.is_err() {
            *out = Expanded::default();
        }
        expanded
    }

    /// What would be sent, with `***` for every value that is secret or made of a secret: for a trial run before the eyes of
    /// the operator. It holds numbers and names, so it does not belong into a log.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn preview(&self, variables: &Variables) -> Result<String, ExpandError> {
        let mut out = Expanded::default();
        expand::expand(self, variables, Mode::Preview, &mut out)?;
        Ok(out.into_exposed())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.variables();
        f.debug_struct("Template").field("target", &self.target).field("variables", &names).finish_non_exhaustive()
    }
}
