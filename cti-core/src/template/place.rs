//! From the tree to parts that know how they are escaped.

use super::error::TemplateError;
use super::escape::{Escape, literal_in_form};
use super::parse::{Expression, Node, Value};
use super::{Names, Target, html, json, url};

/// A piece of a compiled template.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Goes out as it is.
    Literal(String),
    /// Goes out escaped.
    Value { value: Value, escape: Escape },
}

/// A variable where it stands: the value, and the function right around it.
pub(super) struct Use<'a> {
    pub(super) name: &'a str,
    pub(super) known: super::names::Known,
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) inside: Option<super::functions::Function>,
}

impl Part {
    pub(super) fn literal_length(&self) -> usize {
        match self {
            Self::Literal(text) => text.len(),
            Self::Value { .. } => 0,
        }
    }

    /// Shows every variable in it.
    pub(super) fn visit<'a>(&'a self, see: &mut dyn FnMut(Use<'a>)) {
        if let Self::Value { value, .. } = self {
            value.visit(None, see);
        }
    }
}

impl Value {
    fn visit<'a>(&'a self, inside: Option<super::functions::Function>, see: &mut dyn FnMut(Use<'a>)) {
        match &self.expression {
            Expression::Variable { name, known, .. } => {
                see(Use { name, known: *known, at: self.at, length: self.length, inside });
            }
            Expression::Call { function, arguments } => {
                for node in arguments.iter().flatten() {
                    if let Node::Value(value) = node {
                        value.visit(Some(*function), see);
                    }
                }
            }
        }
    }
}

pub(super) fn place(text: &str, nodes: Vec<Node>, target: Target, names: &Names) -> Result<Vec<Part>, TemplateError> {
    match target {
        Target::Url => url::place(text, nodes),
        Target::BrowserUrl => {
            let parts = url::place(text, nodes)?;
            if names.secrets_in_urls() { Ok(parts) } else { without_secrets(text, parts) }
        }
        Target::Json => json::place(text, nodes),
        Target::Html => html::place(text, nodes),
        Target::FormBody => each(nodes, Escape::Form, |at, literal| literal_in_form(text, at, literal)),
        Target::Header => each(nodes, Escape::Header, |at, literal| {
            refuse(text, at, literal, |c| !matches!(c, ' '..='~'), "a header holds visible ASCII and blanks only")
        }),
        Target::Argv => each(nodes, Escape::Argv, |at, literal| {
            refuse(text, at, literal, |c| c == '\0', "an argument holds no NUL")
        }),
        Target::DisplayText => each(nodes, Escape::Display, |_, literal| Ok(literal)),
    }
}

fn without_secrets(text: &str, parts: Vec<Part>) -> Result<Vec<Part>, TemplateError> {
    let mut secret = None;
    parts.iter().for_each(|part| {
        part.visit(&mut |used| {
            if used.known.secret && secret.is_none() {
                secret = Some((used.at, used.length, used.name));
            }
        });
    });
    let Some((at, length, name)) = secret else { return Ok(parts) };
    let message = format!("the secret {{{name}}} cannot stand in a URL that a browser opens");
    Err(TemplateError::new(text, at, length, message)
        .help("it would stay in the history: send it by an internal request, in a header or a body"))
}

/// Parts that are all escaped alike.
fn each(
    nodes: Vec<Node>,
    escape: Escape,
    literal: impl Fn(usize, String) -> Result<String, TemplateError>,
) -> Result<Vec<Part>, TemplateError> {
    let part = |node| match node {
        Node::Literal { at, text } => literal(at, text).map(Part::Literal),
        Node::Value(value) => Ok(Part::Value { value, escape }),
    };
    nodes.into_iter().map(part).collect()
}

fn refuse(
    text: &str,
    at: usize,
    literal: String,
    wrong: impl Fn(char) -> bool,
    message: &str,
) -> Result<String, TemplateError> {
    match literal.char_indices().find(|&(_, c)| wrong(c)) {
        Some((offset, c)) => Err(TemplateError::new(text, at + offset, c.len_utf8(), message)),
        None => Ok(literal),
    }
}
