//! Finding customers.

use super::CrmRig;
use super::tools::{Verdict, ensure, good, look_up, number, same};
use cti_core::crm::LookUp;

/// Numbers that try to change what is asked, in the languages of several CRMs.
pub(super) const HOSTILE: &[&str] = &[
    "\" or tel != \"",
    "\") or (tel != \"",
    "\\\" or tel != \"",
    "\\",
    "' OR '1'='1",
    "0312345678\" or \"1\" = \"1",
    "*",
    "%",
    "_",
    "{TEL}",
    "&query=limit 500",
    "</script><script>alert(1)</script>",
    "$(id)",
];

pub(super) async fn nobody_is_found_in_an_empty_crm(rig: &dyn CrmRig) -> Verdict {
    let matches = good("look_up", rig.sink().look_up(&look_up("0312345678")?).await)?;
    ensure(matches.is_none() && !matches.more, "an empty CRM has a match")
}

pub(super) async fn one_customer_is_found_with_name_and_spelling(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "0312345678").await;
    rig.add_customer("Suzuki Jiro", "0698765432").await;
    let matches = good("look_up", rig.sink().look_up(&look_up("0312345678")?).await)?;
    same("matches", matches.found.len(), 1)?;
    let Some(only) = matches.one() else { return ensure(false, "one match that is not the only one") };
    same("name", only.name.as_ref().map(|name| name.as_str()), Some("Yamada Taro"))?;
    same("spelling", only.spelled.as_ref().map(|number| number.as_str()), Some("0312345678"))?;
    ensure(!only.id.is_empty() && !only.object.is_empty(), "the match has no id or no object")
}

pub(super) async fn several_customers_are_found(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "0312345678").await;
    rig.add_customer("Yamada Hanako", "0312345678").await;
    let matches = good("look_up", rig.sink().look_up(&look_up("0312345678")?).await)?;
    same("matches", matches.found.len(), 2)?;
    let ids: Vec<&str> = matches.found.iter().map(|found| found.id.as_str()).collect();
    ensure(ids[0] != ids[1], "the two matches are the same record")?;
    ensure(matches.one().is_none(), "two matches count as one")
}

pub(super) async fn another_spelling_is_found(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "03-1234-5678").await;
    let spellings = vec![number("0312345678")?, number("03-1234-5678")?, number("+81312345678")?];
    let wanted = LookUp { number: number("0312345678")?, spellings, event: None };
    let matches = good("look_up", rig.sink().look_up(&wanted).await)?;
    same("matches", matches.found.len(), 1)?;
    let spelled = matches.found[0].spelled.as_ref().map(|number| number.as_str());
    same("spelling", spelled, Some("03-1234-5678"))
}

pub(super) async fn many_spellings_are_searched(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "03-1234-5678").await;
    let mut spellings = vec![number("03-1234-5678")?];
    for filler in 0..100 {
        spellings.push(number(&format!("{filler:03}-{}", "電話番号".repeat(10)))?);
    }
    let wanted = LookUp { number: number("0312345678")?, spellings, event: None };
    let matches = good("look_up", rig.sink().look_up(&wanted).await)?;
    same("matches", matches.found.len(), 1)
}

pub(super) async fn a_hostile_number_finds_nobody(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "0312345678").await;
    rig.add_customer("Suzuki Jiro", "0698765432").await;
    for hostile in HOSTILE {
        let matches = good(hostile, rig.sink().look_up(&look_up(hostile)?).await)?;
        same(hostile, matches.found.len(), 0)?;
    }
    Ok(())
}

pub(super) async fn looking_up_writes_nothing(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "0312345678").await;
    for wanted in ["0312345678", "0698765432"] {
        good("look_up", rig.sink().look_up(&look_up(wanted)?).await)?;
    }
    same("customers", rig.customers().await, 1)?;
    same("calls", rig.logged().await.len(), 0)
}
