//! What templates promise beside escaping: which names there are and when, functions, warnings, command lines, HTML.

use super::*;
use chrono::{TimeZone, Utc};

fn names() -> Names {
    Names::default()
}

fn values(pairs: &[(&str, &str)]) -> Variables {
    let mut variables = Variables::default();
    pairs.iter().for_each(|(name, value)| variables.set(name, *value));
    variables
}

fn shown(text: &str, pairs: &[(&str, &str)]) -> String {
    Template::compile(text, Target::DisplayText).unwrap().expand(&values(pairs)).unwrap().into_exposed()
}

fn cure(text: &str, names: &Names) -> String {
    Template::compile_with(text, Target::DisplayText, names).expect_err(text).cure().to_owned()
}

fn lints(text: &str, target: Target, step: Option<Step>) -> Vec<Lint> {
    Template::compile(text, target).unwrap().lint(step).iter().map(Warning::lint).collect()
}

#[test]
fn codes_and_arguments_belong_to_their_versions() {
    let of = |version: &str| names().of_version(version.parse().unwrap());
    for (version, codes, arguments) in [
        ("3.1.21", true, false),
        ("3.2.11", true, false),
        ("3.2.12", false, false),
        ("3.2.20", false, true),
        ("4.0.0", false, true),
    ] {
        let compiles = |text| Template::compile_with(text, Target::Argv, &of(version)).is_ok();
        assert_eq!((compiles("{CODE1}{CODE2}"), compiles("{ARG1}{ARG12}")), (codes, arguments), "{version}");
    }
    assert_eq!(cure("{CODE1}", &of("3.2.20")), "it existed up to version 3.2.11; from 3.2.20 it is {ARG1}, {ARG2}, …");
    for wrong in ["", "3.2", "3.2.x", "3.2.1.0", "-1.0.0"] {
        assert!(wrong.parse::<ProductVersion>().is_err(), "{wrong}");
    }
    assert!("3.10.0".parse::<ProductVersion>().unwrap() > "3.2.20".parse().unwrap());
}

