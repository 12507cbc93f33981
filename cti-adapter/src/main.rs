//! The ready adapter: a configuration file and one command. `cti-adapter --help` tells the rest.

mod build;
mod cli;
mod config;
mod demo;
mod dial;
mod doctor;
mod kintone;
mod logging;
mod output;
mod replay;
mod run;
mod schema;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

/// What a command ends with; the error is shown to the person who started it.
type Outcome = Result<ExitCode, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(options) => demo::demo(options).await,
        Command::Run(options) => run::run(options).await,
        Command::Doctor(options) => doctor::doctor(options).await,
        Command::Replay(options) => replay::replay(options),
        Command::Schema => schema::print(),
        Command::Dial(options) => dial::dial(options).await,
        Command::Kintone(chore) => kintone::kintone(chore).await,
    };
    outcome.unwrap_or_else(|error| {
        // A reader that went away (`| head`) is no failure.
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        output::complain(&output::with_causes(error.as_ref()));
        ExitCode::FAILURE
    })
}
