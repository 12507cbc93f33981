//! What is known of the numbers of some countries: lengths, service numbers, how people write them.
//!
//! Japan from the numbering plan of the Ministry of Internal Affairs and Communications (総務省, 電気通信番号計画),
//! North America from the NANP. Every other country is read by length alone.

use super::normalise::CallerIdWish;

/// The countries of which more is known than three prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Country {
    Japan,
    NorthAmerica,
    Other,
}

/// How many characters of the national form stand in each group.
pub(super) type Groups = [usize; 3];

impl Country {
    pub(super) fn of(country_code: &str) -> Self {
        match country_code {
            "81" => Self::Japan,
            "1" => Self::NorthAmerica,
            _ => Self::Other,
        }
    }

    /// True if people write the trunk prefix as a part of the number. In North America they do not.
    pub(super) fn writes_trunk(self) -> bool {
        self != Self::NorthAmerica
    }

    /// True if the digits after the trunk prefix can be a number of this country.
    pub(super) fn fits(self, significant: &str, country_code: &str, trunk: &str) -> bool {
        let bytes = significant.as_bytes();
        match self {
            // 020 050 060 070 080 090 and 0800 have ten digits after the 0; 0120, 0570 and the areas have nine.
            Self::Japan => match bytes {
                [b'0', ..] => false,
                [b'2' | b'5'..=b'9', b'0', ..] => bytes.len() == 10,
                _ => bytes.len() == 9,
            },
            Self::NorthAmerica => matches!(bytes, [b'2'..=b'9', _, _, b'2'..=b'9', ..]) && bytes.len() == 10,
            // Without a trunk prefix an extension or a service number must not pass for a number of the country.
            Self::Other => {
                let shortest = if trunk.is_empty() { 7 } else { 5 };
                (shortest..=15 - country_code.len()).contains(&bytes.len()) && !(trunk == "0" && bytes[0] == b'0')
            }
        }
    }

    /// True for numbers other than emergency that only mean something when dialled as they are: directory, time.
    pub(super) fn is_service(self, digits: &str) -> bool {
        let three = digits.len() == 3;
        (three && digits.starts_with('1')) || (three && self == Self::NorthAmerica && digits.ends_with("11"))
    }

    /// What people put before a number to show or to hide their own.
    pub(super) fn caller_id_prefixes(self) -> &'static [(&'static str, CallerIdWish)] {
        match self {
            Self::Japan => &[("184", CallerIdWish::Hide), ("186", CallerIdWish::Show)],
            Self::NorthAmerica => &[("*67", CallerIdWish::Hide), ("*82", CallerIdWish::Show)],
            Self::Other => &[],
        }
    }

    /// The ways in which people group the national form, the most likely first.
    pub(super) fn groupings(self, national: &str) -> &'static [Groups] {
        match (self, national.len()) {
            (Self::Japan, 11) if national.starts_with("0800") => &[[4, 3, 4]],
            (Self::Japan, 11) => &[[3, 4, 4]],
            (Self::Japan, 10) => japanese_groupings(national),
            (Self::NorthAmerica, 10) => &[[3, 3, 4]],
            _ => &[],
        }
    }
}

/// Freephone and other services of nine digits after the 0, written 0120-123-456.
const SERVICES_OF_JAPAN: [&str; 4] = ["0120", "0180", "0570", "0990"];

/// The first three digits under which the area code has three digits nearly everywhere.
const AREAS_OF_THREE: [&str; 47] = [
    "011", "017", "018", "019", "022", "023", "024", "025", "026", "027", "028", "029", "042", "043", "044", "045",
    "046", "047", "048", "049", "052", "053", "054", "055", "058", "059", "072", "073", "075", "076", "077", "078",
    "079", "082", "083", "084", "086", "087", "088", "089", "092", "093", "095", "096", "097", "098", "099",
];

fn japanese_groupings(national: &str) -> &'static [Groups] {
    let starts_with_one_of = |prefixes: &[&str]| prefixes.iter().any(|prefix| national.starts_with(prefix));
    if starts_with_one_of(&SERVICES_OF_JAPAN) {
        &[[4, 3, 3], [4, 2, 4]]
    } else if starts_with_one_of(&["03", "06"]) {
        &[[2, 4, 4]]
    } else if starts_with_one_of(&AREAS_OF_THREE) {
        &[[3, 3, 4], [4, 2, 4]]
    } else if national.starts_with("04") {
        &[[2, 4, 4], [4, 2, 4], [3, 3, 4]]
    } else {
        &[[4, 2, 4], [3, 3, 4], [5, 1, 4]]
    }
}
