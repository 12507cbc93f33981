//! What the doctor asks an Asterisk: can we reach it, does it let us in, does it allow what is needed.

use crate::ami::{Action, Client};
use crate::config::Settings;
use crate::error::needed_class;
use cti_core::health::Check;
use cti_core::{Error, ErrorKind, Fault};
use std::time::{Duration, Instant};

/// Actions that are needed, and what for.
const NEEDED: &[(&str, &str)] = &[
    ("Originate", "click-to-dial"),
    ("Hangup", "hang-up"),
    ("BlindTransfer", "blind transfer"),
    ("Atxfer", "attended transfer"),
    ("Getvar", "asking whether a caller withholds the number"),
    ("QueuePause", "agent states"),
    ("MixMonitor", "starting a recording"),
    ("MuteAudio", "silencing a phone"),
];

/// Every check, without changing anything.
pub(crate) async fn health(settings: &Settings) -> Vec<Check> {
    let name = |what: &str| format!("asterisk.{}.{what}", settings.name);
    let faults = settings.faults();
    if !faults.is_empty() {
        let failed =
            |fault: &Fault| Check::failed(name(&fault.path), fault.message.clone(), "correct the configuration");
        return faults.iter().map(failed).collect();
    }
    let (client, _events) = match Client::connect(&settings.options).await {
        Ok(connected) => connected,
        Err(error) => return vec![Check::failed(name("link"), error.chain(), cure(&error))],
    };
    let greeting = client.banner().unwrap_or_else(|| "no greeting".to_owned());
    let mut checks = vec![Check::ok(name("link"), format!("logged in; {greeting}"))];
    checks.push(speed(&client, name("answer")).await);
    checks.push(version(&client, name("version")).await);
    checks.push(rights(&client, name("rights"), settings.unconfirmed_after).await);
    checks.push(Check::not_checked(
        name("presentation"),
        "with `channelvars = CALLERID(num-pres)` in manager.conf withheld callers are known without a question a call",
    ));
    client.log_off().await;
    checks
}

fn cure(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Unauthenticated => {
            "compare user and secret with manager.conf, look at permit and deny there, then `manager reload`"
        }
        ErrorKind::Protocol => "is this the AMI port (5038, or 5039 with TLS)? Is transport right?",
        _ => "check host and port, `enabled = yes` and bindaddr in manager.conf, and the firewall",
    }
}

async fn speed(client: &Client, name: String) -> Check {
    let asked = Instant::now();
    match client.send(Action::ping()).await {
        Ok(_) => Check::ok(name, format!("answers in {} ms", asked.elapsed().as_millis())),
        Err(error) => Check::failed(name, error.chain(), "look at the load of the PBX and the network"),
    }
}

async fn version(client: &Client, name: String) -> Check {
    match client.send(Action::core_settings()).await {
        Ok(settings) => {
            let version = settings.get("AsteriskVersion").map_or_else(|| "unknown".to_owned(), |v| v.into_owned());
            Check::ok(name, format!("Asterisk {version}"))
        }
        Err(error) => Check::warning(name, error.chain(), "allow the class `system` or `reporting` in manager.conf"),
    }
}

/// `ListCommands` lists only what this user may send.
async fn rights(client: &Client, name: String, unconfirmed_after: Duration) -> Check {
    let allowed = match client.send(Action::new("ListCommands")).await {
        Ok(allowed) => allowed,
        Err(error) => return Check::not_checked(name, error.chain()),
    };
    let missing = NEEDED.iter().filter(|(action, _)| allowed.get(action).is_none());
    let mut missing: Vec<String> =
        missing.map(|(action, purpose)| format!("{action} for {purpose}: write = {}", needed_class(action))).collect();
    if ["CoreShowChannels", "Status"].iter().all(|list| allowed.get(list).is_none()) {
        missing.push(format!(
            "CoreShowChannels or Status for finding the calls that go on after a lost link: write = call or reporting; until \
             then a call that ends meanwhile stays open for {} minutes",
            unconfirmed_after.as_secs().div_ceil(60)
        ));
    }
    if missing.is_empty() {
        Check::ok(name, "everything needed is allowed")
    } else {
        let cure = "add the classes to the user in manager.conf, then `manager reload`";
        Check::warning(name, format!("not allowed: {}", missing.join("; ")), cure)
    }
}
