//! Control against a scripted server: what is sent, and what its answers become.

use crate::ami::Message;
use crate::link::fake::{Running, asterisk};
use crate::testing::{Peer, Server, error, in_time, is, success};
use cti_core::call::{CallId, Extension};
use cti_core::number::Number;
use cti_core::pbx::{DeviceState, Dial, PbxControl, RecordingStep, TransferStep, WantedAgentState};
use cti_core::{ErrorKind, Result, Status};
use proptest::prelude::*;
use std::time::Duration;

const ACTIONS: &[&str] = &[
    "Originate",
    "Hangup",
    "BlindTransfer",
    "Atxfer",
    "CancelAtxfer",
    "Redirect",
    "PlayDTMF",
    "Park",
    "MixMonitor",
    "StopMixMonitor",
    "MixMonitorMute",
    "MuteAudio",
    "QueuePause",
    "QueueAdd",
    "QueueRemove",
];

/// A link that is up, to a server that agrees to everything.
async fn agreeable() -> (Running, Peer) {
    with_server(|_| None).await
}

async fn with_server(answers: impl Fn(&Message) -> Option<String> + Send + Sync + 'static) -> (Running, Peer) {
    let mut server = Server::start(move |action| {
        let agree = || ACTIONS.iter().any(|name| is(action, name)).then(|| success(""));
        answers(action).or_else(agree)
    })
    .await;
    let mut link = Running::start(asterisk(server.port).dial_context("phones").transfer_context("transfers"));
    let peer = server.peer().await;
    link.up().await;
    (link, peer)
}

fn call() -> CallId {
    CallId::new("main", "1.1")
}

fn agent() -> Extension {
    Extension::from("6001")
}

fn number(text: &str) -> Number {
    Number::new(text).expect("a number")
}

/// The headers of an action but its name and id, as one line.
fn shown(action: &Message) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<_> =
        action.headers().skip(2).map(|(key, value)| format!("{}={}", text(key), text(value))).collect();
    headers.join(" ")
}

#[tokio::test]
async fn every_command_is_the_action_that_asterisk_knows() {
    let (link, mut peer) = agreeable().await;
    let pbx = &link.asterisk;
    let (call, agent) = (call(), agent());
    let mut expect = async |name: &str, headers: &str| assert_eq!(shown(&peer.saw(name).await), headers, "{name}");

    pbx.hang_up(&call, &agent).await.expect("done");
    expect("Hangup", "Channel=PJSIP/6001-2 Cause=16").await;
    pbx.transfer(&call, &agent, &number("6002"), TransferStep::Blind).await.expect("done");
    expect("BlindTransfer", "Channel=PJSIP/6001-2 Context=transfers Exten=6002").await;
    pbx.transfer(&call, &agent, &number("6002"), TransferStep::Consult).await.expect("done");
    expect("Atxfer", "Channel=PJSIP/6001-2 Context=transfers Exten=6002").await;
    pbx.transfer(&call, &agent, &number("6002"), TransferStep::Complete).await.expect("done");
    expect("Hangup", "Channel=PJSIP/6001-2 Cause=16").await;
    pbx.transfer(&call, &agent, &number("6002"), TransferStep::Cancel).await.expect("done");
    expect("CancelAtxfer", "Channel=PJSIP/6001-2").await;
    pbx.send_digits(&call, &agent, "1#").await.expect("done");
    expect("PlayDTMF", "Channel=PJSIP/trunk-1 Digit=1").await;
    expect("PlayDTMF", "Channel=PJSIP/trunk-1 Digit=#").await;
    pbx.redirect(&call, &agent, &number("6002")).await.expect("done");
    expect("Redirect", "Channel=PJSIP/trunk-1 Context=transfers Exten=6002 Priority=1").await;
    pbx.mute(&call, &agent, true).await.expect("done");
    expect("MuteAudio", "Channel=PJSIP/6001-2 Direction=in State=on").await;
    pbx.mute(&call, &agent, false).await.expect("done");
    expect("MuteAudio", "Channel=PJSIP/6001-2 Direction=in State=off").await;
    pbx.record(&call, &agent, RecordingStep::Stop).await.expect("done");
    expect("StopMixMonitor", "Channel=PJSIP/trunk-1").await;
    pbx.record(&call, &agent, RecordingStep::Pause).await.expect("done");
    expect("MixMonitorMute", "Channel=PJSIP/trunk-1 Direction=both State=1").await;
    pbx.record(&call, &agent, RecordingStep::Resume).await.expect("done");
    expect("MixMonitorMute", "Channel=PJSIP/trunk-1 Direction=both State=0").await;
    pbx.set_agent_state(&agent, &WantedAgentState::Ready).await.expect("done");
    expect("QueuePause", "Interface=PJSIP/6001 Paused=false").await;
    let lunch = WantedAgentState::NotReady { reason: Some("lunch".to_owned()) };
    pbx.set_agent_state(&agent, &lunch).await.expect("done");
    expect("QueuePause", "Interface=PJSIP/6001 Paused=true Reason=lunch").await;
    let queue = "support".to_owned();
    pbx.set_agent_state(&agent, &WantedAgentState::LoggedIn { queue: queue.clone(), penalty: Some(2) })
        .await
        .expect("done");
    expect("QueueAdd", "Queue=support Interface=PJSIP/6001 Penalty=2").await;
    pbx.set_agent_state(&agent, &WantedAgentState::LoggedOut { queue }).await.expect("done");
    expect("QueueRemove", "Queue=support Interface=PJSIP/6001").await;
    pbx.set_agent_state(&Extension::from("6002"), &WantedAgentState::Ready).await.expect("done");
    expect("QueuePause", "Interface=Local/6002@from-queue/n Paused=false").await;
}

