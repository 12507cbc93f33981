//! Chores of this repository. `cargo xtask` lists them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who started it")]

mod arrows;
mod bench;
mod ci;
mod coverage;
mod features;
mod fuzz;
mod lab;
mod shell;

use std::process::ExitCode;

/// The result of a chore: its error is a sentence for the person who started it.
type Result<T> = std::result::Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask <chore>

  ci           everything a change must pass: lab, format, clippy, tests, docs, features, arrows
  lab          installs what the live tests need (Debian, as root); keeps what is there
  lab --check  tells what of it is there
  features     builds the facade with each of its features alone
  arrows       checks that crates depend on each other in one direction only
  coverage     checks that every test named in docs/coverage.md exists
  injection    a million hostile values through a template of each target (a part of ci)
  bench [subject [words …]]
               measures ours beside other libraries and floors, and prints a table; subjects are in bench/src/bin
  fuzz [--seconds N] [target]
               tries what bytes can break, for a bounded time; targets are in fuzz/fuzz_targets
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["ci"] => ci::run(),
        ["lab"] => lab::install(),
        ["lab", "--check"] => lab::check(),
        ["features"] => features::run(),
        ["arrows"] => arrows::run(),
        ["injection"] => ci::injection(),
        ["coverage"] => coverage::run(),
        ["bench", words @ ..] => bench::run(words),
        ["fuzz", words @ ..] => fuzz::run(words),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
