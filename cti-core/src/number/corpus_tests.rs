//! What stands in records, country by country: the same line has one form, and what is no number is none.

use super::*;

/// Country, what stands in the record, the identity.
const CORPUS: &[(&str, &str, &str)] = &[
    ("JP", "03-1234-5678", "+81312345678"),
    ("JP", "(03) 1234-5678", "+81312345678"),
    ("JP", "０３−１２３４−５６７８", "+81312345678"),
    ("JP", "03 1234 5678 内線 201", "+81312345678"),
    ("JP", "03-1234-5678;ext=201", "+81312345678"),
    ("JP", "03-1234-5678 x201", "+81312345678"),
    ("JP", "+81-3-1234-5678", "+81312345678"),
    ("JP", "+81 (0)3 1234 5678", "+81312345678"),
    ("JP", "010-81-3-1234-5678", "+81312345678"),
    ("JP", "81312345678", "+81312345678"),
    ("JP", "184-03-1234-5678", "+81312345678"),
    ("JP", "186 090 1234 5678", "+819012345678"),
    ("JP", "070-1234-5678", "+817012345678"),
    ("JP", "050-1234-5678", "+815012345678"),
    ("JP", "0120-123-456", "+81120123456"),
    ("JP", "0800-123-4567", "+818001234567"),
    ("JP", "0570-012-345", "+81570012345"),
    ("JP", "+1 (212) 555-0100", "+12125550100"),
    ("JP", "010 1 212 555 0100", "+12125550100"),
    ("JP", "+44 20 7183 8750", "+442071838750"),
    ("JP", "110", "110"),
    ("JP", "#9110", "#9110"),
    ("JP", "6001", "6001"),
    ("US", "(212) 555-0100", "+12125550100"),
    ("US", "1-212-555-0100", "+12125550100"),
    ("US", "212.555.0100 ext. 12", "+12125550100"),
    ("US", "+1 212 555 0100", "+12125550100"),
    ("US", "011 81 3 1234 5678", "+81312345678"),
    ("US", "911", "911"),
    ("US", "*67 212 555 0100", "+12125550100"),
    ("CA", "416-555-0123", "+14165550123"),
    ("GB", "020 7183 8750", "+442071838750"),
    ("GB", "+44 (0)20 7183 8750", "+442071838750"),
    ("GB", "00 44 20 7183 8750", "+442071838750"),
    ("GB", "07400 123456", "+447400123456"),
    ("GB", "999", "999"),
    ("DE", "030 / 123456", "+4930123456"),
    ("DE", "030-123456", "+4930123456"),
    ("DE", "+49 (0)30 123456", "+4930123456"),
    ("DE", "0049 30 123456", "+4930123456"),
    ("DE", "0151 12345678", "+4915112345678"),
    ("DE", "112", "112"),
    ("FR", "01 23 45 67 89", "+33123456789"),
    ("FR", "+33 1 23 45 67 89", "+33123456789"),
    ("FR", "0033 1 23 45 67 89", "+33123456789"),
    ("FR", "15", "15"),
    ("IT", "06 1234 5678", "+390612345678"),
    ("IT", "+39 06 1234 5678", "+390612345678"),
    ("ES", "912 345 678", "+34912345678"),
    ("ES", "+34 912 34 56 78", "+34912345678"),
    ("NL", "020 123 4567", "+31201234567"),
    ("CH", "044 668 18 00", "+41446681800"),
    ("AT", "01 5340 0", "+43153400"),
    ("SE", "08-12 34 56", "+468123456"),
    ("PL", "12 345 67 89", "+48123456789"),
    ("RU", "8 (495) 123-45-67", "+74951234567"),
    ("RU", "+7 495 123 45 67", "+74951234567"),
    ("HU", "06 1 234 5678", "+3612345678"),
    ("CN", "010-12345678", "+861012345678"),
    ("CN", "+86 138 0013 8000", "+8613800138000"),
    ("KR", "02-312-3456", "+8223123456"),
    ("KR", "010-1234-5678", "+821012345678"),
    ("TW", "02 2123 4567", "+886221234567"),
    ("HK", "2123 4567", "+85221234567"),
    ("SG", "6123 4567", "+6561234567"),
    ("IN", "022 1234 5678", "+912212345678"),
    ("AU", "02 1234 5678", "+61212345678"),
    ("AU", "0011 81 3 1234 5678", "+81312345678"),
    ("AU", "000", "000"),
    ("NZ", "09 123 4567", "+6491234567"),
    ("NZ", "111", "111"),
    ("BR", "011 2345 6789", "+551123456789"),
    ("ZA", "011 123 4567", "+27111234567"),
    ("ZA", "10111", "10111"),
];

#[test]
fn every_record_of_the_corpus_is_read() {
    let read = |&(country, text, expected): &(&str, &str, &str)| {
        let plan = NumberingPlan::of_country(country).unwrap();
        let found = Canonical::of(text, &plan).map(|canonical| canonical.as_str().to_owned());
        (found.as_deref() != Some(expected)).then(|| format!("{country} {text}: {found:?} for {expected}"))
    };
    let wrong: Vec<String> = CORPUS.iter().filter_map(read).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_number_is_none_in_every_country() {
    for country in world::countries() {
        let plan = NumberingPlan::of_country(country).unwrap();
        for text in ["", "-", "anonymous", "unknown", "sip:alice@example.com", "Suite 12 b"] {
            assert_eq!(Canonical::of(text, &plan), None, "{country} {text}");
        }
    }
}

#[test]
fn the_first_spellings_are_those_of_the_country() {
    for (country, text, expected) in [
        ("DE", "+4930123456", &["+4930123456", "030123456", "4930123456"][..]),
        ("GB", "020 7183 8750", &["020 7183 8750", "02071838750", "+442071838750", "442071838750"]),
        ("US", "+12125550100", &["+12125550100", "2125550100", "212-555-0100"]),
        ("JP", "+442071838750", &["+442071838750", "010442071838750"]),
    ] {
        let plan = NumberingPlan::of_country(country).unwrap();
        let number = Number::new(text).unwrap();
        let found: Vec<String> = spellings(&number, &plan, 4).iter().map(|n| n.as_str().to_owned()).collect();
        assert_eq!(found[..expected.len()], *expected, "{country} {text}");
    }
}

#[test]
fn emergency_numbers_of_every_country_stay_as_they_are() {
    for (country, number) in [
        ("JP", "118"),
        ("DE", "110"),
        ("GB", "999"),
        ("AU", "000"),
        ("NZ", "111"),
        ("FR", "15"),
        ("CN", "120"),
        ("BR", "190"),
        ("ZA", "10111"),
        ("TH", "1669"),
        ("US", "911"),
        ("ES", "091"),
    ] {
        let plan = NumberingPlan::of_country(country).unwrap();
        assert!(plan.is_emergency(number) && plan.is_service(number), "{country} {number}");
        assert_eq!(plan.e164(number), None, "{country} {number}");
    }
    assert!(!NumberingPlan::japan().is_emergency("117") && NumberingPlan::japan().is_service("117"));
}

#[test]
#[cfg(feature = "e164")]
fn the_library_knows_what_our_rules_do_not() {
    let japan = NumberingPlan::japan();
    warm_up(&japan);
    // A trunk 0 that was written after a foreign country code is dropped, where it is none it stays.
    assert_eq!(japan.e164("+49030123456").as_deref(), Some("+4930123456"));
    assert_eq!(japan.e164("+390612345678").as_deref(), Some("+390612345678"));
}
