//! The proof that no value changes the structure: generated hostile values go through a template of each target, the result
//! is read back by a real parser of the receiving side, and must be what was meant, value for value.
//!
//! Each target takes `CTI_CASES` values (20,000 if nothing is said; `cargo xtask injection`, a part of
//! `cargo xtask ci`, takes a million of each). The values
//! come from `CTI_SEED` (fixed if nothing is said), so that a failure can be repeated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/hostile.rs"]
mod hostile;

use cti_core::template::{CommandTemplate, ExpandError, Names, Target, Template, Variables};
use hostile::Hostile;
use html5ever::interface::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use std::cell::RefCell;
use std::process::Command;
use url::{Url, form_urlencoded};

fn variables(tel: &str, name: &str) -> Variables {
    let mut variables = Variables::default();
    variables.set("TEL", tel);
    variables.set("NAME", name);
    // What must not come out through a value that looks like a template.
    variables.set_secret("APW", "the password");
    variables
}

/// Expands the template with pairs of hostile values and hands each result to the check.
fn for_every_case(seed: u64, text: &str, target: Target, check: impl Fn(&str, &str, Result<&str, ExpandError>)) {
    let template = Template::compile(text, target).unwrap();
    let mut values = Hostile::new(seed);
    for _ in 0..hostile::cases() / 2 {
        let (tel, name) = (values.next(), values.next());
        let expanded = template.expand(&variables(&tel, &name));
        check(&tel, &name, expanded.as_ref().map(|expanded| expanded.expose()).map_err(Clone::clone));
    }
}

fn decoded(text: &str) -> String {
    form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes()).next().unwrap().1.into_owned()
}

fn the_url_is_the_intended_one(seed: u64, target: Target) {
    let text = "https://crm.example:8443/find/{NAME}/x{TEL}?q={TEL}&fixed=1&r=a{NAME}b#f{TEL}";
    for_every_case(seed, text, target, |tel, name, expanded| {
        let expanded = expanded.unwrap();
        let url = Url::parse(expanded).unwrap();
        assert_eq!(url.as_str(), expanded, "the parser changes nothing");
        assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("crm.example"), Some(8443)));
        assert_eq!((url.username(), url.password()), ("", None));
        let segments: Vec<String> = url.path_segments().unwrap().map(decoded).collect();
        let kept = if name.bytes().all(|byte| byte == b'.') { "" } else { name };
        let second = if tel.bytes().all(|byte| byte == b'.') { "x".to_owned() } else { format!("x{tel}") };
        assert_eq!(segments, ["find", kept, &second]);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("q", tel), pair("fixed", "1"), pair("r", &format!("a{name}b"))]);
        assert_eq!(decoded(url.fragment().unwrap()), format!("f{tel}"));
    });
}

#[test]
fn a_url_keeps_its_structure() {
    the_url_is_the_intended_one(1, Target::Url);
}

#[test]
fn a_url_for_the_browser_keeps_its_structure() {
    the_url_is_the_intended_one(2, Target::BrowserUrl);
}

#[test]
fn a_form_keeps_its_fields() {
    for_every_case(3, "tel={TEL}&fixed=a b&name=-{NAME}-", Target::FormBody, |tel, name, expanded| {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(expanded.unwrap().as_bytes()).into_owned().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("tel", tel), pair("fixed", "a b"), pair("name", &format!("-{name}-"))]);
    });
}

#[test]
fn a_json_body_keeps_its_shape() {
    let text = r#"{"tel":"{TEL}","list":[1,{"name":"-{NAME}-"}],"fixed":{"a":null}}"#;
    for_every_case(4, text, Target::Json, |tel, name, expanded| {
        let body: serde_json::Value = serde_json::from_str(expanded.unwrap()).unwrap();
        let meant = serde_json::json!({"tel": tel, "list": [1, {"name": format!("-{name}-")}], "fixed": {"a": null}});
        assert_eq!(body, meant);
    });
}

