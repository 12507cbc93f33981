//! From the tree to parts that know how they are escaped.

use super::error::TemplateError;
use super::escape::{Escape, literal_in_form};
use super::parse::{Expression, Node};
use super::{Target, json, url};

/// A piece of a compiled template.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Goes out as it is.
    Literal(String),
    /// Goes out escaped.
    Value { expression: Expression, escape: Escape },
}

impl Part {
    pub(super) fn literal_length(&self) -> usize {
        match self {
            Self::Literal(text) => text.len(),
            Self::Value { .. } => 0,
        }
    }

    pub(super) fn collect_names<'a>(&'a self, names: &mut Vec<&'a str>) {
        if let Self::Value { expression, .. } = self {
            expression.visit(&mut |name, _| {
                if !names.contains(&name) {
                    names.push(name);
                }
            });
        }
    }

    pub(super) fn uses_secret(&self) -> bool {
        let mut found = false;
        if let Self::Value { expression, .. } = self {
            expression.visit(&mut |_, secret| found |= secret);
        }
        found
    }
}

impl Expression {
    /// Shows every variable in it, and whether it is secret.
    fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a str, bool)) {
        match self {
            Self::Variable { name, secret } => see(name, *secret),
            Self::Call { body, .. } => {
                for node in body {
                    if let Node::Value { expression, .. } = node {
                        expression.visit(see);
                    }
                }
            }
        }
    }
}

pub(super) fn place(text: &str, nodes: Vec<Node>, target: Target) -> Result<Vec<Part>, TemplateError> {
    match target {
        Target::Url => url::place(text, nodes),
        Target::Json => json::place(text, nodes),
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

/// Parts that are all escaped alike.
fn each(
    nodes: Vec<Node>,
    escape: Escape,
    literal: impl Fn(usize, String) -> Result<String, TemplateError>,
) -> Result<Vec<Part>, TemplateError> {
    let part = |node| match node {
        Node::Literal { at, text } => literal(at, text).map(Part::Literal),
        Node::Value { expression, .. } => Ok(Part::Value { expression, escape }),
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
