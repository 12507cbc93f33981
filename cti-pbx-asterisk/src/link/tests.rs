//! The link against a scripted server: what the model is told, in which order, and what the taker sees.

use super::fake::{Running, asterisk};
use crate::ami::Action;
use crate::testing::{SECRET, Server, error, in_time, is, list, success};
use cti_core::ErrorKind;
use cti_core::call::PbxEvent;
use cti_core::pbx::{LinkState, PbxSource, SourceContext};
use cti_core::secret::SecretString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;

const CHANNELS: &[&str] = &["Channel: PJSIP/6001-1\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\n"];

fn event(name: &str, channel: &str, call: &str) -> String {
    format!("Event: {name}\r\nChannel: {channel}\r\nUniqueid: {call}\r\nLinkedid: {call}\r\n\r\n")
}

fn is_down(state: &LinkState) -> bool {
    matches!(state, LinkState::Down { .. })
}

#[tokio::test]
async fn what_happens_while_the_snapshot_is_read_is_told_after_it() {
    let server = Server::start(|action| match action.get("Action").as_deref() {
        Some("CoreShowChannels") => Some(event("Newstate", "PJSIP/6001-1", "1.1") + &list("CoreShowChannel", CHANNELS)),
        Some("BridgeList") => {
            let bridges = list("BridgeListItem", &["BridgeUniqueid: b-1\r\n"]);
            Some(bridges + &event("Hangup", "PJSIP/6001-1", "1.1"))
        }
        Some("BridgeInfo") => Some(list("BridgeInfoChannel", &["Channel: PJSIP/6002-1\r\n"])),
        _ => None,
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    link.up().await;
    link.told_in_order(&["seed 0", "resync PJSIP/6001-1 PJSIP/6002-1", "FullyBooted"]).await;
    link.told_in_order(&["Newstate PJSIP/6001-1", "Hangup PJSIP/6001-1"]).await;
    let reasons: Vec<_> = [in_time(link.events.recv()).await, in_time(link.events.recv()).await]
        .into_iter()
        .map(|item| match item {
            Some(Ok(PbxEvent::Agent(event))) => event.reason.expect("a reason"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(reasons, ["FullyBooted", "Newstate"]);
}

#[tokio::test]
async fn a_wrong_password_ends_the_stream_and_is_not_tried_again() {
    let mut server = Server::start(|_| None).await;
    let mut link = Running::start(asterisk(server.port).login("cti", SecretString::from("wr0ng")));
    let error = in_time(link.events.recv()).await.expect("an item").expect_err("permanent");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("user=cti"), "{error}");
    assert!(in_time(link.events.recv()).await.is_none());
    let LinkState::Closed { reason } = link.state.borrow().clone() else { panic!("not closed") };
    assert!(reason.contains("manager.conf") && !reason.contains("wr0ng"), "{reason}");
    server.peer().await;
    assert!(!server.has_more_peers());
}

#[tokio::test]
async fn a_host_that_is_not_there_yet_is_waited_for() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let port = socket.local_addr().expect("bound").port();
    let mut link = Running::start(asterisk(port));
    let LinkState::Down { reason, retry_in_ms } = link.is(is_down).await else { panic!("not down") };
    assert!(reason.contains("cannot connect"), "{reason}");
    assert!((5..=50).contains(&retry_in_ms), "{retry_in_ms}");
    let _server = Server::on(socket.listen(8).expect("listening"), "Asterisk Call Manager/11.0.0", |_| None);
    link.up().await;
}

#[tokio::test]
async fn a_cut_in_mid_call_is_followed_by_a_new_login_and_a_new_snapshot() {
    let logins = AtomicUsize::new(0);
    let mut server = Server::start(move |action| match action.get("Action").as_deref() {
        Some("Login") => {
            logins.fetch_add(1, Ordering::SeqCst);
            None
        }
        Some("CoreShowChannels") => {
            let first = logins.load(Ordering::SeqCst) == 1;
            Some(list("CoreShowChannel", if first { CHANNELS } else { &[] }))
        }
        _ => None,
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync PJSIP/6001-1", "FullyBooted"]).await;
    peer.say(event("Newstate", "PJSIP/6001-1", "1.1"));
    link.told_in_order(&["Newstate PJSIP/6001-1"]).await;
    drop(peer);
    let _peer = server.peer().await;
    link.told_in_order(&["resync", "FullyBooted"]).await;
    link.up().await;
}

#[tokio::test]
async fn when_asterisk_itself_was_restarted_its_calls_are_forgotten_first() {
    let starts = AtomicUsize::new(0);
    let mut server = Server::start(move |action| {
        is(action, "CoreStatus").then(|| {
            let count = starts.fetch_add(1, Ordering::SeqCst);
            success(&format!("CoreStartupDate: 2026-11-21\r\nCoreStartupTime: 0{}:00:00\r\n", count / 2))
        })
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    link.told_in_order(&["seed 0"]).await;
    for expected in [&["resync", "FullyBooted"][..], &["resync", "FullyBooted"], &["forget", "resync", "FullyBooted"]] {
        let peer = server.peer().await;
        link.told_in_order(expected).await;
        drop(peer);
    }
}

#[tokio::test]
async fn without_the_right_to_list_channels_status_is_asked() {
    let server = Server::start(|action| match action.get("Action").as_deref() {
        Some("CoreShowChannels" | "CoreStatus") => Some(error("Permission denied")),
        Some("Status") => Some(list("Status", CHANNELS)),
        _ => None,
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    link.told_in_order(&["seed 0", "resync PJSIP/6001-1"]).await;
    link.up().await;
}

#[tokio::test]
async fn an_asterisk_that_boots_is_read_again_when_it_has_booted() {
    let mut server =
        Server::start(|action| is(action, "Login").then(|| success("Message: Authentication accepted\r\n"))).await;
    let mut link = Running::start(asterisk(server.port));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync"]).await;
    link.up().await;
    peer.say("Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n");
    link.told_in_order(&["FullyBooted", "resync additions"]).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_and_tried_again() {
    let mut server = Server::start(|action| is(action, "Ping").then(String::new)).await;
    let quick = asterisk(server.port).options(|options| options.keep_alive(Duration::from_millis(50)));
    let mut link = Running::start(quick);
    let _silent = server.peer().await;
    link.up().await;
    let LinkState::Down { reason, .. } = link.is(is_down).await else { panic!("not down") };
    assert!(reason.contains("nothing came"), "{reason}");
    let _again = server.peer().await;
    link.up().await;
}

#[tokio::test]
async fn the_end_of_the_programme_logs_off_and_ends_the_stream() {
    let mut server = Server::start(|_| None).await;
    let mut link = Running::start(asterisk(server.port));
    let mut peer = server.peer().await;
    link.up().await;
    let start = std::time::Instant::now();
    link.cancel.cancel();
    peer.saw("Logoff").await;
    while in_time(link.events.recv()).await.is_some() {}
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(matches!(&*link.state.borrow(), LinkState::Closed { .. }));
}

#[tokio::test]
async fn the_end_of_the_programme_also_ends_waiting() {
    let mut link = Running::start(asterisk(1).backoff(Duration::from_secs(60), Duration::from_secs(60)));
    link.is(is_down).await;
    link.cancel.cancel();
    assert!(in_time(link.events.recv()).await.is_none());
}

#[tokio::test]
async fn a_slow_taker_makes_the_snapshot_be_read_again_and_nothing_is_dropped_in_silence() {
    let mut server = Server::start(|_| None).await;
    let small = asterisk(server.port).options(|options| options.event_buffer(100));
    let mut link = Running::start(small);
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    for _ in 0..5000 {
        peer.say(event("Newexten", "PJSIP/6001-1", "1.1"));
    }
    peer.say(event("Hangup", "PJSIP/6001-1", "1.1"));
    // Nothing is taken: the model sees what fits, and commands still work.
    let client = link.asterisk.shared.client.borrow().clone().expect("up");
    let mut last = client.watch(|message| message.is_event("UserEvent"));
    peer.say("Event: UserEvent\r\n\r\n");
    in_time(last.recv()).await.expect("the reader reads on");
    in_time(client.send(Action::ping())).await.expect("alive");
    // Taken at last: the snapshot comes once more, and what came last is told.
    tokio::spawn(async move { while link.events.recv().await.is_some() {} });
    let mut resynced = false;
    loop {
        match in_time(link.log.recv()).await.expect("the link runs").as_str() {
            "resync" => resynced = true,
            "UserEvent" => break,
            _ => {}
        }
    }
    assert!(resynced);
}

/// A server that answers `Getvar` only when the test does.
async fn server_that_is_asked() -> Server {
    Server::start(|action| is(action, "Getvar").then(String::new)).await
}

#[tokio::test]
async fn a_caller_from_outside_is_asked_about_and_the_model_told() {
    let mut server = server_that_is_asked().await;
    let mut link = Running::start(asterisk(server.port));
    let mut peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    peer.say(event("Newchannel", "PJSIP/trunk-1", "1.1") + &event("Newchannel", "PJSIP/6002-1", "2.1"));
    let question = peer.saw("Getvar").await;
    assert_eq!(question.get("Channel").as_deref(), Some("PJSIP/trunk-1"));
    assert_eq!(question.get("Variable").as_deref(), Some("CALLERID(num-pres)"));
    link.told_in_order(&["Newchannel PJSIP/trunk-1", "Newchannel PJSIP/6002-1"]).await;
    let id = question.action_id().expect("an id");
    peer.say(format!("Response: Success\r\nActionID: {id}\r\nValue: prohib_not_screened\r\n\r\n"));
    link.told_in_order(&["presentation PJSIP/trunk-1 prohib_not_screened"]).await;
    let mut reasons = Vec::new();
    while reasons.last().map(String::as_str) != Some("released") {
        let Some(Ok(PbxEvent::Agent(event))) = in_time(link.events.recv()).await else { panic!("no event") };
        reasons.push(event.reason.expect("a reason"));
    }
    assert_eq!(reasons, ["FullyBooted", "Newchannel", "Newchannel", "released"]);
}

#[tokio::test]
async fn a_caller_who_was_there_before_us_is_asked_about_too() {
    let server = Server::start(|action| match action.get("Action").as_deref() {
        Some("CoreShowChannels") => Some(list("CoreShowChannel", &["Channel: PJSIP/trunk-1\r\nLinkedid: 1.1\r\n"])),
        Some("Getvar") => Some(success("Value: allowed_not_screened\r\n")),
        _ => None,
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    let mut told = vec![link.told().await, link.told().await, link.told().await, link.told().await];
    told.sort(); // the answer may come before or after FullyBooted
    assert_eq!(
        told,
        ["FullyBooted", "presentation PJSIP/trunk-1 allowed_not_screened", "resync PJSIP/trunk-1", "seed 0"]
    );
}

#[tokio::test]
async fn without_an_answer_the_call_goes_on_after_a_second() {
    let mut server = server_that_is_asked().await;
    let mut link = Running::start(asterisk(server.port));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    peer.say(event("Newchannel", "PJSIP/trunk-1", "1.1"));
    link.told_in_order(&["Newchannel PJSIP/trunk-1", "presentation PJSIP/trunk-1 unknown"]).await;
}

#[tokio::test]
async fn a_channel_that_is_gone_already_is_told_as_the_events_have_it() {
    let mut server = Server::start(|action| is(action, "Getvar").then(|| error("No such channel"))).await;
    let mut link = Running::start(asterisk(server.port));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    peer.say(event("Newchannel", "PJSIP/trunk-1", "1.1"));
    link.told_in_order(&["Newchannel PJSIP/trunk-1", "presentation PJSIP/trunk-1"]).await;
}

#[tokio::test]
async fn without_the_right_to_ask_it_is_asked_once() {
    let questions = std::sync::Arc::new(AtomicUsize::new(0));
    let asked = std::sync::Arc::clone(&questions);
    let mut server = Server::start(move |action| {
        is(action, "Getvar").then(|| {
            asked.fetch_add(1, Ordering::SeqCst);
            error("Permission denied")
        })
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    for channel in ["PJSIP/trunk-1", "PJSIP/trunk-2", "PJSIP/trunk-3"] {
        peer.say(event("Newchannel", channel, channel));
        link.told_in_order(&[&format!("Newchannel {channel}"), &format!("presentation {channel}")]).await;
    }
    assert_eq!(questions.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn after_the_next_login_it_is_asked_again() {
    let mut server = Server::start(|action| is(action, "Getvar").then(|| error("Permission denied"))).await;
    let mut link = Running::start(asterisk(server.port));
    link.told_in_order(&["seed 0"]).await;
    for _ in 0..2 {
        let mut peer = server.peer().await;
        link.told_in_order(&["resync", "FullyBooted"]).await;
        peer.say(event("Newchannel", "PJSIP/trunk-1", "1.1"));
        link.told_in_order(&["Newchannel PJSIP/trunk-1", "presentation PJSIP/trunk-1"]).await;
        peer.saw("Getvar").await;
    }
}

/// Slow answers to many questions: the time of each runs from its sending.
#[tokio::test]
async fn a_burst_of_callers_is_asked_in_turn() {
    let mut server = server_that_is_asked().await;
    let mut link = Running::start(asterisk(server.port));
    let mut peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    let burst: String = (0..128).map(|n| event("Newchannel", &format!("PJSIP/trunk-{n}"), &format!("{n}.1"))).collect();
    peer.say(burst);
    let Running { mut events, mut log, asterisk: _asterisk, .. } = link;
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    for _ in 0..4 {
        let mut ids = Vec::new();
        for _ in 0..32 {
            ids.push(peer.saw("Getvar").await.action_id().expect("an id").into_owned());
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        for id in ids {
            peer.say(format!("Response: Success\r\nActionID: {id}\r\nValue: allowed\r\n\r\n"));
        }
    }
    let mut answers = 0;
    while answers < 128 {
        let line = in_time(log.recv()).await.expect("the link runs");
        assert!(!line.ends_with("unknown"), "{line}");
        answers += usize::from(line.starts_with("presentation"));
    }
}

#[tokio::test]
async fn without_any_list_of_channels_no_call_is_dropped() {
    let server = Server::start(|action| match action.get("Action").as_deref() {
        Some("CoreShowChannels" | "CoreStatus" | "Status") => Some(error("Permission denied")),
        _ => None,
    })
    .await;
    let mut link = Running::start(asterisk(server.port));
    link.told_in_order(&["seed 0", "resync without channels"]).await;
    link.up().await;
}

#[tokio::test]
async fn calls_of_which_nothing_is_heard_are_given_up_after_a_stated_time() {
    let mut server = Server::start(|action| match action.get("Action").as_deref() {
        Some("CoreShowChannels" | "Status") => Some(error("Permission denied")),
        _ => None,
    })
    .await;
    let mut link = Running::start(asterisk(server.port).unconfirmed_after(Duration::from_millis(50)));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync without channels"]).await;
    while link.told().await != "forget silent" {}
    drop(peer);
    while link.told().await != "resync without channels" {}
    while link.told().await != "forget silent" {}
}

#[tokio::test]
async fn the_snapshot_is_read_by_the_clock_of_the_pbx() {
    let mut server = Server::start(|_| None).await;
    let mut link = Running::start(asterisk(server.port));
    let peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    let behind: chrono::DateTime<chrono::Utc> = chrono::Utc::now() - chrono::TimeDelta::seconds(90);
    let stamp = format!("{}.{:06}", behind.timestamp(), behind.timestamp_subsec_micros());
    peer.say(format!("Event: Newstate\r\nPrivilege: call,all\r\nTimestamp: {stamp}\r\nChannel: PJSIP/1-1\r\n\r\n"));
    link.told_in_order(&["Newstate PJSIP/1-1"]).await;
    drop(peer);
    let _peer = server.peer().await;
    link.told_in_order(&["resync"]).await;
    let off = (*link.resynced.borrow() - behind).num_seconds();
    assert!((-1..60).contains(&off), "{off} s after the time of the PBX");
}

#[tokio::test]
async fn a_question_that_was_cut_off_is_asked_again() {
    let mut server = server_that_is_asked().await;
    let mut link = Running::start(asterisk(server.port));
    let mut peer = server.peer().await;
    link.told_in_order(&["seed 0", "resync", "FullyBooted"]).await;
    peer.say(event("Newchannel", "PJSIP/trunk-1", "1.1"));
    peer.saw("Getvar").await;
    drop(peer);
    let mut peer = server.peer().await;
    let question = peer.saw("Getvar").await;
    assert_eq!(question.get("Channel").as_deref(), Some("PJSIP/trunk-1"));
    link.told_in_order(&["Newchannel PJSIP/trunk-1", "resync", "FullyBooted"]).await;
    let id = question.action_id().expect("an id");
    peer.say(format!("Response: Success\r\nActionID: {id}\r\nValue: prohib\r\n\r\n"));
    link.told_in_order(&["presentation PJSIP/trunk-1 prohib"]).await;
}

#[tokio::test]
async fn a_pbx_is_read_once_and_only_with_good_settings() {
    let server = Server::start(|_| None).await;
    let good = asterisk(server.port);
    let context = || SourceContext::new(CancellationToken::new());
    let _events = good.open(context()).await.expect("opened");
    let twice = good.open(context()).await.err().expect("twice");
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    let clear = crate::Asterisk::new("main", "pbx.example.com").login("cti", SecretString::from(SECRET));
    let refused = clear.open(context()).await.err().expect("clear text");
    assert_eq!(refused.kind(), ErrorKind::ConfigInvalid);
    assert!(refused.to_string().contains("plain_text()"), "{refused}");
}
