//! The words by which networks and PBXs say that there is no number.

use crate::call::Withheld;

impl Withheld {
    /// Reads the number and the name as they came from the network: why there is no number, or `None` if there is
    /// one (or something else that names the caller, such as a SIP user).
    ///
    /// Words count in any case and in full-width letters too, in brackets (`<unknown>`) and as SIP users
    /// (`sip:anonymous@anonymous.invalid`). Where the number is such a word, the name may tell the reason better: Japanese
    /// carriers send `anonymous` as the user and the reason as the display name (TTC JJ-90.22).
    ///
    /// ```
    /// use cti_core::call::Withheld;
    /// assert_eq!(Withheld::from_words("Anonymous", ""), Some(Withheld::RejectedByUser));
    /// assert_eq!(Withheld::from_words("anonymous", "公衆電話"), Some(Withheld::Payphone));
    /// assert_eq!(Withheld::from_words("", ""), Some(Withheld::Unknown));
    /// assert_eq!(Withheld::from_words("0312345678", "Private"), None);
    /// ```
    pub fn from_words(number: &str, name: &str) -> Option<Self> {
        let by_number = reason(&word(number))?;
        let by_name = reason(&word(name)).filter(|&reason| reason != Self::Unknown);
        Some(by_name.unwrap_or(by_number))
    }
}

/// The longest text that can be such a word, in characters.
const LONGEST: usize = 128;

/// The text in lower case and ASCII where possible, without brackets, quotes, URI scheme, host and separators.
fn word(text: &str) -> String {
    let folded: String = text.chars().take(LONGEST).map(fold).flat_map(char::to_lowercase).collect();
    let bare =
        folded.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '(' | ')' | '[' | ']'));
    let bare = ["sip:", "sips:", "tel:"].iter().find_map(|scheme| bare.strip_prefix(scheme)).unwrap_or(bare);
    let user = bare.split('@').next().unwrap_or(bare);
    user.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn fold(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// `P`, `C`, `O` and `S` are what Japanese analogue number display sends for the four reasons.
fn reason(word: &str) -> Option<Withheld> {
    Some(match word {
        "anonymous" | "restricted" | "private" | "privatenumber" | "privatecaller" | "withheld" | "numberwithheld"
        | "withheldnumber" | "blocked" | "callerblocked" | "hidden" | "p" | "非通知" | "番号非通知" | "非通知設定" => {
            Withheld::RejectedByUser
        }
        "payphone" | "coin" | "coinline" | "coinlinepayphone" | "c" | "公衆電話" | "公衆" => Withheld::Payphone,
        "unavailable" | "notavailable" | "outofarea" | "o" | "表示圏外" | "通知圏外" | "圏外" => {
            Withheld::Unavailable
        }
        "interactionwithotherservice" | "serviceconflict" | "s" | "サービス競合" => Withheld::ServiceConflict,
        "" | "unknown" | "null" | "none" | "nonumber" | "asterisk" | "不明" => Withheld::Unknown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_word_has_its_reason() {
        for (number, reason) in [
            ("anonymous", Withheld::RejectedByUser),
            ("sip:anonymous@anonymous.invalid", Withheld::RejectedByUser),
            ("Ｐ", Withheld::RejectedByUser),
            ("Private Number", Withheld::RejectedByUser),
            ("非通知", Withheld::RejectedByUser),
            ("Coin line/payphone", Withheld::Payphone),
            ("公衆電話", Withheld::Payphone),
            ("O", Withheld::Unavailable),
            ("表示圏外", Withheld::Unavailable),
            ("UNAVAILABLE", Withheld::Unavailable),
            ("サービス競合", Withheld::ServiceConflict),
            ("<unknown>", Withheld::Unknown),
            ("<null>", Withheld::Unknown),
            ("  ", Withheld::Unknown),
        ] {
            assert_eq!(Withheld::from_words(number, "Tanaka"), Some(reason), "{number}");
        }
    }

    #[test]
    fn the_name_tells_the_reason_better_than_anonymous_does() {
        assert_eq!(
            Withheld::from_words("anonymous", "Interaction with other service"),
            Some(Withheld::ServiceConflict)
        );
        assert_eq!(Withheld::from_words("", "Anonymous"), Some(Withheld::RejectedByUser));
        assert_eq!(Withheld::from_words("restricted", "unknown"), Some(Withheld::RejectedByUser));
    }

    #[test]
    fn a_number_or_a_user_is_not_withheld() {
        for number in ["0312345678", "+81 3", "201", "alice", "sip:201@pbx", "*67", "P1"] {
            assert_eq!(Withheld::from_words(number, "anonymous"), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(number in any::<String>(), name in any::<String>()) {
            let _ = Withheld::from_words(&number, &name);
        }

        #[test]
        fn digits_are_never_withheld(number in "[ -]{0,3}[0-9]{1,15}", name in any::<String>()) {
            prop_assert_eq!(Withheld::from_words(&number, &name), None);
        }
    }
}
