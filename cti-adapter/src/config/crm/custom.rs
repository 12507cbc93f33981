//! The section of a CRM by templates.

use super::Crm;
use crate::config::fault::Faults;
use crate::config::secret::{SecretFrom, check_secret};
use cti::core::capture::CaptureSettings;
use cti::core::number::NumberingPlan;
use cti::core::template::{ProductVersion, Zone};
use cti::custom::{Custom, Method, Step};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Section {
    server: Option<String>,
    account: Option<RawAccount>,
    agents: Vec<RawAgent>,
    session_minutes: Option<u64>,
    timeout_seconds: Option<u64>,
    spellings: Option<usize>,
    time_zone: Option<Zone>,
    anonymous: Option<String>,
    version: Option<ProductVersion>,
    programs: Vec<PathBuf>,
    phone_book: BTreeMap<String, String>,
    clear_text: bool,
    secrets_in_urls: bool,
    auth: Option<RawStep>,
    search: Option<RawStep>,
    click: Option<RawStep>,
    ring: Option<RawStep>,
    answer: Option<RawStep>,
    hang_up: Option<RawStep>,
}

/// The account that is used where an agent has none of his own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAccount {
    id: Option<String>,
    password: Option<SecretFrom>,
}

/// The account of one agent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAgent {
    extension: Option<String>,
    id: Option<String>,
    password: Option<SecretFrom>,
    name: Option<String>,
    /// Other telephones than the one to sign in with.
    telephones: Vec<String>,
    phone_book: BTreeMap<String, String>,
}

/// One step.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawStep {
    method: Option<String>,
    text: Option<String>,
    form: Option<String>,
    json: Option<String>,
    headers: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    answer: CaptureSettings,
    timeout_seconds: Option<u64>,
    delay_seconds: u64,
    only_if_answered: bool,
}

/// The connector, if nothing that it needs is missing.
pub(super) fn connect(
    name: &str,
    section: Section,
    path: &str,
    numbering: &NumberingPlan,
    faults: &mut Faults,
) -> Option<Crm> {
    let before = faults.0.len();
    let mut custom = accounts(Custom::new(name).numbering(numbering.clone()), &section, path, faults);
    custom = custom.clear_text(section.clear_text).secrets_in_urls(section.secrets_in_urls);
    if let Some(server) = section.server {
        custom = custom.server(server);
    }
    if let Some(minutes) = section.session_minutes {
        custom = custom.session_keep(Duration::from_secs(60 * minutes));
    }
    if let Some(seconds) = section.timeout_seconds {
        custom = custom.timeout(Duration::from_secs(seconds));
    }
    if let Some(spellings) = section.spellings {
        custom = custom.spellings(spellings);
    }
    if let Some(zone) = section.time_zone {
        custom = custom.time_zone(zone);
    }
    if let Some(anonymous) = section.anonymous {
        custom = custom.anonymous(anonymous);
    }
    if let Some(version) = section.version {
        custom = custom.version(version);
    }
    custom = section.programs.into_iter().fold(custom, Custom::program).phone_book(section.phone_book);
    type Put = fn(Custom, Step) -> Custom;
    let steps: [(&str, Option<RawStep>, Put); 6] = [
        ("auth", section.auth, Custom::auth),
        ("search", section.search, Custom::search),
        ("click", section.click, Custom::click),
        ("ring", section.ring, Custom::ring),
        ("answer", section.answer, Custom::answer),
        ("hang_up", section.hang_up, Custom::hang_up),
    ];
    if steps.iter().all(|(_, step, _)| step.is_none()) {
        faults.add(path, "has no steps: write auth, search, click, ring, answer or hang_up");
    }
    for (key, raw, put) in steps {
        if let Some(step) = raw.and_then(|raw| step(raw, &format!("{path}.{key}"), faults)) {
            custom = put(custom, step);
        }
    }
    faults.below(path, custom.faults());
    (faults.0.len() == before).then(|| Crm::of(Arc::new(custom)))
}

fn accounts(mut custom: Custom, section: &Section, path: &str, faults: &mut Faults) -> Custom {
    if let Some(raw) = &section.account {
        let path = format!("{path}.account");
        let id = faults.required(format!("{path}.id"), raw.id.clone(), "what {AID} is");
        if let (Some(id), Some(password)) =
            (id, check_secret(raw.password.as_ref(), &format!("{path}.password"), faults))
        {
            custom = custom.account(id, password);
        }
    }
    for (index, raw) in section.agents.iter().enumerate() {
        let path = format!("{path}.agents[{index}]");
        let extension = faults.required(format!("{path}.extension"), raw.extension.clone(), "whose account it is");
        let id = faults.required(format!("{path}.id"), raw.id.clone(), "what {AID} is");
        let password = check_secret(raw.password.as_ref(), &format!("{path}.password"), faults);
        if let Some(extension) = extension.clone().filter(|_| !raw.phone_book.is_empty()) {
            custom = custom.phone_book_of(extension, raw.phone_book.clone());
        }
        if let (Some(extension), Some(id), Some(password)) = (extension, id, password) {
            let also = |custom: Custom, telephone: &String| custom.also_registered(&*extension, &**telephone);
            custom = raw.telephones.iter().fold(custom, also);
            custom = custom.agent(extension, id, password, raw.name.clone());
        }
    }
    custom
}

fn step(raw: RawStep, path: &str, faults: &mut Faults) -> Option<Step> {
    let methods: Vec<&str> = Method::ALL.iter().map(|(name, _)| *name).collect();
    let what = format!("one of {}", methods.join(", "));
    let method = faults.required(format!("{path}.method"), raw.method, &what)?;
    let method = Method::named(&method).or_else(|| {
        faults.add(format!("{path}.method"), format!("must be {what}"));
        None
    });
    let text = faults.required(format!("{path}.text"), raw.text, "the address, or the programme with its arguments");
    let mut step = Step::new(method?, text?).answer(raw.answer).delay(Duration::from_secs(raw.delay_seconds));
    step = step.only_if_answered(raw.only_if_answered);
    match (raw.form, raw.json) {
        (Some(_), Some(_)) => faults.add(format!("{path}.json"), "there is a `form` already: one body is enough"),
        (Some(form), None) => step = step.form(form),
        (None, Some(json)) => step = step.json(json),
        (None, None) => {}
    }
    if let Some(seconds) = raw.timeout_seconds {
        step = step.timeout(Duration::from_secs(seconds));
    }
    step = raw.headers.into_iter().fold(step, |step, (name, value)| step.header(name, value));
    Some(raw.env.into_iter().fold(step, |step, (name, value)| step.env(name, value)))
}
