//! What holds for every number.

use super::*;
use crate::crm::LookUp;
use proptest::prelude::*;

fn plans() -> [NumberingPlan; 4] {
    [
        NumberingPlan::japan(),
        NumberingPlan::north_america(),
        NumberingPlan::new("49", "0", "00").unwrap(),
        NumberingPlan::new("34", "", "00").unwrap(),
    ]
}

fn canonical(text: &str) -> Option<String> {
    Canonical::of(text, &NumberingPlan::japan()).map(|canonical| canonical.as_str().to_owned())
}

fn spelled(text: &str, budget: usize) -> Vec<String> {
    let number = Number::new(text).unwrap();
    spellings(&number, &NumberingPlan::japan(), budget).iter().map(|number| number.as_str().to_owned()).collect()
}

#[test]
fn the_same_line_has_one_form_whatever_its_shape() {
    for text in [
        "+81 3-1234-5678",
        "0312345678",
        "03(1234)5678",
        "03/1234/5678",
        "03.1234.5678",
        "０３－１２３４－５６７８",
        "03‐1234−5678",
        "03ー1234ー5678",
        "０３（１２３４）５６７８　内線２０１",
        "03-1234-5678 (代)",
        "TEL:03-1234-5678",
        "03-1234-5678 x12",
        "03-1234-5678#12",
        "03-1234-5678 ext. 12",
        "0312345678;12",
        "184-03-1234-5678",
        "1860312345678",
        "184+81312345678",
        "010-81-3-1234-5678",
        "+81 (0)3 1234 5678",
        "+81 03 1234 5678",
        "sip:0312345678@pbx.example",
        "\"Tanaka\" <sip:%2B81312345678@pbx.example;user=phone>;tag=1",
        "tel:+81-3-1234-5678;phone-context=+81",
        "\u{202a}03-1234-5678\u{202c}",
    ] {
        assert_eq!(canonical(text).as_deref(), Some("+81312345678"), "{text}");
    }
}

#[test]
fn extension_and_caller_id_wish_are_kept_beside_it() {
    let plan = NumberingPlan::japan();
    for text in
        ["03-1234-5678;ext=201", "03-1234-5678 X 201", "03-1234-5678 内線:201", "0312345678#201", "0312345678,,201"]
    {
        assert_eq!(Canonical::of(text, &plan).unwrap().extension(), Some("201"), "{text}");
    }
    let hidden = Canonical::of("184 090-1234-5678", &plan).unwrap();
    assert_eq!((hidden.caller_id(), hidden.national()), (Some(CallerIdWish::Hide), Some("09012345678")));
    assert_eq!(Canonical::of("184", &plan).unwrap().caller_id(), None);
}

#[test]
fn internal_and_service_numbers_stay_as_they_are() {
    for (text, digits) in [("201", "201"), ("内線 201", "201"), ("１１０", "110"), ("*72#", "*72#"), ("#9110", "#9110")]
    {
        assert_eq!(canonical(text).as_deref(), Some(digits), "{text}");
        assert_eq!(Canonical::of(text, &NumberingPlan::japan()).unwrap().e164(), None, "{text}");
    }
}

#[test]
fn words_are_no_numbers() {
    for text in ["", " ", "+", "anonymous", "agent7", "sip:alice@example.com", "call 3 times", "非通知"] {
        assert_eq!(canonical(text), None, "{text}");
    }
}

#[test]
fn spellings_come_in_the_order_of_likelihood() {
    assert_eq!(
        spelled("0312345678", 8),
        ["0312345678", "03-1234-5678", "+81312345678", "81312345678", "+81-3-1234-5678"]
    );
    assert_eq!(spelled("+819012345678", 3), ["+819012345678", "09012345678", "090-1234-5678"]);
    assert_eq!(spelled("0120123456", 2), ["0120123456", "0120-123-456"]);
    assert_eq!(spelled("0466123456", 8)[1..3], ["046-612-3456", "+81466123456"]);
    assert!(spelled("0466123456", 8).contains(&"0466-12-3456".to_owned()));
    assert_eq!(spelled("08001234567", 2), ["08001234567", "0800-123-4567"]);
    assert_eq!(spelled("201", 8), ["201"]);
    assert_eq!(spelled("+12125550100", 8), ["+12125550100", "01012125550100"]);
    assert_eq!(spelled("alice", 8), ["alice"]);
}

