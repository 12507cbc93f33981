//! The section of a kintone.

use super::{Crm, Kept};
use crate::config::fault::Faults;
use crate::config::secret::{SecretFrom, check_secret};
use cti::core::directory::SyncSettings;
use cti::core::fields::FieldMap;
use cti::core::layer::Budget;
use cti::core::secret::SecretString;
use cti::kintone::{AppId, CallLogMode, Credentials, Kintone, RecordingFiles};
use serde::Deserialize;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Section {
    domain: Option<String>,
    guest_space: Option<u64>,
    basic_auth: Option<RawLogin>,
    login: Option<RawLogin>,
    oauth: Option<RawOAuth>,
    client_certificate: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    requests_per_day: Option<NonZeroU32>,
    concurrent_requests: Option<NonZeroU32>,
    pop_new_record: bool,
    mobile_pages: bool,
    customers: Option<RawApp>,
    call_log: Option<RawApp>,
    directory: Option<RawDirectory>,
}

/// One app.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawApp {
    app: Option<RawAppId>,
    token: Option<SecretFrom>,
    fields: Option<FieldMap>,
    add_only: bool,
    late_recordings: bool,
    recordings_folder: Option<PathBuf>,
}

/// A user with a password.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawLogin {
    user: Option<String>,
    password: Option<SecretFrom>,
}

/// An OAuth client whom a user has allowed in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawOAuth {
    client_id: Option<String>,
    client_secret: Option<SecretFrom>,
    refresh_token: Option<SecretFrom>,
}

/// The customers on this machine.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawDirectory {
    path: Option<PathBuf>,
    every_minutes: Option<u64>,
    window_days: Option<u64>,
    most: Option<u64>,
    patience_ms: Option<u64>,
    webhook_secret: Option<SecretFrom>,
}

/// An app's number, or the address of the app, as it stands in the browser.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RawAppId {
    Number(u64),
    Text(String),
}

/// The connector, if nothing that it needs is missing.
pub(super) fn connect(name: &str, section: Section, path: &str, faults: &mut Faults) -> Option<Crm> {
    let domain =
        faults.required(format!("{path}.domain"), section.domain.clone(), "the sub-domain or address of kintone");
    let kintone = domain.map(|domain| Kintone::new(domain).name(name));
    let kintone = kintone.and_then(|kintone| connection(kintone, &section, path, faults));
    let person = person(&section, path, faults);
    let customers =
        faults.required(format!("{path}.customers"), section.customers.as_ref(), "the app that holds customers");
    let customers = customers.and_then(|raw| customers_app(raw, &person, &format!("{path}.customers"), faults));
    let call_log = section.call_log.as_ref().map(|raw| target(raw, &person, &format!("{path}.call_log"), faults));
    let kept = section.directory.as_ref().map(|raw| directory(raw, &format!("{path}.directory"), faults));
    // Everything was looked at, so that all faults are told at once; now nothing that is there may be missing.
    let (customers, call_log, kept) = (customers?, all_or_none(call_log)?, all_or_none(kept)?);
    let mut kintone = kintone?.customers(customers.app, customers.credentials, customers.fields);
    if let Some((raw, log)) = section.call_log.as_ref().zip(call_log) {
        kintone = history(kintone, raw, log);
    }
    faults.below(path, kintone.faults());
    let usual = Budget::default();
    let budget = Budget {
        concurrent: section.concurrent_requests.unwrap_or(usual.concurrent),
        per_day: section.requests_per_day,
        ..usual
    };
    let kintone = Arc::new(kintone);
    Some(Crm { sink: kintone.clone(), contacts: Some(kintone), budget, kept })
}

/// `None` if it is there and has a fault.
fn all_or_none<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(None) => None,
        Some(whole) => Some(whole),
        None => Some(None),
    }
}

/// How kintone is reached and what it shows.
fn connection(mut kintone: Kintone, section: &Section, path: &str, faults: &mut Faults) -> Option<Kintone> {
    if let Some(space) = section.guest_space {
        kintone = kintone.guest_space(space);
    }
    if let Some(raw) = &section.basic_auth {
        let (user, password) = login(raw, &format!("{path}.basic_auth"), faults)?;
        kintone = kintone.basic_auth(user, password);
    }
    if let Some(file) = &section.client_certificate {
        match std::fs::read_to_string(file) {
            Ok(pem) => kintone = kintone.client_certificate(SecretString::from(pem)),
            Err(error) => {
                let text = format!("{} cannot be read: {error}", file.display());
                faults.add(format!("{path}.client_certificate"), text);
                return None;
            }
        }
    }
    if let Some(seconds) = section.timeout_seconds {
        kintone = kintone.timeout(Duration::from_secs(seconds));
    }
    Some(kintone.pop_new_record(section.pop_new_record).mobile_pages(section.mobile_pages))
}

