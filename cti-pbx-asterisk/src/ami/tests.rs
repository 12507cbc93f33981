//! The plain client against a scripted server.

use super::*;
use crate::testing::{CHALLENGE, Peer, SECRET, Server, error, in_time, is, list, success};
use cti_core::secret::SecretString;
use cti_core::{ErrorKind, Status};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

fn options(port: u16) -> Options {
    Options::new("127.0.0.1").port(port).login("cti", SecretString::from(SECRET))
}

async fn connected(server: &mut Server) -> (Client, Events, Peer) {
    connected_with(server, |options| options).await
}

async fn connected_with(server: &mut Server, change: impl FnOnce(Options) -> Options) -> (Client, Events, Peer) {
    let options = &change(options(server.port));
    let (client, events) = in_time(Client::connect(options)).await.expect("logged in");
    let peer = server.peer().await;
    (client, events, peer)
}

async fn next_event(events: &mut Events) -> Message {
    match in_time(events.recv()).await {
        Some(Incoming::Event { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_answer_to_a_challenge() {
    // computed with: printf 840415273s3cret | md5sum
    assert_eq!(challenge_key(CHALLENGE, SECRET), "d7994fd8cd10e2224514d095d0fd3f7b");
}

#[tokio::test]
async fn login_by_challenge_keeps_the_secret_off_the_wire() {
    let mut server = Server::start(|_| None).await;
    let (client, mut events, mut peer) = connected(&mut server).await;
    let login = peer.saw("Login").await;
    assert_eq!(login.get("AuthType").as_deref(), Some("MD5"));
    assert_eq!(login.get("Secret"), None);
    assert_eq!(login.get("Events").as_deref(), Some("on"));
    assert_eq!(client.banner().as_deref(), Some("Asterisk Call Manager/11.0.0"));
    assert!(next_event(&mut events).await.is_event("FullyBooted"));
}

#[tokio::test]
async fn plain_login_sends_the_secret() {
    let mut server = Server::start(|_| None).await;
    let (_client, _events, mut peer) = connected_with(&mut server, |options| options.plain_login()).await;
    assert_eq!(peer.saw("Login").await.get("Secret").as_deref(), Some(SECRET));
}

#[tokio::test]
async fn a_wrong_password_says_what_to_check() {
    let server = Server::start(|_| None).await;
    let options = options(server.port).login("cti", SecretString::from("wr0ng"));
    let error = in_time(Client::connect(&options)).await.expect_err("refused");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    let text = error.to_string();
    assert!(text.contains("manager.conf") && text.contains("user=cti") && !text.contains("wr0ng"), "{text}");
}

#[tokio::test]
async fn a_user_who_is_logged_in_already_may_try_again() {
    let server = Server::start(|action| is(action, "Login").then(|| error("Login Already In Use"))).await;
    let error = in_time(Client::connect(&options(server.port))).await.expect_err("refused");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Conflict, Status::Temporary));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let error = in_time(Client::connect(&options(port))).await.expect_err("nobody");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::Temporary));
}

#[tokio::test]
async fn somebody_who_takes_the_connection_and_never_speaks() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let options = options(port).connect_timeout(Duration::from_millis(200));
    let error = in_time(Client::connect(&options)).await.expect_err("silence");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, Status::Temporary));
}

/// A client over memory, without login, and the server's end.
fn over_memory(options: &Options) -> (Client, Events, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(256 * 1024);
    let (client, events) = Client::over(ours, options);
    (client, events, theirs)
}

