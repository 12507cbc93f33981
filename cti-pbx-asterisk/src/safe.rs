//! What may stand in a channel name, a dialled number, a variable: whitelists, because whoever can put more there can
//! dial anywhere.

use cti_core::call::Extension;
use cti_core::number::Number;
use cti_core::{Error, ErrorKind, Result};

/// The longest extension that is accepted.
const MAX_EXTENSION: usize = 32;
/// The longest digits that are sent as key tones at once.
const MAX_DIGITS: usize = 64;

/// An extension that may follow the technology in a channel name: `[A-Za-z0-9_.-]`, 1 to 32.
pub(crate) fn extension(extension: &Extension) -> Result<&str> {
    let text = extension.as_str();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if text.is_empty() || text.len() > MAX_EXTENSION || !text.chars().all(good) {
        return Err(Error::new(ErrorKind::Rejected, "an extension may hold letters, digits, _ . and - only, up to 32"));
    }
    Ok(text)
}

/// A number that may be dialled: `+ * # 0-9`.
pub(crate) fn number(number: &Number) -> Result<&str> {
    let text = number.as_str();
    if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '*' | '#')) {
        return Err(Error::new(ErrorKind::Rejected, "a number to dial may hold digits, +, * and # only"));
    }
    Ok(text)
}

/// Key tones: `0-9 * # A-D`.
pub(crate) fn digits(digits: &str) -> Result<impl Iterator<Item = char>> {
    let good = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D' | 'a'..='d');
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.chars().all(good) {
        return Err(Error::new(ErrorKind::Rejected, "key tones are 0-9, *, #, A-D, up to 64 of them"));
    }
    Ok(digits.chars())
}

/// A part of a file name on the PBX.
pub(crate) fn file_part(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' }).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_whitelisted() {
        for good in ["6001", "agent-1.home_office", "x"] {
            extension(&Extension::from(good)).expect(good);
        }
        let long = "1".repeat(33);
        for bad in ["", "6001@evil", "6001/n", "6001&SIP/x", "60 01", "6001\n", "佐藤", &long] {
            assert!(extension(&Extension::from(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_whitelisted() {
        for good in ["0901234567", "+81901234567", "*72", "#9"] {
            number(&Number::new(good).expect("number")).expect(good);
        }
        for bad in ["090-1234", "1,System(x)", "1@ctx", "1&2", "w1", "１２３"] {
            assert!(number(&Number::new(bad).expect("number")).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn digits_are_whitelisted() {
        assert_eq!(digits("12*#aD").expect("good").count(), 6);
        for bad in ["", "12w", "1 2", &"1".repeat(65)] {
            assert!(digits(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_name_has_no_path() {
        assert_eq!(file_part("../../etc/passwd|x"), ".._.._etc_passwd_x");
    }
}
