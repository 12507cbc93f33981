//! What an answer of Zoho means. The code decides: refusals come with status 200, 207 and 4xx alike, and the texts may
//! repeat what was sent.

use cti_core::{Error, ErrorKind, Result, Status};
use cti_http::{Reply, safe_word};
use serde_json::{Map, Value};
use std::time::Duration;

/// When the credits of 24 hours are used up, asking every minute helps nobody.
const NO_CREDITS: Duration = Duration::from_secs(600);

/// The JSON of a success; `None` for "nothing found" (204); or the error. Of a list of entries the first one counts: we
/// send one at a time.
pub(crate) fn judge(reply: &Reply) -> Result<Option<Value>> {
    if matches!(reply.status, 204 | 304) {
        return Ok(None);
    }
    let Some(Value::Object(body)) = reply.json() else { return Err(foreign(reply)) };
    let entry = body.get("data").and_then(Value::as_array).and_then(|data| data.first()).and_then(Value::as_object);
    match entry.filter(|entry| is_error(entry)) {
        Some(entry) => Err(refused(reply, entry)),
        None if reply.is_success() && !is_error(&body) => Ok(Some(Value::Object(body))),
        None => Err(refused(reply, &body)),
    }
}

fn is_error(object: &Map<String, Value>) -> bool {
    object.get("status").and_then(Value::as_str) == Some("error")
}

/// The code. PhoneBridge's pages have the servlet's constant there and the code in `message`; an older answer has a number
/// there and the code in `error`.
fn code(body: &Map<String, Value>) -> Option<&str> {
    let word = |name: &str| body.get(name).and_then(Value::as_str).and_then(|text| safe_word(text, 64));
    let code = word("code").filter(|code| !code.starts_with("SC_"));
    code.or_else(|| word("error")).or_else(|| word("message"))
}

fn refused(reply: &Reply, body: &Map<String, Value>) -> Error {
    let code = code(body);
    let error = match code.and_then(meaning) {
        // Nobody knows how far it came.
        Some((ErrorKind::Unreachable, text)) => reply.error(ErrorKind::Unreachable, text),
        Some((kind, text)) => reply.refusal(kind, text, code, None),
        None => {
            let plain = reply.error_by_status();
            let kind = if reply.is_success() { ErrorKind::Rejected } else { plain.kind() };
            reply.refusal(kind, plain.message(), code, None)
        }
    };
    // A refusal with a code of its own was not carried out, whatever the status.
    let error = if reply.is_success() && error.kind() == ErrorKind::Rejected {
        error.status_is(Status::Permanent)
    } else {
        error
    };
    let error = with_details(error, body.get("details"));
    let text = body.get("message").and_then(Value::as_str).unwrap_or_default();
    match error.kind() {
        ErrorKind::RateLimited if error.wait().is_none() && text.contains("24") => error.retry_after(NO_CREDITS),
        _ => error,
    }
}

/// The names of fields and the ids of records; never values.
fn with_details(error: Error, details: Option<&Value>) -> Error {
    let word = |name: &str| details?.get(name)?.as_str().and_then(|text| safe_word(text, 64));
    let field = word("api_name").or_else(|| word("column_name")).or_else(|| word("param"));
    let error = match field {
        Some(field) => error.with("field", field),
        None => error,
    };
    let duplicate = details.and_then(|details| details.pointer("/duplicate_record/id")).and_then(Value::as_str);
    match duplicate.or_else(|| word("id")).and_then(|id| safe_word(id, 32)) {
        Some(id) => error.with("record", id),
        None => error,
    }
}

/// Something that is not Zoho's: a proxy, a page about maintenance.
fn foreign(reply: &Reply) -> Error {
    match reply.status {
        404 => reply.error(ErrorKind::ConfigInvalid, "no Zoho answers there: check the data centre"),
        _ => reply.error_by_status(),
    }
}

/// An answer that lacks what it must have.
pub(crate) fn lacks(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, format!("Zoho's answer lacks {what}"))
}

/// The field that an error is about.
pub(crate) fn field(error: &Error) -> Option<&str> {
    error.context().find(|(key, _)| *key == "field").map(|(_, field)| field)
}

/// The record that is there already.
pub(crate) fn record(error: &Error) -> Option<&str> {
    error.context().find(|(key, _)| *key == "record").map(|(_, id)| id)
}

/// The vendor's code of an error.
pub(crate) fn vendor_code(error: &Error) -> Option<&str> {
    error.vendor_part().code.as_deref()
}

