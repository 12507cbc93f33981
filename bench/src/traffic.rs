//! The traffic: every event of the recorded calls, one recording after the other.

use memchr::memmem;
use std::fs;
use std::path::Path;

const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cti-pbx-asterisk/tests/fixtures/traces");
/// The seconds of the recordings begin with these digits, in every `Uniqueid`.
const EPOCH: &[u8] = b"1795225";

/// The events of all recordings.
pub struct Traffic {
    pub bytes: Vec<u8>,
    pub events: u64,
    epochs: Vec<usize>,
}

impl Traffic {
    /// Reads the recordings of the repository.
    pub fn recorded() -> Self {
        let (mut bytes, mut events) = (Vec::new(), 0);
        for version in ["asterisk-16", "asterisk-22"] {
            let folder = Path::new(TRACES).join(version);
            let mut files: Vec<_> = fs::read_dir(folder).expect("the recordings").flatten().map(|f| f.path()).collect();
            files.sort();
            for file in files {
                for message in messages(&fs::read(file).expect("a recording")) {
                    if message.starts_with(b"Event: ") {
                        bytes.extend_from_slice(message);
                        events += 1;
                    }
                }
            }
        }
        let epochs = memmem::find_iter(&bytes, EPOCH).collect();
        Self { bytes, events, epochs }
    }

    /// Gives the calls other ids, so that they are new calls when they come again.
    pub fn rename(&mut self, round: u64) {
        let digits = format!("{:07}", 1_000_000 + round % 9_000_000);
        for &at in &self.epochs {
            self.bytes[at..at + digits.len()].copy_from_slice(digits.as_bytes());
        }
    }

    /// How often it is repeated to make about that many bytes.
    pub fn rounds(&self, megabytes: u64) -> u64 {
        (megabytes * 1_000_000).div_ceil(self.bytes.len() as u64)
    }
}

fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = memmem::find(bytes, b"\r\n").map_or(0, |end| end + 2); // after the greeting
    std::iter::from_fn(move || {
        let end = start + memmem::find(&bytes[start..], b"\r\n\r\n")? + 4;
        let message = &bytes[start..end];
        start = end;
        Some(message)
    })
}
