//! The plain client over a loopback socket: odd inputs, stalled takers, what it does not send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_core::ErrorKind;
use cti_core::secret::SecretString;
use cti_pbx_asterisk::ami::{Action, Client, Decoder, Events, Frame, Incoming, Message, Options};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const EACH: usize = 5000;

/// An Asterisk that lets anybody in, says `bytes` in pieces of this size, and shows the actions that came before its end.
async fn server(bytes: Vec<u8>, piece: usize) -> (Options, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"Asterisk Call Manager/11.0.0\r\n").await.unwrap();
        let (mut decoder, mut seen) = (Decoder::new(), Vec::new());
        while !seen.iter().any(|name| name == "Login") {
            answer(&mut stream, &mut decoder, &mut seen).await;
        }
        for piece in bytes.chunks(piece) {
            stream.write_all(piece).await.unwrap();
        }
        while answer(&mut stream, &mut decoder, &mut seen).await {}
        seen
    });
    (Options::new("127.0.0.1").port(port).login("cti", SecretString::from("s3cret")), seen)
}

/// Answers what came; false at the end.
async fn answer(stream: &mut TcpStream, decoder: &mut Decoder, seen: &mut Vec<String>) -> bool {
    let mut chunk = [0; 4096];
    let count = stream.read(&mut chunk).await.unwrap_or(0);
    decoder.push(&chunk[..count]);
    while let Some(Frame::Message(action)) = decoder.next_frame() {
        seen.push(action.get("Action").unwrap().into_owned());
        let id = action.action_id().unwrap();
        let said = format!("Response: Success\r\nActionID: {id}\r\nChallenge: 1\r\n\r\n");
        stream.write_all(said.as_bytes()).await.ok();
    }
    count > 0
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("in time")
}

