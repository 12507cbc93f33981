//! Chores of this repository. `cargo xtask` lists them.

mod arrows;
mod ci;
mod features;
mod shell;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

  ci        everything a change must pass: lab, format, clippy, tests, docs, features, arrows
  features  builds the facade with each of its features alone
  arrows    checks that crates depend on each other in one direction only
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ci"] => ci::run(),
        ["features"] => features::run(),
        ["arrows"] => arrows::run(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            shell::complain(&message);
            ExitCode::FAILURE
        }
    }
}
