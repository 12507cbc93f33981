//! `run --import`: from the files of Zoho's old on-premise adapter to a configuration of ours.

mod properties;
mod zti;

use crate::{Outcome, output};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use zti::Import;

/// Reads the folder, writes the configuration and the secrets beside it, and tells what is to be done. An existing file is
/// never touched.
pub(crate) fn import(folder: &Path, config: &Path) -> Outcome {
    let beside = std::path::absolute(config)?.parent().unwrap_or(Path::new("/")).to_owned();
    let Import { text, secrets, remarks } = zti::read(folder, &beside)?;
    for (file, secret) in &secrets {
        write_new(file, secret)?;
    }
    write_new(config, &text)?;
    output::line(&format!("{} was written.", config.display()))?;
    for remark in remarks {
        output::line(&format!("- {remark}"))?;
    }
    output::line(&format!(
        "Then: cti-adapter doctor --config {0}, and cti-adapter run --config {0}",
        config.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// For our eyes only.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(named)?;
    file.write_all(text.as_bytes()).map_err(named)
}
