//! What the dial plan promises.

use super::*;
use crate::ErrorKind;
use crate::number::NumberingPlan;
use proptest::prelude::*;

fn member(user: &str, extension: &str, default: bool) -> Member {
    Member { user: user.into(), extension: extension.into(), default }
}

fn group(name: &str, members: Vec<Member>, prefixes: &str, default_prefix: PrefixChoice) -> TelephonyGroup {
    TelephonyGroup {
        name: name.into(),
        pbx: format!("pbx-{name}"),
        owner: "owner".into(),
        members,
        prefixes: prefixes.parse().unwrap(),
        default_prefix,
    }
}

fn fixed(label: &str) -> PrefixChoice {
    PrefixChoice::Fixed(label.into())
}

/// One user with one telephone, and the prefix `digits`.
fn simple(digits: &str) -> DialPlan {
    let members = vec![member("sato", "6001", false), member("kato", "60021234", false)];
    DialPlan::new(vec![group("x", members, &format!("P:{digits}"), fixed("P"))]).unwrap()
}

fn resolve(plan: &DialPlan, user: &str, number: &str, choice: &Choice) -> crate::Result<Resolution> {
    plan.resolve(user, &Number::new(number).unwrap(), choice, &NumberingPlan::japan())
}

fn dialled(plan: &DialPlan, number: &str) -> Derivation {
    match resolve(plan, "sato", number, &Choice::default()).unwrap() {
        Resolution::Dial { derivation, .. } => derivation,
        Resolution::ChoiceNeeded(offer) => panic!("asked for {offer:?}"),
    }
}

fn dial_string(plan: &DialPlan, number: &str) -> String {
    dialled(plan, number).dial_string.as_str().to_owned()
}

fn offer(resolved: Resolution) -> Offer {
    match resolved {
        Resolution::ChoiceNeeded(offer) => offer,
        Resolution::Dial { .. } => panic!("nothing was asked"),
    }
}

fn rules(derivation: &Derivation) -> Vec<&str> {
    derivation.steps.iter().map(|step| step.rule.as_str()).collect()
}

#[test]
fn the_number_is_cleaned_and_brought_home() {
    let plan = simple("9");
    for number in [
        "03-1234-5678",
        "０３（１２３４）５６７８",
        "+81 3 1234 5678",
        "+81 (0)3-1234-5678",
        "81312345678",
        "03-1234-5678 内線 201",
        "tel:+81-3-1234-5678;ext=201",
    ] {
        assert_eq!(dial_string(&plan, number), "90312345678", "{number}");
    }
    assert_eq!(dial_string(&plan, "+1 212 555 0100"), "901012125550100");
    assert_eq!(dial_string(&plan, "184-03-1234-5678"), "91840312345678");
    assert_eq!(dial_string(&plan, "186 +81 3 1234 5678"), "91860312345678");
    assert_eq!(
        rules(&dialled(&plan, "+81-3-1234-5678;ext=2")),
        ["as_stored", "extension_removed", "national", "prefix:P"]
    );
}

#[test]
fn no_prefix_goes_before_emergency_service_internal_and_code() {
    let plan = simple("0");
    for (number, rule) in [
        ("110", "emergency"),
        ("１１９", "emergency"),
        ("118", "emergency"),
        ("911", "emergency"),
        ("112", "emergency"),
        ("177", "service_number"),
        ("104", "service_number"),
        ("6001", "extension"),
        ("60021234", "extension"),
        ("6999", "short_number"),
        ("*72", "feature_code"),
        ("#9110", "feature_code"),
    ] {
        let derivation = dialled(&plan, number);
        assert_eq!(rules(&derivation).last(), Some(&rule), "{number}");
        assert!(!derivation.dial_string.as_str().starts_with('0'), "{number}");
    }
}

#[test]
fn a_pbx_that_needs_its_prefix_before_emergency_numbers_gets_it() {
    let plan = simple("0").never_prefixed(["119"]);
    assert_eq!(dial_string(&plan, "110"), "0110");
    assert_eq!(dial_string(&plan, "119"), "119");
}

#[test]
fn service_numbers_of_the_numbering_plan_are_untouched() {
    let plan = simple("9");
    for number in ["116", "122", "144", "188"] {
        assert_eq!(dial_string(&plan, number), number);
    }
    let number = Number::new("311").unwrap();
    let resolved = plan.resolve("sato", &number, &Choice::default(), &NumberingPlan::north_america()).unwrap();
    let Resolution::Dial { derivation, .. } = resolved else { panic!("nothing to ask") };
    assert_eq!(derivation.dial_string.as_str(), "311");
}

#[test]
fn two_numbers_in_one_field_are_not_dialled() {
    let number = Number::new("03-1234-5678 / 090-1111-2222").unwrap();
    let error = simple("9").resolve("sato", &number, &Choice::default(), &NumberingPlan::japan()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.to_string().contains("two numbers"), "{error}");
    assert_eq!(dial_string(&simple("9"), "184-010-1-212-555-0100"), "918401012125550100");
}