/// Reads one action and returns its ActionID.
async fn read_action(stream: &mut DuplexStream) -> String {
    let mut decoder = Decoder::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.expect("open");
        decoder.push(&byte);
        if let Some(Frame::Message(action)) = decoder.next_frame() {
            return action.action_id().expect("an id").into_owned();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_noticed_after_two_and_a_half_intervals() {
    let (_client, mut events, mut theirs) = over_memory(&options(1));
    theirs.write_all(b"Event: A\r\n\r\n").await.expect("open");
    assert!(next_event(&mut events).await.is_event("A"));
    let start = tokio::time::Instant::now();
    assert!(events.recv().await.is_none());
    assert_eq!(start.elapsed().as_secs_f64().round(), 38.0); // 2.5 × 15 s
    assert!(events.ended().expect("ended").contains("nothing came"));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_not_let_run_asks_before_it_calls_the_server_silent() {
    for _ in 0..10 {
        let (client, mut events, mut theirs) = over_memory(&options(1));
        theirs.write_all(b"Event: A\r\n\r\n").await.expect("open");
        assert!(next_event(&mut events).await.is_event("A"));
        tokio::time::advance(Duration::from_secs(100)).await;
        let id = read_action(&mut theirs).await;
        // Its answer came in time, but nobody was let run to read it.
        theirs.write_all(format!("Response: Success\r\nActionID: {id}\r\n\r\n").as_bytes()).await.expect("open");
        tokio::time::advance(Duration::from_secs(100)).await;
        theirs.write_all(b"Event: B\r\n\r\n").await.expect("open");
        assert!(next_event(&mut events).await.is_event("B"), "{:?}", events.ended());
        drop(client);
    }
}

#[tokio::test(start_paused = true)]
async fn pings_keep_a_quiet_link_alive() {
    let (_client, mut events, mut theirs) = over_memory(&options(1));
    let start = tokio::time::Instant::now();
    for _ in 0..20 {
        let id = read_action(&mut theirs).await;
        let pong = format!("Response: Success\r\nActionID: {id}\r\nPing: Pong\r\n\r\n");
        theirs.write_all(pong.as_bytes()).await.expect("open");
    }
    assert_eq!(start.elapsed(), Duration::from_secs(300));
    theirs.write_all(b"Event: A\r\n\r\n").await.expect("open");
    assert!(next_event(&mut events).await.is_event("A"));
}

#[tokio::test(start_paused = true)]
async fn an_action_without_an_answer_has_an_unknown_outcome() {
    let (client, _events, mut theirs) = over_memory(&options(1));
    let sending = tokio::spawn({
        let client = client.clone();
        async move { client.send(Action::hangup("PJSIP/6001-1", 16)).await }
    });
    read_action(&mut theirs).await;
    let error = sending.await.expect("no panic").expect_err("no answer");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, Status::OutcomeUnknown));

    let sending = tokio::spawn(async move { client.send(Action::hangup("PJSIP/6001-1", 16)).await });
    read_action(&mut theirs).await;
    drop(theirs);
    let error = sending.await.expect("no panic").expect_err("cut");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::OutcomeUnknown));
}

#[tokio::test]
async fn after_the_end_nothing_is_sent_and_that_is_known() {
    let (client, mut events, theirs) = over_memory(&options(1));
    drop(theirs);
    assert!(in_time(events.recv()).await.is_none());
    let error = in_time(client.send(Action::ping())).await.expect_err("no link");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::Temporary));
}

#[tokio::test]
async fn a_list_is_collected_while_other_events_go_their_way() {
    let mut server = Server::start(|action| {
        is(action, "CoreShowChannels").then(|| {
            let list = list("CoreShowChannel", &["Channel: a\r\n", "Channel: b\r\n"]);
            list.replace("Event: CoreShowChannel\r\n", "Event: Newstate\r\n\r\nEvent: CoreShowChannel\r\n")
        })
    })
    .await;
    let (client, mut events, _peer) = connected(&mut server).await;
    let channels = in_time(client.send_list(Action::core_show_channels())).await.expect("a list");
    let names: Vec<_> = channels.iter().filter_map(|channel| channel.get("Channel")).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(channels.last().expect("the end").is_event("CoreShowChannelComplete"));
    for name in ["FullyBooted", "Newstate", "Newstate"] {
        assert!(next_event(&mut events).await.is_event(name), "{name}");
    }
}

#[tokio::test]
async fn a_list_of_asterisk_1_4_ends_by_name() {
    let old = "Response: Success\r\nActionID: {id}\r\nMessage: Channel status will follow\r\n\r\n\
        Event: Status\r\nActionID: {id}\r\nChannel: a\r\n\r\nEvent: StatusComplete\r\nActionID: {id}\r\n\r\n";
    let mut server = Server::start(move |action| is(action, "Status").then(|| old.to_owned())).await;
    let (client, _events, _peer) = connected(&mut server).await;
    assert_eq!(in_time(client.send_list(Action::status())).await.expect("a list").len(), 2);
}

