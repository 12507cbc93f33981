//! Values into a compiled template.

use super::error::ExpandError;
use super::parse::{Expression, Node};
use super::place::Part;
use super::{Undefined, Variables};
use std::borrow::Cow;
use std::fmt;

/// Room for the values, to be reserved with the fixed text.
const ROOM_FOR_VALUES: usize = 64;

/// What a template became. It holds numbers, names and perhaps secrets: it prints as `***`, and only
/// [`Expanded::expose`] shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Expanded {
    text: String,
    secret: bool,
    missing: Vec<String>,
}

impl Expanded {
    /// The text, to be sent where the template was compiled for.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The text, given away.
    pub fn into_exposed(self) -> String {
        self.text
    }

    /// True if a secret is in it, or was hashed into it.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The variables that had no value and were left empty.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

impl fmt::Debug for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expanded").field("text", &"***").field("secret", &self.secret).finish_non_exhaustive()
    }
}

impl fmt::Display for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub(super) fn expand(
    parts: &[Part],
    undefined: Undefined,
    literal_length: usize,
    variables: &Variables,
) -> Result<Expanded, ExpandError> {
    let mut run = Run { variables, undefined, secret: false, missing: Vec::new() };
    let mut text = String::with_capacity(literal_length + ROOM_FOR_VALUES);
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Value { expression, escape } => {
                let value = run.value(expression)?;
                escape.write(&mut text, &value, expression.named())?;
            }
        }
    }
    Ok(Expanded { text, secret: run.secret, missing: run.missing })
}

impl Expression {
    /// What an error calls it.
    fn named(&self) -> &str {
        match self {
            Self::Variable { name, .. } => name,
            Self::Call { function, .. } => function.name(),
        }
    }
}

struct Run<'a> {
    variables: &'a Variables,
    undefined: Undefined,
    secret: bool,
    missing: Vec<String>,
}

impl<'a> Run<'a> {
    fn value(&mut self, expression: &Expression) -> Result<Cow<'a, str>, ExpandError> {
        match expression {
            Expression::Variable { name, secret } => self.variable(name, *secret),
            Expression::Call { function, body } => {
                let mut inside = String::new();
                for node in body {
                    match node {
                        Node::Literal { text, .. } => inside.push_str(text),
                        Node::Value { expression, .. } => inside.push_str(&self.value(expression)?),
                    }
                }
                Ok(Cow::Owned(function.apply(&inside)))
            }
        }
    }

    fn variable(&mut self, name: &str, secret_by_name: bool) -> Result<Cow<'a, str>, ExpandError> {
        match (self.variables.get(name), self.undefined) {
            (Some((value, secret)), _) => {
                self.secret |= secret || secret_by_name;
                Ok(value)
            }
            (None, Undefined::Error) => Err(ExpandError::Undefined(name.to_owned())),
            (None, Undefined::Empty) => {
                if !self.missing.iter().any(|known| known == name) {
                    self.missing.push(name.to_owned());
                }
                Ok(Cow::Borrowed(""))
            }
        }
    }
}
