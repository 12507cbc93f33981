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

mod error;
mod escape;
mod expand;
mod functions;
mod json;
mod names;
mod parse;
mod place;
mod url;
mod variables;

#[cfg(test)]
mod tests;

pub use error::{ExpandError, TemplateError};
pub use expand::Expanded;
pub use names::Names;
pub use variables::Variables;

use place::Part;

/// What a template makes, and so how its values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A URL, `http` or `https`. Values stand in path, query and fragment; scheme and host are fixed, except that
    /// `{SVADDR}`, which is configuration, may stand at the very beginning.
    Url,
    /// A body of type `application/x-www-form-urlencoded`.
    FormBody,
    /// A JSON body. Values stand inside strings, and not in the names of fields.
    Json,
    /// The value of an HTTP header: visible ASCII and blanks.
    Header,
    /// One argument of a programme. Its value is one argument and, unless the template says so, no option: hyphens that a
    /// value brings to the beginning of the argument are dropped.
    Argv,
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

/// A template that was found right for its target. See the [module](self).
#[derive(Debug, Clone)]
pub struct Template {
    parts: Vec<Part>,
    undefined: Undefined,
    literal_length: usize,
}

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
        let parts = place::place(text, nodes, target)?;
        let literal_length = parts.iter().map(Part::literal_length).sum();
        Ok(Self { parts, undefined: Undefined::default(), literal_length })
    }

    /// Sets what becomes of variables without a value.
    #[must_use]
    pub fn undefined(mut self, undefined: Undefined) -> Self {
        self.undefined = undefined;
        self
    }

    /// The names of the variables it uses, in order, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.parts.iter().for_each(|part| part.collect_names(&mut names));
        names
    }

    /// True if it uses a variable that is secret by its name. Such a template does not belong into a URL.
    pub fn uses_secret(&self) -> bool {
        self.parts.iter().any(Part::uses_secret)
    }

    /// Puts the values in.
    ///
    /// # Errors
    /// A variable without a value, if that is an [error](Undefined::Error); a value that a header cannot carry; an
    /// `{SVADDR}` that is no base URL. The value itself is never named.
    pub fn expand(&self, variables: &Variables) -> Result<Expanded, ExpandError> {
        expand::expand(&self.parts, self.undefined, self.literal_length, variables)
    }
}
