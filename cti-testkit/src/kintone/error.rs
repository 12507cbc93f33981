//! Refusals in the shapes of the real kintone: status, code, and for invalid input the place of each fault.

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// kintone's error code.
    pub code: &'static str,
    /// The text for a person, in English.
    pub message: String,
    /// For `CB_VA01`: place of the fault (`record.tel.value`) and texts.
    pub errors: Map<String, Value>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), errors: Map::new() }
    }

    /// `CB_VA01` without a fault yet.
    pub(crate) fn invalid() -> Self {
        Self::new(400, "CB_VA01", "Missing or invalid input.")
    }

    /// `CB_VA01` for one parameter.
    pub(crate) fn parameter(place: &str, text: &str) -> Self {
        Self::invalid().and(place, text)
    }

    pub(crate) fn missing(place: &str) -> Self {
        Self::parameter(place, "Required field.")
    }

    pub(crate) fn unknown_field(code: &str) -> Self {
        Self::new(400, "GAIA_IQ11", format!("Specified field ({code}) not found."))
    }

    pub(crate) fn no_right() -> Self {
        Self::new(403, "GAIA_NO01", "Using this API token, you cannot run the specified API.")
    }

    pub(crate) fn no_record(id: u64) -> Self {
        Self::new(404, "GAIA_RE01", format!("The specified record (ID: {id}) is not found."))
    }

    pub(crate) fn no_app(id: u64) -> Self {
        Self::new(404, "GAIA_AP01", format!("The app (ID: {id}) not found."))
    }

    pub(crate) fn revision() -> Self {
        Self::new(409, "GAIA_CO02", "The revision is not the latest. Someone may update a record.")
    }

    /// The same with one more fault.
    pub(crate) fn and(mut self, place: &str, text: &str) -> Self {
        let texts = self.errors.entry(place).or_insert_with(|| json!({"messages": []}));
        if let Some(list) = texts.get_mut("messages").and_then(Value::as_array_mut) {
            list.push(text.into());
        }
        self
    }

    /// The body of the answer.
    pub(crate) fn body(&self, request: usize) -> Value {
        let mut body = json!({"code": self.code, "id": format!("Simulated{request:011}"), "message": self.message});
        if !self.errors.is_empty() {
            body["errors"] = Value::Object(self.errors.clone());
        }
        body
    }
}
