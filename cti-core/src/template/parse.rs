//! From text to a tree, once. Values are never parsed.

use super::error::TemplateError;
use super::functions::{Function, Parameter};
use super::names::Known;
use super::variables::Slot;
use super::{Names, Target, Template};

/// A piece of a template, with the place in the text where it begins.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Literal { at: usize, text: String },
    Value(Value),
}

/// A piece that gives a value, and where it stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) expression: Expression,
}

/// What gives a value.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    Variable { name: Box<str>, slot: Slot, known: Known },
    Call { function: Function, arguments: Vec<Vec<Node>> },
}

/// How deep functions may nest.
const DEEPEST: usize = 16;

pub(super) fn parse(text: &str, target: Target, names: &Names) -> Result<Vec<Node>, TemplateError> {
    if text.len() > Template::MAX {
        let message = format!("a template has {} bytes at most", Template::MAX);
        return Err(TemplateError::new("", 0, 0, message));
    }
    let mut parser = Parser { text, at: 0, names, json: target == Target::Json, in_string: false };
    parser.sequence(None)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    names: &'a Names,
    json: bool,
    /// In a JSON body: inside a string.
    in_string: bool,
}

/// The call whose arguments are being read.
#[derive(Clone, Copy)]
struct Open {
    function: Function,
    at: usize,
    depth: usize,
    /// True if a comma ends the argument: there is room for another one.
    comma_ends: bool,
}

impl Parser<'_> {
    /// Reads up to the end of the text, or of the argument of the call.
    fn sequence(&mut self, call: Option<Open>) -> Result<Vec<Node>, TemplateError> {
        let (mut nodes, mut brackets) = (Vec::new(), 0usize);
        while let Some(c) = self.text[self.at..].chars().next() {
            let structure = self.json && !self.in_string && call.is_none();
            match c {
                ')' if call.is_some() && brackets == 0 => return Ok(nodes),
                ',' if brackets == 0 && call.is_some_and(|open| open.comma_ends) => return Ok(nodes),
                '(' if call.is_some() => brackets += 1,
                ')' if call.is_some() => brackets -= 1,
                '{' if structure => self.no_value_here()?,
                '}' if structure => {}
                '{' | '}' => {
                    nodes.push(self.brace(c)?);
                    continue;
                }
                '"' if self.json && call.is_none() => self.in_string = !self.in_string,
                // An escaped quote does not end the string.
                '\\' if self.in_string && call.is_none() => {
                    let pair = &self.text[self.at..];
                    if pair.starts_with("\\\"") || pair.starts_with("\\\\") {
                        self.push(&mut nodes, &pair[..2]);
                        continue;
                    }
                }
                _ => {
                    if let Some(node) = self.call(call.map_or(0, |open| open.depth))? {
                        nodes.push(node);
                        continue;
                    }
                }
            }
            let length = c.len_utf8();
            self.push(&mut nodes, &self.text[self.at..self.at + length]);
        }
        match call {
            Some(open) => Err(self
                .error(open.at, open.function.name().len() + 1, "this function is never closed")
                .help("a ) is missing")),
            None => Ok(nodes),
        }
    }

    /// Adds the text at the current place to the last literal.
    fn push(&mut self, nodes: &mut Vec<Node>, piece: &str) {
        match nodes.last_mut() {
            Some(Node::Literal { at, text }) if *at + text.len() == self.at => text.push_str(piece),
            _ => nodes.push(Node::Literal { at: self.at, text: piece.to_owned() }),
        }
        self.at += piece.len();
    }

    /// Reads `{{`, `}}` or `{NAME}`.
    fn brace(&mut self, brace: char) -> Result<Node, TemplateError> {
        let at = self.at;
        let rest = &self.text[at..];
        if rest[1..].starts_with(brace) {
            self.at += 2;
            return Ok(Node::Literal { at, text: brace.to_string() });
        }
        if brace == '}' {
            return Err(self.error(at, 1, "this brace closes nothing").help("write }} for a brace"));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let end = rest[1..].find(|c| !is_name(c)).map_or(rest.len(), |end| end + 1);
        if !rest[end..].starts_with('}') {
            let help = "write {NAME} for a variable, {{ for a brace";
            return Err(self.error(at, end, "this brace begins no variable").help(help));
        }
        let name = &rest[1..end];
        let known = self
            .names
            .find(name)
            .map_err(|help| self.error(at, end + 1, format!("there is no variable {{{name}}}")).help(help))?;
        self.at += end + 1;
        let expression = Expression::Variable { name: name.into(), slot: Slot::of(name), known };
        Ok(Node::Value(Value { at, length: end + 1, expression }))
    }

    /// Reads a call if one begins here.
    fn call(&mut self, depth: usize) -> Result<Option<Node>, TemplateError> {
        let at = self.at;
        let Some((function, length)) = Function::at_start(&self.text[at..]) else { return Ok(None) };
        if self.text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return Ok(None);
        }
        if self.json && !self.in_string && depth == 0 {
            return Err(self.outside_string(at, length));
        }
        if depth == DEEPEST {
            return Err(self.error(at, length, format!("functions nest {DEEPEST} deep at most")));
        }
        self.at += length;
        let arguments = self.arguments(function, at, depth + 1)?;
        self.at += 1;
        let expression = Expression::Call { function, arguments };
        Ok(Some(Node::Value(Value { at, length: self.at - at, expression })))
    }

    /// Reads the arguments, up to the bracket that closes the call.
    fn arguments(&mut self, function: Function, at: usize, depth: usize) -> Result<Vec<Vec<Node>>, TemplateError> {
        let parameters = function.parameters();
        let mut arguments = Vec::with_capacity(parameters.len());
        for (index, parameter) in parameters.iter().enumerate() {
            if index > 0 {
                if !self.text[self.at..].starts_with(',') {
                    let message = format!("{} takes {} arguments", function.name(), parameters.len());
                    return Err(self.error(at, self.at + 1 - at, message).help("they are separated by commas"));
                }
                self.at += 1;
                self.at += self.text[self.at..].len() - self.text[self.at..].trim_start_matches(' ').len();
            }
            let begin = self.at;
            let comma_ends = index + 1 < parameters.len();
            let argument = self.sequence(Some(Open { function, at, depth, comma_ends }))?;
            if *parameter == Parameter::Count && !is_count(&argument) {
                let message = "a number stands here, written out";
                return Err(self.error(begin, (self.at - begin).max(1), message).help("digits only, 9999 at most"));
            }
            arguments.push(argument);
        }
        Ok(arguments)
    }

    /// Refuses `{TEL}` where a JSON body has an object.
    fn no_value_here(&self) -> Result<(), TemplateError> {
        let rest = &self.text[self.at + 1..];
        let name = rest.find('}').map_or("", |end| &rest[..end]);
        let is_variable = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'));
        if is_variable { Err(self.outside_string(self.at, name.len() + 2)) } else { Ok(()) }
    }

    fn outside_string(&self, at: usize, length: usize) -> TemplateError {
        self.error(at, length, "in a JSON body a value stands inside a string").help("put it in quotes")
    }

    fn error(&self, at: usize, length: usize, message: impl Into<String>) -> TemplateError {
        TemplateError::new(self.text, at, length, message)
    }
}

fn is_count(argument: &[Node]) -> bool {
    matches!(argument, [Node::Literal { text, .. }]
        if (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
}
