//! `doctor`: what is wrong, why, and what to do.

use crate::cli::Doctor as Options;
use crate::config::{self, Config};
use crate::{Outcome, build, logging, output};
use cti::core::health::{Check, CheckOutcome};
use cti::core::pbx::PbxSource;
use std::path::Path;
use std::process::ExitCode;

/// Checks everything, and fails if something cannot work.
pub(crate) async fn doctor(options: Options) -> Outcome {
    logging::start("error");
    let checks = match config::load(&options.config) {
        Ok(config) => all(&config).await,
        Err(faults) => faults
            .0
            .into_iter()
            .map(|fault| {
                Check::failed(format!("config.{}", fault.path), fault.message, "correct the configuration file")
            })
            .collect(),
    };
    if options.json {
        output::line(&serde_json::to_string_pretty(&checks)?)?;
    } else {
        for check in &checks {
            print(check)?;
        }
    }
    let failed = checks.iter().any(|check| check.outcome == CheckOutcome::Failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn all(config: &Config) -> Vec<Check> {
    let mut checks =
        vec![Check::ok("config", "the configuration file has no mistakes"), folder("outbox.folder", &config.outbox)];
    if let Some(desk) = &config.desk {
        checks.push(listen(desk.listen).await);
    }
    for pbx in &config.pbxs {
        checks.extend(build::pbx(pbx).health().await);
    }
    for crm in &config.crms {
        checks.extend(crm.sink.health().await);
        if let Some(kept) = &crm.kept {
            checks.push(folder(&format!("{}.directory.folder", crm.sink.name()), &kept.file));
        }
    }
    checks
}

/// Whether the folder of that file can be written to.
fn folder(name: &str, path: &Path) -> Check {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let probe = folder.join(format!(".cti-doctor-{}", std::process::id()));
    let tried = std::fs::File::create_new(&probe).and_then(|_| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Check::ok(name, format!("{} can be written to", folder.display())),
        Err(error) => Check::failed(
            name,
            format!("{} cannot be written to: {error}", folder.display()),
            "create the folder, and give the user of the adapter write access",
        ),
    }
}

async fn listen(address: std::net::SocketAddr) -> Check {
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Check::ok("desk.listen", format!("{address} is free")),
        Err(error) => Check::warning(
            "desk.listen",
            format!("{address}: {error}"),
            "is the adapter running already? If not, choose another port for [desk] listen",
        ),
    }
}

fn print(check: &Check) -> std::io::Result<()> {
    let word = match check.outcome {
        CheckOutcome::Ok => "ok     ",
        CheckOutcome::Warning => "WARNING",
        CheckOutcome::Failed => "FAILED ",
        CheckOutcome::NotChecked => "-      ",
    };
    output::line(&format!("{word} {}: {}", check.name, check.found))?;
    match &check.cure {
        Some(cure) => output::line(&format!("        → {cure}")),
        None => Ok(()),
    }
}
