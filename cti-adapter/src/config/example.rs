//! The example file in `docs/` shows every setting there is.

use super::crm::{Head, custom, kintone, zoho};
use super::raw::{RawAgent, RawConfig, RawDesk, RawNumbering, RawOutbox, RawPbx};
use cti::core::dial::{Member, TelephonyGroup};
use cti::core::policy::{
    AgentPolicy, CrmPolicy, LogPolicy, MatchPolicy, MatchRules, Policy, PopPolicy, QueuePolicy, Scope, WithheldLabels,
};
use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use toml::{Table, Value};

const EXAMPLE: &str = include_str!("../../../docs/cti.example.toml");

/// Is asked for a struct, notes which fields it has, and gives nothing.
struct Fields<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(fields);
        Err(Error::custom("only the names were wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<T: for<'de> Deserialize<'de>>() -> Vec<&'static str> {
    let mut found = Vec::new();
    assert!(T::deserialize(Fields(&mut found)).is_err());
    assert!(!found.is_empty());
    found
}

/// The tables at a path; of an array every element.
fn tables<'a>(root: &'a Table, path: &str) -> Vec<&'a Table> {
    let step = |table: &'a Table, key: &str| match table.get(key) {
        Some(Value::Table(table)) => vec![table],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_table).collect(),
        _ => Vec::new(),
    };
    path.split('.')
        .filter(|key| !key.is_empty())
        .fold(vec![root], |tables, key| tables.into_iter().flat_map(|table| step(table, key)).collect())
}

fn shows<T: for<'de> Deserialize<'de>>(paths: &[&str]) {
    let root: Table = EXAMPLE.parse().expect("the example is TOML");
    let all: Vec<&Table> = paths.iter().flat_map(|path| tables(&root, path)).collect();
    for field in fields::<T>() {
        // What cannot stand beside other settings is shown in a comment.
        let in_comment = EXAMPLE.contains(&format!("\n# {field} = "));
        let shown = in_comment || all.iter().any(|table| table.contains_key(field));
        assert!(shown, "the example shows no `{field}` in {paths:?}");
    }
}

#[test]
fn every_setting_is_in_the_example() {
    shows::<RawConfig>(&[""]);
    shows::<RawNumbering>(&["numbering"]);
    shows::<RawPbx>(&["pbx"]);
    shows::<Head>(&["crm"]);
    shows::<kintone::Section>(&["crm"]);
    shows::<kintone::RawApp>(&["crm.customers", "crm.call_log"]);
    shows::<zoho::Section>(&["crm"]);
    shows::<zoho::RawModule>(&["crm.modules"]);
    shows::<zoho::RawAgent>(&["crm.agents"]);
    shows::<zoho::RawLink>(&["crm.groups"]);
    shows::<zoho::RawLog>(&["crm.call_log"]);
    shows::<zoho::RawTasks>(&["crm.call_log.missed_call_tasks"]);
    shows::<zoho::RawBridge>(&["crm.phonebridge"]);
    shows::<custom::Section>(&["crm"]);
    shows::<custom::RawAccount>(&["crm.account"]);
    shows::<custom::RawAgent>(&["crm.agents"]);
    let steps = ["auth", "search", "click", "ring", "answer", "hang_up"].map(|step| format!("crm.{step}"));
    shows::<custom::RawStep>(&steps.each_ref().map(String::as_str));
    shows::<kintone::RawLogin>(&["crm.basic_auth", "crm.login"]);
    shows::<kintone::RawDirectory>(&["crm.directory"]);
    shows::<RawOutbox>(&["outbox"]);
    shows::<RawDesk>(&["desk"]);
    shows::<RawAgent>(&["desk.agents"]);
    shows::<Policy>(&["policy"]);
    shows::<Scope>(&["policy.scope"]);
    shows::<PopPolicy>(&["policy.pop"]);
    shows::<LogPolicy>(&["policy.log"]);
    shows::<WithheldLabels>(&["policy.pop.withheld_labels"]);
    shows::<MatchPolicy>(&["policy.matches"]);
    shows::<MatchRules>(&["policy.matches.inbound"]);
    shows::<AgentPolicy>(&["policy.agents.6002"]);
    shows::<QueuePolicy>(&["policy.queues.sales"]);
    shows::<CrmPolicy>(&["policy.crms.kintone"]);
    shows::<TelephonyGroup>(&["groups"]);
    shows::<Member>(&["groups.members"]);
}

#[test]
fn a_setting_that_is_missing_would_be_noticed() {
    assert!(fields::<RawPbx>().contains(&"dial_context"));
    assert!(std::panic::catch_unwind(|| shows::<RawPbx>(&["crm"])).is_err());
}

/// The worked examples of a page: its TOML blocks.
fn worked_examples(page: &str) -> Vec<&str> {
    page.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block).collect()
}

#[test]
fn the_worked_examples_of_custom_crms_have_no_mistakes() {
    let examples = worked_examples(include_str!("../../../docs/custom-crm.md"));
    assert_eq!(examples.len(), 2);
    for example in examples {
        let pbx = "[[pbx]]\nname = \"main\"\nkind = \"asterisk\"\nhost = \"pbx.example.com\"\nuser = \"cti\"\nsecret = \"s\"\n";
        let faults = super::load::parse(&format!("{pbx}{example}")).err();
        assert!(faults.is_none(), "{}", faults.unwrap_or_default());
    }
}
