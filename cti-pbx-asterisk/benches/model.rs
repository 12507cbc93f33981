//! The call model: recorded traffic through it, and how it does with many open calls.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a benchmark stops at the first surprise")]

use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cti_pbx_asterisk::ami::{Decoder, Frame, Message};
use cti_pbx_asterisk::model::{CallModel, Sides};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

/// The seconds of the recordings begin with these digits, in every `Uniqueid`.
const EPOCH: &[u8] = b"1795225";

/// Every event of the recorded calls, one recording after the other.
struct Traffic {
    bytes: Vec<u8>,
    events: u64,
    epochs: Vec<usize>,
    round: u64,
}

impl Traffic {
    fn recorded() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/traces");
        let (mut bytes, mut events) = (Vec::new(), 0);
        for version in ["asterisk-16", "asterisk-22"] {
            let mut files: Vec<_> = std::fs::read_dir(folder.join(version))
                .expect("recordings")
                .flatten()
                .map(|file| file.path())
                .collect();
            files.sort();
            for file in files {
                let recording = std::fs::read(file).expect("a recording");
                let text = String::from_utf8_lossy(&recording).into_owned();
                for message in text.split("\r\n\r\n").filter(|message| message.starts_with("Event: ")) {
                    bytes.extend_from_slice(message.as_bytes());
                    bytes.extend_from_slice(b"\r\n\r\n");
                    events += 1;
                }
            }
        }
        let epochs = (0..bytes.len() - EPOCH.len()).filter(|&at| bytes[at..].starts_with(EPOCH)).collect();
        Self { bytes, events, epochs, round: 0 }
    }

    /// Gives the calls other ids, so that they are new calls when they come again.
    fn again(&mut self) -> &[u8] {
        self.round += 1;
        let digits = format!("{:07}", 1_000_000 + self.round % 9_000_000);
        for &at in &self.epochs {
            self.bytes[at..at + digits.len()].copy_from_slice(digits.as_bytes());
        }
        &self.bytes
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_225_327, 0).unwrap()
}

fn model() -> CallModel {
    CallModel::new("main", Sides::default()).max_open_calls(1_000_000)
}

fn recorded(c: &mut Criterion) {
    let mut traffic = Traffic::recorded();
    let mut group = c.benchmark_group("recorded traffic");
    group.throughput(Throughput::Elements(traffic.events));
    group.bench_function("decode", |b| {
        let mut decoder = Decoder::new();
        b.iter(|| {
            decoder.push(traffic.again());
            while let Some(frame) = decoder.next_frame() {
                black_box(frame);
            }
        });
    });
    group.bench_function("decode and call model", |b| {
        let (mut decoder, mut model) = (Decoder::new(), model());
        b.iter(|| {
            decoder.push(traffic.again());
            while let Some(frame) = decoder.next_frame() {
                if let Frame::Message(message) = frame {
                    black_box(model.handle(&message, now()));
                }
            }
        });
        assert!(model.open_calls().len() < 1000, "calls of the recordings end");
    });
    group.finish();
}

/// The messages of a call from its birth to its talk, and to its end.
fn call(number: u64) -> (Vec<Message>, Vec<Message>) {
    let channel = |prefix: &str, device: &str, place: u64, state: u8, context: &str| {
        let mut text = String::new();
        let _ = write!(
            text,
            "{prefix}Channel: PJSIP/{device}-{:08x}\r\n{prefix}ChannelState: {state}\r\n{prefix}CallerIDNum: 0901234567\r\n\
             {prefix}CallerIDName: Taro\r\n{prefix}Context: {context}\r\n{prefix}Exten: 0312345000\r\n\
             {prefix}Uniqueid: 1795225327.{}\r\n{prefix}Linkedid: 1795225327.{}\r\n",
            2 * number + place,
            2 * number + place,
            2 * number
        );
        text
    };
    let trunk = |prefix, state| channel(prefix, "trunk", 0, state, "from-trunk");
    let phone = |prefix, state| channel(prefix, "6001", 1, state, "from-internal");
    let event =
        |name: &str, body: String| Message::parse(format!("Event: {name}\r\nPrivilege: call,all\r\n{body}").into());
    let bridge = format!("BridgeUniqueid: 0f2a6b1e-53bc-4761-a251-{number:012x}\r\n");
    let begin = vec![
        event("Newchannel", trunk("", 4)),
        event("Newchannel", phone("", 0)),
        event("DialBegin", trunk("", 4) + &phone("Dest", 0) + "DialString: 6001\r\n"),
        event("Newstate", phone("", 5)),
        event("DialEnd", trunk("", 4) + &phone("Dest", 6) + "DialStatus: ANSWER\r\n"),
        event("BridgeEnter", bridge.clone() + &phone("", 6)),
        event("BridgeEnter", bridge.clone() + &trunk("", 6)),
    ];
    let end = vec![
        event("HangupRequest", trunk("", 6) + "Cause: 16\r\n"),
        event("BridgeLeave", bridge.clone() + &trunk("", 6)),
        event("BridgeLeave", bridge.clone() + &phone("", 6)),
        event("Hangup", trunk("", 6) + "Cause: 16\r\n"),
        event("Hangup", phone("", 6) + "Cause: 16\r\n"),
    ];
    (begin, end)
}

fn open_calls(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole calls beside open ones");
    for open in [10, 100_000] {
        let mut model = model();
        for number in 0..open {
            call(number).0.iter().for_each(|message| drop(model.handle(message, now())));
        }
        let mut next = 1_000_000;
        group.throughput(Throughput::Elements(12 * 100));
        group.bench_function(format!("{open} open"), |b| {
            b.iter_batched(
                || {
                    next += 100;
                    (next - 100..next).map(call).collect::<Vec<_>>()
                },
                |calls| {
                    for (begin, end) in calls {
                        begin.iter().chain(&end).for_each(|message| drop(black_box(model.handle(message, now()))));
                    }
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, recorded, open_calls);
criterion_main!(benches);
