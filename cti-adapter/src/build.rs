//! From a checked configuration to the parts of a pipeline.

use crate::config::{Crm, Desk as DeskConfig, PbxConfig, Transport};
use cti::asterisk::Asterisk;
use cti::asterisk::model::Sides;
use cti::core::Result;
use cti::core::crm::CrmSink;
use cti::core::layer::{Budget, Cache, CrmSinkExt, Retry};
use cti::core::pbx::PbxCapabilities;
use cti::desk::{AgentLogin, Desk, RunningDesk};
use cti::outbox::SqliteOutbox;
use std::path::Path;
use std::sync::Arc;

/// Which side of the PBX each channel is on.
pub(crate) fn sides(config: &PbxConfig) -> Sides {
    Sides::default().trunks(config.trunks.iter().cloned()).extensions(config.extensions.iter().cloned())
}

/// The PBX.
pub(crate) fn pbx(config: &PbxConfig) -> Asterisk {
    let mut pbx =
        Asterisk::new(&config.name, &config.host).login(&config.user, config.secret.clone()).sides(sides(config));
    pbx = match &config.transport {
        Transport::Tls { ca_file: None } => pbx.tls(),
        Transport::Tls { ca_file: Some(file) } => pbx.tls().ca_file(file),
        Transport::Plain => pbx.plain_text(),
    };
    if let Some(port) = config.port {
        pbx = pbx.port(port);
    }
    if let Some(technology) = &config.technology {
        pbx = pbx.technology(technology);
    }
    if let Some(context) = &config.dial_context {
        pbx = pbx.dial_context(context);
    }
    pbx
}

/// The CRM with what every CRM needs around it. The cache is outermost: what it knows costs nothing of the budget.
pub(crate) fn crm(config: &Crm) -> impl CrmSink + 'static {
    Arc::clone(&config.sink).budget(Budget::default()).retry(Retry::default()).cached(Cache::default())
}

/// The outbox.
pub(crate) fn outbox(path: &Path) -> Result<SqliteOutbox> {
    SqliteOutbox::open(path)
}

/// The desk page, listening. It shows a button for each thing that the PBX can do.
pub(crate) async fn desk(config: &DeskConfig, can: PbxCapabilities) -> Result<RunningDesk> {
    desk_settings(config).capabilities(can).bind().await
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
