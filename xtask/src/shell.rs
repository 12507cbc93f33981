//! Running cargo.

use crate::Result;
use std::process::Command;
use std::time::Instant;

/// Runs `cargo` with these words and this environment, and tells how long it took.
pub(crate) fn cargo(words: &str, environment: &[(&str, &str)]) -> Result<()> {
    println!("── cargo {words}");
    let begun = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(words.split_whitespace()).envs(environment.iter().copied()).status();
    let status = status.map_err(|error| format!("cargo {words}: cannot be started: {error}"))?;
    if !status.success() {
        return Err(format!("cargo {words}: failed ({status})"));
    }
    println!("   done in {:.0?}", begun.elapsed());
    Ok(())
}