#[tokio::test]
async fn a_recording_gets_a_file_of_its_own() {
    let (link, mut peer) = agreeable().await;
    link.asterisk.record(&call(), &agent(), RecordingStep::Start).await.expect("done");
    let file = peer.saw("MixMonitor").await.get("File").expect("a file").into_owned();
    assert!(file.starts_with("cti-1.1-") && file.ends_with(".wav"), "{file}");
}

#[tokio::test]
async fn parking_tells_the_slot() {
    let (link, _peer) = with_server(|action| {
        is(action, "Park").then(|| {
            success("Message: Park successful\r\n")
                + "Event: ParkedCall\r\nParkeeChannel: PJSIP/other-1\r\nParkingSpace: 702\r\n\r\n"
                + "Event: ParkedCall\r\nParkeeChannel: PJSIP/trunk-1\r\nParkingSpace: 701\r\n\r\n"
        })
    })
    .await;
    assert_eq!(link.asterisk.park(&call(), &agent()).await.expect("done").as_deref(), Some("701"));
}

#[tokio::test]
async fn before_asterisk_12_a_blind_transfer_redirects_the_customer() {
    let (link, mut peer) =
        with_server(|action| is(action, "BlindTransfer").then(|| error("Invalid/unknown command: BlindTransfer")))
            .await;
    link.asterisk.transfer(&call(), &agent(), &number("6002"), TransferStep::Blind).await.expect("done");
    let redirect = peer.saw("Redirect").await;
    assert_eq!(shown(&redirect), "Channel=PJSIP/trunk-1 Context=transfers Exten=6002 Priority=1");
}

/// A link to a server that greets as that version.
async fn old(greeting: &'static str) -> (Running, Peer) {
    let mut server = Server::start_greeting(greeting, |action| {
        let parked = "Event: ParkedCall\r\nExten: 701\r\nChannel: PJSIP/trunk-1\r\n\r\n";
        if is(action, "Park") {
            return Some(success("") + parked);
        }
        ["Redirect", "Monitor", "PauseMonitor"].iter().any(|name| is(action, name)).then(|| success(""))
    })
    .await;
    let mut link = Running::start(asterisk(server.port).transfer_context("transfers").recordings("/var/cti/"));
    let peer = server.peer().await;
    link.up().await;
    (link, peer)
}

