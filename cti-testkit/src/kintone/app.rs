//! What an app looks like: its fields and their rules.

use serde_json::{Map, Value, json};

/// The types of fields that the simulator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of kintone's field types")]
pub enum FieldType {
    RecordNumber,
    Creator,
    CreatedTime,
    Modifier,
    UpdatedTime,
    SingleLineText,
    MultiLineText,
    RichText,
    Link,
    Number,
    CheckBox,
    MultiSelect,
    RadioButton,
    DropDown,
    Date,
    Time,
    DateTime,
    Subtable,
    File,
    ReferenceTable,
}

impl FieldType {
    /// The name on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::RecordNumber => "RECORD_NUMBER",
            Self::Creator => "CREATOR",
            Self::CreatedTime => "CREATED_TIME",
            Self::Modifier => "MODIFIER",
            Self::UpdatedTime => "UPDATED_TIME",
            Self::SingleLineText => "SINGLE_LINE_TEXT",
            Self::MultiLineText => "MULTI_LINE_TEXT",
            Self::RichText => "RICH_TEXT",
            Self::Link => "LINK",
            Self::Number => "NUMBER",
            Self::CheckBox => "CHECK_BOX",
            Self::MultiSelect => "MULTI_SELECT",
            Self::RadioButton => "RADIO_BUTTON",
            Self::DropDown => "DROP_DOWN",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::DateTime => "DATETIME",
            Self::Subtable => "SUBTABLE",
            Self::File => "FILE",
            Self::ReferenceTable => "REFERENCE_TABLE",
        }
    }

    /// The type of that name.
    pub(crate) fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.wire() == name)
    }

    const ALL: [Self; 20] = [
        Self::RecordNumber,
        Self::Creator,
        Self::CreatedTime,
        Self::Modifier,
        Self::UpdatedTime,
        Self::SingleLineText,
        Self::MultiLineText,
        Self::RichText,
        Self::Link,
        Self::Number,
        Self::CheckBox,
        Self::MultiSelect,
        Self::RadioButton,
        Self::DropDown,
        Self::Date,
        Self::Time,
        Self::DateTime,
        Self::Subtable,
        Self::File,
        Self::ReferenceTable,
    ];

    /// True for fields that kintone fills itself.
    pub fn is_system(self) -> bool {
        matches!(self, Self::RecordNumber | Self::Creator | Self::CreatedTime | Self::Modifier | Self::UpdatedTime)
    }

    /// True for fields whose value is a list of options.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::CheckBox | Self::MultiSelect)
    }

    /// True for fields whose values must be options.
    pub(crate) fn has_options(self) -> bool {
        self.is_list() || matches!(self, Self::RadioButton | Self::DropDown)
    }

    /// What an empty field holds when read.
    pub(crate) fn empty(self) -> Value {
        match self {
            Self::CheckBox | Self::MultiSelect | Self::Subtable | Self::File => json!([]),
            Self::RadioButton | Self::DropDown | Self::Date | Self::Time => Value::Null,
            _ => json!(""),
        }
    }
}

/// One field of an app.
#[derive(Debug, Clone)]
pub struct Field {
    pub(crate) code: String,
    pub(crate) kind: FieldType,
    pub(crate) required: bool,
    pub(crate) unique: bool,
    pub(crate) max_length: Option<usize>,
    pub(crate) options: Vec<String>,
    pub(crate) protocol: &'static str,
    pub(crate) default: Option<Value>,
    pub(crate) inner: Vec<Field>,
    /// Of a table of related records: what it relates to.
    pub(crate) related: Option<Value>,
}

impl Field {
    /// A field without rules.
    pub fn new(code: &str, kind: FieldType) -> Self {
        Self {
            code: code.to_owned(),
            kind,
            required: false,
            unique: false,
            max_length: None,
            options: Vec::new(),
            protocol: "WEB",
            default: None,
            inner: Vec::new(),
            related: None,
        }
    }

    /// A single-line text.
    pub fn text(code: &str) -> Self {
        Self::new(code, FieldType::SingleLineText)
    }

    /// A drop-down with these options.
    pub fn drop_down(code: &str, options: &[&str]) -> Self {
        Self::new(code, FieldType::DropDown).options(options)
    }

    /// A table with these columns.
    pub fn table(code: &str, columns: Vec<Field>) -> Self {
        Self { inner: columns, ..Self::new(code, FieldType::Subtable) }
    }

    /// A link that dials.
    pub fn call_link(code: &str) -> Self {
        Self { protocol: "CALL", ..Self::new(code, FieldType::Link) }
    }

