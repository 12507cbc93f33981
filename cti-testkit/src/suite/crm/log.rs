//! Writing calls.

use super::tools::{Stop, Verdict, ensure, good, harmless, inbound, key, number, same};
use super::{CrmFault, CrmRig};
use cti_core::Status;
use cti_core::call::{Name, Party, Withheld};
use cti_core::crm::Match;
use std::collections::BTreeMap;

/// Names of hostile strangers.
pub(super) const HOSTILE_NAMES: &[&str] = &[
    "Robert'); DROP TABLE calls;--",
    "\"quoted\" and \\back\\slashed\\",
    "<img src=x onerror=alert(1)>",
    "${jndi:ldap://127.0.0.1/a}",
    "=HYPERLINK(\"http://127.0.0.1\")",
    "{TEL} {APW} %s %n",
    "山田 太郎 🐈 \u{202e}gnp.exe",
    "null",
];

/// Logs one call from an ordinary caller.
async fn log(rig: &dyn CrmRig, call: &str) -> cti_core::Result<cti_core::crm::Written> {
    let record = inbound(call, Party::known("0901234567", "Yamada"));
    rig.sink().log_call(&record, None, &key(call)).await
}

pub(super) async fn a_call_is_logged(rig: &dyn CrmRig) -> Verdict {
    let written = good("log_call", log(rig, "1.1").await)?;
    ensure(written.created, "the first entry counts as there already")?;
    let logged = rig.logged().await;
    same("entries", logged.len(), 1)?;
    same("number", logged[0].number.as_deref(), Some("0901234567"))
}

pub(super) async fn one_key_twice_is_one_entry(rig: &dyn CrmRig) -> Verdict {
    good("log_call", log(rig, "1.1").await)?;
    let again = good("log_call again", log(rig, "1.1").await)?;
    ensure(!again.created, "the second time counts as created")?;
    same("entries", rig.logged().await.len(), 1)
}

pub(super) async fn two_keys_are_two_entries(rig: &dyn CrmRig) -> Verdict {
    good("log_call", log(rig, "1.1").await)?;
    good("log_call", log(rig, "1.2").await)?;
    same("entries", rig.logged().await.len(), 2)
}

pub(super) async fn a_lost_answer_and_another_try_are_one_entry(rig: &dyn CrmRig) -> Verdict {
    if !rig.fail_next(CrmFault::AnswerLost).await {
        return Err(Stop::Impossible("the rig cannot lose an answer"));
    }
    if let Err(error) = log(rig, "1.1").await {
        harmless(rig, &error, &["0901234567", "Yamada"])?;
        ensure(error.status() != Status::Permanent, "a lost answer counts as permanent")?;
        good("log_call again", log(rig, "1.1").await)?;
    }
    same("entries", rig.logged().await.len(), 1)
}

pub(super) async fn a_withheld_caller_is_logged_without_number(rig: &dyn CrmRig) -> Verdict {
    let record = inbound("1.1", Party::withheld(Withheld::RejectedByUser));
    good("log_call", rig.sink().log_call(&record, None, &key("1.1")).await)?;
    let logged = rig.logged().await;
    same("entries", logged.len(), 1)?;
    same("number", logged[0].number.as_deref(), None)
}

pub(super) async fn the_number_is_spelled_as_in_the_customer_record(rig: &dyn CrmRig) -> Verdict {
    let matched = Match {
        object: "1".to_owned(),
        id: "1".to_owned(),
        name: Name::new("Yamada Taro"),
        company: None,
        spelled: Some(number("090-1234-567")?),
        url: None,
        fields: BTreeMap::new(),
    };
    let record = inbound("1.1", Party::known("0901234567", "Yamada"));
    good("log_call", rig.sink().log_call(&record, Some(&matched), &key("1.1")).await)?;
    same("number", rig.logged().await[0].number.as_deref(), Some("090-1234-567"))
}

pub(super) async fn hostile_and_huge_names_are_stored_harmlessly(rig: &dyn CrmRig) -> Verdict {
    // What comes from a file or a queue was never cut: 10 kB, with line ends.
    let uncut = serde_json::from_value(serde_json::json!(format!("{}\r\nX: 1", "長い名前 ".repeat(1000))));
    let uncut: Name = uncut.map_err(|_| Stop::Impossible("a name is not text in JSON"))?;
    let names = HOSTILE_NAMES.iter().filter_map(|name| Name::new(name)).chain([uncut]);
    let mut calls = 0;
    for name in names {
        let call = format!("2.{calls}");
        let caller = Party { number: Some(number("0901234567")?), name: Some(name.clone()), withheld: None };
        good(&call, rig.sink().log_call(&inbound(&call, caller), None, &key(&call)).await)?;
        calls += 1;
        let logged = rig.logged().await;
        same("entries", logged.len(), calls)?;
        // It may be cut, and what breaks a line may be a blank; nothing else changes.
        let plain: String = name.as_str().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let fits =
            |stored: &str| !stored.is_empty() && (name.as_str().starts_with(stored) || plain.starts_with(stored));
        let kept = logged.iter().filter_map(|entry| entry.name.as_deref()).any(fits);
        ensure(kept, format!("the name of call {call} was changed or lost"))?;
    }
    Ok(())
}