#[test]
fn a_prefix_that_is_there_is_not_put_there_again() {
    for prefix in ["0", "9", "1000", "*9", "88"] {
        let plan = simple(prefix);
        let once = dial_string(&plan, "03-1234-5678");
        assert_eq!(once, format!("{prefix}0312345678"));
        assert_eq!(
            rules(&dialled(&plan, &once)).last(),
            Some(&if prefix == "*9" { "feature_code" } else { "prefix_present:P" })
        );
        assert_eq!(dial_string(&plan, &once), once);
    }
    let trunk = simple("1");
    let plan = NumberingPlan::north_america();
    let number = Number::new("1-212-555-0100").unwrap();
    let Resolution::Dial { derivation, .. } = trunk.resolve("sato", &number, &Choice::default(), &plan).unwrap() else {
        panic!("nothing to ask")
    };
    assert_eq!(derivation.dial_string.as_str(), "12125550100");
}

#[test]
fn the_default_telephone_dials_out_of_all_groups() {
    let plan = |default| {
        let x = group("X", vec![member("user1", "1234", default)], "", PrefixChoice::NoPrefix);
        let y = group("Y", vec![member("user1", "5678", false)], "", PrefixChoice::NoPrefix);
        DialPlan::new(vec![x, y]).unwrap()
    };
    let resolved = resolve(&plan(true), "user1", "0312345678", &Choice::default()).unwrap();
    assert!(matches!(&resolved, Resolution::Dial { pbx, derivation }
        if pbx == "pbx-X" && derivation.extension.as_str() == "1234"));

    let asked = offer(resolve(&plan(false), "user1", "0312345678", &Choice::default()).unwrap());
    assert_eq!(asked, Offer { extensions: vec!["1234".into(), "5678".into()], prefixes: vec![] });
    let choice = Choice { extension: Some("5678".into()), prefix: None };
    let resolved = resolve(&plan(false), "user1", "0312345678", &choice).unwrap();
    assert!(matches!(resolved, Resolution::Dial { pbx, .. } if pbx == "pbx-Y"));
}

#[test]
fn ask_each_time_asks_and_takes_the_answer() {
    let plan = DialPlan::new(vec![group(
        "x",
        vec![member("sato", "6001", false), member("sato", "6002", false)],
        "LONGDIS:1000;LOCAL:9",
        PrefixChoice::AskEachTime,
    )])
    .unwrap();
    let asked = offer(resolve(&plan, "sato", "0312345678", &Choice::default()).unwrap());
    assert_eq!(asked.extensions.len(), 2);
    assert_eq!(asked.prefixes, ["LONGDIS", "LOCAL"]);
    let with_extension = Choice { extension: Some("6002".into()), prefix: None };
    assert_eq!(
        offer(resolve(&plan, "sato", "0312345678", &with_extension).unwrap()),
        Offer { extensions: vec![], prefixes: vec!["LONGDIS".into(), "LOCAL".into()] }
    );
    for (pick, expected) in
        [(PrefixPick::Label("LONGDIS".into()), "10000312345678"), (PrefixPick::NoPrefix, "0312345678")]
    {
        let choice = Choice { prefix: Some(pick), ..with_extension.clone() };
        let resolved = resolve(&plan, "sato", "0312345678", &choice).unwrap();
        assert!(matches!(resolved, Resolution::Dial { derivation, .. } if derivation.dial_string.as_str() == expected));
    }
    let emergency = resolve(&plan, "sato", "110", &with_extension).unwrap();
    assert!(matches!(emergency, Resolution::Dial { derivation, .. } if derivation.dial_string.as_str() == "110"));
}

#[test]
fn what_cannot_be_dialled_is_refused_with_its_kind() {
    let plan = simple("9");
    let kind = |user, number, choice: &Choice| resolve(&plan, user, number, choice).unwrap_err().kind();
    assert_eq!(kind("nobody", "0312345678", &Choice::default()), ErrorKind::NotFound);
    let foreign = Choice { extension: Some("6666".into()), prefix: None };
    assert_eq!(kind("sato", "0312345678", &foreign), ErrorKind::NotFound);
    let no_such = Choice { extension: None, prefix: Some(PrefixPick::Label("Q".into())) };
    assert_eq!(kind("sato", "0312345678", &no_such), ErrorKind::NotFound);
    for number in ["anonymous", "agent7", "-", "123456789012345678901234567890123"] {
        assert_eq!(kind("sato", number, &Choice::default()), ErrorKind::Rejected, "{number}");
    }
}

