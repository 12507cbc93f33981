//! Chores of this repository: `cargo xtask lab` and the like.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its user")]

mod lab;

use std::process::ExitCode;

/// The result of a chore: its error is a sentence for the user.
type Result<T> = std::result::Result<T, String>;

const USAGE: &str = "usage: cargo xtask <chore>

  lab          install what the live tests need (Debian, root); keeps what is there
  lab --check  say what of it is there";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["lab"] => lab::install(),
        ["lab", "--check"] => lab::check(),
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
