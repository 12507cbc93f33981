//! What an answer of kintone means: code first, HTTP status second, never the text (it depends on a user's language,
//! and may repeat what was sent).

use crate::query::FieldCode;
use cti_core::error::Vendor;
use cti_core::{Error, ErrorKind, Result, Status};
use serde_json::{Map, Value};
use std::time::Duration;

/// The most fields that an error names.
const MAX_FIELDS: usize = 10;

/// An answer that came in full.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: &'a [u8],
    /// False if the request must not be carried out twice.
    pub(crate) repeatable: bool,
}

impl Answer<'_> {
    /// The JSON object of a success, or the error.
    pub(crate) fn judge(&self) -> Result<Value> {
        let body: Option<Map<String, Value>> = serde_json::from_slice(self.body).ok();
        match body {
            Some(object) if (200..300).contains(&self.status) => Ok(Value::Object(object)),
            Some(object) => Err(self.refused(&object)),
            None => Err(self.foreign()),
        }
    }

    /// A refusal by kintone itself, or by the first request of a bulk that failed.
    fn refused(&self, body: &Map<String, Value>) -> Error {
        let code = body.get("code").and_then(Value::as_str).filter(|code| is_token(code, 32));
        let id = body.get("id").and_then(Value::as_str).filter(|id| is_token(id, 64));
        let fields = invalid_fields(body);
        let (kind, text) = match code.and_then(meaning) {
            Some(known) => known,
            None => by_status(self.status),
        };
        let unsure = code.is_none() && self.status >= 500 && self.status != 503;
        let mut error = self.finish(Error::new(kind, text), unsure, code, id);
        if matches!(code, Some("GAIA_DA02" | "GAIA_RE18")) {
            error = error.status_is(Status::Temporary);
        }
        if fields.is_empty() { error } else { error.with("fields", fields.join(" ")) }
    }

    /// Something that is not kintone's: the gate in front of it, a proxy, a maintenance page.
    fn foreign(&self) -> Error {
        let (kind, text) = match self.status {
            200..=299 => (ErrorKind::Protocol, "the answer is not JSON: something stands between us and kintone"),
            300..=399 => (ErrorKind::ConfigInvalid, "kintone answers with a redirect: check the domain"),
            401 => (
                ErrorKind::Unauthenticated,
                "refused before kintone was reached: set or correct user and password of the Basic authentication",
            ),
            403 => (ErrorKind::PermissionDenied, "refused before kintone was reached: is our IP address allowed?"),
            404 => (ErrorKind::ConfigInvalid, "no kintone answers there: check the domain (the Light plan has no API)"),
            other => by_status(other),
        };
        // A page in between goes away; what it did with a request is not known.
        let passing = matches!(self.status, 200..=299);
        let error = Error::new(kind, text);
        let error = if passing { error.status_is(Status::Temporary) } else { error };
        self.finish(error, passing || (self.status >= 500 && self.status != 503), None, None)
    }

    fn finish(&self, error: Error, unsure: bool, code: Option<&str>, id: Option<&str>) -> Error {
        let vendor =
            Vendor { http_status: Some(self.status), code: code.map(str::to_owned), request_id: id.map(str::to_owned) };
        let error = error.vendor(vendor);
        let error = if unsure && !self.repeatable { error.status_is(Status::OutcomeUnknown) } else { error };
        match self.retry_after {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }
}

/// The network failed. `without_url`: the URL holds the query.
pub(crate) fn transport(cause: reqwest::Error, repeatable: bool) -> Error {
    let cause = cause.without_url();
    let (kind, text) = match (cause.is_connect(), cause.is_timeout()) {
        (true, _) => (ErrorKind::Unreachable, "no connection to kintone"),
        (false, true) => (ErrorKind::Timeout, "kintone did not answer in time"),
        (false, false) if cause.is_builder() => (ErrorKind::Unexpected, "the request cannot be built"),
        (false, false) => (ErrorKind::Unreachable, "the connection broke before the answer was there"),
    };
    let sent = !cause.is_connect() && !cause.is_builder();
    let error = Error::new(kind, text).caused_by(cause);
    if sent && !repeatable { error.status_is(Status::OutcomeUnknown) } else { error }
}