#[test]
fn a_header_stays_one_header() {
    let sent = RefCell::new(0u64);
    for_every_case(5, "Bearer <{TEL}|{NAME}>", Target::Header, |tel, name, expanded| {
        let legal = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let Ok(expanded) = expanded else {
            assert!(!legal(tel) || !legal(name), "refused without need");
            return;
        };
        *sent.borrow_mut() += 1;
        let request = format!("POST /x HTTP/1.1\r\nHost: crm\r\nAuthorization: {expanded}\r\nX-Last: 1\r\n\r\n");
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut parsed = httparse::Request::new(&mut headers);
        assert!(
            matches!(parsed.parse(request.as_bytes()), Ok(httparse::Status::Complete(length)) if length == request.len())
        );
        let found: Vec<(&str, &[u8])> = parsed.headers.iter().map(|header| (header.name, header.value)).collect();
        let meant = format!("Bearer <{tel}|{name}>");
        assert_eq!(found, [("Host", &b"crm"[..]), ("Authorization", meant.as_bytes()), ("X-Last", b"1")]);
    });
    assert!(*sent.borrow() > hostile::cases() / 20, "only {} values could stand in a header", sent.borrow());
}

/// What begins an argument looks like an option on one system or another.
fn argument(value: &str) -> String {
    value.replace('\0', "").trim_start_matches(['-', '/']).to_owned()
}

#[test]
#[cfg(unix)]
fn every_argument_arrives_as_one_argument() {
    // A batch stays far below the limit of the system for all arguments together.
    const BATCH: u64 = 2_000;
    let command = CommandTemplate::compile("printf {TEL} --name={NAME}", &Names::default()).unwrap();
    let mut values = Hostile::new(6);
    let mut left = hostile::cases() / 2;
    while left > 0 {
        let (mut arguments, mut meant) = (Vec::new(), Vec::new());
        for _ in 0..left.min(BATCH) {
            let (tel, name) = (values.next(), values.next());
            meant.extend([argument(&tel), format!("--name={}", name.replace('\0', ""))]);
            let expanded = command.expand(&variables(&tel, &name)).unwrap();
            arguments.extend(expanded.into_iter().map(|argument| argument.into_exposed()));
        }
        // printf repeats the format for each argument, so that each one comes back with a NUL behind it.
        let output = Command::new(command.program()).arg("%s\\0").args(&arguments).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        let came: Vec<&[u8]> = output.stdout.strip_suffix(b"\0").unwrap().split(|byte| *byte == 0).collect();
        assert_eq!(came.len(), meant.len());
        came.iter().zip(&meant).for_each(|(came, meant)| assert_eq!(*came, meant.as_bytes()));
        left -= left.min(BATCH);
    }
}

/// What an HTML tokenizer sees: tags with their attributes, and text.
#[derive(Default)]
struct Seen(RefCell<Vec<String>>);

impl TokenSink for &Seen {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut seen = self.0.borrow_mut();
        match token {
            Token::TagToken(Tag { kind, name, attrs, .. }) => {
                let mark = if kind == TagKind::StartTag { "<" } else { "</" };
                let attributes = attrs.iter().map(|attribute| format!(" {}={}", attribute.name.local, attribute.value));
                seen.push(format!("{mark}{name}{}", attributes.collect::<String>()));
            }
            Token::CharacterTokens(text) => match seen.last_mut().filter(|last| last.starts_with("text ")) {
                Some(last) => last.push_str(&text),
                None => seen.push(format!("text {text}")),
            },
            Token::EOFToken | Token::ParseError(_) => {}
            other => seen.push(format!("{other:?}")),
        }
        TokenSinkResult::Continue
    }
}

/// What a person can see of a value.
fn visible(value: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    value.chars().filter(|&c| !c.is_control() && !turns(c)).collect()
}

#[test]
fn html_keeps_its_tags() {
    let text = r#"<p title="a{NAME}b">-{TEL}-</p><input value='{NAME}'><br>"#;
    for_every_case(7, text, Target::Html, |tel, name, expanded| {
        let seen = Seen::default();
        let tokenizer = Tokenizer::new(&seen, Default::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(expanded.unwrap()));
        assert!(matches!(tokenizer.feed(&input), TokenizerResult::Done));
        tokenizer.end();
        let (tel, name) = (visible(tel), visible(name));
        let meant = [
            format!("<p title=a{name}b"),
            format!("text -{tel}-"),
            "</p".to_owned(),
            format!("<input value={name}"),
            "<br".to_owned(),
        ];
        assert_eq!(*seen.0.borrow(), meant);
    });
}

#[test]
fn a_person_reads_one_line_in_one_direction() {
    for_every_case(8, "{TEL} / {NAME}", Target::DisplayText, |tel, name, expanded| {
        assert_eq!(expanded.unwrap(), format!("{} / {}", visible(tel), visible(name)));
    });
}