    /// "Required field" is ticked.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// "Prohibit duplicate values" is ticked.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// The greatest number of characters.
    #[must_use]
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = Some(characters);
        self
    }

    /// What can be chosen.
    #[must_use]
    pub fn options(mut self, options: &[&str]) -> Self {
        self.options = options.iter().map(|&option| option.to_owned()).collect();
        self
    }

    /// What a new record holds if nothing is written.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// A field from a description such as [`Field::describe`] gives.
    pub(crate) fn described(code: &str, description: &Value) -> Option<Self> {
        let kind = FieldType::from_wire(description["type"].as_str()?)?;
        let text = |name: &str| description[name].as_str().filter(|text| !text.is_empty());
        let options = description["options"].as_object();
        let default = description.get("defaultValue").filter(|value| *value != "" && *value != &json!([])).cloned();
        Some(Self {
            required: description["required"] == true,
            unique: description["unique"] == true,
            max_length: text("maxLength").and_then(|max| max.parse().ok()),
            options: options.map(|all| all.keys().cloned().collect()).unwrap_or_default(),
            protocol: if text("protocol") == Some("CALL") { "CALL" } else { "WEB" },
            default,
            related: description.get("referenceTable").cloned(),
            ..Self::new(code, kind)
        })
    }

    /// The description in `form/fields.json`.
    pub(crate) fn describe(&self) -> Value {
        let mut out = json!({"type": self.kind.wire(), "code": self.code, "label": self.code, "noLabel": false});
        if self.kind == FieldType::Subtable {
            out["fields"] = describe_all(&self.inner);
            return out;
        }
        if let Some(related) = &self.related {
            out["referenceTable"] = related.clone();
        }
        if self.kind.is_system() || self.kind == FieldType::ReferenceTable {
            return out;
        }
        out["required"] = self.required.into();
        out["defaultValue"] =
            self.default.clone().unwrap_or_else(|| if self.kind.is_list() { json!([]) } else { json!("") });
        match self.kind {
            FieldType::SingleLineText | FieldType::Link => {
                out["unique"] = self.unique.into();
                out["minLength"] = "".into();
                out["maxLength"] = self.max_length.map_or_else(String::new, |max| max.to_string()).into();
                if self.kind == FieldType::Link {
                    out["protocol"] = self.protocol.into();
                }
            }
            FieldType::Number => {
                out["unique"] = self.unique.into();
                out["minValue"] = "".into();
                out["maxValue"] = "".into();
            }
            FieldType::Date | FieldType::DateTime => {
                out["unique"] = self.unique.into();
                out["defaultNowValue"] = false.into();
            }
            FieldType::Time => out["defaultNowValue"] = false.into(),
            FieldType::File => drop(out.as_object_mut().and_then(|out| out.remove("defaultValue"))),
            kind if kind.has_options() => out["options"] = self.describe_options(),
            _ => {}
        }
        out
    }

    fn describe_options(&self) -> Value {
        let describe =
            |(index, option): (usize, &String)| (option.clone(), json!({"label": option, "index": index.to_string()}));
        Value::Object(self.options.iter().enumerate().map(describe).collect())
    }
}

pub(crate) fn describe_all(fields: &[Field]) -> Value {
    Value::Object(fields.iter().map(|field| (field.code.clone(), field.describe())).collect::<Map<_, _>>())
}

/// An app.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) guest_space: Option<u64>,
    /// The layout of the form, if one was set.
    pub(crate) layout: Option<Value>,
}

impl App {
    /// An app with the system fields alone, named as in a Japanese kintone.
    pub fn new(id: u64, name: &str) -> Self {
        let system = [
            ("レコード番号", FieldType::RecordNumber),
            ("作成者", FieldType::Creator),
            ("作成日時", FieldType::CreatedTime),
            ("更新者", FieldType::Modifier),
            ("更新日時", FieldType::UpdatedTime),
        ];
        let fields = system.into_iter().map(|(code, kind)| Field::new(code, kind)).collect();
        Self { id, name: name.to_owned(), fields, guest_space: None, layout: None }
    }

    /// The customer app that this project suggests; `tel` is unique.
    pub fn customers_template(id: u64) -> Self {
        Self::new(id, "顧客管理")
            .field(Field::text("name"))
            .field(Field::text("kana"))
            .field(Field::text("company"))
            .field(Field::text("tel").unique())
            .field(Field::text("tel2"))
            .field(Field::text("email"))
            .field(Field::text("address"))
            .field(Field::new("memo", FieldType::MultiLineText))
    }

    /// The call history app that this project suggests; `call_id` is unique.
    pub fn call_log_template(id: u64) -> Self {
        Self::new(id, "通話履歴")
            .field(Field::text("call_id").unique().max_length(64))
            .field(Field::text("tel"))
            .field(Field::text("name"))
            .field(Field::drop_down("direction", &["inbound", "outbound", "internal"]))
            .field(Field::drop_down("result", &["answered", "missed", "voicemail", "failed"]))
            .field(Field::new("started_at", FieldType::DateTime))
            .field(Field::new("answered_at", FieldType::DateTime))
            .field(Field::new("ended_at", FieldType::DateTime))
            .field(Field::new("duration", FieldType::Number))
            .field(Field::text("agent"))
            .field(Field::text("line"))
            .field(Field::text("recording_urls"))
            .field(Field::new("memo", FieldType::MultiLineText))
    }

    /// The app with one more field; a field with the same code is replaced.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.retain(|old| old.code != field.code);
        self.fields.push(field);
        self
    }

    /// The app without that field.
    #[must_use]
    pub fn without(mut self, code: &str) -> Self {
        self.fields.retain(|field| field.code != code);
        self
    }

    /// Puts the app into a guest space: only the guest path reaches it.
    #[must_use]
    pub fn in_guest_space(mut self, space: u64) -> Self {
        self.guest_space = Some(space);
        self
    }

    /// The field with that code at the top level.
    pub(crate) fn top(&self, code: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.code == code)
    }

    /// The table and its column with that code.
    pub(crate) fn column(&self, code: &str) -> Option<(&Field, &Field)> {
        self.fields.iter().find_map(|table| Some((table, table.inner.iter().find(|inner| inner.code == code)?)))
    }
}
