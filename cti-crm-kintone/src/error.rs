//! What an answer of kintone means: code first, HTTP status second, never the text (it depends on a user's language,
//! and may repeat what was sent).

use crate::query::FieldCode;
use cti_core::{Error, ErrorKind, Result, Status};
use cti_http::{Reply, safe_word};
use serde_json::{Map, Value};

/// The most fields that an error names.
const MAX_FIELDS: usize = 10;

/// The JSON object of a success, or the error.
pub(crate) fn judge(reply: &Reply) -> Result<Value> {
    match reply.json() {
        Some(object @ Value::Object(_)) if reply.is_success() => Ok(object),
        Some(Value::Object(object)) => Err(refused(reply, &object)),
        _ => Err(foreign(reply)),
    }
}

/// A refusal by kintone itself.
fn refused(reply: &Reply, body: &Map<String, Value>) -> Error {
    let word = |name: &str, max| body.get(name).and_then(Value::as_str).and_then(|text| safe_word(text, max));
    let code = word("code", 32);
    let fields = invalid_fields(body);
    let mut error = match code.and_then(meaning) {
        Some((kind, text)) => reply.refusal(kind, text, code, word("id", 64)),
        None => {
            let plain = reply.error_by_status();
            reply.refusal(plain.kind(), plain.message(), code, word("id", 64))
        }
    };
    if matches!(code, Some("GAIA_DA02" | "GAIA_RE18")) {
        error = error.status_is(Status::Temporary);
    }
    if fields.is_empty() { error } else { error.with("fields", fields.join(" ")) }
}

/// Something that is not kintone's: the gate in front of it, a proxy, a maintenance page.
fn foreign(reply: &Reply) -> Error {
    match reply.status {
        300..=399 => reply.error(ErrorKind::ConfigInvalid, "kintone answers with a redirect: check the domain"),
        401 => reply.error(
            ErrorKind::Unauthenticated,
            "refused before kintone was reached: set or correct user and password of the Basic authentication",
        ),
        403 => reply.error(
            ErrorKind::PermissionDenied,
            "refused before kintone was reached: is our IP address allowed, and the client certificate set?",
        ),
        404 => reply
            .error(ErrorKind::ConfigInvalid, "no kintone answers there: check the domain (the Light plan has no API)"),
        _ => reply.error_by_status(),
    }
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
    use cti_http::Repeat;

    fn judge(status: u16, body: &str, repeatable: bool) -> Error {
        let repeat = if repeatable { Repeat::Harmless } else { Repeat::Harmful };
        let body = body.as_bytes().to_vec();
        super::judge(&Reply { side: "kintone", status, headers: Default::default(), retry_after: None, body, repeat })
            .unwrap_err()
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
