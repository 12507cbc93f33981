//! The form of an app: which fields there are, and their rules.

use crate::client::{Client, Request};
use crate::config::App;
use crate::error;
use cti_core::{ErrorKind, Result};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

/// The fields of an app by code.
#[derive(Debug, Clone)]
pub(crate) struct Form(Map<String, Value>);

/// The form of an app, read once. Who may not read it goes on without.
#[derive(Debug, Default)]
pub(crate) struct KnownForm(OnceCell<Option<Form>>);

impl KnownForm {
    /// The form. The first time it is compared with what is mapped: kintone ignores a field code that it does not know
    /// in silence, and what was written there would be lost.
    pub(crate) async fn get(&self, client: &Client, app: &App) -> Result<Option<&Form>> {
        let read = async || match Form::read(client, app).await {
            Ok(form) => {
                form.warn_of_what_is_not_there(app);
                Ok(Some(form))
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
            Err(error) => Err(error),
        };
        self.0.get_or_try_init(read).await.map(Option::as_ref)
    }
}

/// Where a field code is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place<'a> {
    Top(Field<'a>),
    InTable(&'a str),
    Nowhere,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Field<'a>(&'a Value);

impl Form {
    /// Reads the form of an app; the right to view or to add records is enough.
    pub(crate) async fn read(client: &Client, app: &App) -> Result<Self> {
        let answer = client.send(app, Request::get("app/form/fields.json")).await?;
        Self::from_answer(answer).ok_or_else(|| error::lacks("the fields of the app"))
    }

    pub(crate) fn from_answer(answer: Value) -> Option<Self> {
        match answer {
            Value::Object(mut answer) => match answer.remove("properties") {
                Some(Value::Object(fields)) => Some(Self(fields)),
                _ => None,
            },
            _ => None,
        }
    }

    fn warn_of_what_is_not_there(&self, app: &App) {
        for (attribute, code) in &app.fields {
            match self.find(code.as_str()) {
                Place::Top(_) => {}
                Place::InTable(table) => {
                    tracing::error!(
                        app = app.id,
                        attribute,
                        field = code.as_str(),
                        table,
                        "the mapped field is inside a table: what is written there is lost"
                    );
                }
                Place::Nowhere => {
                    tracing::error!(
                        app = app.id,
                        attribute,
                        field = code.as_str(),
                        "the app has no field with this code: what is written there is lost"
                    );
                }
            }
        }
    }

    /// The code of the field that holds the time of the last change, whatever it is called.
    pub(crate) fn updated_time(&self) -> Option<&str> {
        let mut fields = self.0.iter();
        fields.find(|(_, field)| Field(field).kind() == "UPDATED_TIME").map(|(code, _)| code.as_str())
    }

    /// Finds a field code.
    pub(crate) fn find(&self, code: &str) -> Place<'_> {
        if let Some(field) = self.0.get(code) {
            return Place::Top(Field(field));
        }
        let table =
            self.0.iter().find(|(_, table)| table.pointer("/fields").is_some_and(|inner| inner.get(code).is_some()));
        table.map_or(Place::Nowhere, |(name, _)| Place::InTable(name))
    }

    /// The field at the top level.
    pub(crate) fn top(&self, code: &str) -> Option<Field<'_>> {
        self.0.get(code).map(Field)
    }

    /// The codes of the fields that must be written: required, and without a default.
    pub(crate) fn required(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, field)| Field(field).must_be_written()).map(|(code, _)| code.as_str()).collect()
    }
}

impl<'a> Field<'a> {
    pub(crate) fn kind(self) -> &'a str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Field<'_> {
    pub(crate) fn is_unique(&self) -> bool {
        self.flag("unique")
    }

    /// A link that dials.
    pub(crate) fn is_call_link(&self) -> bool {
        self.kind() == "LINK" && self.0.get("protocol").and_then(Value::as_str) == Some("CALL")
    }

    /// A field that takes its value from another app.
    pub(crate) fn is_lookup(&self) -> bool {
        self.0.get("lookup").is_some_and(|lookup| !lookup.is_null())
    }

    /// The greatest length, if there is one.
    pub(crate) fn max_length(&self) -> Option<usize> {
        self.0.get("maxLength").and_then(Value::as_str)?.parse().ok()
    }

    /// True if the field can be used as the key of an upsert.
    pub(crate) fn can_be_key(&self) -> bool {
        self.is_unique() && matches!(self.kind(), "SINGLE_LINE_TEXT" | "NUMBER")
    }

    /// The choices, if it is a field of choices.
    pub(crate) fn options(&self) -> Option<&Map<String, Value>> {
        self.0.get("options").and_then(Value::as_object)
    }

    /// Radio buttons and calculated fields are never enforced.
    fn must_be_written(&self) -> bool {
        let has_default = match self.0.get("defaultValue") {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            _ => false,
        };
        self.flag("required")
            && !has_default
            && !self.flag("defaultNowValue")
            && !matches!(self.kind(), "RADIO_BUTTON" | "CALC")
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}
