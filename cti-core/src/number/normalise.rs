//! One form for every way of writing a number.

use super::{Number, NumberingPlan};

/// What a person put before a number to show or hide their own when dialling it (`186`, `184` in Japan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerIdWish {
    /// Show the caller's number.
    Show,
    /// Hide the caller's number.
    Hide,
}

/// A number freed from everything that is only writing: separators, full-width characters, SIP and `tel:` URIs. What
/// it would take to dial it is all still there, prefixes included.
///
/// ```
/// use cti_core::number::Cleaned;
/// let cleaned = Cleaned::of("ＴＥＬ：０３（１２３４）５６７８　内線２０１").unwrap();
/// assert_eq!(cleaned.digits().as_str(), "0312345678");
/// assert_eq!(cleaned.extension().map(|number| number.as_str()), Some("201"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cleaned {
    digits: Number,
    extension: Option<Number>,
}

/// The longest text that is looked at, in characters: a SIP URI with a display name, and room.
const LONGEST_TEXT: usize = 256;
/// The longest extension after a number, in digits.
const LONGEST_EXTENSION: usize = 8;
/// How many digits must stand before a `#` for it to begin an extension and not to be a part of the number.
const DIGITS_BEFORE_HASH: usize = 7;

impl Cleaned {
    /// Reads a text. `None` if it is no number: no digit in it, or letters before or between the digits (`agent7`).
    /// Words after the last digit (`03-1234-5678 (代)`) and labels before the first (`TEL:`) are dropped.
    pub fn of(text: &str) -> Option<Self> {
        if text.len() <= LONGEST_TEXT && text.bytes().all(is_plain_writing) {
            return Self::of_plain_writing(text.trim_start());
        }
        let folded: String = text.chars().take(LONGEST_TEXT).map(fold).collect();
        let reduced = out_of_uri(&folded);
        let (main, extension) = split_extension(&reduced);
        let main = without_label(main);
        if has_letters_among_digits(main) {
            return None;
        }
        let international = main.trim_start().starts_with('+');
        let main = if international { main.replacen("(0)", "", 1) } else { main.to_owned() };
        let plus = if international { "+" } else { "" };
        let digits: String = plus.chars().chain(main.chars().filter(|&c| is_dialled(c))).collect();
        digits.contains(|c: char| c.is_ascii_digit()).then_some(())?;
        Some(Self { digits: Number::new(&digits)?, extension: extension.as_deref().and_then(Number::new) })
    }

    /// Most numbers: digits and the usual separators. The same as the long way, at a fraction of its cost.
    fn of_plain_writing(text: &str) -> Option<Self> {
        let international = text.starts_with('+');
        let (before, after) = if international { text.split_once("(0)").unwrap_or((text, "")) } else { (text, "") };
        let mut digits = String::with_capacity(text.len());
        digits.extend(international.then_some('+'));
        digits.extend(
            before
                .chars()
                .chain(after.chars())
                .filter(char::is_ascii_digit)
                .take(Number::MAX - usize::from(international)),
        );
        digits
            .ends_with(|c: char| c.is_ascii_digit())
            .then(|| Self { digits: Number::of_digits(digits), extension: None })
    }

    /// The number itself: digits, `*`, `#`, and a `+` in front if it was written there.
    pub fn digits(&self) -> &Number {
        &self.digits
    }

    /// The extension behind it, if one was written.
    pub fn extension(&self) -> Option<&Number> {
        self.extension.as_ref()
    }

    /// Splits off the digits that show or hide the caller's own number (`184`), if a whole number follows them.
    pub fn caller_id_prefix(&self, plan: &NumberingPlan) -> Option<(CallerIdWish, &str, &str)> {
        let prefixes = plan.country().caller_id_prefixes().iter();
        prefixes
            .filter_map(|&(prefix, wish)| Some((wish, prefix, self.digits.as_str().strip_prefix(prefix)?)))
            .find(|(_, _, rest)| plan.e164(rest).is_some())
    }
}

/// The identity of a number: whatever its shape, the same line has the same [text](Canonical::as_str).
///
/// ```
/// use cti_core::number::{Canonical, NumberingPlan};
/// let plan = NumberingPlan::japan();
/// for text in ["+81 3-1234-5678", "0312345678", "03(1234)5678", "０３ー１２３４ー５６７８", "tel:+81-3-1234-5678;ext=9"] {
///     assert_eq!(Canonical::of(text, &plan).unwrap().as_str(), "+81312345678");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Canonical {
    identity: Number,
    is_e164: bool,
    national: Option<Number>,
    extension: Option<Number>,
    caller_id: Option<CallerIdWish>,
}

impl Canonical {
    /// Reads a text as a number of that plan. `None` if it is no number (see [`Cleaned::of`]).
    pub fn of(text: &str, plan: &NumberingPlan) -> Option<Self> {
        let cleaned = Cleaned::of(text)?;
        let (caller_id, digits) = match cleaned.caller_id_prefix(plan) {
            Some((wish, _, rest)) => (Some(wish), rest),
            None => (None, cleaned.digits.as_str()),
        };
        let e164 = plan.e164(digits);
        let national = e164.as_deref().and_then(|e164| plan.national(e164)).map(Number::of_digits);
        let is_e164 = e164.is_some();
        let identity = Number::of_digits(e164.unwrap_or_else(|| digits.to_owned()));
        Some(Self { identity, is_e164, national, extension: cleaned.extension, caller_id })
    }

