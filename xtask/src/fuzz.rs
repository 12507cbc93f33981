//! Fuzzing for a bounded time, with the stable compiler: coverage comes from LLVM's own pass.

use crate::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 2] = ["ami_decoder", "call_model"];
const RECORDINGS: &str = "cti-testkit/tests/fixtures/traces";
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table";
/// What one input may take, in MiB and seconds: beyond it is a finding.
const MEMORY: u32 = 512;
const PATIENCE: u32 = 10;

/// `[--seconds N] [target]`: all targets for 20 s each, if nothing else is said.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (seconds, rest) = match words {
        ["--seconds", number, rest @ ..] => (number.parse().map_err(|_| format!("{number} is no number"))?, rest),
        rest => (20, rest),
    };
    let targets = match rest {
        [] => TARGETS.to_vec(),
        [target] if TARGETS.contains(target) => vec![*target],
        _ => return Err(format!("the fuzz targets are {}", TARGETS.join(" and "))),
    };
    build()?;
    targets.iter().try_for_each(|target| fuzz(target, seconds))
}

/// With an explicit target, so that build scripts and macros are built without the flags.
fn build() -> Result<()> {
    println!("── fuzz: building");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = ["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host()?];
    let status =
        Command::new(cargo).args(words).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", "fuzz/target").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the fuzz targets do not build ({status})")),
        Err(error) => Err(format!("cargo build: {error}")),
    }
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| format!("rustc -vV: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say its host".to_owned())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    let corpus = seeded(target)?;
    let findings = PathBuf::from("fuzz/artifacts").join(target);
    fs::create_dir_all(&findings).map_err(|error| format!("{}: {error}", findings.display()))?;
    println!("── fuzz: {target} for {seconds} s");
    let status = Command::new(format!("fuzz/target/{}/release/{target}", host()?))
        .arg(corpus)
        .args([format!("-max_total_time={seconds}"), format!("-rss_limit_mb={MEMORY}"), format!("-timeout={PATIENCE}")])
        .args([format!("-artifact_prefix={}/", findings.display()), "-max_len=65536".into(), "-verbosity=0".into()])
        .arg("-print_final_stats=1")
        .status()
        .map_err(|error| format!("{target}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{target}: the input that broke it is in {}", findings.display()))
    }
}

/// The corpus: what earlier runs found, and the recordings.
fn seeded(target: &str) -> Result<PathBuf> {
    let corpus = PathBuf::from("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    let recordings = fs::read_dir(RECORDINGS).map_err(|error| format!("{RECORDINGS}: {error}"))?;
    for recording in recordings.flatten() {
        seed(&recording.path(), &corpus.join(recording.file_name()))?;
    }
    Ok(corpus)
}

/// Whole for the laws of calls; also in part, since short inputs are tried more often.
fn seed(recording: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(recording).map_err(|error| format!("{}: {error}", recording.display()))?;
    let write = |to: PathBuf, bytes: &[u8]| fs::write(&to, bytes).map_err(|error| format!("{}: {error}", to.display()));
    write(to.with_extension("head"), &bytes[..bytes.len().min(4096)])?;
    write(to.to_owned(), &bytes[..bytes.len().min(65_536)])
}
