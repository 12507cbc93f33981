//! Any bytes, cut anywhere, give the same frames, and the decoder keeps no more of them than its limits allow.

#![no_main]

use cti_pbx_asterisk::ami::{Decoder, Frame, Limits};
use libfuzzer_sys::fuzz_target;

/// Small, so that the fuzzer reaches them.
const LIMITS: Limits = Limits { line: 300, headers: 40, message: 2000 };
/// What the decoder may keep of an unfinished message, at most.
const KEPT: usize = 2 * LIMITS.message;

/// A frame in a form that can be compared.
#[derive(Debug, PartialEq)]
enum Seen {
    Banner(String),
    Oversized(usize),
    Message(Vec<(Vec<u8>, Vec<u8>)>),
}

fn see(frame: Frame) -> Seen {
    match frame {
        Frame::Banner { text, .. } => Seen::Banner(text),
        Frame::Oversized { bytes } => Seen::Oversized(bytes),
        Frame::Message(message) => {
            let headers: Vec<_> = message.headers().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
            if let Some((key, _)) = headers.first() {
                // By name the first of that key is found, whatever its case.
                let name = String::from_utf8_lossy(key).to_ascii_uppercase();
                assert!(key.is_ascii() <= message.get_bytes(&name).is_some());
            }
            Seen::Message(headers)
        }
    }
}

/// `cuts` says how long each piece is, over and over.
fn decode(bytes: &[u8], cuts: &[u8]) -> Vec<Seen> {
    let mut decoder = Decoder::with_limits(LIMITS);
    let (mut rest, mut frames) = (bytes, Vec::new());
    let mut lengths = cuts.iter().map(|&cut| usize::from(cut) + 1).cycle();
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(lengths.next().unwrap_or(rest.len()).min(rest.len()));
        rest = later;
        decoder.push(piece);
        frames.extend(std::iter::from_fn(|| decoder.next_frame()).map(see));
        assert!(decoder.unfinished() <= KEPT, "{} bytes are kept", decoder.unfinished());
    }
    frames
}

fuzz_target!(|input: &[u8]| {
    let Some((&count, rest)) = input.split_first() else { return };
    let (cuts, bytes) = rest.split_at(usize::from(count % 8).min(rest.len()));
    assert_eq!(decode(bytes, cuts), decode(bytes, &[]));
});
