//! From what is written to what can be run.

use super::asterisk::AsteriskSettings;
use super::crm::{self, Crm};
use super::fault::Faults;
use super::raw::{RawAgent, RawConfig, RawDesk, RawNumbering, RawPbx};
use super::secret::check_secret;
use crate::build;
use cti::core::call::Extension;
use cti::core::dial::DialPlan;
use cti::core::number::NumberingPlan;
use cti::core::pipeline::Settings;
use cti::core::secret::SecretString;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// A configuration that can be run.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) pbxs: Vec<PbxConfig>,
    pub(crate) crms: Vec<Crm>,
    pub(crate) outbox: PathBuf,
    pub(crate) desk: Option<Desk>,
    pub(crate) settings: Settings,
}

/// An Asterisk.
#[derive(Debug)]
pub(crate) struct PbxConfig {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) transport: Transport,
    pub(crate) user: String,
    pub(crate) secret: SecretString,
    pub(crate) asterisk: AsteriskSettings,
}

/// How to speak to a PBX.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Encrypted; with the certificates of the system or a file.
    Tls { ca_file: Option<PathBuf> },
    /// In clear text, because the configuration says so.
    Plain,
}

/// The desk page.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) listen: SocketAddr,
    pub(crate) public: bool,
    pub(crate) public_url: Option<Url>,
    pub(crate) allow_origins: Vec<Url>,
    pub(crate) agents: Vec<Agent>,
}

/// Somebody with a desk page.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) token: SecretString,
}

/// Checks everything, and gives either a configuration or every fault.
pub(crate) fn check(raw: RawConfig, mut faults: Faults) -> Result<Config, Faults> {
    let faults = &mut faults;
    if raw.pbx.is_empty() {
        faults.add("pbx", "missing: at least one [[pbx]] section");
    }
    let pbxs: Vec<_> =
        raw.pbx.iter().enumerate().map(|(i, pbx)| check_pbx(pbx, &format!("pbx[{i}]"), faults)).collect();
    let numbering = raw.numbering.as_ref().map_or_else(NumberingPlan::default, |raw| check_numbering(raw, faults));
    let crm = |(i, section)| crm::check(section, &format!("crm[{i}]"), &numbering, faults);
    let crms: Vec<_> = raw.crm.iter().enumerate().map(crm).collect();
    unique("pbx", raw.pbx.iter().map(|pbx| pbx.name.as_deref()), faults);
    unique("crm", raw.crm.iter().map(|crm| crm.get("name")?.as_str()), faults);
    let desk = raw.desk.as_ref().map(|desk| check_desk(desk, faults));
    let dial_plan = check_groups(&raw, &raw_names(&raw.pbx), faults);
    faults.below("policy", raw.policy.faults(&numbering));
    check_crm_policies(&raw, faults);
    let settings = Settings::new(raw.policy, dial_plan, numbering);
    let outbox = raw.outbox.path.map_or_else(|| PathBuf::from("calls.db"), PathBuf::from);

    let whole = (pbxs.into_iter().collect::<Option<Vec<_>>>(), crms.into_iter().collect::<Option<Vec<_>>>());
    match (whole, desk) {
        ((Some(pbxs), Some(crms)), desk @ (None | Some(Some(_)))) if faults.0.is_empty() => {
            Ok(Config { pbxs, crms, outbox, desk: desk.flatten(), settings })
        }
        _ => Err(std::mem::take(faults)),
    }
}

fn check_pbx(raw: &RawPbx, path: &str, faults: &mut Faults) -> Option<PbxConfig> {
    let name = check_name(raw.name.as_deref(), path, faults);
    check_kind(raw.kind.as_deref(), &["asterisk"], path, faults);
    let host = faults.required(format!("{path}.host"), raw.host.clone(), "the name or address of the PBX");
    let user = faults.required(format!("{path}.user"), raw.user.clone(), "the user of manager.conf");
    let secret = check_secret(raw.secret.as_ref(), &format!("{path}.secret"), faults);
    let transport = match (raw.transport.as_deref(), &raw.ca_file) {
        (None | Some("tls"), ca_file) => Some(Transport::Tls { ca_file: ca_file.as_ref().map(PathBuf::from) }),
        (Some("plain"), None) => Some(Transport::Plain),
        (Some("plain"), Some(_)) => {
            faults.add(format!("{path}.ca_file"), "makes no sense with transport = \"plain\"");
            None
        }
        (Some(_), _) => {
            faults.add(format!("{path}.transport"), "must be \"tls\" or \"plain\"");
            None
        }
    };
    let asterisk = AsteriskSettings::check(raw, path, faults);
    let config = PbxConfig {
        name: name?,
        host: host?,
        port: raw.port,
        transport: transport?,
        user: user?,
        secret: secret?,
        asterisk,
    };
    faults.below(path, build::pbx(&config).faults());
    Some(config)
}