#[tokio::test]
async fn a_refused_list_is_an_error() {
    let mut server = Server::start(|action| is(action, "QueueStatus").then(|| error("Permission denied"))).await;
    let (client, _events, _peer) = connected(&mut server).await;
    let error = in_time(client.send_list(Action::queue_status())).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn commands_print_the_same_in_both_styles() {
    for answer in [
        "Response: Follows\r\nPrivilege: Command\r\nActionID: {id}\r\na: 1\n\nb\n--END COMMAND--\r\n\r\n".to_owned(),
        success("Message: Command output follows\r\nOutput: a: 1\r\nOutput: \r\nOutput: b\r\n"),
    ] {
        let mut server = Server::start(move |action| is(action, "Command").then(|| answer.clone())).await;
        let (client, _events, _peer) = connected_with(&mut server, |options| options.allow("command")).await;
        let reply = in_time(client.send(Action::command("core show uptime"))).await.expect("printed");
        assert_eq!(reply.output().collect::<Vec<_>>(), ["a: 1", "", "b"]);
    }
}

#[tokio::test]
async fn answers_find_their_questions_in_any_order() {
    let (client, _events, mut theirs) = over_memory(&options(1));
    let mut asking = Vec::new();
    for _ in 0..10 {
        let client = client.clone();
        asking.push(tokio::spawn(async move {
            let id = client.new_id();
            let reply = client.send_as(&id, Action::ping()).await.expect("answered");
            assert_eq!(reply.get("ActionID").as_deref(), Some(&*id));
        }));
    }
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(read_action(&mut theirs).await);
    }
    for id in ids.iter().rev() {
        theirs.write_all(format!("Response: Success\r\nActionID: {id}\r\n\r\n").as_bytes()).await.expect("open");
    }
    for task in asking {
        in_time(task).await.expect("the right answer");
    }
}

#[tokio::test]
async fn odd_messages_do_not_end_the_link() {
    let mut server = Server::start(|_| None).await;
    let (client, mut events, peer) = connected(&mut server).await;
    peer.say(b"\r\n\r\nnonsense\r\n\r\nResponse: Success\r\nActionID: nobody's\r\n\r\n");
    peer.say(format!("Event: VarSet\r\nValue: {}\r\n\r\n", "v".repeat(100_000)));
    peer.say(b"Event: Last\r\nName: \xff\xfe\r\n\r\n");
    while !next_event(&mut events).await.is_event("Last") {}
    in_time(client.send(Action::ping())).await.expect("alive");
}

#[tokio::test]
async fn a_burst_of_5000_events_comes_whole() {
    let mut server = Server::start(|_| None).await;
    let (_client, mut events, peer) = connected(&mut server).await;
    let burst: String = (0..5000).map(|n| format!("Event: Newexten\r\nN: {n}\r\n\r\n")).collect();
    peer.say(burst);
    assert!(next_event(&mut events).await.is_event("FullyBooted"));
    for n in 0..5000 {
        assert_eq!(next_event(&mut events).await.get("N").as_deref(), Some(&*n.to_string()));
    }
}

#[tokio::test]
async fn a_slow_taker_is_told_what_was_given_up_and_the_reader_reads_on() {
    let mut server = Server::start(|_| None).await;
    let (client, mut events, peer) = connected_with(&mut server, |options| options.event_buffer(100)).await;
    let mut last = client.watch(|message| message.get("N").as_deref() == Some("999"));
    let burst: String = (0..1000).map(|n| format!("Event: Newexten\r\nN: {n}\r\n\r\n")).collect();
    peer.say(burst);
    in_time(last.recv()).await.expect("read to the end");
    let Some(Incoming::Lost { events: lost }) = in_time(events.recv()).await else { panic!("not told") };
    let mut taken = 0;
    while next_event(&mut events).await.get("N").as_deref() != Some("999") {
        taken += 1;
    }
    assert_eq!(lost + taken + 1, 1001); // and FullyBooted
}

#[tokio::test]
async fn logging_off_ends_the_events() {
    let mut server = Server::start(|_| None).await;
    let (client, mut events, mut peer) = connected(&mut server).await;
    in_time(client.log_off()).await;
    peer.saw("Logoff").await;
    drop(peer);
    while in_time(events.recv()).await.is_some() {}
}
