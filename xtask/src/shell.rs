//! Running commands and talking to the person who waits.

use std::process::Command;
use std::time::Instant;

/// Tells what goes on.
#[allow(clippy::print_stdout, reason = "a chore talks to the person who started it")]
pub(crate) fn say(message: &str) {
    println!("{message}");
}

/// Tells what went wrong.
#[allow(clippy::print_stderr, reason = "a chore talks to the person who started it")]
pub(crate) fn complain(message: &str) {
    eprintln!("{message}");
}

/// Runs `cargo` with these words and this environment, and tells how long it took.
pub(crate) fn cargo(words: &str, environment: &[(&str, &str)]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(words.split_whitespace()).envs(environment.iter().copied());
    run(&format!("cargo {words}"), &mut command)
}

/// Runs a command, and tells how long it took.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<(), String> {
    say(&format!("── {title}"));
    let begun = Instant::now();
    let status = command.status().map_err(|error| format!("{title}: cannot be started: {error}"))?;
    if !status.success() {
        return Err(format!("{title}: failed ({status})"));
    }
    say(&format!("   done in {:.0?}", begun.elapsed()));
    Ok(())
}
