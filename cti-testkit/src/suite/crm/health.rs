//! What `health` finds.

use super::CrmRig;
use super::tools::{Stop, Verdict, ensure, same};
use cti_core::health::{Check, CheckOutcome};
use std::collections::BTreeSet;

fn is_bad(check: &Check) -> bool {
    matches!(check.outcome, CheckOutcome::Failed | CheckOutcome::Warning)
}

fn tells_no_secret(rig: &dyn CrmRig, checks: &[Check]) -> Verdict {
    let text = format!("{checks:?}");
    ensure(!rig.secrets().iter().any(|secret| text.contains(secret)), "a check shows a secret")
}

pub(super) async fn a_good_set_up_is_healthy(rig: &dyn CrmRig) -> Verdict {
    let checks = rig.sink().health().await;
    tells_no_secret(rig, &checks)?;
    ensure(checks.iter().any(|check| check.outcome == CheckOutcome::Ok), "nothing is found to be good")?;
    let bad: Vec<&Check> = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed).collect();
    ensure(bad.is_empty(), format!("{bad:?}"))?;
    let names: BTreeSet<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    same("different names", names.len(), checks.len())
}

pub(super) async fn health_writes_nothing(rig: &dyn CrmRig) -> Verdict {
    rig.sink().health().await;
    same("customers", rig.customers().await, 0)?;
    same("calls", rig.logged().await.len(), 0)
}

pub(super) async fn a_mistake_is_named_with_a_cure(rig: &dyn CrmRig) -> Verdict {
    let (sink, word) = rig.sink_with_mistake().ok_or(Stop::Impossible("the rig makes no mistake"))?;
    let checks = sink.health().await;
    tells_no_secret(rig, &checks)?;
    let named = |check: &&Check| is_bad(check) && (check.name.contains(word) || check.found.contains(word));
    let Some(check) = checks.iter().find(named) else {
        return ensure(false, format!("no bad check names {word}: {checks:?}"));
    };
    ensure(check.cure.as_ref().is_some_and(|cure| !cure.is_empty()), format!("{} has no cure", check.name))
}

pub(super) async fn nobody_listening_is_unhealthy(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink_to_nowhere().ok_or(Stop::Impossible("the rig has no dead address"))?;
    let checks = sink.health().await;
    ensure(checks.iter().any(|check| check.outcome == CheckOutcome::Failed), format!("no failed check: {checks:?}"))
}
