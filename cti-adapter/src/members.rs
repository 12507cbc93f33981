//! Members that a telephony group has from a group of users in the CRM: read at the start, after each SIGHUP, and every hour.

use crate::config::Crm;
use cti::core::dial::{DialPlan, Member, TelephonyGroup};
use cti::core::pipeline::Settings;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(3600);

/// The settings with the members of the CRM in them, followed for as long as the pipeline runs.
pub(crate) fn follow(crms: &[Crm], mut written: watch::Receiver<Arc<Settings>>) -> watch::Receiver<Arc<Settings>> {
    let links: Vec<_> = crms.iter().flat_map(|crm| crm.links.iter().cloned()).collect();
    if links.is_empty() {
        return written;
    }
    let (whole, watched) = watch::channel(written.borrow().clone());
    tokio::spawn(async move {
        // What was read last stays if the CRM does not answer.
        let mut known: HashMap<String, Vec<Member>> = HashMap::new();
        loop {
            for link in &links {
                match link.members().await {
                    Ok(Some(members)) => drop(known.insert(link.group.clone(), members)),
                    Ok(None) => tracing::warn!(
                        group = link.group,
                        "this edition of the CRM has no groups: crm_group does nothing"
                    ),
                    Err(error) => {
                        tracing::warn!(group = link.group, error = %error.chain(), "the members of the CRM's group could not be read")
                    }
                }
            }
            let settings = written.borrow_and_update().clone();
            whole.send_replace(Arc::new(with_members(&settings, &known)));
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                changed = written.changed() => if changed.is_err() { return },
            }
        }
    });
    watched
}

/// The settings with more members. If the plan is not right with them, it stays as it is written.
fn with_members(settings: &Settings, more: &HashMap<String, Vec<Member>>) -> Settings {
    let mut settings = settings.clone();
    let Some(plan) = &settings.dial_plan else { return settings };
    match DialPlan::new(plan.groups().iter().map(|group| joined(group, more.get(&group.name))).collect()) {
        Ok(plan) => settings.dial_plan = Some(plan),
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            tracing::error!(faults = faults.join("; "), "the members of the CRM's groups do not fit the written ones");
        }
    }
    settings
}

/// Who is written by hand stays as written.
fn joined(group: &TelephonyGroup, more: Option<&Vec<Member>>) -> TelephonyGroup {
    let mut group = group.clone();
    for member in more.into_iter().flatten() {
        if !group.members.iter().any(|known| known.user == member.user) {
            group.members.push(member.clone());
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(user: &str, extension: &str) -> Member {
        Member { user: user.to_owned(), extension: extension.into(), default: false }
    }

    #[test]
    fn members_of_the_crm_join_those_who_are_written_by_hand() {
        let text = "name = \"Support\"\npbx = \"main\"\nowner = \"sato\"\nmembers = [{ user = \"sato\", extension = \"6001\" }]";
        let group: TelephonyGroup = toml::from_str(text).unwrap();
        let more = vec![member("sato", "6099"), member("suzuki", "6002")];
        assert_eq!(joined(&group, Some(&more)).members, [member("sato", "6001"), member("suzuki", "6002")]);
        assert_eq!(joined(&group, None).members, [member("sato", "6001")]);
    }
}