#[tokio::test]
async fn an_old_asterisk_is_spoken_to_in_its_own_words() {
    let (link, mut peer) = old("Asterisk Call Manager/1.1").await;
    let pbx = &link.asterisk;
    pbx.transfer(&call(), &agent(), &number("6002"), TransferStep::Blind).await.expect("done");
    let redirect = peer.saw("Redirect").await;
    assert_eq!(shown(&redirect), "Channel=PJSIP/trunk-1 Context=transfers Exten=6002 Priority=1");
    assert_eq!(pbx.park(&call(), &agent()).await.expect("done").as_deref(), Some("701"));
    assert_eq!(shown(&peer.saw("Park").await), "Channel=PJSIP/trunk-1 Channel2=PJSIP/6001-2");
    pbx.record(&call(), &agent(), RecordingStep::Start).await.expect("done");
    let monitor = shown(&peer.saw("Monitor").await);
    assert!(monitor.starts_with("Channel=PJSIP/trunk-1 File=/var/cti/cti-1.1-"), "{monitor}");
    assert!(monitor.ends_with(" Format=wav Mix=1"), "{monitor}");
    pbx.record(&call(), &agent(), RecordingStep::Pause).await.expect("done");
    assert_eq!(shown(&peer.saw("PauseMonitor").await), "Channel=PJSIP/trunk-1");
}

#[tokio::test]
async fn what_the_version_lacks_is_refused_before_a_byte_is_sent() {
    let (link, mut peer) = old("Asterisk Call Manager/1.0").await;
    let pbx = &link.asterisk;
    let to = number("6002");
    for refused in [
        pbx.transfer(&call(), &agent(), &to, TransferStep::Consult).await,
        pbx.transfer(&call(), &agent(), &to, TransferStep::Cancel).await,
        pbx.mute(&call(), &agent(), true).await,
        pbx.device_state(&agent()).await.map(drop),
    ] {
        assert_eq!(refused.expect_err("too old").kind(), ErrorKind::Unsupported);
    }
    pbx.redirect(&call(), &agent(), &to).await.expect("done");
    let mut names = Vec::new();
    while names.last().map(String::as_str) != Some("Redirect") {
        names.push(peer.next_action().await.get("Action").expect("a name").into_owned());
    }
    assert!(!names.iter().any(|name| ["Atxfer", "CancelAtxfer", "MuteAudio"].contains(&name.as_str())), "{names:?}");
}

#[tokio::test]
async fn what_a_telephone_does_is_asked_of_asterisk() {
    let (link, mut peer) = with_server(|action| {
        let is_device = |name| action.get("Variable").is_some_and(|variable| variable == name);
        let state = |word| success("").replace("\r\n\r\n", &format!("\r\nValue: {word}\r\n\r\n"));
        match action {
            _ if is_device("DEVICE_STATE(PJSIP/6001)") => Some(state("ONHOLD")),
            _ if is_device("DEVICE_STATE(PJSIP/6099)") => Some(state("INVALID")),
            _ => None,
        }
    })
    .await;
    assert_eq!(link.asterisk.device_state(&agent()).await.expect("told"), DeviceState::OnHold);
    assert_eq!(shown(&peer.saw("Getvar").await), "Variable=DEVICE_STATE(PJSIP/6001)");
    let unknown = link.asterisk.device_state(&Extension::from("6099")).await.expect_err("none");
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let hostile = link.asterisk.device_state(&Extension::from("6001)${SHELL(x)}")).await.expect_err("hostile");
    assert_eq!(hostile.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn signing_in_twice_is_no_error() {
    let (link, _peer) =
        with_server(|action| is(action, "QueueAdd").then(|| error("Unable to add interface: Already there"))).await;
    let wanted = WantedAgentState::LoggedIn { queue: "support".to_owned(), penalty: None };
    link.asterisk.set_agent_state(&agent(), &wanted).await.expect("is there");
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let (link, _peer) = with_server(|action| is(action, "Hangup").then(|| error("Permission denied"))).await;
    let pbx = &link.asterisk;
    let denied = pbx.hang_up(&call(), &agent()).await.expect_err("denied");
    assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
    assert!(denied.to_string().starts_with("hang_up: ") && denied.to_string().contains("call or system"), "{denied}");
    let unknown = pbx.hang_up(&CallId::new("main", "9.9"), &agent()).await.expect_err("unknown");
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let answer = pbx.answer(&call(), &agent()).await.expect_err("cannot");
    assert_eq!(answer.kind(), ErrorKind::Unsupported);
    assert!(!pbx.capabilities().answer && !pbx.capabilities().hold);
}

#[tokio::test]
async fn hostile_numbers_never_reach_the_wire() {
    let (link, mut peer) = agreeable().await;
    let pbx = &link.asterisk;
    let evil = number("6002@evil&Local/1");
    for rejected in [
        pbx.transfer(&call(), &agent(), &evil, TransferStep::Blind).await,
        pbx.send_digits(&call(), &agent(), "1w").await,
        pbx.dial(&Dial::new(agent(), evil.clone())).await.map(drop),
        pbx.dial(&Dial::new(Extension::from("6001@evil"), number("1"))).await.map(drop),
        pbx.set_agent_state(&Extension::from("x\r\ny"), &WantedAgentState::Ready).await,
    ] {
        let error = rejected.expect_err("hostile");
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(!error.to_string().contains("evil"), "{error}");
    }
    pbx.hang_up(&call(), &agent()).await.expect("done");
    let mut names = Vec::new();
    while names.last().map(String::as_str) != Some("Hangup") {
        names.push(peer.next_action().await.get("Action").expect("a name").into_owned());
    }
    assert!(names.iter().all(|name| !["Originate", "PlayDTMF", "BlindTransfer"].contains(&name.as_str())), "{names:?}");
}

#[tokio::test]
async fn without_a_link_commands_are_refused_at_once_and_may_be_tried_again() {
    let link = Running::start(asterisk(1));
    let error = in_time(link.asterisk.hang_up(&call(), &agent())).await.expect_err("no link");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::Temporary));
}

