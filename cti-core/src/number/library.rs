//! What the library of numbering plans knows beyond our own rules: how long the numbers of every country are (feature
//! `e164`). Japan and North America are read by our own rules, which know their service numbers.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat};

/// Loads the numbering plans and compiles the patterns of the most called countries, so that no call waits for it.
pub(super) fn warm_up(country_code: &str) {
    const MOST_CALLED: [&str; 8] = [
        "+12125550100",
        "+442071838750",
        "+4930123456",
        "+33123456789",
        "+8610123456789",
        "+8221234567",
        "+81312345678",
        "+886212345678",
    ];
    MOST_CALLED.iter().for_each(|number| drop(international(number)));
    drop(inside("0123456789", country_code));
}

/// The international form of `+…`, if its length is one of its country.
pub(super) fn international(number: &str) -> Option<String> {
    read(number, None)
}

/// The international form of digits as they are dialled inside that country, if their number is one of it.
pub(super) fn inside(digits: &str, country_code: &str) -> Option<String> {
    let region = PHONE_NUMBER_UTIL.get_region_for_country_code(country_code.parse().ok()?)?;
    read(digits, Some(region)).filter(|e164| e164[1..].starts_with(country_code))
}

fn read(number: &str, region: Option<rlibphonenumber::Region>) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(number, region).ok()?;
    let possible = matches!(number.is_possible_with_reason(), Ok(NumberLengthType::IsPossible));
    // A number that begins with 0 behind its country code is one in few countries; elsewhere the 0 was a trunk prefix.
    let e164 = possible.then(|| number.format_as(PhoneNumberFormat::E164).into_owned())?;
    let code_length = match number.country_code {
        ..10 => 1,
        10..100 => 2,
        _ => 3,
    };
    (e164.as_bytes().get(1 + code_length) != Some(&b'0') || number.is_valid()).then_some(e164)
}
