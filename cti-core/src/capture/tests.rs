//! What captures promise.

use super::*;
use crate::template::{Lint, Target, Template, Variables};
use proptest::prelude::*;
use serde_json::json;

fn settings(value: serde_json::Value) -> CaptureSettings {
    serde_json::from_value(value).unwrap()
}

fn search(value: serde_json::Value) -> Capture {
    Capture::compile(&settings(value), Purpose::Search).unwrap()
}

/// The rows as `NAME=value …`, and how many hits there are.
fn read(capture: &Capture, body: &str) -> (Vec<String>, usize) {
    let told = |row: &Row| row.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    let hits = capture.read(&Answer::new(body)).unwrap();
    let rows = match &hits {
        Hits::None => Vec::new(),
        Hits::One(row) => vec![told(row)],
        Hits::Many { rows, .. } => rows.iter().map(told).collect(),
    };
    (rows, hits.count())
}

fn rows(body: serde_json::Value, answer: &str) -> Vec<String> {
    read(&search(json!({ "body": body })), answer).0
}

/// The key, the character and the message of the only mistake.
fn mistake(value: serde_json::Value) -> (String, usize, String) {
    let errors = Capture::compile(&settings(value), Purpose::Search).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let place = errors[0].place();
    (errors[0].key().to_owned(), place.position().1, format!("{} {}", place.message(), place.cure()))
}

