//! What templates promise: the vectors of the products, and that no value changes the structure.

use super::*;
use ::url::{Url, form_urlencoded};
use chrono::{FixedOffset, TimeZone, Utc};
use proptest::prelude::*;

const TARGETS: [Target; 6] =
    [Target::Url, Target::FormBody, Target::Json, Target::Header, Target::Argv, Target::DisplayText];

fn variables() -> Variables {
    let japan = FixedOffset::east_opt(9 * 3600).unwrap();
    let mut variables = Variables::at(Utc.with_ymd_and_hms(2026, 1, 1, 18, 4, 5).unwrap(), japan);
    for (name, value) in [
        ("TEL", "+81 3-1234-5678"),
        ("TELNAME", "田中 & 山田"),
        ("CALLED", "0312345678"),
        ("AID", "taro"),
        ("APW", "p@ss"),
        ("NAME", "{APW}"),
        ("SVADDR", "https://pbx.example:8000"),
    ] {
        variables.set(name, value);
    }
    variables
}

fn expand_with(text: &str, target: Target, variables: &Variables) -> String {
    Template::compile(text, target).unwrap().expand(variables).unwrap().into_exposed()
}

fn expand(text: &str, target: Target) -> String {
    expand_with(text, target, &variables())
}

fn with(value: &str) -> Variables {
    let mut variables = Variables::default();
    variables.set("TEL", value);
    variables.set("NAME", value);
    variables
}

fn message(text: &str, target: Target) -> String {
    Template::compile(text, target).expect_err(text).message().to_owned()
}

