//! Recorded calls of real PBXs, through a socket and the whole link, against the same bytes through the model alone.

use crate::Replay;
use crate::link::fake::asterisk;
use crate::model::{CallModel, Sides};
use crate::testing::{Server, in_time, is, success};
use cti_core::call::{CallEvent, PbxEvent};
use cti_core::pbx::{EventStream, LinkState, PbxSource, SourceContext};
use std::path::{Path, PathBuf};
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

fn traces() -> Vec<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/traces"));
    let mut files: Vec<PathBuf> = ["asterisk-16", "asterisk-22"]
        .iter()
        .flat_map(|version| std::fs::read_dir(root.join(version)).expect("the recordings"))
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ami"))
        .collect();
    files.sort();
    files
}

/// The recording from the first event after the login on: what a link that is up would have read.
fn after_login(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("readable");
    let booted = b"Status: Fully Booted\r\n\r\n";
    let at = bytes.windows(booted.len()).position(|window| window == booted).expect("a login");
    bytes[at + booted.len()..].to_vec()
}

fn model() -> CallModel {
    CallModel::new("main", Sides::default())
}

fn line(event: &CallEvent) -> String {
    format!("{} {} {}", event.seq, event.id, event.name())
}

fn calls(events: impl IntoIterator<Item = PbxEvent>) -> Vec<CallEvent> {
    events.into_iter().filter_map(|event| if let PbxEvent::Call(call) = event { Some(call) } else { None }).collect()
}

/// What the link tells when Asterisk answers every question about a caller with `presentation`.
async fn live(bytes: &[u8], presentation: &'static str, count: usize) -> Vec<CallEvent> {
    let mut server =
        Server::start(move |action| is(action, "Getvar").then(|| success(&format!("Value: {presentation}\r\n")))).await;
    let context = SourceContext::new(CancellationToken::new());
    let mut state = context.link.subscribe();
    let mut stream: EventStream = asterisk(server.port).open(context).await.expect("opened");
    let peer = server.peer().await;
    in_time(state.wait_for(|state| *state == LinkState::Up)).await.expect("up");
    for piece in bytes.chunks(777) {
        peer.say(piece);
    }
    let mut events = Vec::new();
    while events.len() < count {
        let event = in_time(stream.next()).await.expect("more events").expect("no error");
        events.extend(calls([event]));
    }
    events
}

#[tokio::test]
async fn every_recording_tells_the_same_through_the_link() {
    let files = traces();
    assert!(files.len() > 20);
    for path in files {
        let bytes = after_login(&path);
        let mut replay = Replay::new(model());
        let expected = calls(replay.push(&bytes));
        let live = live(&bytes, "allowed_not_screened", expected.len()).await;
        let mut lines = [&expected, &live].map(|events| events.iter().map(line).collect::<Vec<_>>());
        lines.iter_mut().for_each(|lines| lines.sort()); // calls may overtake each other while one waits for its answer
        assert_eq!(lines[0], lines[1], "{}", path.display());
    }
}

#[tokio::test]
async fn a_withheld_number_is_in_no_event() {
    for path in traces().iter().filter(|path| path.ends_with("anonymous.ami")) {
        let bytes = after_login(path);
        let count = calls(Replay::new(model()).push(&bytes)).len();
        let events = live(&bytes, "prohib_not_screened", count).await;
        assert!(events.len() > 3);
        for event in events {
            assert!(event.caller.withheld.is_some(), "{}", event.id);
            let json = serde_json::to_string(&event).expect("json");
            assert!(!json.contains("0901234567"), "{}", event.id);
        }
    }
}
