//! kintone's webhook: which record a notification is about. kintone signs nothing, and drops what is more than sixty
//! notifications a minute, so nothing but the place to look is taken from it.

use crate::map::id_text;
use cti_core::contacts::Changed;
use cti_core::{Error, ErrorKind, Result};
use serde_json::Value;

/// The record of that app that a notification is about; `None` if it is about another app, or about no change.
pub(crate) fn changed(notice: &[u8], app: u64) -> Result<Option<Changed>> {
    let none = || Error::new(ErrorKind::Rejected, "this is no notification of kintone");
    let notice: Value = serde_json::from_slice(notice).map_err(|_| none())?;
    let kind = notice.get("type").and_then(Value::as_str).ok_or_else(none)?;
    let of = notice.pointer("/app/id").and_then(id_text).ok_or_else(none)?;
    if of != app.to_string() {
        return Ok(None);
    }
    let id = match kind {
        "ADD_RECORD" | "UPDATE_RECORD" | "UPDATE_STATUS" => notice.pointer("/record/$id/value"),
        "DELETE_RECORD" => notice.get("recordId"),
        // Comments, and whatever comes to be.
        _ => return Ok(None),
    };
    // The id goes into a request: nothing but a number.
    let id: u64 = id.and_then(id_text).and_then(|id| id.parse().ok()).ok_or_else(none)?;
    Ok(Some(Changed { object: of, id: id.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(notice: &Value) -> Option<String> {
        changed(notice.to_string().as_bytes(), 14).unwrap().map(|changed| changed.id)
    }

    #[test]
    fn the_documented_notifications_are_understood() {
        let record = json!({"$id": {"type": "__ID__", "value": "5"}, "tel": {"value": "03"}});
        for kind in ["ADD_RECORD", "UPDATE_RECORD", "UPDATE_STATUS"] {
            let notice = json!({"id": "uuid", "type": kind, "app": {"id": "14", "name": "顧客"}, "record": record,
                "recordTitle": "5", "url": "https://example.cybozu.com/k/14/show#record=5"});
            assert_eq!(id(&notice).as_deref(), Some("5"), "{kind}");
        }
        let deleted = json!({"id": "uuid", "type": "DELETE_RECORD", "app": {"id": 14}, "recordId": "6",
            "deletedBy": {"code": "sato", "name": "佐藤"}, "deletedAt": "2026-11-21T05:00:00Z"});
        assert_eq!(id(&deleted).as_deref(), Some("6"));
        let comment = json!({"type": "ADD_RECORD_COMMENT", "app": {"id": "14"}, "recordId": "5", "comment": {}});
        assert_eq!(id(&comment), None);
        assert_eq!(id(&json!({"type": "ADD_RECORD", "app": {"id": "15"}, "record": record})), None);
    }

    #[test]
    fn what_is_no_notification_is_refused() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"type":"ADD_RECORD"}"#,
            r#"{"type":"ADD_RECORD","app":{"id":"14"},"record":{}}"#,
            r#"{"type":"DELETE_RECORD","app":{"id":"14"},"recordId":"5&x=1"}"#,
        ] {
            assert_eq!(changed(wrong.as_bytes(), 14).unwrap_err().kind(), ErrorKind::Rejected, "{wrong}");
        }
    }
}