/// The answer is longer than anything we ask for.
pub(crate) fn too_big(status: u16, repeatable: bool) -> Error {
    let error = Error::new(ErrorKind::Protocol, "the answer is too big: something stands between us and kintone")
        .vendor(Vendor { http_status: Some(status), ..Vendor::default() });
    error.status_is(if repeatable { Status::Temporary } else { Status::OutcomeUnknown })
}

/// An answer that lacks what it must have.
pub(crate) fn lacks(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, format!("kintone's answer lacks {what}"))
}

/// What a code means to us, and what to do about it.
fn meaning(code: &str) -> Option<(ErrorKind, &'static str)> {
    use ErrorKind as K;
    Some(match code {
        "GAIA_IA02" => (
            K::Unauthenticated,
            "the API token is unknown or not activated: after generating it press Update App (設定完了) in the app's settings",
        ),
        "CB_AU01" => (K::Unauthenticated, "kintone saw no API token"),
        "CB_WA01" => (K::Unauthenticated, "login name or password is wrong"),
        "GAIA_NO01" => (
            K::PermissionDenied,
            "the API token lacks the right for this: tick it in the app's settings and press Update App",
        ),
        "CB_NO02" => (K::PermissionDenied, "no permission in this app or space"),
        "GAIA_FU01" => (K::PermissionDenied, "a field must not be edited with this API token"),
        "GAIA_BF02" => (K::PermissionDenied, "a field that kintone fills itself is mapped"),
        "GAIA_DA03" => (K::ConfigInvalid, "two API tokens of the same app were given"),
        "GAIA_AP01" => (K::ConfigInvalid, "there is no app with this id"),
        "GAIA_IL23" => (K::ConfigInvalid, "the app is in a guest space: configure the id of the space"),
        "GAIA_IQ11" => (K::ConfigInvalid, "a mapped field code does not exist in the app"),
        "GAIA_IQ27" => {
            (K::ConfigInvalid, "the key field does not prohibit duplicate values: tick that in its settings")
        }
        "GAIA_UN10" => (K::ConfigInvalid, "a mapped field is of a type that cannot be written"),
        "GAIA_LO04" => (K::Rejected, "the key of a lookup field does not exist in the app it looks into"),
        "CB_VA01" => (K::Rejected, "the form refuses a value: required, duplicate, too long, or not among the options"),
        "CB_IJ01" | "CB_IL02" => (K::Unexpected, "kintone does not understand the request"),
        "GAIA_RE01" | "GAIA_RE20" | "GAIA_BL01" => (K::NotFound, "the record does not exist"),
        "GAIA_TO04" => (K::RateLimited, "more than 100 requests run at the same time in this kintone"),
        "GAIA_TM12" => (K::RateLimited, "all cursors of this kintone are in use"),
        "GAIA_DA02" | "GAIA_RE18" => (K::Conflict, "somebody else is writing to the app"),
        other if other.starts_with("GAIA_CO") => (K::Conflict, "somebody else changed it meanwhile"),
        other if other.starts_with("GAIA_IQ") => (K::ConfigInvalid, "a mapped field cannot be searched like this"),
        _ => return None,
    })
}

fn by_status(status: u16) -> (ErrorKind, &'static str) {
    match status {
        401 => (ErrorKind::Unauthenticated, "kintone refuses the credentials"),
        403 => (ErrorKind::PermissionDenied, "kintone denies the permission"),
        404 => (ErrorKind::NotFound, "kintone does not find it"),
        409 => (ErrorKind::Conflict, "somebody else changed it meanwhile"),
        429 => (ErrorKind::RateLimited, "too many requests"),
        503 => (ErrorKind::Unreachable, "kintone is under maintenance"),
        500.. => (ErrorKind::Unreachable, "kintone is out of order"),
        _ => (ErrorKind::Rejected, "kintone refuses the request"),
    }
}

fn is_token(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// The field codes in `errors`: `record.tel.value`, `records[0].tel.value`, `record[duration].value`; other places are
/// parameters and named as they are. The texts beside them may repeat values, and are left alone.
fn invalid_fields(body: &Map<String, Value>) -> Vec<String> {
    let mut fields = Vec::new();
    for place in body.get("errors").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        let part = field_of(place);
        if FieldCode::new(part).is_some() && !fields.iter().any(|known| known == part) && fields.len() < MAX_FIELDS {
            fields.push(part.to_owned());
        }
    }
    fields
}

