//! Where the values of a URL stand.

use super::error::TemplateError;
use super::escape::{Escape, literal_in_url};
use super::parse::{Expression, Node, Value};
use super::place::Part;
use url::Url;

/// The part of a URL that has been reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    Start,
    Host,
    Path,
    /// Query or fragment.
    Query,
}

pub(super) fn place(text: &str, nodes: Vec<Node>) -> Result<Vec<Part>, TemplateError> {
    let mut places = Places { text, reached: Reached::Start, segment: Segment::default(), parts: Vec::new() };
    for node in nodes {
        match node {
            Node::Literal { at, text } => places.literal(at, &text)?,
            Node::Value(value) => places.value(value)?,
        }
    }
    places.finish()
}

struct Places<'a> {
    text: &'a str,
    reached: Reached,
    segment: Segment,
    parts: Vec<Part>,
}

/// What a path segment is made of.
#[derive(Default)]
struct Segment {
    literal: String,
    value: Option<(usize, usize)>,
}

impl Places<'_> {
    fn literal(&mut self, at: usize, literal: &str) -> Result<(), TemplateError> {
        let mut rest = literal;
        if self.reached == Reached::Start {
            rest = &rest[self.scheme(at, literal)?..];
            self.reached = Reached::Host;
        }
        if self.reached == Reached::Host {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            self.host(at + literal.len() - rest.len(), &rest[..end])?;
            rest = &rest[end..];
        }
        if rest.is_empty() {
            return Ok(());
        }
        let at = at + literal.len() - rest.len();
        self.follow(rest)?;
        self.parts.push(Part::Literal(literal_in_url(self.text, at, rest)?));
        Ok(())
    }

    /// How long the scheme is, with its slashes.
    fn scheme(&mut self, at: usize, literal: &str) -> Result<usize, TemplateError> {
        let starts_with = |scheme: &str| literal.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
        let Some(scheme) = ["https://", "http://"].into_iter().find(|scheme| starts_with(scheme)) else {
            return Err(self.no_scheme(at, 1));
        };
        if literal[scheme.len()..].is_empty() || literal[scheme.len()..].starts_with(['/', '?', '#', '\\']) {
            let at = at + scheme.len();
            return Err(TemplateError::new(self.text, at, 1, "the host is missing")
                .help("it is written out: no value can stand here"));
        }
        self.parts.push(Part::Literal(scheme.to_owned()));
        Ok(scheme.len())
    }

    fn host(&mut self, at: usize, host: &str) -> Result<(), TemplateError> {
        let wrong = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '{' | '}' | '%');
        if let Some((offset, c)) = host.char_indices().find(|&(_, c)| wrong(c)) {
            return Err(TemplateError::new(self.text, at + offset, c.len_utf8(), "this cannot stand in a host"));
        }
        self.parts.push(Part::Literal(host.to_owned()));
        Ok(())
    }

    /// Follows the parts of the URL through fixed text.
    fn follow(&mut self, literal: &str) -> Result<(), TemplateError> {
        for c in literal.chars() {
            match (self.reached, c) {
                (Reached::Query, _) => {}
                (_, '?' | '#') => {
                    self.end_segment()?;
                    self.reached = Reached::Query;
                }
                (_, '/') => {
                    self.end_segment()?;
                    self.reached = Reached::Path;
                }
                (_, c) => self.segment.literal.push(c),
            }
        }
        Ok(())
    }

    /// A segment of fixed dots and values could come out as `.` or `..`, which climbs.
    fn end_segment(&mut self) -> Result<(), TemplateError> {
        let Segment { literal, value } = std::mem::take(&mut self.segment);
        let dots = literal.to_ascii_lowercase().replace("%2e", ".");
        match value {
            Some((at, length)) if !dots.is_empty() && dots.bytes().all(|byte| byte == b'.') => {
                Err(TemplateError::new(self.text, at, length, "a path segment cannot be made of dots and a value")
                    .help("the whole could come out as .."))
            }
            _ => Ok(()),
        }
    }

    fn value(&mut self, value: Value) -> Result<(), TemplateError> {
        let (at, length) = (value.at, value.length);
        let escape = match self.reached {
            Reached::Start => {
                if !matches!(&value.expression, Expression::Variable { name, .. } if &**name == "SVADDR") {
                    return Err(self.no_scheme(at, length));
                }
                self.reached = Reached::Path;
                Escape::Base
            }
            Reached::Host => {
                return Err(TemplateError::new(self.text, at, length, "no value can stand in the host of a URL")
                    .help("a caller could choose the server"));
            }
            Reached::Path => {
                self.segment.value = Some((at, length));
                Escape::Path
            }
            Reached::Query => Escape::Query,
        };
        self.parts.push(Part::Value { value, escape });
        Ok(())
    }

    fn no_scheme(&self, at: usize, length: usize) -> TemplateError {
        TemplateError::new(self.text, at, length, "a URL begins with http:// or https://")
            .help("only {SVADDR} may stand in front instead")
    }

    fn finish(mut self) -> Result<Vec<Part>, TemplateError> {
        if self.reached == Reached::Start {
            return Err(self.no_scheme(0, 0));
        }
        self.end_segment()?;
        let sample = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Value { escape: Escape::Base, .. } => "https://sv.invalid/".to_owned(),
            Part::Value { .. } => "x".to_owned(),
        };
        let url: String = self.parts.iter().map(sample).collect();
        match Url::parse(&url) {
            Ok(_) => Ok(self.parts),
            Err(error) => Err(TemplateError::new(self.text, 0, self.text.len(), format!("this is no URL: {error}"))),
        }
    }
}