/// Dials against a server that answers the `Originate` with these events; `{channel}` is the `ChannelId`.
async fn dial(events: &'static str) -> (Result<CallId>, Message) {
    let (link, mut peer) = with_server(move |action| {
        is(action, "Originate").then(|| {
            let channel = action.get("ChannelId").unwrap_or_default().into_owned();
            success("Message: Originate successfully queued\r\n") + &events.replace("{channel}", &channel)
        })
    })
    .await;
    let mut dial = Dial::new(agent(), number("90901234567"));
    dial.caller_id = Some(number("0901234567"));
    dial.timeout = Duration::from_secs(20);
    dial.context.insert("RECORD".to_owned(), "42".to_owned());
    let placed = in_time(link.asterisk.dial(&dial)).await;
    (placed, peer.saw("Originate").await)
}

#[tokio::test]
async fn a_call_that_is_picked_up_has_the_id_of_its_channel() {
    let (placed, action) = dial(
        "Event: OriginateResponse\r\nActionID: somebody-else\r\nResponse: Failure\r\nReason: 5\r\n\r\n\
         Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nReason: 4\r\nUniqueid: {channel}\r\n\r\n",
    )
    .await;
    let channel = action.get("ChannelId").expect("an id").into_owned();
    assert_eq!(placed.expect("placed"), CallId::new("main", &channel));
    let expected = format!(
        "Channel=PJSIP/6001 Context=phones Exten=90901234567 Priority=1 Timeout=20000 Async=true \
         CallerID=\"0901234567\" <0901234567> ChannelId={channel} Variable=__CTI_RECORD=42"
    );
    assert_eq!(shown(&action), expected);
}

