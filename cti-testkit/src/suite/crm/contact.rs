//! Creating customers.

use super::log::HOSTILE_NAMES;
use super::tools::{Stop, Verdict, contact, ensure, good, harmless, key, look_up, same};
use super::{CrmFault, CrmRig};
use cti_core::Status;

const NUMBER: &str = "0801112222";

pub(super) async fn a_contact_is_created_and_found(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink();
    let created = good("create_contact", sink.create_contact(&contact(NUMBER, "Tanaka")?, &key("1.1")).await)?;
    same("spelling", created.spelled.as_ref().map(|number| number.as_str()), Some(NUMBER))?;
    let matches = good("look_up", sink.look_up(&look_up(NUMBER)?).await)?;
    let Some(found) = matches.one() else { return ensure(false, "the contact is not found") };
    same("id", &found.id, &created.id)?;
    same("name", found.name.as_ref().map(|name| name.as_str()), Some("Tanaka"))
}

pub(super) async fn one_number_twice_is_one_contact(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink();
    let first = good("create_contact", sink.create_contact(&contact(NUMBER, "Tanaka")?, &key("1.1")).await)?;
    let second = good("create_contact", sink.create_contact(&contact(NUMBER, "Tanaka")?, &key("1.2")).await)?;
    same("id", first.id, second.id)?;
    same("customers", rig.customers_with(NUMBER).await, 1)
}

pub(super) async fn one_number_twice_at_once_is_one_contact(rig: &dyn CrmRig) -> Verdict {
    let (sink, new) = (rig.sink(), contact(NUMBER, "Tanaka")?);
    let (one, two) = (key("1.1"), key("1.2"));
    let (a, b) = tokio::join!(sink.create_contact(&new, &one), sink.create_contact(&new, &two));
    same("id", good("create_contact", a)?.id, good("create_contact", b)?.id)?;
    same("customers", rig.customers_with(NUMBER).await, 1)
}

pub(super) async fn a_lost_answer_and_another_try_are_one_contact(rig: &dyn CrmRig) -> Verdict {
    let (sink, new) = (rig.sink(), contact(NUMBER, "Tanaka")?);
    if !rig.fail_next(CrmFault::AnswerLost).await {
        return Err(Stop::Impossible("the rig cannot lose an answer"));
    }
    if let Err(error) = sink.create_contact(&new, &key("1.1")).await {
        harmless(rig, &error, &[NUMBER, "Tanaka"])?;
        ensure(error.status() != Status::Permanent, "a lost answer counts as permanent")?;
        good("create_contact again", sink.create_contact(&new, &key("1.1")).await)?;
    }
    same("customers", rig.customers_with(NUMBER).await, 1)
}

pub(super) async fn hostile_names_are_stored_harmlessly(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink();
    for (index, name) in HOSTILE_NAMES.iter().enumerate() {
        let number = format!("08000000{index:02}");
        good(name, sink.create_contact(&contact(&number, name)?, &key(&number)).await)?;
        same("customers", rig.customers_with(&number).await, 1)?;
    }
    same("customers", rig.customers().await, HOSTILE_NAMES.len())
}
