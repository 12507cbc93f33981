//! Errors of templates, printed like those of a compiler.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// Where and why a text is no template.
///
/// ```
/// use cti_core::template::{Target, Template};
/// let error = Template::compile("https://crm.example/?tel={TELL}", Target::Url).unwrap_err();
/// assert_eq!(error.to_string(), "\
/// error: there is no variable {TELL}
///   |
/// 1 | https://crm.example/?tel={TELL}
///   |                          ^^^^^^ did you mean {TEL}?");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    message: String,
    help: String,
    offset: usize,
    line: usize,
    /// The line of the template, and what of it is wrong, as byte range.
    source: String,
    marked: (usize, usize),
}

impl TemplateError {
    /// An error about the bytes from `offset` on; what would cut a character or the text is widened or shortened.
    pub(crate) fn new(text: &str, offset: usize, length: usize, message: impl Into<String>) -> Self {
        let boundary = |at: &usize| text.is_char_boundary(*at);
        let offset = (0..=offset.min(text.len())).rev().find(boundary).unwrap_or(0);
        let marked_end = (offset + length..text.len()).find(boundary).unwrap_or(text.len());
        let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
        Self(Box::new(Inner {
            message: message.into(),
            help: String::new(),
            offset,
            line: text[..offset].matches('\n').count() + 1,
            source: text[start..end].to_owned(),
            marked: (offset - start, marked_end.min(end) - start),
        }))
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = help.into();
        self
    }

    /// The same error in a text of which this one was a part; `place` tells where a byte of the part stands.
    pub(super) fn moved(&self, text: &str, place: impl Fn(usize) -> usize) -> Self {
        let (start, end) = (self.0.offset, self.0.offset + self.0.marked.1 - self.0.marked.0);
        let length = place(end).saturating_sub(place(start));
        Self::new(text, place(start), length, self.message()).help(self.cure())
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it; may be empty.
    pub fn cure(&self) -> &str {
        &self.0.help
    }

    /// Where, as a byte offset into the template.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Where, as line and character, both counted from 1.
    pub fn position(&self) -> (usize, usize) {
        (self.0.line, self.0.source[..self.0.marked.0].chars().count() + 1)
    }
}

impl TemplateError {
    /// Prints it as an error or a warning.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, kind: &str) -> fmt::Result {
        let Inner { message, help, line, source, marked: (start, end), .. } = &*self.0;
        let shown: String = source.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let blanks = " ".repeat(columns(&source[..*start]));
        let carets = "^".repeat(columns(&source[*start..*end]).max(1));
        writeln!(f, "{kind}: {message}\n{margin} |\n{number} | {shown}")?;
        write!(f, "{margin} | {}", format!("{blanks}{carets} {help}").trim_end())
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "error")
    }
}

impl std::error::Error for TemplateError {}

impl From<TemplateError> for Error {
    /// One line, without the text of the template: it may hold a key.
    fn from(error: TemplateError) -> Self {
        let (line, character) = error.position();
        let cure = if error.cure().is_empty() { String::new() } else { format!("; {}", error.cure()) };
        Self::new(ErrorKind::ConfigInvalid, format!("{}{cure}", error.message()))
            .with("line", line)
            .with("character", character)
    }
}

/// How many columns a terminal uses for a text: Chinese, Japanese and Korean characters take two.
fn columns(text: &str) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd);
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// Why a template could not be expanded. No value is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// The variable has no value, and that was asked to be an error.
    #[error("the variable {{{0}}} has no value")]
    Undefined(String),
    /// The value holds what a header cannot carry.
    #[error("the value of {0} cannot stand in a header: only visible ASCII and blanks can")]
    NotForHeader(String),
    /// `{SVADDR}` is no base URL.
    #[error("{{SVADDR}} is not an address such as https://pbx.example:8000/")]
    NotABase,
}

impl From<ExpandError> for Error {
    fn from(error: ExpandError) -> Self {
        Self::new(ErrorKind::Rejected, error.to_string())
    }
}