async fn next(events: &mut Events) -> Message {
    match in_time(events.recv()).await {
        Some(Incoming::Event { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

/// All that is said comes out, in its order, whatever the size of the pieces.
async fn all_come(what: &str, event: impl Fn(usize) -> Vec<u8>, value: impl Fn(usize) -> Vec<u8>, piece: usize) {
    let bytes = (0..EACH).flat_map(&event).collect();
    let (options, _seen) = server(bytes, piece).await;
    let (_client, mut events) = in_time(Client::connect(&options)).await.unwrap();
    for n in 0..EACH {
        let message = next(&mut events).await;
        assert_eq!(message.get_bytes("CallerIDName"), Some(&value(n)[..]), "{what} {n}");
        assert_eq!(message.get("N").as_deref(), Some(&*n.to_string()), "{what} {n}");
    }
}

async fn names_come(what: &str, name: impl Fn(usize) -> Vec<u8> + Copy, piece: usize) {
    let event =
        |n| [b"Event: Newchannel\r\nCallerIDName: ", &name(n)[..], format!("\r\nN: {n}\r\n\r\n").as_bytes()].concat();
    all_come(what, event, name, piece).await;
}

#[tokio::test]
async fn a_byte_of_latin_1_in_every_tenth_name() {
    names_come("latin 1", |n| if n % 10 == 0 { b"Andr\xe9".to_vec() } else { b"Andre".to_vec() }, 4096).await;
}

#[tokio::test]
async fn long_names_cut_by_the_edges_of_reads() {
    names_come("UTF-8", |_| "佐藤花子".repeat(40).into_bytes(), 1399).await;
}

#[tokio::test]
async fn a_value_of_100_000_bytes_now_and_then() {
    names_come("long", |n| if n % 100 == 0 { vec![b'v'; 100_000] } else { b"v".to_vec() }, 1 << 20).await;
}

#[tokio::test]
async fn a_bare_line_feed_in_every_tenth_value() {
    names_come("line feed", |n| if n % 10 == 0 { b"two\nN: 0".to_vec() } else { b"one".to_vec() }, 4096).await;
}

#[tokio::test]
async fn five_thousand_in_one_burst() {
    names_come("burst", |_| b"Taro".to_vec(), usize::MAX).await;
}

/// 5 s at 2,000 events a second, while nobody takes any: the socket is read all the same, and nothing is lost.
#[tokio::test]
async fn a_taker_who_stalls_loses_nothing_and_the_socket_is_read_meanwhile() {
    let snapshot = "ChannelStateDesc: Up\r\nAccountCode: \r\nContext: from-internal\r\n".repeat(6);
    let event = |n: usize| format!("Event: Newstate\r\nN: {n}\r\n{snapshot}\r\n").into_bytes();
    let (options, _seen) = server((0..10_000).flat_map(event).collect(), 1 << 20).await;
    let (client, mut events) = in_time(Client::connect(&options)).await.unwrap();
    let mut last = client.watch(|message| message.get("N").as_deref() == Some("9999"));
    in_time(last.recv()).await.expect("read to the end");
    for n in 0..10_000 {
        assert_eq!(next(&mut events).await.get("N").as_deref(), Some(&*n.to_string()));
    }
}

#[tokio::test]
async fn events_of_other_names_are_not_handed_out_and_lists_are() {
    let said = b"Event: VarSet\r\nN: 1\r\n\r\nEvent: HANGUP\r\nN: 2\r\n\r\nEvent: VarSet\r\nN: 3\r\n\r\n".to_vec();
    let (options, _seen) = server(said, 10).await;
    let (client, mut events) = in_time(Client::connect(&options.only_events(["Hangup"]))).await.unwrap();
    assert_eq!(next(&mut events).await.get("N").as_deref(), Some("2"));
    in_time(client.send(Action::ping())).await.expect("responses come");
}

#[tokio::test]
async fn a_message_beyond_the_limits_is_told() {
    let said = format!("Event: A\r\nX: {}\r\n\r\nEvent: B\r\n\r\n", "x".repeat(300_000));
    let (options, _seen) = server(said.into_bytes(), 1 << 20).await;
    let (_client, mut events) = in_time(Client::connect(&options)).await.unwrap();
    assert!(matches!(in_time(events.recv()).await, Some(Incoming::Oversized { bytes: 300_000.. })));
    assert!(next(&mut events).await.is_event("B"));
}

#[tokio::test]
async fn what_runs_commands_is_not_sent_unless_it_is_allowed() {
    let second = Duration::from_secs(1);
    let dangerous = [
        Action::command("core restart now"),
        Action::new("appendconfig"),
        Action::new("UPDATECONFIG").header("SrcFilename", "manager.conf"),
        Action::new("ModuleLoad"),
        Action::db_put("a", "b", "c"),
        Action::originate_application("Local/1@x", "System", "rm", second),
        Action::originate("PJSIP/1", "x", "1", second).header("aPPlication", "AGI"),
        Action::originate("PJSIP/1", "x", "1", second).header("Variable", "A=1,__shell(id)=x"),
        Action::getvar("", "SHELL(id)"),
        Action::setvar("", "FILE(/etc/passwd)", "x"),
        Action::mix_monitor("PJSIP/1-1", "x").header("Command", "rm"),
    ];
    let (options, seen) = server(Vec::new(), 1).await;
    let (client, events) = in_time(Client::connect(&options)).await.unwrap();
    for action in dangerous.clone() {
        let name = action.name().to_owned();
        let error = in_time(client.send(action)).await.expect_err(&name);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{name}");
        assert!(error.to_string().contains(&format!("Options::allow(\"{name}\")")), "{error}");
    }
    for harmless in [
        Action::originate("PJSIP/1", "x", "1", second).variable("CTI_NOTE", "see PROFILE(x) and SHELL(x)"),
        Action::getvar("PJSIP/1-1", "CALLERID(num-pres)"),
    ] {
        in_time(client.send(harmless)).await.expect("sent");
    }
    drop((client, events));
    assert_eq!(in_time(seen).await.unwrap(), ["Challenge", "Login", "Originate", "Getvar"]);

    for action in dangerous {
        let (options, seen) = server(Vec::new(), 1).await;
        let (client, events) = in_time(Client::connect(&options.allow(action.name().to_lowercase()))).await.unwrap();
        let name = action.name().to_owned();
        in_time(client.send(action)).await.expect("allowed");
        drop((client, events));
        assert_eq!(in_time(seen).await.unwrap().pop(), Some(name));
    }
}

#[tokio::test]
async fn what_is_not_wanted_is_kept_away_by_the_pbx() {
    let (options, seen) = server(Vec::new(), 1).await;
    let options = options.without_events(&["DeviceStateChange", "NewConnectedLine"]);
    let (client, events) = in_time(Client::connect(&options)).await.unwrap();
    drop((client, events));
    assert_eq!(in_time(seen).await.unwrap(), ["Challenge", "Login", "Filter"]);
}
