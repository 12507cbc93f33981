//! From a checked configuration to the parts of a pipeline.

use crate::config::{Crm, Desk as DeskConfig, PbxConfig, Transport};
use cti::asterisk::Asterisk;
use cti::core::Result;
use cti::core::crm::CrmSink;
use cti::core::directory::{Directory, DirectoryHook, DirectorySync};
use cti::core::hook::Hook;
use cti::core::layer::{Backing, Cache, CrmSinkExt, Retry};
use cti::core::number::NumberingPlan;
use cti::core::pbx::PbxCapabilities;
use cti::core::secret::SecretString;
use cti::desk::{AgentLogin, Desk, RunningDesk};
use cti::directory::SqliteDirectory;
use cti::outbox::SqliteOutbox;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// The PBX.
pub(crate) fn pbx(config: &PbxConfig) -> Asterisk {
    let mut pbx = Asterisk::new(&config.name, &config.host).login(&config.user, config.secret.clone());
    pbx = match &config.transport {
        Transport::Tls { ca_file: None } => pbx.tls(),
        Transport::Tls { ca_file: Some(file) } => pbx.tls().ca_file(file),
        Transport::Plain => pbx.plain_text(),
    };
    if let Some(port) = config.port {
        pbx = pbx.port(port);
    }
    config.asterisk.apply(pbx)
}

/// A CRM with all that belongs to it.
pub(crate) struct BuiltCrm {
    /// The CRM with what every CRM needs around it.
    pub(crate) sink: Arc<dyn CrmSink>,
    /// Keeps its customers on this machine.
    pub(crate) sync: Option<DirectorySync>,
    /// Where it tells changes, and the secret of that address.
    pub(crate) hook: Option<(Arc<dyn Hook>, SecretString)>,
}

/// The CRM with what every CRM needs around it. The cache is outermost: what it knows costs nothing of the budget. The
/// directory answers when all tries were in vain.
pub(crate) fn crm(config: &Crm, plan: &NumberingPlan) -> Result<BuiltCrm> {
    let sink = Arc::clone(&config.sink).budget(config.budget).retry(Retry::default());
    let (Some(kept), Some(source)) = (&config.kept, &config.contacts) else {
        return Ok(BuiltCrm { sink: Arc::new(sink.cached(Cache::default())), sync: None, hook: None });
    };
    let directory: Arc<dyn Directory> = Arc::new(SqliteDirectory::open(&kept.file)?);
    let backing = Backing { directory: Arc::clone(&directory), plan: plan.clone(), patience: kept.patience };
    let sync = DirectorySync::new(Arc::clone(source), Arc::clone(&directory), plan.clone(), kept.settings);
    let hook = kept.webhook_secret.clone().map(|secret| {
        let hook: Arc<dyn Hook> = Arc::new(DirectoryHook::new(Arc::clone(source), directory, plan.clone()));
        (hook, secret)
    });
    Ok(BuiltCrm { sink: Arc::new(sink.backed(backing).cached(Cache::default())), sync: Some(sync), hook })
}

/// The outbox.
pub(crate) fn outbox(path: &Path) -> Result<SqliteOutbox> {
    SqliteOutbox::open(path)
}

/// The desk page, listening. It shows a button for each thing that the PBX can do.
/// CRMs that pop by a form say where to; those that tell us things by webhook are mounted.
pub(crate) async fn desk(
    config: &DeskConfig,
    can: PbxCapabilities,
    forms: impl Iterator<Item = Url>,
    hooks: Vec<(Arc<dyn Hook>, SecretString)>,
) -> Result<RunningDesk> {
    let desk = forms.fold(desk_settings(config), Desk::form_target).capabilities(can);
    hooks.into_iter().fold(desk, |desk, (hook, secret)| desk.hook(hook, secret)).bind().await
}

/// The settings of the desk page.
pub(crate) fn desk_settings(config: &DeskConfig) -> Desk {
    let listen = config.listen.to_string();
    let mut desk = if config.public { Desk::new().listen_publicly(listen) } else { Desk::new().listen(listen) };
    if let Some(url) = &config.public_url {
        desk = desk.public_url(url.clone());
    }
    for agent in &config.agents {
        let Some((first, others)) = agent.extensions.split_first() else { continue };
        let login = AgentLogin::new(&agent.user, first.clone()).name(&agent.name).token(agent.token.clone());
        desk = desk.agent(others.iter().cloned().fold(login, AgentLogin::extension));
    }
    for origin in &config.allow_origins {
        desk = desk.allow_origin(origin.clone());
    }
    desk
}