fn check_desk(raw: &RawDesk, faults: &mut Faults) -> Option<Desk> {
    let listen = raw.listen.as_deref().unwrap_or("127.0.0.1:8787");
    let listen: Option<SocketAddr> = match listen.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            faults.add("desk.listen", "must be an address and a port, such as 127.0.0.1:8787");
            None
        }
    };
    if listen.is_some_and(|listen| !listen.ip().is_loopback() && !raw.public) {
        faults.add("desk.listen", "others can reach this address: say `public = true` if that is meant");
    }
    let public_url = raw.public_url.as_deref().and_then(|address| {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/");
        if url.is_none() {
            faults.add("desk.public_url", "must be an address without a path, such as https://desk.example.com");
        }
        url
    });
    let origins = raw.allow_origins.iter().enumerate().filter_map(|(i, origin)| {
        let url = Url::parse(origin).ok();
        if url.is_none() {
            faults.add(format!("desk.allow_origins[{i}]"), "must be an address such as https://example.cybozu.com");
        }
        url
    });
    let allow_origins: Vec<Url> = origins.collect();
    if raw.agents.is_empty() {
        faults.add("desk.agents", "missing: at least one [[desk.agents]] section");
    }
    let agents =
        raw.agents.iter().enumerate().map(|(i, agent)| check_agent(agent, &format!("desk.agents[{i}]"), faults));
    let agents: Vec<Option<Agent>> = agents.collect();
    let agents = agents.into_iter().collect::<Option<Vec<_>>>();
    let desk = Desk { listen: listen?, public: raw.public, public_url, allow_origins, agents: agents? };
    if !desk.agents.is_empty() {
        faults.below("desk", build::desk_settings(&desk).faults());
    }
    Some(desk)
}

fn check_agent(raw: &RawAgent, path: &str, faults: &mut Faults) -> Option<Agent> {
    let user = faults.required(format!("{path}.user"), raw.user.clone(), "the name of the user in the groups");
    let token = check_secret(raw.token.as_ref(), &format!("{path}.token"), faults);
    if raw.extensions.is_empty() {
        faults.add(format!("{path}.extensions"), "missing: at least one extension");
        return None;
    }
    let user = user?;
    Some(Agent {
        name: raw.name.clone().unwrap_or_else(|| user.clone()),
        user,
        extensions: raw.extensions.iter().map(|extension| extension.as_str().into()).collect(),
        token: token?,
    })
}

fn check_numbering(raw: &RawNumbering, faults: &mut Faults) -> NumberingPlan {
    let part = |part: &Option<String>, default: &str| part.clone().unwrap_or_else(|| default.to_owned());
    let plan = NumberingPlan::new(
        &part(&raw.country_code, "81"),
        &part(&raw.trunk_prefix, "0"),
        &part(&raw.international_prefix, "010"),
    );
    plan.unwrap_or_else(|error| {
        faults.add("numbering", error.message());
        NumberingPlan::default()
    })
}

fn check_groups(raw: &RawConfig, pbxs: &HashSet<&str>, faults: &mut Faults) -> Option<DialPlan> {
    if raw.groups.is_empty() {
        return None;
    }
    for (i, group) in raw.groups.iter().enumerate() {
        if !pbxs.contains(group.pbx.as_str()) {
            faults.add(format!("groups[{i}].pbx"), format!("there is no [[pbx]] with the name \"{}\"", group.pbx));
        }
    }
    match DialPlan::new(raw.groups.clone()) {
        Ok(plan) => Some(plan),
        Err(wrong) => {
            faults.0.extend(wrong);
            None
        }
    }
}

fn check_crm_policies(raw: &RawConfig, faults: &mut Faults) {
    let names: Vec<_> = raw.crm.iter().filter_map(|crm| crm.get("name")?.as_str()).collect();
    for name in raw.policy.crms.keys().filter(|name| !names.contains(&name.as_str())) {
        faults.add(format!("policy.crms.{name}"), "there is no [[crm]] of that name");
    }
}

fn raw_names(pbxs: &[RawPbx]) -> HashSet<&str> {
    pbxs.iter().filter_map(|pbx| pbx.name.as_deref()).collect()
}

pub(super) fn check_name(name: Option<&str>, path: &str, faults: &mut Faults) -> Option<String> {
    let name = faults.required(format!("{path}.name"), name, "a name of your choice, used in logs and call ids")?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        faults.add(format!("{path}.name"), "must be made of letters, digits, `_`, `-` and `.`");
        return None;
    }
    Some(name.to_owned())
}

/// One of these kinds.
pub(super) fn check_kind<'a>(
    kind: Option<&'a str>,
    known: &[&str],
    path: &str,
    faults: &mut Faults,
) -> Option<&'a str> {
    let path = format!("{path}.kind");
    let all: Vec<String> = known.iter().map(|kind| format!("\"{kind}\"")).collect();
    let kind = faults.required(&path, kind, &all.join(" or "))?;
    if !known.contains(&kind) {
        faults.add(path, format!("must be {}", all.join(" or ")));
        return None;
    }
    Some(kind)
}

fn unique<'a>(section: &str, names: impl Iterator<Item = Option<&'a str>>, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for (i, name) in names.enumerate() {
        if let Some(name) = name
            && !seen.insert(name)
        {
            faults.add(format!("{section}[{i}].name"), format!("\"{name}\" is taken already"));
        }
    }
}