/// What an answer of the accounts server means: whether there is an access token decides, not the status.
pub(crate) fn judge_token(reply: &Reply) -> Result<Map<String, Value>> {
    let Some(Value::Object(body)) = reply.json() else { return Err(foreign(reply)) };
    if body.contains_key("access_token") {
        return Ok(body);
    }
    let told = |name: &str| body.get(name).and_then(Value::as_str);
    // The texts of the throttle come in the language of the account.
    let throttled =
        body.contains_key("error_description") || (reply.status == 400 && told("status") == Some("failure"));
    if throttled || reply.status == 429 {
        let text = "Zoho locks us out for some minutes: too many access tokens were asked for";
        return Err(reply.refusal(ErrorKind::RateLimited, text, Some("throttled"), None).status_is(Status::Temporary));
    }
    if reply.status >= 500 {
        return Err(reply.error_by_status());
    }
    let code = told("error").and_then(|code| safe_word(code, 64));
    let text = match code {
        Some("invalid_code") => {
            "Zoho does not accept the refresh token: it was revoked, or belongs to another client or data centre; run \
             `cti-adapter login zoho`"
        }
        Some("invalid_client") => "Zoho does not know the client id: check it, and the data centre of the client",
        Some("invalid_client_secret") => "Zoho does not accept the client secret: each data centre has its own",
        Some("invalid_redirect_uri") => "the redirect address is not the one registered in Zoho's API console",
        _ => "Zoho gives no access token",
    };
    Err(reply.refusal(ErrorKind::Unauthenticated, text, code, None).status_is(Status::Permanent))
}

