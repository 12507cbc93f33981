//! `replay`: recorded bytes in, events out. Deterministic: the same bytes give the same output.

use crate::cli::{PbxKind, Replay as Options};
use crate::{Outcome, config, output};
use cti::asterisk::Replay;
use cti::asterisk::model::{CallModel, Sides};
use cti::core::call::PbxEvent;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::process::ExitCode;

/// How much is read at a time.
const PIECE: usize = 64 * 1024;

/// Prints the events of a recording, one JSON object a line.
pub(crate) fn replay(options: Options) -> Outcome {
    let PbxKind::Asterisk = options.pbx;
    let (name, sides) = match &options.config {
        Some(path) => {
            let config = config::load(path)?;
            let pbx = config.pbxs.first().ok_or("the configuration has no PBX")?;
            (pbx.name.clone(), pbx.asterisk.sides())
        }
        None => ("main".to_owned(), Sides::default()),
    };
    let input = open(&options.file).map_err(|error| format!("{} cannot be read: {error}", options.file.display()))?;
    match print(Replay::new(CallModel::new(&name, sides)), input) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(format!("{}: {error}", options.file.display()).into()),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if file == Path::new("-") { Ok(Box::new(io::stdin().lock())) } else { Ok(Box::new(File::open(file)?)) }
}

fn print(mut replay: Replay, mut input: impl Read) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let events = match input.read(&mut piece)? {
            0 => {
                return print_all(replay.finish());
            }
            length => replay.push(&piece[..length]),
        };
        print_all(events)?;
    }
}

fn print_all(events: Vec<PbxEvent>) -> io::Result<()> {
    events.iter().try_for_each(|event| output::line(&serde_json::to_string(event)?))
}
