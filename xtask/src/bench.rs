//! Measurements beside other libraries: a package of its own, so that they stay out of the workspace.

use crate::Result;
use crate::shell::cargo;

/// Runs the benchmark of that name (`ami`), or all of them.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => subjects()?.iter().try_for_each(|subject| one(subject, &[])),
        [subject, rest @ ..] => one(subject, rest),
    }
}

fn one(subject: &str, words: &[&str]) -> Result<()> {
    let words = words.join(" ");
    cargo(&format!("run --release --quiet --manifest-path bench/Cargo.toml --bin {subject} -- {words}"), &[])
}

fn subjects() -> Result<Vec<String>> {
    let files = std::fs::read_dir("bench/src/bin").map_err(|error| format!("bench/src/bin: {error}"))?;
    let mut names: Vec<String> =
        files.flatten().filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}
