//! Who calls, and whether the caller wants to be known.
//!
//! Events show the number of a withheld caller too. What says "withheld" comes from three places, in this order:
//! `ChanVariable: CALLERID(num-pres)=prohib…` (manager.conf: `channelvars = CALLERID(num-pres)`), the answer to a
//! `Getvar`, and words in the number or the name.

use super::text::{leading_number, unescape};
use cti_core::call::{Party, Withheld};

/// What the network says about showing the caller's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presentation {
    /// It may be shown.
    Allowed,
    /// The caller asked that it is not shown.
    Prohibited,
    /// The network has none.
    Unavailable,
    /// Nobody said in time.
    Unknown,
}

/// The word for `Presentation::Unknown`; Asterisk itself never says it.
pub const UNKNOWN_PRESENTATION: &str = "unknown";

impl Presentation {
    /// From `name=value` of a `ChanVariable` header.
    pub(super) fn from_channel_variable(variable: &str) -> Option<Self> {
        let (name, value) = variable.split_once('=')?;
        let known = ["CALLERID(num-pres)", "CALLERID(pres)"].iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
        if known { Self::from_word(value) } else { None }
    }

    /// From the value of `CALLERID(num-pres)`: `prohib_not_screened`, `allowed_passed_screen`, `unavailable`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        if word.starts_with("prohib") {
            Some(Self::Prohibited)
        } else if word.starts_with("allowed") {
            Some(Self::Allowed)
        } else if word.starts_with("unavail") {
            Some(Self::Unavailable)
        } else if word == UNKNOWN_PRESENTATION {
            Some(Self::Unknown)
        } else {
            None
        }
    }

    /// From `CID-CallingPres: 32 (Presentation Prohibited, Not Screened)`. Bits 5 and 6 hold the presentation.
    pub(super) fn from_code(text: &str) -> Option<Self> {
        match leading_number(text)? & 0x60 {
            0x00 => Some(Self::Allowed),
            0x20 => Some(Self::Prohibited),
            0x40 => Some(Self::Unavailable),
            _ => None,
        }
    }
}

/// The outside party. What it withholds is not kept.
pub(super) fn outside_party(number: Option<&str>, name: Option<&str>, presentation: Option<Presentation>) -> Party {
    let name = name.map(unescape);
    match withheld(number, name.as_deref(), presentation) {
        Some(reason) => Party::withheld(reason),
        None => {
            let name = name.filter(|name| !says_nothing(name));
            Party::known(number.unwrap_or_default(), name.as_deref().unwrap_or_default())
        }
    }
}

fn withheld(number: Option<&str>, name: Option<&str>, presentation: Option<Presentation>) -> Option<Withheld> {
    match presentation {
        Some(Presentation::Prohibited) => return Some(Withheld::RejectedByUser),
        Some(Presentation::Unavailable) => return Some(Withheld::Unavailable),
        Some(Presentation::Unknown) => return Some(Withheld::Unknown),
        Some(Presentation::Allowed) | None => {}
    }
    // An outside caller without a word about the reason: the network has no number.
    match Withheld::from_words(number.unwrap_or_default(), name.unwrap_or_default())? {
        Withheld::Unknown => Some(Withheld::Unavailable),
        reason => Some(reason),
    }
}

/// A name that only says that there is none.
fn says_nothing(name: &str) -> bool {
    matches!(Withheld::from_words(name, ""), Some(Withheld::Unknown | Withheld::Unavailable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_of_withheld() {
        let by_user = Party::withheld(Withheld::RejectedByUser);
        let number = Some("0901234567");
        let asked = Presentation::from_channel_variable("CALLERID(num-pres)=prohib_not_screened");
        assert_eq!(outside_party(number, Some("Taro"), asked), by_user);
        assert_eq!(outside_party(number, None, Presentation::from_word("prohib_passed_screen")), by_user);
        assert_eq!(outside_party(number, None, Presentation::from_code("35 (Presentation Prohibited)")), by_user);
        assert_eq!(outside_party(Some("anonymous"), Some("Anonymous"), None), by_user);
        for word in ["Private Number", "Ｐ", "非通知設定", "sip:anonymous@anonymous.invalid", "restricted"] {
            assert_eq!(outside_party(Some(word), None, None), by_user, "{word}");
        }
        for (word, name, reason) in [
            ("anonymous", "公衆電話", Withheld::Payphone),
            ("C", "", Withheld::Payphone),
            ("Coin line", "", Withheld::Payphone),
            ("通知圏外", "", Withheld::Unavailable),
            ("S", "", Withheld::ServiceConflict),
        ] {
            assert_eq!(outside_party(Some(word), Some(name), None), Party::withheld(reason), "{word}");
        }
        let late = Presentation::from_word(UNKNOWN_PRESENTATION);
        assert_eq!(outside_party(number, Some("Taro"), late), Party::withheld(Withheld::Unknown));
        let unavailable = Party::withheld(Withheld::Unavailable);
        assert_eq!(outside_party(None, None, None), unavailable);
        assert_eq!(outside_party(Some("unknown"), None, None), unavailable);
        assert_eq!(outside_party(number, None, Presentation::from_code("67 (Number Unavailable)")), unavailable);
    }

    #[test]
    fn a_caller_who_shows_the_number() {
        let allowed = Presentation::from_channel_variable("CALLERID(num-pres)=allowed_not_screened");
        assert_eq!(outside_party(Some("0901234567"), Some("Taro"), allowed), Party::known("0901234567", "Taro"));
        assert_eq!(outside_party(Some("0901234567"), Some("unknown"), None), Party::known("0901234567", ""));
        let named = outside_party(Some("0901234567"), Some("Private"), None);
        assert_eq!(named, Party::known("0901234567", "Private"), "a name beside a number withholds nothing");
        assert_eq!(Presentation::from_channel_variable("CALLERID(name)=prohib"), None);
    }
}