#[test]
fn none_one_and_many_are_told_apart() {
    let capture =
        search(json!({"body": {"json": {"rows": "$.items[*]", "fields": {"EXT_ID": "$.id", "NAME": "$.name"}}}}));
    assert_eq!(read(&capture, r#"{"items":[]}"#), (vec![], 0));
    assert_eq!(read(&capture, r#"{"items":[{"other":1}]}"#), (vec![], 0), "a row without a value is no hit");
    assert_eq!(read(&capture, r#"{"items":[{"id":"00"}]}"#), (vec!["EXT_ID=00".to_owned()], 1));
    let (rows, count) = read(&capture, r#"{"items":[{"id":1,"name":"A"},{"id":2,"name":null}]}"#);
    assert_eq!((rows, count), (vec!["EXT_ID=1 NAME=A".to_owned(), "EXT_ID=2".to_owned()], 2));
    let many = format!("[{}]", vec!["{\"id\":1}"; 1000].join(","));
    let capture = search(json!({"body": {"json": {"rows": "$[*]", "fields": {"EXT_ID": "/id"}}}}));
    let (rows, count) = read(&capture, &many);
    assert_eq!((rows.len(), count), (MAX_ROWS, 1000));
}

#[test]
fn paths_reach_every_value() {
    let body = r#"{"a":[{"kind":"home","n":1},{"kind":"mobile","n":2.5}],"full name":"Ta","x":{"y":true},"~/":"t"}"#;
    for (path, value) in [
        ("$.a[0].n", "1"),
        ("$.a[-1].n", "2.5"),
        ("$.a[*].n", "1"),
        ("$.a[?@.kind=='mobile'].n", "2.5"),
        ("$.a[?@.kind!='home'].n", "2.5"),
        ("$.a[?@['n']==1].kind", "home"),
        ("$['full name']", "Ta"),
        ("$[\"x\"].y", "true"),
        ("$.x.*", "true"),
        ("/a/1/n", "2.5"),
        ("/full name", "Ta"),
        ("/~0~1", "t"),
    ] {
        let rule = json!({"json": {"fields": {"V": path}}});
        assert_eq!(rows(rule, body), [format!("V={value}")], "{path}");
    }
    for path in ["$.b", "$.a[9]", "$.a[-9]", "$.a", "$", "/a/x"] {
        let rule = json!({"json": {"fields": {"V": path}}});
        assert_eq!(rows(rule, body), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn patterns_columns_and_positions_are_read() {
    assert_eq!(
        rows(json!({"regex": "(?m)^(?<COMPANY>[^;]*);(?<NAME>.*)$"}), "ACME;Ta\nFoo;Bar"),
        ["COMPANY=ACME NAME=Ta", "COMPANY=Foo NAME=Bar"]
    );
    assert_eq!(
        rows(json!({"text": "{COMPANY},{NAME},{EXT_ID}"}), "ACME,Ta,1\r\nFoo,,2"),
        ["COMPANY=ACME EXT_ID=1 NAME=Ta", "COMPANY=Foo EXT_ID=2"]
    );
    assert_eq!(rows(json!({"text": "<n>{NAME}</n>"}), "<x><n>A (b)</n><n>C</n>"), ["NAME=A (b)", "NAME=C"]);
    assert_eq!(rows(json!({"text": "{{{NAME}}}"}), "a {Ta} b"), ["NAME=Ta"]);
    let columns = json!({"delimited": {"delimiter": ",", "columns": ["COMPANY", "", "NAME"], "skip_lines": 1}});
    assert_eq!(
        rows(columns, "company,x,name\n\"A, \"\"B\"\"\",1,田中\n\nFoo,2\n"),
        ["COMPANY=A, \"B\" NAME=田中", "COMPANY=Foo"]
    );
    let tabs = json!({"delimited": {"delimiter": "\t", "columns": ["EXT_ID", "NAME"]}});
    assert_eq!(rows(tabs, "1\t\"x\n"), ["EXT_ID=1 NAME=\"x"]);
    let positions = json!({"positions": {"columns": {"EXT_ID": [1, 4], "NAME": [5, 8]}}});
    assert_eq!(rows(positions, "0001田中   rest\n02"), ["EXT_ID=0001 NAME=田中", "EXT_ID=02"]);
}

#[test]
fn status_headers_and_cookies_are_captured() {
    let settings = settings(json!({
        "success": "200,302", "none": "404", "status": "CODE",
        "headers": {"TOKEN": "X-Token"}, "cookies": {"SESSION": "sid"}, "public": ["CODE"]
    }));
    let capture = Capture::compile(&settings, Purpose::Session).unwrap();
    assert_eq!(capture.names().collect::<Vec<_>>(), [("CODE", false), ("SESSION", true), ("TOKEN", true)]);
    let answer = Answer::new("").status(302).header("x-token", "t-1").header("Set-Cookie", "sid=abc; Path=/; HttpOnly");
    let Hits::One(row) = capture.read(&answer).unwrap() else { panic!("one") };
    assert_eq!(row.iter().collect::<Vec<_>>(), [("CODE", "302"), ("SESSION", "abc"), ("TOKEN", "t-1")]);
    assert_eq!(capture.read(&Answer::new("").status(404)).unwrap(), Hits::None);
    assert_eq!(capture.read(&Answer::new("").status(201)).unwrap_err(), ReadError::Status(201));
}

#[test]
fn a_session_is_secret_and_a_customer_cannot_overwrite_the_call() {
    let session = json!({"body": {"regex": "session=(?<SESSION>[0-9a-f]+)"}});
    let capture = Capture::compile(&settings(session), Purpose::Session).unwrap();
    let names = capture.declare(Names::default(), Step::Authentication).unwrap();
    let template = Template::compile_with("https://c/?s={SESSION}", Target::Url, &names).unwrap();
    assert!(template.uses_secret());
    assert!(template.lint(Some(Step::Authentication)).iter().any(|warning| warning.lint() == Lint::NeverThere));
    assert!(template.lint(Some(Step::Search)).iter().all(|warning| warning.lint() != Lint::NeverThere));
    let hits = capture.read(&Answer::new("session=0af")).unwrap();
    let mut variables = Variables::default();
    hits.first().unwrap().set_in(&mut variables);
    let expanded = template.expand(&variables).unwrap();
    assert_eq!((expanded.expose(), expanded.is_secret()), ("https://c/?s=0af", true));
    assert!(!format!("{hits:?} {capture:?}").contains("0af"));

    for name in ["TEL", "APW", "ARG1", "DATE-MM", "tel"] {
        let wrong = settings(json!({"body": {"json": {"fields": {name: "$.x"}}}}));
        assert!(Capture::compile(&wrong, Purpose::Search).is_err(), "{name}");
    }
    let wrong = settings(json!({"body": {"text": "{NAME},{X}"}}));
    let errors = Capture::compile(&wrong, Purpose::Session).unwrap_err();
    assert!(errors[0].to_string().contains("NAME is filled by the search"), "{}", errors[0]);
}

#[test]
fn a_mistake_is_told_with_key_and_place() {
    for (value, key, character, message) in [
        (json!({"body": {"json": {"fields": {"N": "name"}}}}), "body.json.fields.N", 1, "begins with $"),
        (json!({"body": {"json": {"fields": {"N": "$..name"}}}}), "body.json.fields.N", 2, "no .."),
        (json!({"body": {"json": {"fields": {"N": "$.a[x]"}}}}), "body.json.fields.N", 5, "no index"),
        (json!({"body": {"json": {"fields": {"N": "$['a"}}}}), "body.json.fields.N", 3, "never closed"),
        (json!({"body": {"json": {"fields": {"N": "$.名 前"}}}}), "body.json.fields.N", 4, "a . or a ["),
        (json!({"body": {"json": {"fields": {"N": "$[?@.a=1]"}}}}), "body.json.fields.N", 7, "== or !="),
        (json!({"body": {"regex": "(?<NAME>a"}}), "body.regex", 1, "unclosed group"),
        (json!({"body": {"regex": "x(?=a)(?<N>.)"}}), "body.regex", 2, "look-around"),
        (json!({"body": {"regex": "(a)"}}), "body.regex", 1, "no named group"),
        (json!({"body": {"regex": "(?<N>a{1000}){1000}"}}), "body.regex", 1, "too large"),
        (json!({"body": {"regex": "(?<TEL>a)"}}), "body.regex", 4, "built in"),
        (json!({"body": {"text": "{NAME}{EXT_ID}"}}), "body.text", 7, "between two variables"),
        (json!({"body": {"text": "a {x y}"}}), "body.text", 3, "begins no variable"),
        (json!({"body": {"text": "abc"}}), "body.text", 1, "no variable"),
        (json!({"body": {"text": "{N},{N}"}}), "body.text", 1, "each once"),
        (json!({"body": {"delimited": {"delimiter": "", "columns": ["N"]}}}), "body.delimited.delimiter", 1, "1 to 16"),
        (
            json!({"body": {"delimited": {"delimiter": ",", "columns": ["N", "N"]}}}),
            "body.delimited.columns[1]",
            1,
            "twice",
        ),
        (json!({"body": {"positions": {"columns": {"N": [0, 1]}}}}), "body.positions.columns.N", 1, "counts as 1"),
        (json!({"status": "S", "public": ["T"]}), "public", 1, "did you mean S"),
        (json!({}), "body", 1, "no variable gets a value"),
    ] {
        let text = value.to_string();
        let (found_key, found_character, found_message) = mistake(value);
        assert_eq!((found_key.as_str(), found_character), (key, character), "{text}: {found_message}");
        assert!(found_message.contains(message), "{text}: {found_message}");
    }
    let error = Capture::compile(&settings(json!({"body": {"regex": "a(?<NAME>b"}})), Purpose::Search).unwrap_err();
    assert_eq!(error[0].to_string(), "body.regex: error: unclosed group\n  |\n1 | a(?<NAME>b\n  |  ^");
    for wrong in [json!({"success": "2xx"}), json!({"sucess": "200"}), json!({"body": {"xml": "x"}})] {
        assert!(serde_json::from_value::<CaptureSettings>(wrong).is_err());
    }
}

#[test]
fn a_hostile_answer_costs_and_tells_nothing() {
    let capture = search(json!({"body": {"json": {"fields": {"NAME": "$.name"}}}}));
    assert_eq!(capture.read(&Answer::new(&"x".repeat(MAX_BODY + 1))).unwrap_err(), ReadError::TooLarge);
    let error = capture.read(&Answer::new("{\"secret")).unwrap_err();
    assert!(matches!(error, ReadError::NotJson { line: 1, .. }) && !error.to_string().contains("secret"));
    assert!(capture.read(&Answer::new(&"[".repeat(100_000))).is_err());
    let long = format!(r#"{{"name":" a\r\nb\u0000{} "}}"#, "x".repeat(10_000));
    let hits = capture.read(&Answer::new(&long)).unwrap();
    let name = hits.first().unwrap().get("NAME").unwrap();
    assert!(name.starts_with("a  b x") && name.chars().count() == MAX_VALUE);
    // A pattern that takes exponential time elsewhere.
    let capture = search(json!({"body": {"regex": "(?<NAME>(a+)+b)"}}));
    assert_eq!(read(&capture, &"a".repeat(10_000)).1, 0);
}

#[test]
fn settings_are_written_as_they_are_read() {
    let value = json!({
        "success": "200-299,304", "none": "404", "body": {"json": {"rows": "$[*]", "fields": {"NAME": "$.n"}}},
        "headers": {}, "cookies": {}, "status": null, "public": []
    });
    assert_eq!(serde_json::to_value(settings(value.clone())).unwrap(), value);
}

proptest! {
    #[test]
    fn any_settings_compile_or_say_where_not(text in "[$.\\[\\]'?@=!a-z0-9*{}()<>|+/\\\\-]{0,24}", other in any::<String>()) {
        for text in [text, other] {
            for body in [json!({"json": {"rows": text, "fields": {"V": text}}}), json!({"regex": text}), json!({"text": text})] {
                match Capture::compile(&settings(json!({ "body": body })), Purpose::Search) {
                    Ok(capture) => drop(capture.read(&Answer::new(r#"{"a":[{"b":"c"}]}"#))),
                    Err(errors) => errors.iter().for_each(|error| drop(error.to_string())),
                }
            }
        }
    }

    #[test]
    fn any_answer_is_read_without_panic(body in any::<String>(), header in any::<String>()) {
        for rule in [
            json!({"json": {"rows": "$[*]", "fields": {"V": "$.v"}}}),
            json!({"regex": "(?<V>.+)"}),
            json!({"text": "a{V}b"}),
            json!({"delimited": {"delimiter": ",", "columns": ["V", "W"]}}),
            json!({"positions": {"columns": {"V": [2, 5]}}}),
        ] {
            let capture = search(json!({"body": rule, "cookies": {"C": "sid"}}));
            if let Ok(hits) = capture.read(&Answer::new(&body).header("set-cookie", &header)) {
                for (_, value) in hits.first().into_iter().flat_map(Row::iter) {
                    prop_assert!(!value.contains(char::is_control) && value.chars().count() <= MAX_VALUE);
                }
            }
        }
    }
}
