//! Paths into JSON: the part of RFC 9535 that names and lists need, and pointers (RFC 6901).
//!
//! Written here because the rest of RFC 9535 is not wanted: descents (`..`) and filters with functions make the time depend
//! on more than the length of the answer, which a stranger chooses.

use crate::template::TemplateError;
use serde_json::Value;

/// The longest path, in bytes.
const LONGEST: usize = 1024;

/// A path that was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `.name`, `['name']`
    Name(String),
    /// `[0]`; from the end, `[-1]`
    Index(i32),
    /// A step of a pointer: a name, or an index where the value is a list.
    Either(String),
    /// `[*]`, `.*`
    All,
    /// `[?@.kind=='mobile']`
    Where { name: String, equal: bool, value: Value },
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST {
            return Err(TemplateError::new("", 0, 0, format!("a path has {LONGEST} bytes at most")));
        }
        if text.starts_with('/') {
            return Ok(Self::pointer(text));
        }
        let mut parser = Parser { text, at: 0 };
        if !parser.eat("$") {
            return Err(parser.error("a path begins with $").help("write $.name, $.list[0].name or /list/0/name"));
        }
        let mut segments = Vec::new();
        while parser.at < text.len() {
            segments.push(parser.segment()?);
        }
        Ok(Self(segments))
    }

    fn pointer(text: &str) -> Self {
        let step = |step: &str| Segment::Either(step.replace("~1", "/").replace("~0", "~"));
        Self(text[1..].split('/').map(step).collect())
    }

    /// Everything the path leads to, in order.
    pub(super) fn select<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![root];
        for segment in &self.0 {
            found = found.into_iter().flat_map(|value| segment.of(value)).collect();
        }
        found
    }
}

impl Segment {
    fn of<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Name(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => element(value, *index).into_iter().collect(),
            Self::Either(step) => {
                let index = || step.parse().ok().and_then(|index| element(value, index));
                value.get(step).or_else(index).into_iter().collect()
            }
            Self::All => children(value),
            Self::Where { name, equal, value: wanted } => {
                let fits = |child: &&Value| child.get(name).is_some_and(|found| (found == wanted) == *equal);
                children(value).into_iter().filter(fits).collect()
            }
        }
    }
}

fn element(value: &Value, index: i32) -> Option<&Value> {
    let list = value.as_array()?;
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { list.get(list.len().checked_sub(distance)?) } else { list.get(distance) }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn eat(&mut self, expected: &str) -> bool {
        let there = self.rest().starts_with(expected);
        if there {
            self.at += expected.len();
        }
        there
    }

    fn error(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::new(self.text, self.at, 1, message)
    }

    fn segment(&mut self) -> Result<Segment, TemplateError> {
        if self.rest().starts_with("..") {
            return Err(self.error("a path has no ..").help("write every name on the way out"));
        }
        if self.eat(".") {
            return if self.eat("*") { Ok(Segment::All) } else { self.name().map(Segment::Name) };
        }
        if !self.eat("[") {
            return Err(self.error("here a . or a [ is expected"));
        }
        let segment = self.bracket()?;
        if self.eat("]") { Ok(segment) } else { Err(self.error("here a ] is expected")) }
    }

    fn bracket(&mut self) -> Result<Segment, TemplateError> {
        match self.rest().chars().next() {
            Some('*') => {
                self.at += 1;
                Ok(Segment::All)
            }
            Some('\'' | '"') => self.quoted().map(Segment::Name),
            Some('?') => {
                self.at += 1;
                self.filter()
            }
            _ => {
                let end = self.rest().find(']').unwrap_or(self.rest().len());
                let index = self.rest()[..end].parse().map_err(|_| {
                    self.error("this is no index").help("write [0], [-1], [*], ['name'] or [?@.name=='value']")
                })?;
                self.at += end;
                Ok(Segment::Index(index))
            }
        }
    }

    fn name(&mut self) -> Result<String, TemplateError> {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
        let length = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        if length == 0 {
            return Err(self.error("here a name is missing").help("other characters need quotes: ['full name']"));
        }
        let name = self.rest()[..length].to_owned();
        self.at += length;
        Ok(name)
    }

    /// Reads a text in single or double quotes; a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<String, TemplateError> {
        let begin = self.at;
        let (mut text, mut escaped) = (String::new(), false);
        let mut characters = self.rest().char_indices();
        let quote = characters.next().map(|(_, quote)| quote);
        for (offset, c) in characters {
            match c {
                c if escaped => {
                    text.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                c if Some(c) == quote => {
                    self.at += offset + c.len_utf8();
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(TemplateError::new(self.text, begin, 1, "this quote is never closed"))
    }

    /// Reads `@.kind=='mobile'`.
    fn filter(&mut self) -> Result<Segment, TemplateError> {
        let help = "write [?@.name=='value'] or [?@.name!='value']";
        if !self.eat("@") {
            return Err(self.error("here @ is expected").help(help));
        }
        let name = if self.eat("['") {
            self.at -= 1;
            let name = self.quoted()?;
            if !self.eat("]") {
                return Err(self.error("here a ] is expected"));
            }
            name
        } else if self.eat(".") {
            self.name()?
        } else {
            return Err(self.error("here a name is expected").help(help));
        };
        let equal = if self.eat("==") {
            true
        } else if self.eat("!=") {
            false
        } else {
            return Err(self.error("here == or != is expected").help(help));
        };
        let value = self.literal()?;
        Ok(Segment::Where { name, equal, value })
    }

    fn literal(&mut self) -> Result<Value, TemplateError> {
        if self.rest().starts_with(['\'', '"']) {
            return self.quoted().map(Value::String);
        }
        let end = self.rest().find(']').unwrap_or(self.rest().len());
        let value = serde_json::from_str::<Value>(&self.rest()[..end])
            .ok()
            .filter(|value| !value.is_array() && !value.is_object())
            .ok_or_else(|| self.error("here a text in quotes, a number, true, false or null is expected"))?;
        self.at += end;
        Ok(value)
    }
}
