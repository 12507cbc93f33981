//! Where the browser goes.

use super::CrmRig;
use super::tools::{Verdict, ensure, good, look_up, same};
use cti_core::crm::Matches;

pub(super) async fn one_match_opens_its_record(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "0312345678").await;
    let (sink, wanted) = (rig.sink(), look_up("0312345678")?);
    let matches = good("look_up", sink.look_up(&wanted).await)?;
    let url = sink.screen_pop(&wanted, &matches);
    ensure(url.is_some(), "one match opens nothing")?;
    same("address", url.as_ref(), matches.found.first().and_then(|only| only.url.as_ref()))
}

pub(super) async fn several_matches_open_none_of_them(rig: &dyn CrmRig) -> Verdict {
    rig.add_customer("Yamada Taro", "0312345678").await;
    rig.add_customer("Yamada Hanako", "0312345678").await;
    let (sink, wanted) = (rig.sink(), look_up("0312345678")?);
    let matches = good("look_up", sink.look_up(&wanted).await)?;
    let Some(url) = sink.screen_pop(&wanted, &matches) else { return Ok(()) };
    ensure(matches.found.iter().all(|found| found.url.as_ref() != Some(&url)), "one of several is opened")
}

pub(super) async fn popping_sends_nothing(rig: &dyn CrmRig) -> Verdict {
    let before = rig.requests().await;
    let _ = rig.sink().screen_pop(&look_up("0312345678")?, &Matches::default());
    same("requests", rig.requests().await, before)
}