/// What a code means to us, and what to do about it.
fn meaning(code: &str) -> Option<(ErrorKind, &'static str)> {
    use ErrorKind as K;
    Some(match code {
        "INVALID_TOKEN" | "AUTHENTICATION_FAILURE" => (K::Unauthenticated, "Zoho does not accept the access token"),
        "OAUTH_SCOPE_MISMATCH" => (
            K::PermissionDenied,
            "the token lacks a scope: run `cti-adapter login zoho` with all scopes of docs/zoho.md",
        ),
        "NO_PERMISSION" | "AUTHORIZATION_FAILED" => {
            (K::PermissionDenied, "the user of the token lacks the right: change the profile in Zoho CRM")
        }
        "FEATURE_NOT_SUPPORTED" => (K::PermissionDenied, "this edition of Zoho CRM does not have that"),
        "INVALID_HOST" => (K::ConfigInvalid, "this is not the address of the organisation's data centre"),
        "INVALID_URL_PATTERN" => (K::ConfigInvalid, "Zoho does not know this address: check the data centre"),
        "INVALID_MODULE" => (K::ConfigInvalid, "a configured module does not exist or is hidden from the user"),
        "INVALID_QUERY" => (K::ConfigInvalid, "a configured field does not exist: take its API name"),
        "SYNTAX_ERROR" | "LIMIT_EXCEEDED" | "INVALID_REQUEST_METHOD" => {
            (K::Unexpected, "Zoho does not understand the request")
        }
        "DUPLICATE_DATA" => (K::Conflict, "a record with this unique value is there already"),
        "MANDATORY_NOT_FOUND" => (K::Rejected, "a mandatory field is not written"),
        "INVALID_DATA" => (K::Rejected, "Zoho refuses a value"),
        "REQUIRED_PARAM_MISSING" | "EXPECTED_PARAM_MISSING" => (K::Rejected, "Zoho misses a parameter"),
        "NOT_SUPPORTED" | "PATTERN_NOT_MATCHED" | "RECORD_LOCKED" | "NOT_APPROVED" | "DEPENDENT_FIELD_MISSING" => {
            (K::Rejected, "Zoho refuses the record")
        }
        "TOO_MANY_REQUESTS" => (K::RateLimited, "too many requests, or the credits of 24 hours are used up"),
        "INTERNAL_ERROR" | "INTERNAL_SERVER_ERROR" => (K::Unreachable, "Zoho is out of order"),
        "PBX_NOT_INTEGRATED" => (K::ConfigInvalid, "PhoneBridge is not enabled for this provider"),
        "PROVIDER_NOT_REGISTERED" => (
            K::ConfigInvalid,
            "Zoho does not know this client as a telephony provider: have it registered, or leave [phonebridge] out",
        ),
        "DIFFERENT_PROVIDER_ALREADY_ENABLED" => {
            (K::PermissionDenied, "another telephony provider is active: disable it in Zoho CRM, Setup > Telephony")
        }
        "INVALID_USER" => (K::Rejected, "PhoneBridge does not know the user"),
        other if other.starts_with("LICENSE_LIMIT") => (K::PermissionDenied, "the licence does not include that"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_http::Repeat;

    fn reply(status: u16, body: &str, repeat: Repeat) -> Reply {
        Reply {
            side: "Zoho",
            status,
            headers: cti_http::header::HeaderMap::new(),
            retry_after: None,
            body: body.as_bytes().to_vec(),
            repeat,
        }
    }

    fn fails(status: u16, body: &str) -> Error {
        judge(&reply(status, body, Repeat::Harmful)).unwrap_err()
    }

    #[test]
    fn the_code_decides_whatever_the_status_and_the_place() {
        let table = [
            (400, r#"{"code":"INVALID_DATA","details":{},"message":"m","status":"error"}"#, ErrorKind::Rejected),
            (
                200,
                r#"{"data":[{"code":"INVALID_DATA","details":{},"message":"m","status":"error"}]}"#,
                ErrorKind::Rejected,
            ),
            (207, r#"{"data":[{"code":"DUPLICATE_DATA","details":{"id":"5"},"status":"error"}]}"#, ErrorKind::Conflict),
            (401, r#"{"code":"INVALID_TOKEN","status":"error"}"#, ErrorKind::Unauthenticated),
            (401, r#"{"code":"OAUTH_SCOPE_MISMATCH","status":"error"}"#, ErrorKind::PermissionDenied),
            (429, r#"{"code":"TOO_MANY_REQUESTS","details":{},"status":"error"}"#, ErrorKind::RateLimited),
            (429, r#"{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"x","details":[]}"#, ErrorKind::RateLimited),
            (400, r#"{"code":"SC_BAD_REQUEST","message":"PROVIDER_NOT_REGISTERED"}"#, ErrorKind::ConfigInvalid),
            (
                401,
                r#"{"code":"PBX_NOT_INTEGRATED","message":"X PBX Integration is not enabled"}"#,
                ErrorKind::ConfigInvalid,
            ),
        ];
        for (status, body, kind) in table {
            let error = fails(status, body);
            assert_eq!(error.kind(), kind, "{body}");
            assert_ne!(error.status(), Status::OutcomeUnknown, "{body}");
        }
        assert_eq!(record(&fails(207, table[2].1)), Some("5"));
    }

    #[test]
    fn nothing_found_is_no_error() {
        assert_eq!(judge(&reply(204, "", Repeat::Harmless)).unwrap(), None);
    }

    #[test]
    fn what_may_have_been_carried_out_is_unknown() {
        for (status, body) in
            [(500, r#"{"code":"INTERNAL_ERROR","status":"error"}"#), (502, "<html>"), (200, "<html>"), (504, "")]
        {
            assert_eq!(fails(status, body).status(), Status::OutcomeUnknown, "{status}");
        }
        assert_eq!(fails(503, "<html>").status(), Status::Temporary);
    }

    #[test]
    fn used_up_credits_wait_longer_than_concurrency() {
        let day = r#"{"code":"TOO_MANY_REQUESTS","message":"limit of 24 hours","status":"error"}"#;
        assert_eq!(fails(429, day).wait(), Some(NO_CREDITS));
        assert_eq!(fails(429, r#"{"code":"TOO_MANY_REQUESTS","status":"error"}"#).wait(), None);
    }

    #[test]
    fn a_value_is_never_repeated() {
        let body = r#"{"data":[{"code":"INVALID_DATA","details":{"api_name":"Phone","id":"0312345678 Yamada"},
            "message":"0312345678 is wrong","status":"error"}]}"#;
        let error = fails(400, body);
        assert_eq!(field(&error), Some("Phone"));
        assert!(!format!("{error:?}").contains("0312345678"));
    }

    fn token(status: u16, body: &str) -> Error {
        judge_token(&reply(status, body, Repeat::Harmless)).unwrap_err()
    }

    #[test]
    fn refusals_of_tokens_come_with_status_200_and_throttling_in_any_language() {
        for code in ["invalid_code", "invalid_client", "invalid_client_secret", "something_new"] {
            let error = token(200, &format!(r#"{{"error":"{code}"}}"#));
            assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent), "{code}");
        }
        for (status, body) in [
            (400, r#"{"error_description":"x","error":"Access Denied","status":"failure"}"#),
            (400, r#"{"error":"拒绝访问","status":"failure"}"#),
            (200, r#"{"error_description":"x","error":"Access Denied"}"#),
        ] {
            let error = token(status, body);
            assert_eq!((error.kind(), error.status()), (ErrorKind::RateLimited, Status::Temporary), "{body}");
        }
        assert_eq!(token(500, "<html>").status(), Status::Temporary);
        assert!(judge_token(&reply(200, r#"{"access_token":"a"}"#, Repeat::Harmless)).is_ok());
    }
}