/// The person, if there is one, who is let in where an app has no token of its own.
fn person(section: &Section, path: &str, faults: &mut Faults) -> Option<Credentials> {
    if let Some(raw) = &section.oauth {
        if section.login.is_some() {
            faults.add(format!("{path}.oauth"), "makes no sense beside `login`: choose one");
        }
        let path = format!("{path}.oauth");
        let id = faults.required(format!("{path}.client_id"), raw.client_id.clone(), "the id of the OAuth client");
        let secret = check_secret(raw.client_secret.as_ref(), &format!("{path}.client_secret"), faults);
        let refresh = check_secret(raw.refresh_token.as_ref(), &format!("{path}.refresh_token"), faults);
        return Some(Credentials::oauth(id?, secret?, refresh?));
    }
    let (user, password) = login(section.login.as_ref()?, &format!("{path}.login"), faults)?;
    Some(Credentials::password(user, password))
}

fn login(raw: &RawLogin, path: &str, faults: &mut Faults) -> Option<(String, SecretString)> {
    let user = faults.required(format!("{path}.user"), raw.user.clone(), "the login name");
    let password = check_secret(raw.password.as_ref(), &format!("{path}.password"), faults);
    Some((user?, password?))
}

fn history(kintone: Kintone, raw: &RawApp, log: Target) -> Kintone {
    // An empty map stands for the fields of the template app.
    let mut kintone = kintone.call_log(log.app, log.credentials, log.fields);
    if raw.add_only {
        kintone = kintone.call_log_mode(CallLogMode::AddOnly);
    }
    match (&raw.recordings_folder, raw.late_recordings) {
        (Some(folder), _) => kintone.late_recordings(RecordingFiles::uploaded_from(folder)),
        (None, true) => kintone.late_recordings(RecordingFiles::stay_where_they_are()),
        (None, false) => kintone,
    }
}

fn directory(raw: &RawDirectory, path: &str, faults: &mut Faults) -> Option<Kept> {
    let file = faults.required(format!("{path}.path"), raw.path.clone(), "the file that holds the customers");
    let webhook_secret = match &raw.webhook_secret {
        Some(from) => Some(check_secret(Some(from), &format!("{path}.webhook_secret"), faults)?),
        None => None,
    };
    let usual = SyncSettings::default();
    let minutes = |minutes: u64| Duration::from_secs(minutes.clamp(1, 7 * 24 * 60) * 60);
    Some(Kept {
        file: file?,
        patience: Duration::from_millis(raw.patience_ms.unwrap_or(1500)),
        settings: SyncSettings {
            every: raw.every_minutes.map_or(usual.every, minutes),
            window: raw.window_days.map_or(usual.window, |days| Duration::from_secs(days.min(36_500) * 24 * 3600)),
            most: raw.most.unwrap_or(usual.most),
            ..usual
        },
        webhook_secret,
    })
}

struct Target {
    app: AppId,
    credentials: Credentials,
    fields: FieldMap,
}

fn customers_app(raw: &RawApp, person: &Option<Credentials>, path: &str, faults: &mut Faults) -> Option<Target> {
    let fields = faults.required(format!("{path}.fields"), raw.fields.as_ref(), "the codes of the fields");
    if fields.is_some_and(|fields| fields.phones().next().is_none()) {
        faults.add(format!("{path}.fields"), "missing: `phone`, the code of the field that holds the telephone number");
    }
    let others = [
        ("add_only", raw.add_only),
        ("late_recordings", raw.late_recordings),
        ("recordings_folder", raw.recordings_folder.is_some()),
    ];
    for (key, _) in others.into_iter().filter(|(_, given)| *given) {
        faults.add(format!("{path}.{key}"), "is a setting of call_log");
    }
    target(raw, person, path, faults).filter(|_| fields.is_some())
}

fn target(raw: &RawApp, person: &Option<Credentials>, path: &str, faults: &mut Faults) -> Option<Target> {
    let what = "the number of the app, or its address in the browser";
    let app = faults.required(format!("{path}.app"), raw.app.as_ref(), what).map(|app| match app {
        RawAppId::Number(number) => AppId::from(*number),
        RawAppId::Text(text) => AppId::from(text.as_str()),
    });
    let credentials = match (&raw.token, person) {
        (None, Some(person)) => Some(person.clone()),
        (token, _) => check_secret(token.as_ref(), &format!("{path}.token"), faults).map(Credentials::from),
    };
    Some(Target { app: app?, credentials: credentials?, fields: raw.fields.clone().unwrap_or_default() })
}