#[test]
fn every_fault_is_told_at_once_with_its_path() {
    let mut nameless = group("x", vec![member("", "", false)], "EMERGENCY:110", PrefixChoice::NoPrefix);
    nameless.pbx.clear();
    nameless.owner = " ".into();
    let first = group("x", vec![member("a", "1", true), member("a", "1", false)], "LOCAL:9", fixed("LOCL"));
    let third = group("y", vec![member("a", "2\r\n", true)], "", PrefixChoice::AskEachTime);
    let faults = DialPlan::new(vec![first, nameless, third]).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "groups[0].default_prefix",
            "groups[0].members[1]",
            "groups[1].pbx",
            "groups[1].owner",
            "groups[1].prefixes",
            "groups[1].members[0].user",
            "groups[1].members[0].extension",
            "groups[1].name",
            "groups[2].members[0].extension",
            "groups[2].members[0].default",
        ]
    );
    assert_eq!(faults[0].to_string(), "groups[0].default_prefix: no prefix has the label \"LOCL\"; there are: LOCAL");
    assert_eq!(DialPlan::new(Vec::new()).unwrap_err()[0].path, "groups");
}

#[test]
fn a_group_reads_from_a_configuration() {
    let text = r#"{"name":"東京","pbx":"main","owner":"sato","prefixes":"市外:00","default_prefix":{"fixed":"市外"},
        "members":[{"user":"sato","extension":"0601"}]}"#;
    let group: TelephonyGroup = serde_json::from_str(text).unwrap();
    assert_eq!(group.default_prefix, fixed("市外"));
    assert_eq!(group.members[0].extension.as_str(), "0601");
    let asks = text.replace(r#"{"fixed":"市外"}"#, r#""ask_each_time""#);
    assert_eq!(serde_json::from_str::<TelephonyGroup>(&asks).unwrap().default_prefix, PrefixChoice::AskEachTime);
    assert!(serde_json::from_str::<TelephonyGroup>(&text.replace("owner", "ownr")).is_err());
    let wrong = serde_json::from_str::<TelephonyGroup>(&text.replace("市外:00", "市外:0o")).unwrap_err();
    assert!(wrong.to_string().contains("at character 5"), "{wrong}");
}

#[test]
fn ten_thousand_groups_resolve_as_one() {
    let groups = (0..10_000).map(|at| {
        let members = vec![member(&format!("user{at}"), &format!("{at}"), false)];
        group(&format!("g{at}"), members, "LOCAL:9", fixed("LOCAL"))
    });
    let plan = DialPlan::new(groups.collect()).unwrap();
    let resolved = resolve(&plan, "user9999", "0312345678", &Choice::default()).unwrap();
    assert!(matches!(resolved, Resolution::Dial { derivation, .. } if derivation.extension.as_str() == "9999"));
}

proptest! {
    #[test]
    fn only_what_a_telephone_has_keys_for_comes_out(number in "\\PC{1,40}", prefix in "[0-9*#]{1,4}") {
        prop_assume!(!derive::EMERGENCY.contains(&&*prefix));
        let Some(number) = Number::new(&number) else { return Ok(()) };
        let plan = simple(&prefix);
        for numbering in [NumberingPlan::japan(), NumberingPlan::north_america()] {
            if let Ok(Resolution::Dial { derivation, .. }) =
                plan.resolve("sato", &number, &Choice::default(), &numbering)
            {
                let dialled = derivation.dial_string.as_str();
                prop_assert!(dialled.chars().all(|c| c.is_ascii_digit() || "*#".contains(c)), "{}", dialled);
                prop_assert_eq!(&derivation.steps.last().unwrap().number, &derivation.dial_string);
                prop_assert_eq!(&derivation.steps[0].number, &number);
            }
        }
    }

    #[test]
    fn a_prefix_is_never_there_twice(
        national in "0([1-9][1-9][0-9]{7}|[26-9]0[0-9]{8})",
        prefix in "(0|[2-79][0-9*#]{0,3}|1[05-79][0-9]{0,2})",
    ) {
        prop_assume!(!derive::EMERGENCY.contains(&&*prefix));
        let plan = simple(&prefix);
        let once = dial_string(&plan, &national);
        prop_assert_eq!(&once, &format!("{prefix}{national}"));
        prop_assert_eq!(dial_string(&plan, &once), once);
    }

    #[test]
    fn emergency_numbers_are_untouched_whatever_is_chosen(
        number in prop::sample::select(derive::EMERGENCY.to_vec()),
        prefix in "[0-9*#]{1,4}",
        pick in any::<bool>(),
    ) {
        prop_assume!(!derive::EMERGENCY.contains(&&*prefix));
        let choice = Choice { extension: None, prefix: pick.then(|| PrefixPick::Label("P".into())) };
        let resolved = resolve(&simple(&prefix), "sato", number, &choice).unwrap();
        let kept = matches!(resolved, Resolution::Dial { derivation, .. } if derivation.dial_string.as_str() == number);
        prop_assert!(kept);
    }
}
