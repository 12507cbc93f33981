//! Telling the CRM of a call while it goes on.

use super::CrmRig;
use super::log::HOSTILE_NAMES;
use super::tools::{Verdict, ensure, good, tell};
use cti_core::call::{CallFact, Party};
use cti_core::crm::Matches;

const NUMBER: &str = "0901234567";

/// The moments of one call.
fn moments() -> [CallFact; 2] {
    let extension = || "6001".into();
    [CallFact::Ringing { extension: extension() }, CallFact::Answered { extension: extension() }]
}

pub(super) async fn a_call_is_told_without_waiting_for_a_customer(rig: &dyn CrmRig) -> Verdict {
    let (sink, before) = (rig.sink(), rig.requests().await);
    let mut pages = 0;
    for fact in moments() {
        let event = tell(fact, Party::known(NUMBER, "Yamada"));
        if sink.notice(&event).is_some() {
            pages += usize::from(good("notify", sink.notify(&event, &Matches::default()).await)?.is_some());
        }
    }
    ensure(rig.requests().await > before || pages > 0, "neither the CRM nor a browser was told of the call")
}

pub(super) async fn hostile_names_are_told_harmlessly(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink();
    for name in HOSTILE_NAMES {
        for fact in moments() {
            let event = tell(fact, Party::known(NUMBER, name));
            if sink.notice(&event).is_some() {
                let page = good(name, sink.notify(&event, &Matches::default()).await)?;
                let web = page.is_none_or(|page| matches!(page.url().scheme(), "http" | "https"));
                ensure(web, "the page is no web page")?;
            }
        }
    }
    Ok(())
}

pub(super) async fn a_click_goes_well(rig: &dyn CrmRig) -> Verdict {
    let event = tell(CallFact::Ringing { extension: "6001".into() }, Party::known(NUMBER, "Yamada"));
    let before = rig.requests().await;
    let page = good("clicked", rig.sink().clicked(&event, &Matches::default()).await)?;
    ensure(page.is_some() || rig.requests().await > before, "a click does nothing")
}
