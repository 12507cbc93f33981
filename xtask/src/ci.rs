//! Everything a change must pass.

use crate::Result;
use crate::shell::cargo;
use crate::{arrows, coverage, features, fuzz, lab};
use std::time::Instant;

/// Runs it all, the quick checks first.
pub(crate) fn run() -> Result<()> {
    let begun = Instant::now();
    arrows::run()?;
    coverage::run()?;
    cargo("fmt --all --check", &[])?;
    cargo("clippy --workspace --all-features --all-targets -- -D warnings", &[])?;
    lab::install()?;
    // The command of the README; here the live tests must run, not be skipped.
    cargo("test --workspace --all-features", &[("CTI_LAB", "required")])?;
    injection()?;
    cargo("doc --workspace --all-features --no-deps", &[("RUSTDOCFLAGS", "-D warnings")])?;
    features::run()?;
    fuzz::run(&["--seconds", "10"])?;
    println!("all passed in {:.0?}", begun.elapsed());
    Ok(())
}

/// A million hostile values through a template of each target. The words select the build that the tests have made.
pub(crate) fn injection() -> Result<()> {
    cargo("test --workspace --all-features --test injection", &[("CTI_CASES", "1000000")])
}
