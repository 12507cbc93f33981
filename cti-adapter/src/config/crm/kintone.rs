//! The section of a kintone.

use super::Crm;
use crate::config::fault::Faults;
use crate::config::secret::{SecretFrom, check_secret};
use cti::core::fields::FieldMap;
use cti::core::secret::SecretString;
use cti::kintone::{AppId, CallLogMode, Kintone};
use serde::Deserialize;
use std::sync::Arc;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Section {
    domain: Option<String>,
    customers: Option<RawApp>,
    call_log: Option<RawApp>,
}

/// One app.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawApp {
    app: Option<RawAppId>,
    token: Option<SecretFrom>,
    fields: Option<FieldMap>,
    add_only: bool,
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
    let domain = faults.required(format!("{path}.domain"), section.domain, "the sub-domain or address of kintone");
    let customers =
        faults.required(format!("{path}.customers"), section.customers.as_ref(), "the app that holds customers");
    let customers = customers.and_then(|raw| customers_app(raw, &format!("{path}.customers"), faults));
    let call_log = match &section.call_log {
        Some(raw) => Some(target(raw, &format!("{path}.call_log"), faults)?),
        None => None,
    };
    let customers = customers?;
    let mut kintone = Kintone::new(domain?).name(name).customers(customers.app, customers.token, customers.fields);
    if let Some(log) = call_log {
        // An empty map stands for the fields of the template app.
        kintone = kintone.call_log(log.app, log.token, log.fields);
        if section.call_log.is_some_and(|raw| raw.add_only) {
            kintone = kintone.call_log_mode(CallLogMode::AddOnly);
        }
    }
    faults.below(path, kintone.faults());
    Some(Crm { sink: Arc::new(kintone) })
}

struct Target {
    app: AppId,
    token: SecretString,
    fields: FieldMap,
}

fn customers_app(raw: &RawApp, path: &str, faults: &mut Faults) -> Option<Target> {
    let fields = faults.required(format!("{path}.fields"), raw.fields.as_ref(), "the codes of the fields");
    if fields.is_some_and(|fields| fields.phones().next().is_none()) {
        faults.add(format!("{path}.fields"), "missing: `phone`, the code of the field that holds the telephone number");
    }
    if raw.add_only {
        faults.add(format!("{path}.add_only"), "is a setting of call_log");
    }
    target(raw, path, faults).filter(|_| fields.is_some())
}

fn target(raw: &RawApp, path: &str, faults: &mut Faults) -> Option<Target> {
    let what = "the number of the app, or its address in the browser";
    let app = faults.required(format!("{path}.app"), raw.app.as_ref(), what).map(|app| match app {
        RawAppId::Number(number) => AppId::from(*number),
        RawAppId::Text(text) => AppId::from(text.as_str()),
    });
    let token = check_secret(raw.token.as_ref(), &format!("{path}.token"), faults);
    Some(Target { app: app?, token: token?, fields: raw.fields.clone().unwrap_or_default() })
}
