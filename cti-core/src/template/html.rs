//! Where the values of an HTML text stand.

use super::error::TemplateError;
use super::escape::Escape;
use super::parse::Node;
use super::place::Part;

/// The part of an HTML text that has been reached.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reached {
    /// Between tags.
    Text,
    /// After a `<`: the name of the tag so far.
    TagName(String),
    /// In a tag, before, in or after the name of an attribute: that name.
    Attribute { tag: String, name: String },
    /// After `=`, before the value.
    Equals { tag: String, name: String },
    /// In a quoted value.
    Quoted { tag: String, name: String, quote: char },
    /// In a value without quotes.
    Bare { tag: String },
    /// In a comment: the last two characters.
    Comment([char; 2]),
    /// In `<!DOCTYPE …>`.
    Declaration,
    /// In an element whose text is no HTML: its name, and what has been read since the last `<`.
    Raw { element: String, since: String },
}

/// Elements whose text is code or style: nothing that is escaped for HTML is safe there.
const RAW: [&str; 8] = ["script", "style", "iframe", "noembed", "noframes", "noscript", "xmp", "plaintext"];

/// Attributes in which a value is only text. In others it could be an address, a script or a style.
const TEXT_ATTRIBUTES: [&str; 6] = ["title", "alt", "value", "placeholder", "label", "lang"];

pub(super) fn place(text: &str, nodes: Vec<Node>) -> Result<Vec<Part>, TemplateError> {
    let mut reached = Reached::Text;
    let mut parts = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Literal { text: literal, .. } => {
                reached = literal.chars().fold(reached, Reached::after);
                parts.push(Part::Literal(literal));
            }
            Node::Value(value) => {
                reached.allow(text, value.at, value.length)?;
                parts.push(Part::Value { value, escape: Escape::Html });
            }
        }
    }
    if reached == Reached::Text {
        return Ok(parts);
    }
    Err(TemplateError::new(text, text.len(), 0, "the HTML ends within a tag, a comment or a script")
        .help("close it; write &lt; for the sign <"))
}

impl Reached {
    fn after(self, c: char) -> Self {
        let blank = c.is_ascii_whitespace();
        match self {
            Self::Text if c == '<' => Self::TagName(String::new()),
            Self::Text => Self::Text,
            Self::TagName(name) => Self::in_tag_name(name, c),
            Self::Attribute { tag, .. } if c == '>' => Self::after_tag(tag),
            Self::Attribute { tag, name } if c == '=' && !name.is_empty() => {
                Self::Equals { tag, name: name.trim().to_owned() }
            }
            Self::Attribute { tag, name } => {
                // A blank or slash ends the name; `=` may still follow the blank.
                let begins_anew = name.ends_with([' ', '/']) && !blank;
                let mut name = if begins_anew { String::new() } else { name };
                name.push(if blank { ' ' } else { c.to_ascii_lowercase() });
                Self::Attribute { tag, name }
            }
            Self::Equals { tag, name } if blank => Self::Equals { tag, name },
            Self::Equals { tag, name } if matches!(c, '"' | '\'') => Self::Quoted { tag, name, quote: c },
            Self::Equals { tag, .. } if c == '>' => Self::after_tag(tag),
            Self::Equals { tag, .. } => Self::Bare { tag },
            Self::Quoted { tag, quote, .. } if c == quote => Self::Attribute { tag, name: " ".to_owned() },
            Self::Quoted { .. } => self,
            Self::Bare { tag } if c == '>' => Self::after_tag(tag),
            Self::Bare { tag } if blank => Self::Attribute { tag, name: " ".to_owned() },
            Self::Bare { tag } => Self::Bare { tag },
            Self::Comment(['-', '-']) if c == '>' => Self::Text,
            Self::Comment([_, last]) => Self::Comment([last, c]),
            Self::Declaration if c == '>' => Self::Text,
            Self::Declaration => Self::Declaration,
            Self::Raw { element, since } => Self::in_raw(element, since, c),
        }
    }

    fn in_tag_name(mut name: String, c: char) -> Self {
        if name.is_empty() && !c.is_ascii_alphabetic() && !matches!(c, '/' | '!' | '?') {
            return if c == '<' { Self::TagName(name) } else { Self::Text };
        }
        if c == '>' {
            return Self::after_tag(name);
        }
        if c.is_ascii_whitespace() || (c == '/' && !name.is_empty()) {
            return if name.starts_with(['!', '?']) {
                Self::Declaration
            } else {
                Self::Attribute { tag: name, name: " ".to_owned() }
            };
        }
        name.push(c.to_ascii_lowercase());
        if name == "!--" { Self::Comment([' ', ' ']) } else { Self::TagName(name) }
    }

    fn after_tag(tag: String) -> Self {
        if RAW.contains(&&*tag) { Self::Raw { element: tag, since: String::new() } } else { Self::Text }
    }

    fn in_raw(element: String, mut since: String, c: char) -> Self {
        if c == '<' {
            since.clear();
        }
        since.push(c.to_ascii_lowercase());
        let ends = since.strip_prefix("</").and_then(|rest| rest.strip_prefix(&*element));
        match ends {
            Some(">") => Self::Text,
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_whitespace() || c == '/') => {
                Self::Attribute { tag: format!("/{element}"), name: " ".to_owned() }
            }
            _ => Self::Raw { element, since },
        }
    }

    /// Refuses a value where escaping cannot make it safe.
    fn allow(&self, text: &str, at: usize, length: usize) -> Result<(), TemplateError> {
        let refuse = |message: &str, help: &str| Err(TemplateError::new(text, at, length, message).help(help));
        match self {
            Self::Text => Ok(()),
            Self::Quoted { name, .. } if is_text_attribute(name) => Ok(()),
            Self::Quoted { .. } => refuse(
                "in this attribute a value could be an address or a script",
                "values may stand in title, alt, value, placeholder, label, lang, data-… and aria-…",
            ),
            Self::Equals { .. } | Self::Bare { .. } => refuse("an attribute with a value needs quotes", "write \"…\""),
            Self::Comment(_) | Self::Declaration => refuse("no value can stand in a comment", "take it out"),
            Self::Raw { .. } => refuse(
                "no value can stand in a script or style",
                "put it in a data-… attribute, and read it from there",
            ),
            Self::TagName(_) | Self::Attribute { .. } => {
                refuse("no value can stand in a tag", "values stand in the text and in quoted attributes")
            }
        }
    }
}

fn is_text_attribute(name: &str) -> bool {
    TEXT_ATTRIBUTES.contains(&name) || name.starts_with("data-") || name.starts_with("aria-")
}