fn field_of(place: &str) -> &str {
    let Some(rest) = place.strip_prefix("record") else { return place };
    let rest = match rest.strip_prefix("s[").and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    rest.trim_start_matches(['.', '[']).split(['.', '[', ']']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, body: &str, repeatable: bool) -> Error {
        Answer { status, retry_after: None, body: body.as_bytes(), repeatable }.judge().unwrap_err()
    }

    fn code(status: u16, code: &str) -> Error {
        judge(status, &format!(r#"{{"code":"{code}","id":"abc","message":"secret text"}}"#), false)
    }

    #[test]
    fn the_code_decides_not_the_status() {
        let table = [
            (400, "GAIA_IA02", ErrorKind::Unauthenticated, Status::Permanent),
            (520, "GAIA_IA02", ErrorKind::Unauthenticated, Status::Permanent),
            (403, "GAIA_NO01", ErrorKind::PermissionDenied, Status::Permanent),
            (404, "GAIA_AP01", ErrorKind::ConfigInvalid, Status::Permanent),
            (404, "GAIA_RE01", ErrorKind::NotFound, Status::Permanent),
            (409, "GAIA_CO02", ErrorKind::Conflict, Status::Permanent),
            (400, "GAIA_IQ11", ErrorKind::ConfigInvalid, Status::Permanent),
            (520, "GAIA_DA02", ErrorKind::Conflict, Status::Temporary),
            (429, "GAIA_TO04", ErrorKind::RateLimited, Status::Temporary),
            (400, "CB_VA01", ErrorKind::Rejected, Status::Permanent),
        ];
        for (status, vendor, kind, expected) in table {
            let error = code(status, vendor);
            assert_eq!((error.kind(), error.status()), (kind, expected), "{vendor}");
            assert_eq!(error.vendor_part().code.as_deref(), Some(vendor));
            assert!(!error.to_string().contains("secret text"));
        }
        assert!(code(400, "GAIA_IA02").to_string().contains("設定完了"));
    }

    #[test]
    fn pages_that_are_not_kintones_are_told_apart() {
        let table = [
            (401, ErrorKind::Unauthenticated, Status::Permanent),
            (302, ErrorKind::ConfigInvalid, Status::Permanent),
            (404, ErrorKind::ConfigInvalid, Status::Permanent),
            (503, ErrorKind::Unreachable, Status::Temporary),
            (429, ErrorKind::RateLimited, Status::Temporary),
        ];
        for (status, kind, expected) in table {
            let error = judge(status, "<html>token</html>", false);
            assert_eq!((error.kind(), error.status()), (kind, expected), "{status}");
        }
    }

    #[test]
    fn what_may_have_been_carried_out_is_unknown_if_it_must_not_be_repeated() {
        for status in [200, 500, 502, 504] {
            assert_eq!(judge(status, "<html>", false).status(), Status::OutcomeUnknown, "{status}");
            assert_eq!(judge(status, "<html>", true).status(), Status::Temporary, "{status}");
        }
    }

    #[test]
    fn invalid_fields_are_named_without_their_values() {
        let body = r#"{"code":"CB_VA01","id":"x","message":"m","errors":{
            "record.company.value":{"messages":["Required."]},"records[0].tel.value":{"messages":["dup"]},
            "record[duration].value":{"messages":["no"]},"record.tags.values[0].value":{"messages":["\"Yamada\""]},
            "record.a\"b c.value":{"messages":[]},"query":{"messages":["x"]}}}"#;
        let error = judge(400, body, true);
        assert_eq!(error.kind(), ErrorKind::Rejected);
        let fields: Vec<&str> = error.context().find(|(key, _)| *key == "fields").unwrap().1.split(' ').collect();
        for expected in ["company", "tel", "duration", "tags", "query"] {
            assert!(fields.contains(&expected), "{expected}: {fields:?}");
        }
        assert_eq!(fields.len(), 5);
        assert!(!error.to_string().contains("Yamada"));
    }

    #[test]
    fn a_code_that_is_no_code_is_not_repeated() {
        let error = judge(400, r#"{"code":"a b\r\nc","id":{}}"#, true);
        assert_eq!((error.kind(), error.vendor_part().code.clone()), (ErrorKind::Rejected, None));
    }
}