#[tokio::test]
async fn busy_is_known_from_the_hang_up_before_or_after_the_outcome() {
    const FAILURE: &str =
        "Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\nReason: 0\r\nUniqueid: <unknown>\r\n\r\n";
    // as recorded: click_to_dial_agent_refuses
    let before = "Event: HangupRequest\r\nUniqueid: {channel}\r\nCause: 17\r\n\r\n\
         Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\nReason: 0\r\nUniqueid: <unknown>\r\n\r\n";
    let after = "Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\nReason: 0\r\nUniqueid: <unknown>\r\n\r\n\
         Event: Hangup\r\nUniqueid: {channel}\r\nCause: 17\r\n\r\n";
    for events in [before, after] {
        assert_eq!(dial(events).await.0.expect_err("busy").kind(), ErrorKind::Busy);
    }
    let error = dial(FAILURE).await.0.expect_err("nothing there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!error.to_string().contains("0901234567"), "{error}");
}

#[tokio::test]
async fn a_link_that_is_cut_while_the_telephone_rings_leaves_the_outcome_unknown() {
    let (link, mut peer) = agreeable().await;
    let pbx = link.asterisk.clone();
    let dialing = tokio::spawn(async move { pbx.dial(&Dial::new(agent(), number("1"))).await });
    peer.saw("Originate").await;
    drop(peer);
    let error = in_time(dialing).await.expect("no panic").expect_err("cut");
    assert_eq!(error.status(), Status::OutcomeUnknown);
}

#[tokio::test]
async fn an_extension_that_the_dial_plan_does_not_know() {
    let (link, _peer) = with_server(|action| is(action, "Originate").then(|| error("Extension does not exist."))).await;
    let error = link.asterisk.dial(&Dial::new(agent(), number("1"))).await.expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// Text that somebody outside may choose, more hostile than chance would have it.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\0".to_owned()),
        Just("\r\n\r\nAction: UserEvent\r\nUserEvent: x\r\n\r\n".to_owned()),
        Just("Variable: X=1".to_owned()),
        Just(",".to_owned()),
        "[0-9+*#]{1,6}",
        "\\PC{0,8}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// Everything that can be asked for, with these texts in every place.
async fn ask_for_everything(pbx: &crate::Asterisk, texts: &[String; 3]) {
    let [one, two, three] = texts;
    let extension = Extension::from(one.as_str());
    let mut dial = Dial::new(extension.clone(), Number::new(two).unwrap_or_else(|| number("1")));
    dial.caller_id = Number::new(three);
    dial.timeout = Duration::from_millis(1);
    dial.context.insert(two.clone(), three.clone());
    drop(pbx.dial(&dial).await);
    let mut known = Dial::new(agent(), number("1"));
    known.timeout = Duration::from_millis(1);
    known.context.insert("NOTE".to_owned(), one.clone());
    drop(pbx.dial(&known).await);
    if let Some(to) = Number::new(one) {
        for step in [TransferStep::Blind, TransferStep::Consult] {
            drop(pbx.transfer(&call(), &agent(), &to, step).await);
        }
        drop(pbx.redirect(&call(), &agent(), &to).await);
    }
    drop(pbx.send_digits(&call(), &agent(), one).await);
    drop(pbx.device_state(&extension).await);
    for state in [
        WantedAgentState::NotReady { reason: Some(two.clone()) },
        WantedAgentState::LoggedIn { queue: three.clone(), penalty: Some(1) },
        WantedAgentState::LoggedOut { queue: one.clone() },
    ] {
        drop(pbx.set_agent_state(&agent(), &state).await);
        drop(pbx.set_agent_state(&extension, &state).await);
    }
}

/// Whatever is asked for, Asterisk gets the actions of this API alone, each with the headers that belong to it: no value
/// becomes a header or an action, and what the API has no command for cannot be sent.
#[test]
fn no_value_becomes_a_header_or_an_action() {
    const HEADERS: [(&str, &[&str]); 9] = [
        (
            "Originate",
            &["Channel", "Context", "Exten", "Priority", "Timeout", "Async", "CallerID", "ChannelId", "Variable"],
        ),
        ("BlindTransfer", &["Channel", "Context", "Exten"]),
        ("Atxfer", &["Channel", "Context", "Exten"]),
        ("Redirect", &["Channel", "Context", "Exten", "Priority"]),
        ("PlayDTMF", &["Channel", "Digit"]),
        ("Getvar", &["Variable"]),
        ("QueuePause", &["Interface", "Paused", "Reason"]),
        ("QueueAdd", &["Queue", "Interface", "Penalty"]),
        ("QueueRemove", &["Queue", "Interface"]),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (link, peer) = runtime.block_on(with_server(|action| is(action, "Originate").then(|| error("not now"))));
    let peer = std::cell::RefCell::new(peer);
    let texts = [hostile(), hostile(), hostile()];
    proptest!(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }, |(texts in texts)| {
        runtime.block_on(async {
            ask_for_everything(&link.asterisk, &texts).await;
            link.asterisk.hang_up(&call(), &agent()).await.expect("the link is whole");
        });
        loop {
            let action = runtime.block_on(peer.borrow_mut().next_action());
            let name = action.get("Action").unwrap_or_default().into_owned();
            if name == "Hangup" {
                break;
            }
            let Some((_, expected)) = HEADERS.iter().find(|(known, _)| *known == name) else {
                    let of_link = ["Login", "Challenge", "CoreStatus", "CoreShowChannels", "BridgeList", "QueueStatus", "Ping", "ListCommands", "ParkedCalls", "Filter"];
                    prop_assert!(of_link.contains(&name.as_str()), "{name} was sent");
                continue;
            };
            for (key, _) in action.headers().skip(2) {
                let key = String::from_utf8_lossy(key).into_owned();
                prop_assert!(expected.contains(&key.as_str()), "{name} has the header {key}");
            }
            prop_assert!(action.all("Variable").count() <= 1, "{name} sets two variables");
        }
    });
}
