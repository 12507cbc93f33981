//! Who is calling: contacts, leads, accounts.

use crate::client::{Client, Importance, Request, has_more, list, written};
use crate::error;
use crate::map::{self, Pages, to_match};
use crate::query::{Condition, Literal, MOST_VALUES};
use chrono::DateTime;
use cti_core::crm::{LookUp, Match, Matches, NewContact};
use cti_core::number::Number;
use cti_core::turns::Turns;
use cti_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

/// How many customers with one number are read.
const MAX_MATCHES: usize = 10;
/// The longest last name that Zoho takes.
const MAX_NAME: usize = 80;

/// How customers are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Find {
    /// By query (COQL): one request a module, however many spellings, and new records are found at once.
    #[default]
    Query,
    /// By search: one request for each spelling and module, within the budget. It may find numbers in spellings that
    /// nobody thought of, and does not find what was written a moment ago.
    Search,
    /// By query, and where it finds nobody by search.
    Both,
}

/// Which of several customers in one module is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TieBreak {
    /// All are shown; the agent chooses.
    #[default]
    Ask,
    /// The one that was changed last.
    LastModified,
    /// The one that is there longest.
    Oldest,
}

/// A module with customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub(crate) name: String,
    pub(crate) phones: Vec<String>,
    pub(crate) person: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) extra: Vec<String>,
}

impl Module {
    /// A module with the API names of the fields that hold telephone numbers.
    pub fn new<P: Into<String>>(name: impl Into<String>, phones: impl IntoIterator<Item = P>) -> Self {
        let phones = phones.into_iter().map(Into::into).collect();
        Self { name: name.into(), phones, person: None, company: None, extra: Vec::new() }
    }

    /// Contacts with the fields of a new organisation.
    pub fn contacts() -> Self {
        Self::new("Contacts", ["Phone", "Mobile", "Home_Phone", "Other_Phone", "Asst_Phone"])
            .person("Full_Name")
            .company("Account_Name")
    }

    /// Leads with the fields of a new organisation.
    pub fn leads() -> Self {
        Self::new("Leads", ["Phone", "Mobile"]).person("Full_Name").company("Company")
    }

    /// Accounts with the fields of a new organisation.
    pub fn accounts() -> Self {
        Self::new("Accounts", ["Phone"]).company("Account_Name")
    }

    /// The field with the name of the person.
    #[must_use]
    pub fn person(mut self, field: impl Into<String>) -> Self {
        self.person = Some(field.into());
        self
    }

    /// The field with the name of the company.
    #[must_use]
    pub fn company(mut self, field: impl Into<String>) -> Self {
        self.company = Some(field.into());
        self
    }

    /// A further field to show.
    #[must_use]
    pub fn show(mut self, field: impl Into<String>) -> Self {
        self.extra.push(field.into());
        self
    }

    /// All fields that are read, once each.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = Vec::new();
        let named = self.person.iter().chain(&self.company).chain(&self.extra);
        for field in self.phones.iter().chain(named) {
            if !fields.contains(&field.as_str()) {
                fields.push(field);
            }
        }
        fields
    }
}

/// How customers are looked up and made.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// In this order: the first in which somebody is found counts.
    pub(crate) modules: Vec<Module>,
    pub(crate) find: Find,
    pub(crate) tie_break: TieBreak,
    /// The most searches for one look-up.
    pub(crate) budget: usize,
    pub(crate) create_in: String,
    /// The company of a new lead: Zoho wants one.
    pub(crate) new_company: String,
}

/// The customers.
#[derive(Debug)]
pub(crate) struct Customers {
    pub(crate) rules: Rules,
    creating: Turns,
}

/// The spellings to look for, each once.
fn spellings(number: &LookUp) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for spelling in number.spellings.iter().chain([&number.number]).map(Number::as_str) {
        if Literal::number(spelling).is_some() && !all.contains(&spelling) && all.len() < MOST_VALUES {
            all.push(spelling);
        }
    }
    all
}

