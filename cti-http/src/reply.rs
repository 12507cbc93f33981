//! An answer that came in full.

use crate::error::by_status;
use chrono::{DateTime, Utc};
use cti_core::error::Vendor;
use cti_core::{Error, ErrorKind, Status};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// Who asks for a longer wait is asked again after this.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Whether a request may be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Twice is once: reading, and writing under a key.
    Harmless,
    /// Twice is twice: adding. If the answer is lost, the outcome is unknown.
    Harmful,
}

/// An answer that came in full, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How errors call the other side.
    pub side: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// How long the other side asks us to wait.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
    /// What was said of the request.
    pub repeat: Repeat,
}

impl Reply {
    /// True if the status is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// An error of that kind about this answer. If the server may have carried the request out all the same (an answer
    /// of something in between, 500 but not 503) and it must not be repeated, the outcome is unknown.
    pub fn error(&self, kind: ErrorKind, text: impl Into<String>) -> Error {
        self.say(kind, text, self.is_success() || (self.status >= 500 && self.status != 503), Vendor::default())
    }

    /// The error in which the server itself refuses, in its own words: what it refuses was not carried out.
    pub fn refusal(&self, kind: ErrorKind, text: impl Into<String>, code: Option<&str>, id: Option<&str>) -> Error {
        let vendor = Vendor { code: code.map(str::to_owned), request_id: id.map(str::to_owned), ..Vendor::default() };
        self.say(kind, text, code.is_none() && self.status >= 500 && self.status != 503, vendor)
    }

    /// What the status alone says.
    pub fn error_by_status(&self) -> Error {
        let (kind, text) = by_status(self.side, self.status);
        self.error(kind, text)
    }

    fn say(&self, kind: ErrorKind, text: impl Into<String>, unsure: bool, vendor: Vendor) -> Error {
        let error = Error::new(kind, text).vendor(Vendor { http_status: Some(self.status), ..vendor });
        let error = match (unsure, self.repeat) {
            (true, Repeat::Harmful) => error.status_is(Status::OutcomeUnknown),
            // A page in between goes away.
            (true, Repeat::Harmless) if self.is_success() => error.status_is(Status::Temporary),
            _ => error,
        };
        match self.retry_after {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }
}

/// The text, if it may be repeated in an error: letters, digits, `_`, `-` and `.`, and no longer than that. Codes and
/// request ids are; what a server makes of a customer's data is not.
pub fn safe_word(text: &str, max: usize) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (!text.is_empty() && text.len() <= max && text.bytes().all(plain)).then_some(text)
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    wait_of(headers.get(RETRY_AFTER)?.to_str().ok()?, Utc::now())
}

fn wait_of(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = match text.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTime::parse_from_rfc2822(text.trim()).ok()?;
            (at.with_timezone(&Utc) - now).to_std().unwrap_or_default()
        }
    };
    Some(wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, repeat: Repeat) -> Reply {
        Reply { side: "the CRM", status, headers: HeaderMap::new(), retry_after: None, body: Vec::new(), repeat }
    }

    #[test]
    fn what_may_have_been_carried_out_is_unknown_if_it_must_not_be_repeated() {
        for status in [200, 500, 502, 504] {
            assert_eq!(reply(status, Repeat::Harmful).error_by_status().status(), Status::OutcomeUnknown, "{status}");
            assert_eq!(reply(status, Repeat::Harmless).error_by_status().status(), Status::Temporary, "{status}");
        }
        for status in [429, 503, 408] {
            assert_eq!(reply(status, Repeat::Harmful).error_by_status().status(), Status::Temporary, "{status}");
        }
        for status in [301, 400, 401, 403, 404, 409, 422] {
            assert_eq!(reply(status, Repeat::Harmful).error_by_status().status(), Status::Permanent, "{status}");
        }
    }

    #[test]
    fn a_server_that_refuses_in_its_own_words_did_not_carry_it_out() {
        let error = reply(520, Repeat::Harmful).refusal(ErrorKind::Rejected, "no", Some("X_1"), None);
        assert_eq!((error.status(), error.vendor_part().code.as_deref()), (Status::Permanent, Some("X_1")));
        let error = reply(520, Repeat::Harmful).refusal(ErrorKind::Unreachable, "no", None, None);
        assert_eq!(error.status(), Status::OutcomeUnknown);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_negative() {
        let now = "2026-11-21T05:00:00Z".parse().unwrap();
        assert_eq!(wait_of(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("Sat, 21 Nov 2026 05:01:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(wait_of("Sat, 21 Nov 2026 04:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait_of(&u64::MAX.to_string(), now), Some(MAX_WAIT));
        for wrong in ["", "-1", "soon", "1e9"] {
            assert_eq!(wait_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn only_plain_words_are_repeated() {
        assert_eq!(safe_word("GAIA_IA02", 32), Some("GAIA_IA02"));
        for wrong in ["", "a b", "0312345678 is taken", "a\r\nb", "日本"] {
            assert_eq!(safe_word(wrong, 32), None, "{wrong}");
        }
        assert_eq!(safe_word("abc", 2), None);
    }
}
