//! Values into a compiled template.

use super::error::ExpandError;
use super::escape::Escape;
use super::functions::Function;
use super::parse::{Expression, Node};
use super::place::Part;
use super::{Template, Undefined, Variables};
use std::borrow::Cow;
use std::fmt;

/// What a secret looks like where a person reads.
const MASK: &str = "***";

/// What a template became. It holds numbers, names and perhaps secrets: it prints as `***`, and only
/// [`Expanded::expose`] shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Expanded {
    text: String,
    secret: bool,
    missing: Vec<String>,
}

impl Expanded {
    pub(super) fn with_room(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ..Self::default() }
    }

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
        f.debug_struct("Expanded").field("text", &MASK).field("secret", &self.secret).finish_non_exhaustive()
    }
}

impl fmt::Display for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// How the values go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Real,
    /// Secrets are masked.
    Preview,
}

/// Writes the expanded template into `out`, whatever was there before.
pub(super) fn expand(
    template: &Template,
    variables: &Variables,
    mode: Mode,
    out: &mut Expanded,
) -> Result<(), ExpandError> {
    out.text.clear();
    out.missing.clear();
    out.secret = false;
    let mut run = Run { template, variables, secret: false, missing: &mut out.missing };
    let mut any_secret = false;
    for part in &template.parts {
        match part {
            Part::Literal(literal) => out.text.push_str(literal),
            Part::Value { value, escape } => {
                // By far the most values are a variable as it is.
                if mode == Mode::Real
                    && let Expression::Variable { slot, known, .. } = &value.expression
                    && let Some(stored) = variables.stored(slot)
                {
                    any_secret |= stored.secret | known.secret;
                    if stored.plain && *escape != Escape::Base {
                        out.text.push_str(&stored.text);
                    } else {
                        write(*escape, &mut out.text, &stored.text, &value.expression)?;
                    }
                    continue;
                }
                run.secret = false;
                let text = run.value(&value.expression)?;
                any_secret |= run.secret;
                if run.secret && mode == Mode::Preview {
                    out.text.push_str(MASK);
                } else {
                    write(*escape, &mut out.text, &text, &value.expression)?;
                }
            }
        }
    }
    out.secret = any_secret;
    Ok(())
}

fn write(escape: Escape, out: &mut String, text: &str, expression: &Expression) -> Result<(), ExpandError> {
    escape.write(out, text).map_err(|refused| refused.named(expression.named()))
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

struct Run<'a, 'm> {
    template: &'a Template,
    variables: &'a Variables,
    secret: bool,
    missing: &'m mut Vec<String>,
}

impl<'a> Run<'a, '_> {
    fn value(&mut self, expression: &Expression) -> Result<Cow<'a, str>, ExpandError> {
        match expression {
            Expression::Variable { name, slot, known } => match self.variables.get(slot) {
                Some((value, secret)) => {
                    self.secret |= secret || known.secret;
                    Ok(value)
                }
                None => self.without_value(name).map(|()| Cow::Borrowed("")),
            },
            Expression::Call { function: Function::Default, arguments } => self.first_that_is_there(arguments),
            Expression::Call { function, arguments } => {
                let texts: Result<Vec<String>, _> = arguments.iter().map(|argument| self.argument(argument)).collect();
                Ok(Cow::Owned(function.apply(&texts?, &self.template.plan)))
            }
        }
    }

    fn argument(&mut self, nodes: &[Node]) -> Result<String, ExpandError> {
        let mut text = String::new();
        for node in nodes {
            match node {
                Node::Literal { text: literal, .. } => text.push_str(literal),
                Node::Value(value) => text.push_str(&self.value(&value.expression)?),
            }
        }
        Ok(text)
    }

    /// `DEFAULT(x,y)`: that `x` has no value is what `y` is for, so it is no error.
    fn first_that_is_there(&mut self, arguments: &[Vec<Node>]) -> Result<Cow<'a, str>, ExpandError> {
        let (known_missing, secret) = (self.missing.len(), self.secret);
        let [first, second] = arguments else { return Ok(Cow::Borrowed("")) };
        match self.argument(first) {
            Ok(text) if !text.is_empty() => return Ok(Cow::Owned(text)),
            Ok(_) | Err(ExpandError::Undefined(_)) => {}
            Err(other) => return Err(other),
        }
        self.missing.truncate(known_missing);
        self.secret = secret;
        self.argument(second).map(Cow::Owned)
    }

    fn without_value(&mut self, name: &str) -> Result<(), ExpandError> {
        if self.template.undefined == Undefined::Error {
            return Err(ExpandError::Undefined(name.to_owned()));
        }
        if !self.missing.iter().any(|known| known == name) {
            self.missing.push(name.to_owned());
        }
        Ok(())
    }
}