impl Customers {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, creating: Turns::default() }
    }

    /// The module of that name.
    pub(crate) fn module(&self, name: &str) -> Option<&Module> {
        self.rules.modules.iter().find(|module| module.name == name)
    }

    /// The customers with that number, of the first module that knows one.
    pub(crate) async fn find(&self, client: &Client, pages: &Pages, number: &LookUp) -> Result<Matches> {
        let searched = spellings(number);
        if searched.is_empty() {
            return Ok(Matches::default());
        }
        let queried = match self.rules.find {
            Find::Query | Find::Both => self.query_all(client, pages, &searched).await?,
            Find::Search => Matches::default(),
        };
        if queried.is_none() && self.rules.find != Find::Query {
            return self.search_all(client, pages, &searched).await;
        }
        Ok(queried)
    }

    async fn query_all(&self, client: &Client, pages: &Pages, searched: &[&str]) -> Result<Matches> {
        for module in &self.rules.modules {
            let found = self.query(client, pages, module, searched).await?;
            if !found.is_none() {
                return Ok(found);
            }
        }
        Ok(Matches::default())
    }

    async fn query(&self, client: &Client, pages: &Pages, module: &Module, searched: &[&str]) -> Result<Matches> {
        let values: Vec<Literal> = searched.iter().filter_map(|text| Literal::number(text)).collect();
        let phones: Vec<&str> = module.phones.iter().map(String::as_str).collect();
        let Some(condition) = Condition::any_of(&phones, &values) else { return Ok(Matches::default()) };
        let columns = self.columns(module);
        let query = condition.select(&columns, &module.name, MAX_MATCHES + 1);
        let answer = client.send(Request::coql(&query).matters(Importance::Pop)).await?;
        self.matches(list(answer.as_ref(), "data")?, module, pages, searched, has_more(answer.as_ref()))
    }

    async fn search_all(&self, client: &Client, pages: &Pages, searched: &[&str]) -> Result<Matches> {
        let mut left = self.rules.budget;
        // The best spelling in every module first, then the next one.
        for spelling in searched {
            for module in &self.rules.modules {
                if left == 0 {
                    return Ok(Matches::default());
                }
                left -= 1;
                let fields = self.columns(module).join(",");
                let request = Request::get(&format!("{}/search", module.name))
                    .with("phone", *spelling)
                    .with("fields", fields)
                    .with("per_page", (MAX_MATCHES + 1).to_string())
                    .matters(Importance::Pop);
                let answer = client.send(request).await?;
                let rows = list(answer.as_ref(), "data")?;
                // How Zoho compares is not documented: what is no such number is not taken.
                let fits = |row: &&Value| {
                    module.phones.iter().any(|f| map::text(row, f).is_some_and(|text| map::same(&text, searched)))
                };
                let rows: Vec<Value> = rows.iter().filter(fits).cloned().collect();
                let found = self.matches(&rows, module, pages, searched, has_more(answer.as_ref()))?;
                if !found.is_none() {
                    return Ok(found);
                }
            }
        }
        Ok(Matches::default())
    }

    fn columns<'a>(&self, module: &'a Module) -> Vec<&'a str> {
        let mut columns = vec!["id"];
        columns.extend(module.fields());
        match self.rules.tie_break {
            TieBreak::Ask => {}
            TieBreak::LastModified => columns.push("Modified_Time"),
            TieBreak::Oldest => columns.push("Created_Time"),
        }
        columns
    }

    fn matches(
        &self,
        rows: &[Value],
        module: &Module,
        pages: &Pages,
        searched: &[&str],
        more: bool,
    ) -> Result<Matches> {
        let mut rows: Vec<&Value> = rows.iter().collect();
        self.rules.tie_break.sort(&mut rows);
        let settled = self.rules.tie_break != TieBreak::Ask;
        let most = if settled { 1 } else { MAX_MATCHES };
        let found = rows.iter().take(most).map(|row| to_match(row, module, pages, searched));
        let found: Option<Vec<Match>> = found.collect();
        let found = found.ok_or_else(|| error::lacks("the id of a record"))?;
        Ok(Matches { more: !settled && (more || rows.len() > MAX_MATCHES), found })
    }

    /// Creates a customer, unless there is one with the number. Two at once for one number wait for each other; other
    /// programmes do not. The query sees what was written a moment ago.
    pub(crate) async fn create(&self, client: &Client, pages: &Pages, contact: &NewContact) -> Result<Match> {
        let number = contact.number.as_str();
        if Literal::number(number).is_none() {
            return Err(Error::new(ErrorKind::Rejected, "a customer without a usable number is not created"));
        }
        let module = self.module(&self.rules.create_in);
        let module = module.ok_or_else(|| Error::config("create_in", "is not one of the modules"))?;
        let _one_at_a_time = self.creating.take(number).await;
        if let Some(known) = self.query_all(client, pages, &[number]).await?.found.into_iter().next() {
            return Ok(known);
        }
        let record = Value::Object(self.record(module, contact));
        let id = written(client.send(Request::add(&module.name, record)).await?.as_ref())?;
        Ok(Match {
            url: pages.record(&module.name, &id),
            object: module.name.clone(),
            id,
            name: contact.name.clone(),
            company: None,
            spelled: Some(contact.number.clone()),
            fields: Default::default(),
        })
    }

    fn record(&self, module: &Module, contact: &NewContact) -> Map<String, Value> {
        let number = contact.number.as_str();
        let name = contact.name.as_ref().map_or(number, |name| name.as_str());
        let mut record = Map::new();
        if module.name == "Accounts" {
            record.insert("Account_Name".to_owned(), json!(map::one_line(name, MAX_NAME)));
        } else {
            record.insert("Last_Name".to_owned(), json!(map::one_line(name, MAX_NAME)));
        }
        if module.name == "Leads" {
            record.insert("Company".to_owned(), json!(self.rules.new_company));
        }
        if let Some(phone) = module.phones.first() {
            record.insert(phone.clone(), json!(number));
        }
        record
    }
}

impl TieBreak {
    fn sort(self, rows: &mut [&Value]) {
        let at = |row: &Value, field: &str| {
            row.get(field).and_then(Value::as_str).and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        };
        match self {
            Self::Ask => {}
            Self::LastModified => rows.sort_by_key(|row| std::cmp::Reverse(at(row, "Modified_Time"))),
            // One without a time is no older than the others.
            Self::Oldest => rows.sort_by_key(|row| (at(row, "Created_Time").is_none(), at(row, "Created_Time"))),
        }
    }
}
