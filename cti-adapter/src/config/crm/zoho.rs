//! The section of a Zoho organisation.

use super::{Crm, Link};
use crate::config::fault::Faults;
use crate::config::secret::{SecretFrom, check_secret};
use cti::core::fields::FieldMap;
use cti::core::number::NumberingPlan;
use cti::zoho::{Agent, DurationForm, EndStates, Find, LogBy, MissedCallTasks, Module, PhoneBridge, TieBreak, Zoho};
use serde::Deserialize;
use std::sync::Arc;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Section {
    data_center: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretFrom>,
    token_file: Option<String>,
    refresh_token: Option<SecretFrom>,
    org: Option<String>,
    web_url: Option<String>,
    find: RawFind,
    search_budget: Option<usize>,
    tie_break: RawTieBreak,
    modules: Vec<RawModule>,
    create_in: Option<String>,
    new_company: Option<String>,
    pop_new_record: bool,
    credits_per_day: Option<u64>,
    agents: Vec<RawAgent>,
    groups: Vec<RawLink>,
    fallback_owner: Option<String>,
    call_log: Option<RawLog>,
    phonebridge: Option<RawBridge>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawFind {
    #[default]
    Query,
    Search,
    Both,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawTieBreak {
    #[default]
    Ask,
    LastModified,
    Oldest,
}

/// A module with customers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawModule {
    name: Option<String>,
    phones: Vec<String>,
    person: Option<String>,
    company: Option<String>,
    show: Vec<String>,
}

/// Who sits at which telephone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAgent {
    user: Option<String>,
    extension: Option<String>,
    email: Option<String>,
}

/// A telephony group with the members of a group of users in the CRM.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawLink {
    group: Option<String>,
    crm_group: Option<String>,
}

/// How calls are written.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct RawLog {
    enabled: bool,
    key_field: Option<String>,
    duration: RawDuration,
    fields: FieldMap,
    missed_call_tasks: Option<RawTasks>,
}