#[test]
fn the_vectors_of_the_reference_hold() {
    for (text, target, expected) in [
        ("https://www.google.com/search?q={TEL}", Target::Url, "https://www.google.com/search?q=%2B81%203-1234-5678"),
        ("https://c/x?n={TELNAME}", Target::Url, "https://c/x?n=%E7%94%B0%E4%B8%AD%20%26%20%E5%B1%B1%E7%94%B0"),
        ("n={TELNAME}", Target::FormBody, "n=%E7%94%B0%E4%B8%AD+%26+%E5%B1%B1%E7%94%B0"),
        ("https://c/x?n={NAME}", Target::Url, "https://c/x?n=%7BAPW%7D"),
        ("--name={TELNAME}", Target::Argv, "--name=田中 & 山田"),
        ("{SVADDR}find?tel={CALLED}", Target::Url, "https://pbx.example:8000/find?tel=0312345678"),
        ("https://c/探す?q=a b&k={CALLED}", Target::Url, "https://c/%E6%8E%A2%E3%81%99?q=a%20b&k=0312345678"),
    ] {
        assert_eq!(expand(text, target), expected, "{text}");
    }
    for (text, expected) in [
        ("MD5(abc)", "900150983CD24FB0D6963F7D28E17F72"),
        ("SHA256(abc)", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
        ("LOWERCASE(SHA256(abc))", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("MD5({CALLED})", "855791C6BC8D7FE0F17FA288F812E821"),
        ("MD5(営業)", "37DA8197A2C6CD1F89B1A813E1DBCE80"),
        ("MD5({COMPANY})", "D41D8CD98F00B204E9800998ECF8427E"),
        ("{DATE-YYYY}{DATE-MM}{DATE-DD}{DATE-HH}{DATE-II}{DATE-SS}", "20260102030405"),
        ("FOO(abc)", "FOO(abc)"),
        ("XMD5(abc)", "XMD5(abc)"),
        ("{{TEL}}", "{TEL}"),
        ("UPPERCASE(straße é)", "STRAßE É"),
        ("LOWERCASE((A)(B))!", "(a)(b)!"),
    ] {
        assert_eq!(expand(text, Target::DisplayText), expected, "{text}");
    }
}

#[test]
fn a_value_is_never_read_as_a_template() {
    let hostile = with("MD5({APW}) {APW} {{");
    assert_eq!(expand_with("{NAME}", Target::DisplayText, &hostile), "MD5({APW}) {APW} {{");
    assert_eq!(expand_with("UPPERCASE({NAME})", Target::DisplayText, &hostile), "MD5({APW}) {APW} {{");
}

#[test]
fn json_braces_are_written_as_they_are() {
    let text = r#"{"tel": "{TEL}", "note": ["\"{TELNAME}\" {{x}} MD5(a"b)"], "n": {"a": 1}}"#;
    let body: serde_json::Value = serde_json::from_str(&expand(text, Target::Json)).unwrap();
    assert_eq!(body["tel"], "+81 3-1234-5678");
    assert_eq!(body["note"][0], "\"田中 & 山田\" {x} C8F88EC84680A7EC056720570290DD34");
    assert_eq!(body["n"]["a"], 1);
}

#[test]
fn what_cannot_be_made_safe_does_not_compile() {
    for (text, target, reason) in [
        ("https://{TEL}.evil/", Target::Url, "the host is missing"),
        ("https://crm{TEL}/", Target::Url, "no value can stand in the host"),
        ("https://crm.example:{TEL}/", Target::Url, "no value can stand in the host"),
        ("https://a@crm{TEL}", Target::Url, "no value can stand in the host"),
        ("http{TEL}://crm/", Target::Url, "begins with http"),
        ("{TEL}", Target::Url, "begins with http"),
        ("javascript:alert({TEL})", Target::Url, "begins with http"),
        ("https:///{TEL}", Target::Url, "the host is missing"),
        ("https://h\\{TEL}", Target::Url, "cannot stand in a host"),
        ("https://h/.{TEL}", Target::Url, "dots and a value"),
        ("https://h/%2E{TEL}/x", Target::Url, "dots and a value"),
        ("https://h/?q=%{TEL}", Target::Url, "two hex digits"),
        ("https://h/?q=\u{1}", Target::Url, "control character"),
        ("", Target::Url, "begins with http"),
        ("a=%4{TEL}", Target::FormBody, "two hex digits"),
        (r#"{"a": {TEL}}"#, Target::Json, "inside a string"),
        (r#"{"a": MD5(x)}"#, Target::Json, "inside a string"),
        (r#"{"{TEL}": 1}"#, Target::Json, "name of a field"),
        (r#"{"a": "\{TEL}"}"#, Target::Json, "no JSON"),
        (r#"{"a": "\u00{TEL}"}"#, Target::Json, "no JSON"),
        (r#"{"a": "{TEL}"#, Target::Json, "no JSON"),
        ("a\r\nb: {TEL}", Target::Header, "visible ASCII"),
        ("a\0", Target::Argv, "no NUL"),
        ("MD5({TEL}", Target::DisplayText, "never closed"),
        ("{TEL", Target::DisplayText, "begins no variable"),
        ("TEL}", Target::DisplayText, "closes nothing"),
        ("{TEL:x}", Target::DisplayText, "begins no variable"),
        ("{ARG0}", Target::DisplayText, "there is no variable"),
    ] {
        let found = message(text, target);
        assert!(found.contains(reason), "{text}: {found}");
    }
    let deep = "MD5(".repeat(40) + &")".repeat(40);
    assert!(message(&deep, Target::DisplayText).contains("nest"));
    assert!(message(&"x".repeat(Template::MAX + 1), Target::DisplayText).contains("at most"));
}

#[test]
fn an_unknown_name_is_shown_with_the_nearest() {
    for (name, near) in
        [("TELL", "TEL"), ("tel", "TEL"), ("DATE-MI", "DATE-MM"), ("CALED", "CALLED"), ("EXTID", "EXT_ID")]
    {
        let error = Template::compile(&format!("{{{name}}}"), Target::DisplayText).unwrap_err();
        assert_eq!(error.cure(), format!("did you mean {{{near}}}?"));
    }
    let error = Template::compile("{XYZZY}", Target::DisplayText).unwrap_err();
    assert_eq!(error.cure(), "");
}

#[test]
fn an_error_marks_the_place_under_wide_characters_too() {
    let error = Template::compile("一行目\n顧客 {TELL} 様", Target::DisplayText).unwrap_err();
    assert_eq!(error.position(), (2, 4));
    assert_eq!(
        error.to_string(),
        "error: there is no variable {TELL}\n  |\n2 | 顧客 {TELL} 様\n  |      ^^^^^^ did you mean {TEL}?"
    );
    let one_line = crate::Error::from(error).to_string();
    assert_eq!(one_line, "there is no variable {TELL}; did you mean {TEL}? (config_invalid, line=2, character=4)");
}

#[test]
fn secrets_taint_and_nothing_prints() {
    for (text, secret) in [("{APW}", true), ("LOWERCASE(MD5({AID}{APW}))", true), ("{AID}", false)] {
        let template = Template::compile(text, Target::FormBody).unwrap();
        let expanded = template.expand(&variables()).unwrap();
        assert_eq!((template.uses_secret(), expanded.is_secret()), (secret, secret), "{text}");
        assert_eq!(expanded.to_string(), "***");
        let debug = format!("{expanded:?} {template:?} {:?}", variables());
        assert!(!debug.contains("p@ss") && !debug.contains("taro"), "{debug}");
    }
    let mut own = variables();
    own.set_secret("ARG1", "token");
    assert!(Template::compile("{ARG1}", Target::Header).unwrap().expand(&own).unwrap().is_secret());
}

#[test]
fn own_names_are_declared_and_shadow_nothing() {
    let names = Names::default().with("HITS").unwrap().with_secret("SESSION").unwrap();
    let template = Template::compile_with("{SESSION} {HITS} {SESSION}", Target::Header, &names).unwrap();
    assert_eq!(template.variables(), ["SESSION", "HITS"]);
    assert!(template.uses_secret());
    for wrong in ["TEL", "ARG7", "DATE-MM", "session", "1A", "", "A-B"] {
        assert!(Names::default().with(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_variable_without_value_is_told() {
    let template = Template::compile("{COMPANY}{TEL}", Target::DisplayText).unwrap();
    let expanded = template.expand(&with("1")).unwrap();
    assert_eq!((expanded.expose(), expanded.missing()), ("1", &["COMPANY".to_owned()][..]));
    let error = template.undefined(Undefined::Error).expand(&with("1")).unwrap_err();
    assert_eq!(error.to_string(), "the variable {COMPANY} has no value");
}

#[test]
fn a_base_address_must_be_one() {
    let template = Template::compile("{SVADDR}x", Target::Url).unwrap();
    for wrong in ["", "pbx", "javascript:alert(1)", "https://h/?a=", "file:///etc/"] {
        let mut variables = Variables::default();
        variables.set("SVADDR", wrong);
        assert_eq!(template.expand(&variables), Err(ExpandError::NotABase), "{wrong}");
    }
}

/// Values that have broken other products, and any text.
fn hostile() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "\"", "'", "&", "|", "=", ";", "?", "#", "/", "\\", "%", "%41", "%0d%0a", "\r\n", "\0", "../", "..", ".", "-x",
        "--", "{APW}", "{{", "MD5(", ")", "+", " ", "@", ":", "//", "田中", "😀", "\u{202e}", "\u{2028}", "\u{7f}",
        "\t", "<b>",
    ]);
    let part = prop_oneof![known.prop_map(str::to_owned), any::<String>()];
    prop_oneof![prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat()), any::<String>()]
}

proptest! {
    #[test]
    fn any_text_compiles_or_says_where_not(text in prop_oneof![any::<String>(), hostile()]) {
        for target in TARGETS {
            match Template::compile(&text, target) {
                Ok(template) => drop(template.expand(&with("x"))),
                Err(error) => {
                    prop_assert!(text.is_char_boundary(error.offset().min(text.len())));
                    prop_assert!(error.to_string().starts_with("error: "));
                }
            }
        }
    }

    #[test]
    fn no_value_changes_a_url(value in hostile()) {
        let template = Template::compile("https://crm.example:8443/a/{NAME}/b?q={TEL}&r=x{NAME}#f{TEL}", Target::Url).unwrap();
        let expanded = template.expand(&with(&value)).unwrap();
        let url = Url::parse(expanded.expose()).unwrap();
        prop_assert_eq!(url.origin().ascii_serialization(), "https://crm.example:8443");
        prop_assert_eq!((url.username(), url.password()), ("", None));
        let segments: Vec<_> = url.path_segments().unwrap().collect();
        prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "a", "b"));
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, vec![("q".to_owned(), value.clone()), ("r".to_owned(), format!("x{value}"))]);
        prop_assert!(url.fragment().unwrap().starts_with('f'));
        prop_assert_eq!(url.as_str(), expanded.expose());
    }

    #[test]
    fn no_values_side_by_side_climb_in_a_path(one in hostile(), other in "\\.{0,3}") {
        let template = Template::compile("https://h/a/{TEL}{NAME}/b{NAME}{TEL}", Target::Url).unwrap();
        let mut variables = with(&one);
        variables.set("NAME", other.as_str());
        let url = Url::parse(template.expand(&variables).unwrap().expose()).unwrap();
        let segments: Vec<_> = url.path_segments().unwrap().collect();
        prop_assert_eq!((segments.len(), segments[0]), (3, "a"));
    }

    #[test]
    fn no_value_changes_a_form(value in hostile()) {
        let template = Template::compile("tel={TEL}&name=LOWERCASE({NAME})&fixed=a b", Target::FormBody).unwrap();
        let expanded = template.expand(&with(&value)).unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(expanded.expose().as_bytes()).into_owned().collect();
        prop_assert_eq!(pairs.len(), 3);
        prop_assert_eq!(&pairs[0], &("tel".to_owned(), value));
        prop_assert_eq!(&pairs[1].0, "name");
        prop_assert_eq!(&pairs[2], &("fixed".to_owned(), "a b".to_owned()));
    }

    #[test]
    fn no_value_changes_a_json_body(value in hostile()) {
        let template = Template::compile(r#"{"tel":"{TEL}","in":[1,{"name":"-{NAME}-"}]}"#, Target::Json).unwrap();
        let expanded = template.expand(&with(&value)).unwrap();
        let body: serde_json::Value = serde_json::from_str(expanded.expose()).unwrap();
        let expected = serde_json::json!({"tel": value, "in": [1, {"name": format!("-{value}-")}]});
        prop_assert_eq!(body, expected);
    }

    #[test]
    fn no_value_leaves_its_header(value in hostile()) {
        let template = Template::compile("Bearer {TEL}", Target::Header).unwrap();
        match template.expand(&with(&value)) {
            Ok(expanded) => prop_assert_eq!(expanded.expose(), format!("Bearer {value}")),
            Err(error) => {
                prop_assert!(value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)));
                prop_assert_eq!(error, ExpandError::NotForHeader("TEL".to_owned()));
            }
        }
    }

    #[test]
    fn no_value_becomes_an_option_or_ends_an_argument(value in hostile()) {
        let bare = expand_with("{TEL}{NAME}", Target::Argv, &with(&value));
        prop_assert!(!bare.starts_with('-') && !bare.contains('\0'));
        let named = expand_with("--name={NAME}", Target::Argv, &with(&value));
        prop_assert_eq!(named, format!("--name={}", value.replace('\0', "")));
    }

    #[test]
    fn a_person_sees_one_plain_line(value in hostile()) {
        let shown = expand_with("{NAME}", Target::DisplayText, &with(&value));
        let plain = |c: char| !c.is_control() && c != '\u{202e}';
        prop_assert!(shown.chars().all(plain));
    }
}