#[test]
fn a_withheld_number_is_not_looked_up() {
    let plan = NumberingPlan::japan();
    assert_eq!(LookUp::of(&Number::new("anonymous").unwrap(), &plan, 5), None);
    assert_eq!(LookUp::of(&Number::new("0312345678").unwrap(), &plan, 0), None);
    let look_up = LookUp::of(&Number::new("03-1234-5678").unwrap(), &plan, 2).unwrap();
    assert_eq!(look_up.spellings.len(), 2);
}

#[test]
fn debug_shows_no_number() {
    let text = format!("{:?}", Canonical::of("03-1234-5678 内線 20123", &NumberingPlan::japan()).unwrap());
    assert!(!text.contains("1234") && !text.contains("20123"), "{text}");
}

/// Texts near enough to numbers to get deep into the rules.
fn near_number() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[0-9]{1,11}",
        "[-+#*() ./;,x:@<>%０-９ー内線]{1,3}",
        prop::sample::select(vec![
            "ext", ";ext=", "(0)", "184", "010", "+81", "81", "sip:", "tel:", "内線", "%2B", "TEL"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>(), budget in 0usize..12) {
        for plan in plans() {
            let _ = Canonical::of(&text, &plan);
            let _ = Number::new(&text).map(|number| LookUp::of(&number, &plan, budget));
        }
    }

    #[test]
    fn the_short_way_through_plain_writing_leads_where_the_long_one_does(text in "[0-9 +()./-]{0,70}") {
        // Brackets around an address take the long way.
        prop_assert_eq!(Cleaned::of(&text), Cleaned::of(&format!("<{text}>")));
    }

    #[test]
    fn normalising_twice_is_normalising_once(text in prop_oneof![near_number(), any::<String>()]) {
        for plan in plans() {
            if let Some(once) = Canonical::of(&text, &plan) {
                let twice = Canonical::of(once.as_str(), &plan).unwrap();
                prop_assert_eq!(once.as_str(), twice.as_str());
                prop_assert_eq!(once.national(), twice.national());
                prop_assert!(once.as_str().chars().all(|c| c.is_ascii_digit() || "*#+".contains(c)));
            }
        }
    }

    #[test]
    fn every_spelling_is_the_same_line(text in near_number(), budget in 1usize..12) {
        for plan in plans() {
            let Some(number) = Number::new(&text) else { continue };
            let Some(canonical) = Canonical::of(number.as_str(), &plan) else { continue };
            let spellings = spellings(&number, &plan, budget);
            prop_assert_eq!(&spellings[0], &number);
            prop_assert!(spellings.len() <= budget);
            for (at, spelling) in spellings.iter().enumerate() {
                prop_assert!(!spellings[..at].contains(spelling));
                let again = Canonical::of(spelling.as_str(), &plan).unwrap();
                prop_assert_eq!(again.as_str(), canonical.as_str(), "{}", spelling.as_str());
            }
        }
    }

    #[test]
    fn a_valid_number_is_the_same_in_all_spellings(national in "0([1-9][1-9][0-9]{7}|[26-9]0[0-9]{8})") {
        let plan = NumberingPlan::japan();
        let number = Number::new(&national).unwrap();
        let canonical = Canonical::of(&national, &plan).unwrap();
        prop_assert_eq!(canonical.e164(), Some(&*format!("+81{}", &national[1..])));
        prop_assert_eq!(canonical.national(), Some(&*national));
        prop_assert!(spellings(&number, &plan, 12).len() >= 5);
    }

    #[test]
    fn three_digits_with_a_one_in_front_have_no_international_form(text in "1[0-9]{2}") {
        for plan in plans() {
            prop_assert_eq!(Canonical::of(&text, &plan).unwrap().e164().map(str::to_owned), None);
        }
    }
}
