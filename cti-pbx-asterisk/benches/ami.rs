//! The wire: recorded traffic through the decoder and through the client, from a stream in memory to a subscriber.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a benchmark stops at the first surprise")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cti_pbx_asterisk::ami::{Client, Decoder, Frame, Incoming, Message, Options};
use cti_pbx_asterisk::model::CallModel;
use std::hint::black_box;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const RECORDING: &[u8] = include_bytes!("../tests/fixtures/traces/asterisk-16/twenty_calls.ami");
/// How often the client gets the recording.
const ROUNDS: usize = 20;

fn decode(mut decoder: Decoder, mut look: impl FnMut(&Message)) {
    for chunk in RECORDING.chunks(64 * 1024) {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame() {
            if let Frame::Message(message) = frame {
                look(&message);
            }
        }
    }
}

fn decoder(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Bytes(RECORDING.len() as u64));
    group.bench_function("kinds", |b| {
        b.iter(|| decode(Decoder::new(), |message| drop(black_box(message.event()))));
    });
    group.bench_function("fields", |b| {
        b.iter(|| {
            decode(Decoder::new(), |message| {
                black_box(message.headers().map(black_box).count());
            })
        });
    });
    group.bench_function("one field by name", |b| {
        b.iter(|| decode(Decoder::new(), |message| drop(black_box(message.get("Uniqueid")))));
    });
    group.bench_function("what the call model looks at", |b| {
        b.iter(|| {
            decode(Decoder::new().only_events(CallModel::event_names()), |message| drop(black_box(message.event())))
        });
    });
    group.finish();
}

/// Lets the client in, and sends the recording.
async fn serve(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (mut decoder, mut chunk, mut logged_in) = (Decoder::new(), [0; 1024], false);
    stream.write_all(b"Asterisk Call Manager/11.0.0\r\n").await.unwrap();
    while !logged_in {
        let count = stream.read(&mut chunk).await.unwrap();
        decoder.push(&chunk[..count]);
        while let Some(Frame::Message(action)) = decoder.next_frame() {
            let id = action.action_id().unwrap();
            logged_in = action.get("Action").as_deref() == Some("Login");
            let answer = format!("Response: Success\r\nActionID: {id}\r\nChallenge: 1\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
    for _ in 0..ROUNDS {
        stream.write_all(RECORDING).await.unwrap();
    }
}

async fn take_all(listener: &TcpListener) -> usize {
    let options = Options::new("127.0.0.1").port(listener.local_addr().unwrap().port());
    let options = options.login("cti", "s3cret".to_owned().into());
    let taking = async {
        let (client, mut events) = Client::connect(&options).await.unwrap();
        let mut taken = 0;
        while let Some(Incoming::Event { message, .. }) = events.recv().await {
            black_box(message.event());
            taken += 1;
        }
        drop(client);
        taken
    };
    tokio::join!(serve(listener), taking).1
}

fn client(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let mut group = c.benchmark_group("client");
    group.throughput(Throughput::Bytes((ROUNDS * RECORDING.len()) as u64));
    group.sample_size(20);
    group.bench_function("from the login to the last event", |b| {
        b.iter(|| runtime.block_on(take_all(&listener)));
    });
    group.finish();
}

criterion_group!(benches, decoder, client);
criterion_main!(benches);