#[test]
fn the_own_version_is_that_of_the_package() {
    assert_eq!(ProductVersion::OWN.to_string(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn account_and_salesforce_names_are_there_on_condition() {
    assert_eq!(cure("{AID}", &names().without(NameGroup::Account)), "it needs an account that uses the agent function");
    for name in ["SFID", "SFSID", "SFAPI"] {
        let text = format!("{{{name}}}");
        assert_eq!(cure(&text, &names().without(NameGroup::Salesforce)), "it needs Salesforce among the CRMs");
        assert!(Template::compile(&text, Target::FormBody).is_ok());
    }
}

#[test]
fn what_has_never_a_value_at_a_step_is_warned_of() {
    use Step::{Answered, Authentication, Click, Ended, Ringing, Search};
    let steps = [Authentication, Search, Ringing, Click, Answered, Ended];
    for (name, never) in [
        ("TEL", &[Authentication][..]),
        ("CALLEDNAME", &[Authentication]),
        ("ARG1", &[Authentication]),
        ("COMPANY", &[Authentication, Search]),
        ("EXT_ID", &[Authentication, Search]),
        ("ANSWERED", &[Authentication, Search, Ringing]),
        ("DURATION", &[Authentication, Search, Ringing, Answered]),
        ("DATE-YYYY", &[]),
        ("AID", &[]),
        ("SVADDR", &[]),
        ("EXT", &[]),
    ] {
        let template = Template::compile(&format!("{{{name}}}"), Target::DisplayText).unwrap();
        let warned = |step: &Step| template.lint(Some(*step)).iter().any(|warning| warning.lint() == Lint::NeverThere);
        assert_eq!(steps.iter().copied().filter(warned).collect::<Vec<_>>(), never, "{name}");
    }
    let template = Template::compile("n={COMPANY}", Target::FormBody).unwrap();
    assert_eq!(
        template.lint(Some(Search))[0].to_string(),
        "warning: {COMPANY} has never a value at the step search\n  |\n1 | n={COMPANY}\n  |   ^^^^^^^^^ it has one after the search"
    );
}

#[test]
fn a_secret_where_it_can_be_seen_is_warned_of_or_refused() {
    for (text, target, expected) in [
        ("https://c/?k={APW}", Target::Url, &[Lint::SecretInUrl][..]),
        ("http://c/?k={APW}", Target::Url, &[Lint::SecretInUrl, Lint::SecretInClear]),
        ("http://127.0.0.1:8080/?k={APW}", Target::Url, &[Lint::SecretInUrl]),
        ("http://localhost.evil/?k={APW}", Target::Url, &[Lint::SecretInUrl, Lint::SecretInClear]),
        ("https://c/?k=MD5({APW})", Target::Url, &[Lint::HashedSecret, Lint::SecretInUrl]),
        ("HMACSHA256({APW},{DATE-DD})", Target::Header, &[]),
        ("k={APW}", Target::FormBody, &[]),
        ("-k={SFSID}", Target::Argv, &[Lint::SecretInArguments]),
        ("{APW}", Target::DisplayText, &[Lint::SecretShown]),
        ("https://c/?t={TEL}", Target::Url, &[]),
    ] {
        assert_eq!(lints(text, target, None), expected, "{text}");
    }
    let error = Template::compile("https://c/?k=MD5({APW})", Target::BrowserUrl).unwrap_err();
    assert!(error.message().contains("the secret {APW}"), "{error}");
    assert_eq!(error.position(), (1, 18));
    let allowed = names().allow_secrets_in_urls();
    let template = Template::compile_with("https://c/?k={APW}", Target::BrowserUrl, &allowed).unwrap();
    assert_eq!(template.lint(None)[0].lint(), Lint::SecretInUrl);
}

#[test]
fn a_value_in_a_place_that_cannot_be_made_safe_is_warned_of() {
    for (text, target, expected) in [
        ("{TELNAME}", Target::Argv, &[Lint::BareArgument][..]),
        ("{CODE1}", Target::Argv, &[Lint::BareArgument]),
        ("--name={TELNAME}", Target::Argv, &[]),
        ("{TEL}", Target::Argv, &[]),
        (r"C:\contact\{TELNAME}.txt", Target::Argv, &[Lint::InFilePath]),
        ("--out=/tmp/{NAME}", Target::Argv, &[Lint::InFilePath]),
        ("--url=https://c/{NAME}", Target::Argv, &[]),
        ("{TELNAME}", Target::Header, &[Lint::InHeader]),
        ("LOWERCASE({TELNAME})", Target::Header, &[Lint::InHeader]),
        ("BASE64({TELNAME})", Target::Header, &[]),
        ("https://c/?q=URLENCODE({TEL})", Target::Url, &[Lint::EncodedTwice]),
    ] {
        assert_eq!(lints(text, target, None), expected, "{text}");
    }
}

#[test]
fn functions_do_what_they_say() {
    let tel = [("TEL", "+81 3-1234-5678"), ("NAME", ""), ("TELNAME", "田中太郎")];
    for (text, expected) in [
        (
            "HMACSHA256(key,The quick brown fox jumps over the lazy dog)",
            "F7BC83F430538424B13298E6AA6FB143EF4D59A14946175997479DBC2D1A3CD8",
        ),
        ("BASE64()", ""),
        ("BASE64(f)", "Zg=="),
        ("BASE64(fo)", "Zm8="),
        ("BASE64(foo)", "Zm9v"),
        ("BASE64({TELNAME})", "55Sw5Lit5aSq6YOO"),
        ("URLENCODE({TEL})", "%2B81%203-1234-5678"),
        ("DIGITS({TEL})", "81312345678"),
        ("E164(03-1234-5678)", "+81312345678"),
        ("NATIONAL({TEL})", "0312345678"),
        ("E164(110)", "110"),
        ("NATIONAL(anonymous)", "anonymous"),
        ("LAST({TEL}, 4)", "5678"),
        ("LAST({TELNAME},2)", "太郎"),
        ("LAST(a,9999)", "a"),
        ("SUBSTR({TELNAME},1,2)", "中太"),
        ("SUBSTR(abc,3,1)", ""),
        ("REPLACE({TEL},-,)", "+81 312345678"),
        ("REPLACE(abc,,x)", "abc"),
        ("DEFAULT({NAME}, {TELNAME})", "田中太郎"),
        ("DEFAULT({COMPANY},-)", "-"),
        ("DEFAULT({TEL},-)", "+81 3-1234-5678"),
        ("LOWERCASE(MD5({TEL}))", "8ebc2fc83eb058093f1a0cd8ab5a913e"),
        ("UPPERCASE(LAST(DIGITS({TEL}),2)x)", "78X"),
        ("MD5(a,b)", "B345E1DC09F20FDEFDEA469F09167892"),
    ] {
        assert_eq!(shown(text, &tel), expected, "{text}");
    }
    let germany = names().numbering(NumberingPlan::new("49", "0", "00").unwrap());
    let template = Template::compile_with("E164({TEL})", Target::Header, &germany).unwrap();
    assert_eq!(template.expand(&values(&[("TEL", "030 123456")])).unwrap().expose(), "+4930123456");
    for (text, reason) in [
        ("LAST({TEL})", "takes 2 arguments"),
        ("SUBSTR({TEL},1)", "takes 3 arguments"),
        ("LAST({TEL},x)", "a number stands here"),
        ("LAST({TEL},{TEL})", "a number stands here"),
        ("LAST({TEL},-1)", "a number stands here"),
        ("LAST({TEL},4", "never closed"),
    ] {
        let error = Template::compile(text, Target::DisplayText).expect_err(text);
        assert!(error.message().contains(reason), "{text}: {error}");
    }
}

#[test]
fn what_default_stands_in_for_is_not_missing() {
    let template = Template::compile("DEFAULT({COMPANY},{TEL}) {NAME}", Target::DisplayText).unwrap();
    let expanded = template.expand(&values(&[("TEL", "1")])).unwrap();
    assert_eq!((expanded.expose(), expanded.missing()), ("1 ", &["NAME".to_owned()][..]));
    let strict = Template::compile("DEFAULT({COMPANY},none)", Target::DisplayText).unwrap().undefined(Undefined::Error);
    assert_eq!(strict.expand(&values(&[])).unwrap().expose(), "none");
}

#[test]
fn a_preview_masks_secrets_and_what_is_made_of_them() {
    let template = Template::compile("id={AID}&key=LOWERCASE(MD5({AID}{APW}))&t={TEL}", Target::FormBody).unwrap();
    let variables = values(&[("AID", "taro"), ("APW", "p@ss"), ("TEL", "03 1")]);
    assert_eq!(template.preview(&variables).unwrap(), "id=taro&key=***&t=03+1");
}

#[test]
fn a_kept_buffer_holds_nothing_of_the_last_expansion() {
    let secret = Template::compile("{APW}{COMPANY}", Target::FormBody).unwrap();
    let plain = Template::compile("{TEL}", Target::Header).unwrap();
    let mut out = Expanded::default();
    secret.expand_into(&values(&[("APW", "p")]), &mut out).unwrap();
    plain.expand_into(&values(&[("TEL", "1")]), &mut out).unwrap();
    assert_eq!((out.expose(), out.is_secret(), out.missing()), ("1", false, &[][..]));
    assert!(plain.expand_into(&values(&[("TEL", "山")]), &mut out).is_err());
    assert_eq!(out, Expanded::default());
}

#[test]
fn all_dates_are_of_one_instant_in_the_zone_of_the_setting() {
    let text = "{DATE-YYYY}-{DATE-MM}-{DATE-DD}T{DATE-HH}:{DATE-II}:{DATE-SS}";
    let template = Template::compile(text, Target::DisplayText).unwrap();
    let end_of_year = Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).unwrap();
    for (zone, expected) in [
        ("UTC", "2026-12-31T23:59:59"),
        ("Asia/Tokyo", "2027-01-01T08:59:59"),
        ("America/New_York", "2026-12-31T18:59:59"),
        ("+05:45", "2027-01-01T05:44:59"),
    ] {
        let zone: Zone = zone.parse().unwrap();
        assert_eq!(template.expand(&Variables::in_zone(end_of_year, &zone)).unwrap().expose(), expected);
        assert_eq!(zone.to_string().parse::<Zone>().unwrap(), zone);
    }
    assert_eq!(Zone::default().to_string(), "UTC");
    assert_eq!(serde_json::to_string(&Zone::JAPAN).unwrap(), "\"Asia/Tokyo\"");
    for wrong in ["", "JST9", "Mars/Base", "+25:00"] {
        assert!(wrong.parse::<Zone>().is_err(), "{wrong}");
    }
}

#[test]
fn a_command_line_is_split_before_values_come_in() {
    let compile = |line: &str| CommandTemplate::compile(line, &names());
    let variables = values(&[("TEL", "+81 3\" x"), ("CALLED", "--help"), ("TELNAME", "田中 & 山田")]);
    for (line, program, arguments) in [
        (r#""C:\Program Files\sample.exe" {TEL} {CALLED}"#, r"C:\Program Files\sample.exe", &["+81 3\" x", "help"][..]),
        ("prog --name={TELNAME}", "prog", &["--name=田中 & 山田"]),
        (r#"p "" "a b"c \"q\" 'x y'"#, "p", &["", "a bc", "\"q\"", "'x", "y'"]),
        ("  p\t1  2 ", "p", &["1", "2"]),
        (r"p C:\x\ y", "p", &[r"C:\x\", "y"]),
    ] {
        let command = compile(line).unwrap();
        let expanded = command.expand(&variables).unwrap();
        assert_eq!(command.program(), program);
        assert_eq!(expanded.iter().map(Expanded::expose).collect::<Vec<_>>(), arguments, "{line}");
    }
    for (line, character, reason) in [
        ("", 1, "the programme is missing"),
        ("{TEL} x", 1, "name of the programme"),
        ("p \"a", 3, "never closed"),
        ("p a {TELL}", 5, "no variable {TELL}"),
        (r#"p "\"a\" {TELL}" b"#, 10, "no variable {TELL}"),
        ("/bin/sh -c \"echo {TEL}\"", 13, "in a script"),
        ("cmd.exe /C x {TEL}", 14, "in a script"),
        ("PowerShell -Command {TEL}", 21, "in a script"),
        (r"C:\x.BAT {TEL}", 10, "in a script"),
        ("\"x.cmd. \" {TEL}", 11, "in a script"),
    ] {
        let error = compile(line).expect_err(line);
        assert!(error.message().contains(reason), "{line}: {error}");
        assert_eq!(error.position(), (1, character), "{line}: {error}");
    }
    assert!(compile("/bin/sh script.sh {TEL}").is_ok());
    assert!(compile("x.bat fixed").is_ok());
    assert_eq!(compile("p {TELNAME}").unwrap().lint(None)[0].lint(), Lint::BareArgument);
}

#[test]
fn html_values_stand_in_text_and_quoted_text_attributes() {
    let html = |text: &str| Template::compile(text, Target::Html);
    let hostile = values(&[("NAME", "<b a=\"1\" c='2'>&\u{202e}\0")]);
    for (text, expected) in [
        ("<p>{NAME}</p>", "<p>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;</p>"),
        ("<input type=text value='{NAME}'>", "<input type=text value='&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;'>"),
        ("a < b {NAME}", "a < b &lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"),
    ] {
        assert_eq!(html(text).unwrap().expand(&hostile).unwrap().expose(), expected);
    }
    for fine in [
        "<p data-name=\"x{NAME}y\" title = '{NAME}'/>{NAME}",
        "<!-- <a {{ --> {NAME}",
        "<script>if (a<b) {{ x }}</script>{NAME}",
        "<!DOCTYPE html><title>{NAME}</title>",
        "<br/>{NAME}<textarea>{NAME}</textarea>",
    ] {
        assert!(html(fine).is_ok(), "{fine}: {:?}", html(fine));
    }
    for (wrong, reason) in [
        ("<p {NAME}>", "in a tag"),
        ("<{NAME}>", "in a tag"),
        ("<a href=\"{NAME}\">", "an address or a script"),
        ("<a onclick='{NAME}'>", "an address or a script"),
        ("<p style=\"{NAME}\">", "an address or a script"),
        ("<p title={NAME}>", "needs quotes"),
        ("<p title=x{NAME}>", "needs quotes"),
        ("<script>var x = '{NAME}'</script>", "in a script"),
        ("<STYLE >{NAME}</style>", "in a script"),
        ("<script></scrip>{NAME}</script>", "in a script"),
        ("<!-- {NAME} -->", "in a comment"),
        ("<p title=\"", "ends within"),
        ("<p>x</p", "ends within"),
    ] {
        let error = html(wrong).expect_err(wrong);
        assert!(error.message().contains(reason), "{wrong}: {error}");
    }
}
