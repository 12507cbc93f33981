//! `run`: the real adapter.

use crate::cli::Run as Options;
use crate::{Outcome, build, config, import, logging, members};
use cti::Pipeline;
use cti::core::crm::CrmSink;
use cti::core::health::CheckOutcome;
use cti::core::number;
use cti::core::pbx::{PbxCapabilities, PbxSource};
use cti::core::pipeline::Settings;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Runs until SIGTERM or Ctrl-C, then ends cleanly.
pub(crate) async fn run(options: Options) -> Outcome {
    if let Some(folder) = &options.import {
        return import::import(folder, &options.config);
    }
    logging::start("info");
    let mut config = config::load(&options.config)?;
    let numbering = config.settings.numbering().clone();
    number::warm_up(&numbering);
    let (settings, watched) = watch::channel(Arc::new(std::mem::take(&mut config.settings)));
    reload_on_hangup(options.config, settings)?;

    let watched = members::follow(&config.crms, watched);
    let mut pipeline = Pipeline::new().settings(watched).outbox(build::outbox(&config.outbox)?);
    // Every PBX is an Asterisk so far: what one can do, all can.
    let mut can = PbxCapabilities::default();
    for pbx in config.pbxs.iter().map(build::pbx) {
        can = pbx.capabilities();
        pipeline = pipeline.pbx(pbx);
    }
    // These end with the programme.
    let mut beside = JoinSet::new();
    let mut hooks = Vec::new();
    for crm in &config.crms {
        let built = build::crm(crm, &numbering)?;
        beside.spawn(tell_faults(Arc::clone(&crm.sink)));
        if let Some(sync) = built.sync {
            beside.spawn(async move { sync.run().await });
        }
        hooks.extend(built.hook);
        pipeline = pipeline.crm(built.sink);
    }
    if let Some(desk) = &config.desk {
        let forms = config.crms.iter().flat_map(|crm| crm.sink.form_targets());
        let desk = build::desk(desk, can, &config.crms, forms, hooks).await?;
        pipeline = pipeline.popup(desk.clone()).commands(desk);
    }
    build::register(&config.crms);
    pipeline.run_until(cti::ctrl_c()).await?;
    tracing::info!("ended");
    Ok(ExitCode::SUCCESS)
}

/// What the doctor would say of a CRM stands in the log from the beginning: a mistake in it loses data without an error.
async fn tell_faults(crm: Arc<dyn CrmSink>) {
    for check in crm.health().await {
        let (name, found, cure) = (check.name, check.found, check.cure.unwrap_or_default());
        match check.outcome {
            CheckOutcome::Failed => tracing::error!(check = name, cure, "{found}"),
            CheckOutcome::Warning => tracing::warn!(check = name, cure, "{found}"),
            CheckOutcome::Ok | CheckOutcome::NotChecked => {}
        }
    }
}

/// SIGHUP reads policy, dial plan and numbering again; a file with mistakes changes nothing.
fn reload_on_hangup(path: PathBuf, settings: watch::Sender<Arc<Settings>>) -> std::io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match config::load(&path) {
                Ok(config) => {
                    settings.send_replace(Arc::new(config.settings));
                    tracing::info!("policy, dial plan and numbering were read again; PBX, CRM and desk need a restart");
                }
                Err(faults) => tracing::error!("nothing was changed: {faults}"),
            }
        }
    });
    Ok(())
}
