//! Modules and their fields, as `GET /crm/v8/settings/fields` tells them.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Kinds of fields that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Text,
    /// Several lines.
    TextArea,
    /// A telephone number: `/search?phone=` looks through all of these.
    Phone,
    /// An e-mail address.
    Email,
    /// An address.
    Website,
    /// One of several words; new words are accepted.
    Picklist,
    /// Date and time with offset.
    DateTime,
    /// A date.
    Date,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// Another record or user.
    Lookup,
}

impl Kind {
    fn wire(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextArea => "textarea",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Website => "website",
            Self::Picklist => "picklist",
            Self::DateTime => "datetime",
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Lookup => "lookup",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Phone => 30,
            Self::TextArea => 32_000,
            Self::Website => 450,
            Self::Email => 100,
            _ => 255,
        }
    }
}

/// A field of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) length: usize,
    pub(super) mandatory: bool,
    pub(super) read_only: bool,
    pub(super) unique: bool,
}

impl Field {
    /// A field with that API name.
    pub fn new(name: &str, kind: Kind) -> Self {
        let length = kind.length();
        Self { name: name.to_owned(), kind, length, mandatory: false, read_only: false, unique: false }
    }

    /// Must not be empty.
    #[must_use]
    pub fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    /// No two records may have the same value.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    fn describe(&self) -> Value {
        json!({"api_name": self.name, "field_label": self.name.replace('_', " "), "data_type": self.kind.wire(),
            "length": self.length, "system_mandatory": self.mandatory, "read_only": self.read_only,
            "unique": if self.unique { json!({"casesensitive": false}) } else { json!({}) }})
    }
}

/// A module: its fields and its records.
#[derive(Debug, Clone)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) records: BTreeMap<String, Record>,
}

/// A record as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) values: Map<String, Value>,
    /// False while the search does not know it yet.
    pub(super) indexed: bool,
}

impl Module {
    fn new(name: &str, fields: Vec<Field>) -> Self {
        let system = [
            Field::new("Owner", Kind::Lookup),
            Field::new("Created_Time", Kind::DateTime).read_only(),
            Field::new("Modified_Time", Kind::DateTime).read_only(),
        ];
        let fields = fields.into_iter().chain(system).collect();
        Self { name: name.to_owned(), fields, records: BTreeMap::new() }
    }

    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn put_field(&mut self, field: Field) {
        self.fields.retain(|old| old.name != field.name);
        self.fields.push(field);
    }

    pub(super) fn phones(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|field| field.kind == Kind::Phone).map(|field| field.name.as_str())
    }

    /// True for modules with a system field by which `upsert` finds duplicates: not for activities.
    pub(super) fn takes_upsert(&self) -> bool {
        !matches!(self.name.as_str(), "Calls" | "Tasks" | "Events")
    }

    pub(super) fn describe_fields(&self) -> Value {
        json!({"fields": self.fields.iter().map(Field::describe).collect::<Vec<_>>()})
    }
}

fn fields(kind: Kind, names: &[&str]) -> impl Iterator<Item = Field> {
    names.iter().map(move |name| Field::new(name, kind))
}

fn person(own: Vec<Field>) -> Vec<Field> {
    let name = [Field::new("Last_Name", Kind::Text).mandatory(), Field::new("First_Name", Kind::Text)];
    let full = Field::new("Full_Name", Kind::Text).read_only();
    own.into_iter()
        .chain(name)
        .chain([full, Field::new("Email", Kind::Email), Field::new("Description", Kind::TextArea)])
        .collect()
}

/// The modules of a new organisation.
pub(super) fn standard() -> BTreeMap<String, Module> {
    let mut contact: Vec<Field> =
        fields(Kind::Phone, &["Phone", "Mobile", "Home_Phone", "Other_Phone", "Asst_Phone", "Fax"]).collect();
    contact.push(Field::new("Account_Name", Kind::Lookup));
    let mut lead: Vec<Field> = fields(Kind::Phone, &["Phone", "Mobile", "Fax"]).collect();
    lead.push(Field::new("Company", Kind::Text).mandatory());
    lead.push(Field::new("Converted__s", Kind::Boolean));
    let mut account: Vec<Field> = fields(Kind::Phone, &["Phone", "Fax"]).collect();
    account.push(Field::new("Account_Name", Kind::Text).mandatory());
    let modules = [
        Module::new("Contacts", person(contact)),
        Module::new("Leads", person(lead)),
        Module::new("Accounts", account),
        Module::new("Deals", vec![Field::new("Deal_Name", Kind::Text).mandatory()]),
        Module::new("Calls", calls()),
        Module::new("Tasks", tasks()),
    ];
    modules.into_iter().map(|module| (module.name.clone(), module)).collect()
}

fn calls() -> Vec<Field> {
    let mandatory = [
        Field::new("Subject", Kind::Text).mandatory(),
        Field::new("Call_Type", Kind::Picklist).mandatory(),
        Field::new("Call_Start_Time", Kind::DateTime).mandatory(),
    ];
    let short = |name| Field { length: 30, ..Field::new(name, Kind::Text) };
    let rest = [
        Field::new("Call_Duration", Kind::Text),
        Field::new("Call_Duration_in_seconds", Kind::Integer),
        Field::new("Description", Kind::TextArea),
        Field::new("Call_Purpose", Kind::Picklist),
        Field::new("Call_Result", Kind::Picklist),
        Field::new("Outgoing_Call_Status", Kind::Picklist),
        Field::new("Voice_Recording__s", Kind::Website),
        Field::new("CTI_Entry", Kind::Boolean).read_only(),
        short("Dialled_Number"),
        short("Caller_ID"),
        Field::new("Who_Id", Kind::Lookup),
        Field::new("What_Id", Kind::Lookup),
    ];
    mandatory.into_iter().chain(rest).collect()
}

fn tasks() -> Vec<Field> {
    vec![
        Field::new("Subject", Kind::Text).mandatory(),
        Field::new("Due_Date", Kind::Date),
        Field::new("Status", Kind::Picklist),
        Field::new("Priority", Kind::Picklist),
        Field::new("Description", Kind::TextArea),
        Field::new("Who_Id", Kind::Lookup),
        Field::new("What_Id", Kind::Lookup),
    ]
}