impl Default for RawLog {
    fn default() -> Self {
        let (key_field, duration, fields) = (None, RawDuration::default(), FieldMap::default());
        Self { enabled: true, key_field, duration, fields, missed_call_tasks: None }
    }
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
enum RawDuration {
    #[default]
    #[serde(rename = "mm:ss")]
    MinutesSeconds,
    #[serde(rename = "HH:mm")]
    HoursMinutes,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct RawTasks {
    due_days: u32,
    close: bool,
}

impl Default for RawTasks {
    fn default() -> Self {
        let MissedCallTasks { due_days, close } = MissedCallTasks::default();
        Self { due_days, close }
    }
}

/// Zoho's own call window.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawBridge {
    log_by: RawLogBy,
    end_states: RawEndStates,
    webhook_url: Option<String>,
    secret: Option<SecretFrom>,
    client_id: Option<String>,
    client_secret: Option<SecretFrom>,
    token_file: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawLogBy {
    #[default]
    Phonebridge,
    Records,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawEndStates {
    #[default]
    Documented,
    OnlyEnded,
}

/// The connector, if nothing that it needs is missing.
pub(super) fn connect(
    name: &str,
    section: Section,
    path: &str,
    numbering: &NumberingPlan,
    faults: &mut Faults,
) -> Option<Crm> {
    let what = "the data centre of the organisation: us, eu, in, au, jp, cn, ca, sa, uk, ae";
    let centre = faults.required(format!("{path}.data_center"), section.data_center.clone(), what);
    let what = "the client id of Zoho's API console";
    let client_id = faults.required(format!("{path}.client_id"), section.client_id.clone(), what);
    let secret = check_secret(section.client_secret.as_ref(), &format!("{path}.client_secret"), faults);
    let refresh = section.refresh_token.as_ref();
    let refresh = refresh.map(|from| check_secret(Some(from), &format!("{path}.refresh_token"), faults));
    let agents = agents(&section.agents, path, faults);
    let links = links(&section.groups, path, faults);
    let modules = modules(&section.modules, path, faults);
    let bridge = section.phonebridge.as_ref().map(|raw| bridge(raw, &format!("{path}.phonebridge"), numbering, faults));
    let mut zoho = Zoho::new(centre?).name(name).client(client_id?, secret?).agents(agents?);
    if let Some(modules) = modules? {
        zoho = zoho.modules(modules);
    }
    if let Some(bridge) = bridge {
        zoho = zoho.phone_bridge(bridge?);
    }
    if let Some(token) = refresh {
        zoho = zoho.refresh_token(token?);
    }
    let zoho = with_log(with_rules(zoho, &section), section.call_log.unwrap_or_default());
    let zoho_faults = zoho.faults();
    let usable = zoho_faults.is_empty();
    faults.below(path, zoho_faults);
    let zoho = Arc::new(zoho);
    let webhook = section.phonebridge.filter(|_| usable).map(|_| Arc::clone(&zoho) as _);
    let link = |(group, crm_group)| Link { group, crm_group, zoho: Arc::clone(&zoho) };
    let links = links?.into_iter().map(link).collect();
    Some(Crm { webhook, links, ..Crm::of(zoho) })
}

/// The names of both groups.
fn links(raw: &[RawLink], path: &str, faults: &mut Faults) -> Option<Vec<(String, String)>> {
    let link = |(index, raw): (usize, &RawLink)| {
        let path = format!("{path}.groups[{index}]");
        let group = faults.required(format!("{path}.group"), raw.group.clone(), "the name of a telephony group");
        let what = "the name or id of a group of users in Zoho CRM";
        let crm_group = faults.required(format!("{path}.crm_group"), raw.crm_group.clone(), what);
        Some((group?, crm_group?))
    };
    let all: Vec<Option<_>> = raw.iter().enumerate().map(link).collect();
    all.into_iter().collect()
}

/// Sets one text of the description.
type SetText = fn(Zoho, String) -> Zoho;

fn with_rules(mut zoho: Zoho, section: &Section) -> Zoho {
    zoho = zoho.pop_new_record(section.pop_new_record);
    zoho = zoho.find(match section.find {
        RawFind::Query => Find::Query,
        RawFind::Search => Find::Search,
        RawFind::Both => Find::Both,
    });
    zoho = zoho.tie_break(match section.tie_break {
        RawTieBreak::Ask => TieBreak::Ask,
        RawTieBreak::LastModified => TieBreak::LastModified,
        RawTieBreak::Oldest => TieBreak::Oldest,
    });
    let texts: [(&Option<String>, SetText); 6] = [
        (&section.token_file, Zoho::token_file),
        (&section.org, Zoho::org),
        (&section.web_url, Zoho::web_url),
        (&section.create_in, Zoho::create_in),
        (&section.new_company, Zoho::new_company),
        (&section.fallback_owner, Zoho::fallback_owner),
    ];
    for (text, set) in texts {
        if let Some(text) = text {
            zoho = set(zoho, text.clone());
        }
    }
    if let Some(budget) = section.search_budget {
        zoho = zoho.search_budget(budget);
    }
    match section.credits_per_day {
        Some(credits) => zoho.credits_per_day(credits),
        None => zoho,
    }
}

fn with_log(mut zoho: Zoho, log: RawLog) -> Zoho {
    if !log.enabled {
        return zoho.no_call_log();
    }
    if let Some(field) = log.key_field {
        zoho = zoho.call_key_field(field);
    }
    if let Some(RawTasks { due_days, close }) = log.missed_call_tasks {
        zoho = zoho.missed_call_tasks(MissedCallTasks { due_days, close });
    }
    zoho.call_fields(log.fields).duration_form(match log.duration {
        RawDuration::MinutesSeconds => DurationForm::MinutesSeconds,
        RawDuration::HoursMinutes => DurationForm::HoursMinutes,
    })
}

fn agents(raw: &[RawAgent], path: &str, faults: &mut Faults) -> Option<Vec<Agent>> {
    let agent = |(index, raw): (usize, &RawAgent)| {
        let mut need = |key: &str, value: &Option<String>, what: &str| {
            faults.required(format!("{path}.agents[{index}].{key}"), value.clone(), what)
        };
        let user = need("user", &raw.user, "the name of the user in the groups");
        let extension = need("extension", &raw.extension, "the telephone");
        let email = need("email", &raw.email, "the e-mail address of the user in Zoho");
        Some(Agent::new(user?, extension?, email?))
    };
    let all: Vec<Option<Agent>> = raw.iter().enumerate().map(agent).collect();
    all.into_iter().collect()
}

/// `Some(None)`: those of a new organisation.
fn modules(raw: &[RawModule], path: &str, faults: &mut Faults) -> Option<Option<Vec<Module>>> {
    if raw.is_empty() {
        return Some(None);
    }
    let module = |(index, raw): (usize, &RawModule)| {
        let what = "the API name of a module: Contacts";
        let name = faults.required(format!("{path}.modules[{index}].name"), raw.name.clone(), what)?;
        let mut module = Module::new(name, raw.phones.clone());
        if let Some(person) = &raw.person {
            module = module.person(person);
        }
        if let Some(company) = &raw.company {
            module = module.company(company);
        }
        Some(raw.show.iter().fold(module, Module::show))
    };
    let all: Vec<Option<Module>> = raw.iter().enumerate().map(module).collect();
    all.into_iter().collect::<Option<Vec<_>>>().map(Some)
}

fn bridge(raw: &RawBridge, path: &str, numbering: &NumberingPlan, faults: &mut Faults) -> Option<PhoneBridge> {
    let mut bridge = PhoneBridge::new().numbering(numbering.clone()).log_by(match raw.log_by {
        RawLogBy::Phonebridge => LogBy::PhoneBridge,
        RawLogBy::Records => LogBy::Records,
    });
    bridge = bridge.end_states(match raw.end_states {
        RawEndStates::Documented => EndStates::Documented,
        RawEndStates::OnlyEnded => EndStates::OnlyEnded,
    });
    // Both are read before either is missed, so that every mistake is told.
    let webhooks = raw.webhook_url.as_ref().map(|url| {
        let secret = check_secret(raw.secret.as_ref(), &format!("{path}.secret"), faults);
        Some((url, secret?))
    });
    let client = raw.client_id.as_ref().map(|id| {
        let secret = check_secret(raw.client_secret.as_ref(), &format!("{path}.client_secret"), faults);
        let what = "the file of tokens of this client";
        let file = faults.required(format!("{path}.token_file"), raw.token_file.clone(), what);
        Some((id, secret?, file?))
    });
    if let Some(webhooks) = webhooks {
        let (url, secret) = webhooks?;
        bridge = bridge.webhooks(url, secret);
    }
    if let Some(client) = client {
        let (id, secret, file) = client?;
        bridge = bridge.client(id, secret, file);
    }
    Some(bridge)
}