    /// The identity as text: E.164 (`+81312345678`) if it can be told, else the digits. Made only of `0-9 * # +`.
    pub fn as_str(&self) -> &str {
        self.identity.as_str()
    }

    /// The international form, if it can be told.
    pub fn e164(&self) -> Option<&str> {
        self.is_e164.then(|| self.as_str())
    }

    pub(super) fn identity(&self) -> &Number {
        &self.identity
    }

    pub(super) fn national_number(&self) -> Option<&Number> {
        self.national.as_ref()
    }

    /// The form in which it is dialled inside the country of the plan, if it is a number of that country.
    pub fn national(&self) -> Option<&str> {
        self.national.as_ref().map(Number::as_str)
    }

    /// The extension behind the number.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_ref().map(Number::as_str)
    }

    /// Whether a prefix stood before the number that shows or hides the caller's own.
    pub fn caller_id(&self) -> Option<CallerIdWish> {
        self.caller_id
    }
}

/// What a number is written with that has no SIP user, extension, label or feature code.
fn is_plain_writing(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b' ' | b'+' | b'-' | b'(' | b')' | b'.' | b'/')
}

fn is_dialled(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#')
}

/// Full-width and Arabic digits, full-width letters, and the many dashes, as ASCII.
fn fold(c: char) -> char {
    let digit = |zero: u32| char::from_digit(u32::from(c) - zero, 10).unwrap_or(c);
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{660}'..='\u{669}' => digit(0x660),
        '\u{6f0}'..='\u{6f9}' => digit(0x6f0),
        '\u{3000}' | '\u{a0}' => ' ',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | 'ー' | 'ｰ' | '─' | '━' | '﹣' | '〜' => '-',
        '♯' => '#',
        other => other,
    }
}

/// The user part of a SIP, `tel:` or `callto:` URI, with or without a display name around it; other text as it is.
fn out_of_uri(text: &str) -> String {
    let inner = text.rsplit_once('<').map_or(text, |(_, address)| address.split('>').next().unwrap_or(address)).trim();
    let scheme_end = inner.find(':').filter(|&colon| {
        ["sip", "sips", "tel", "callto"].iter().any(|scheme| inner[..colon].eq_ignore_ascii_case(scheme))
    });
    let Some(colon) = scheme_end else {
        return inner.split('@').next().unwrap_or(inner).to_owned();
    };
    let address = &inner[colon + 1..];
    percent_decoded(address.split('@').next().unwrap_or(address))
}

/// Decodes what a URI needs to carry `+`, `#` and separators; anything that is not ASCII after it stays encoded.
fn percent_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        match byte {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = &after[2..];
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded + rest
}

/// The words that begin an extension, longest first.
const EXTENSION_WORDS: [&str; 8] = ["extension", ";ext=", "ext.", "ext", "内線", ";", ",", "x"];

/// Splits `03-1234-5678 ext. 201` into number and extension. An extension alone (`内線 201`) is the number.
fn split_extension(text: &str) -> (&str, Option<String>) {
    let Some((at, length)) = extension_mark(text) else { return (text, None) };
    let (main, suffix) = (&text[..at], &text[at + length..]);
    if !main.contains(|c: char| c.is_ascii_digit()) {
        return split_extension(suffix);
    }
    // Parameters of a `tel:` URI that are no extension: phone-context, isub.
    if let Some(at) = suffix.find("ext=") {
        return (main, extension_digits(&suffix[at + 4..]));
    }
    (main, extension_digits(suffix))
}

fn extension_digits(suffix: &str) -> Option<String> {
    let suffix = suffix.split(';').next().unwrap_or(suffix);
    let digits: String = suffix.chars().filter(|c| !matches!(c, ' ' | '-' | ':' | '.' | '(' | ')' | ',')).collect();
    let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (only_digits && digits.len() <= LONGEST_EXTENSION).then_some(digits)
}

/// Where the extension begins, and how long the word is that says so.
fn extension_mark(text: &str) -> Option<(usize, usize)> {
    let mut digits = 0;
    let starts_with_code = text.trim_start().starts_with(['*', '#']);
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() {
            digits += 1;
        } else if c == '#' && digits >= DIGITS_BEFORE_HASH && !starts_with_code {
            return Some((at, 1));
        } else if let Some(word) = EXTENSION_WORDS.iter().find(|word| starts_with_word(&text[at..], word)) {
            return Some((at, word.len()));
        }
    }
    None
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Drops a label such as `TEL:` or `電話` before the number.
fn without_label(text: &str) -> &str {
    const LABELS: [&str; 8] = ["telephone", "phone", "tel", "fax", "mobile", "電話番号", "電話", "携帯"];
    let text = text.trim_start();
    LABELS.iter().find(|label| starts_with_word(text, label)).map_or(text, |label| &text[label.len()..])
}

/// True if a letter stands before the last digit.
fn has_letters_among_digits(text: &str) -> bool {
    let end = text.rfind(|c: char| c.is_ascii_digit()).unwrap_or(0);
    text[..end].contains(char::is_alphabetic)
}
