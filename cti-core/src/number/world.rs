//! How numbers are dialled in the countries of the world: country code, trunk prefix, international prefix (ITU-T E.164
//! national numbering plans; where several carriers have their own international prefix, the common one), and the
//! emergency numbers of each.

/// ISO 3166 code, country code, trunk prefix, international prefix.
const COUNTRIES: [(&str, &str, &str, &str); 72] = [
    ("AE", "971", "0", "00"),
    ("AR", "54", "0", "00"),
    ("AT", "43", "0", "00"),
    ("AU", "61", "0", "0011"),
    ("BD", "880", "0", "00"),
    ("BE", "32", "0", "00"),
    ("BG", "359", "0", "00"),
    ("BR", "55", "0", "00"),
    ("CA", "1", "1", "011"),
    ("CH", "41", "0", "00"),
    ("CL", "56", "", "00"),
    ("CN", "86", "0", "00"),
    ("CO", "57", "", "00"),
    ("CY", "357", "", "00"),
    ("CZ", "420", "", "00"),
    ("DE", "49", "0", "00"),
    ("DK", "45", "", "00"),
    ("EE", "372", "", "00"),
    ("EG", "20", "0", "00"),
    ("ES", "34", "", "00"),
    ("FI", "358", "0", "00"),
    ("FR", "33", "0", "00"),
    ("GB", "44", "0", "00"),
    ("GR", "30", "", "00"),
    ("HK", "852", "", "001"),
    ("HR", "385", "0", "00"),
    ("HU", "36", "06", "00"),
    ("ID", "62", "0", "001"),
    ("IE", "353", "0", "00"),
    ("IL", "972", "0", "00"),
    ("IN", "91", "0", "00"),
    ("IS", "354", "", "00"),
    ("IT", "39", "", "00"),
    ("JP", "81", "0", "010"),
    ("KE", "254", "0", "000"),
    ("KH", "855", "0", "001"),
    ("KR", "82", "0", "00"),
    ("KZ", "7", "8", "810"),
    ("LK", "94", "0", "00"),
    ("LT", "370", "0", "00"),
    ("LU", "352", "", "00"),
    ("LV", "371", "", "00"),
    ("MM", "95", "0", "00"),
    ("MO", "853", "", "00"),
    ("MT", "356", "", "00"),
    ("MX", "52", "", "00"),
    ("MY", "60", "0", "00"),
    ("NG", "234", "0", "009"),
    ("NL", "31", "0", "00"),
    ("NO", "47", "", "00"),
    ("NP", "977", "0", "00"),
    ("NZ", "64", "0", "00"),
    ("PE", "51", "0", "00"),
    ("PH", "63", "0", "00"),
    ("PK", "92", "0", "00"),
    ("PL", "48", "", "00"),
    ("PT", "351", "", "00"),
    ("RO", "40", "0", "00"),
    ("RS", "381", "0", "00"),
    ("RU", "7", "8", "810"),
    ("SA", "966", "0", "00"),
    ("SE", "46", "0", "00"),
    ("SG", "65", "", "001"),
    ("SI", "386", "0", "00"),
    ("SK", "421", "0", "00"),
    ("TH", "66", "0", "001"),
    ("TR", "90", "0", "00"),
    ("TW", "886", "0", "002"),
    ("UA", "380", "0", "00"),
    ("US", "1", "1", "011"),
    ("VN", "84", "0", "00"),
    ("ZA", "27", "0", "00"),
];

/// Numbers that mean emergency on mobile networks everywhere, or in so many countries that a person could mean them.
pub(super) const EMERGENCY_EVERYWHERE: [&str; 6] = ["000", "112", "911", "988", "995", "999"];

/// Emergency numbers by country code: police, fire, ambulance, coast guard.
const EMERGENCY: [(&str, &[&str]); 36] = [
    ("20", &["122", "123", "180"]),
    ("27", &["10111", "10177"]),
    ("31", &["112"]),
    ("32", &["100", "101"]),
    ("33", &["15", "17", "18", "114"]),
    ("34", &["091", "061", "080"]),
    ("39", &["113", "115", "118"]),
    ("41", &["117", "118", "144"]),
    ("43", &["122", "133", "144"]),
    ("44", &["999"]),
    ("47", &["110", "112", "113"]),
    ("48", &["997", "998"]),
    ("49", &["110"]),
    ("52", &["911"]),
    ("54", &["100", "101", "107"]),
    ("55", &["190", "192", "193"]),
    ("56", &["131", "132", "133"]),
    ("57", &["123"]),
    ("60", &["999", "994"]),
    ("61", &["000", "106"]),
    ("62", &["110", "113", "118"]),
    ("63", &["911"]),
    ("64", &["111"]),
    ("65", &["995", "999"]),
    ("66", &["191", "199", "1669"]),
    ("7", &["101", "102", "103", "104"]),
    ("81", &["110", "118", "119"]),
    ("82", &["112", "119"]),
    ("84", &["113", "114", "115"]),
    ("852", &["999", "992"]),
    ("86", &["110", "119", "120", "122"]),
    ("886", &["110", "119"]),
    ("91", &["100", "101", "102", "108"]),
    ("966", &["997", "998"]),
    ("971", &["997", "998"]),
    ("972", &["100", "101", "102"]),
];

/// Country code, trunk prefix and international prefix of a country.
pub(super) fn prefixes(country: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let found = COUNTRIES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(country))?;
    Some((found.1, found.2, found.3))
}

/// The ISO codes of the countries that are known.
pub(super) fn countries() -> impl Iterator<Item = &'static str> {
    COUNTRIES.iter().map(|(country, ..)| *country)
}

/// The longest emergency number, in digits.
pub(super) const LONGEST_EMERGENCY: usize = 5;

/// The emergency numbers of the country with that code, beside those of everywhere.
pub(super) fn emergency(country_code: &str) -> &'static [&'static str] {
    EMERGENCY.iter().find(|(code, _)| *code == country_code).map_or(&[], |(_, numbers)| numbers)
}
