//! What a page is shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{Call, Page, SUZUKI, TANAKA, answered, client, desk, ringing};
use cti_core::call::{
    AgentEvent, AgentState, CallFact, Disposition, EventId, MissReason, Party, PbxEvent, TransferHow, Withheld,
};
use cti_core::number::Number;
use cti_core::pbx::LinkState;
use cti_core::popup::{Notified, Popup};
use cti_desk::PartState;
use serde_json::json;

#[tokio::test]
async fn a_call_is_shown_from_ring_to_end_to_the_agent_whose_phone_rings() {
    let desk = desk().await;
    let mut page = Page::open(&desk, SUZUKI).await;
    assert_eq!(page.expect("snapshot").await.data["calls"], json!([]));
    let mut call = Call::new("1");
    call.tell(&desk, CallFact::Started).await;
    call.tell(&desk, ringing("6001")).await;
    let told = page.expect("call").await.data;
    assert_eq!((&told["state"], &told["number"]), (&json!("ringing"), &json!("0901234567")));
    desk.pop(&call.pop("6001", "Sato")).await;
    assert_eq!(page.expect("pop").await.data["pop"]["matches"][0]["name"], "Sato");
    call.tell(&desk, answered("6001")).await;
    assert_eq!(page.expect("call").await.data["state"], "talking");
    call.tell(&desk, CallFact::Held { extension: Some("6001".into()) }).await;
    assert_eq!(page.expect("call").await.data["state"], "held");
    call.tell(&desk, CallFact::Resumed { extension: Some("6001".into()) }).await;
    assert_eq!(page.expect("call").await.data["state"], "talking");
    call.tell(&desk, call.ended(Disposition::Answered)).await;
    let told = page.expect("call").await.data;
    assert_eq!((&told["state"], &told["outcome"]), (&json!("over"), &json!("answered")));
    assert_eq!(told["talked_seconds"], 3.0);
}

#[tokio::test]
async fn agents_see_their_own_calls_only() {
    let desk = desk().await;
    let mut tanaka = Page::open(&desk, TANAKA).await;
    tanaka.expect("snapshot").await;
    let mut foreign = Call::new("1");
    foreign.tell(&desk, ringing("6001")).await;
    desk.pop(&foreign.pop("6001", "Sato")).await;
    let mut own = Call::new("2");
    own.tell(&desk, ringing("6002")).await;
    assert_eq!(tanaka.expect("call").await.data["call"], "main/2");
    let snapshot = Page::open(&desk, TANAKA).await.expect("snapshot").await.data.to_string();
    assert!(snapshot.contains("main/2") && !snapshot.contains("main/1") && !snapshot.contains("Sato"));
}

#[tokio::test]
async fn a_ring_group_closes_on_those_who_did_not_take_the_call() {
    let desk = desk().await;
    let mut loser = Page::open(&desk, TANAKA).await;
    loser.expect("snapshot").await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    call.tell(&desk, ringing("6002")).await;
    assert_eq!(loser.expect("call").await.data["state"], "ringing");
    call.tell(&desk, answered("6001")).await;
    assert_eq!(loser.expect("call").await.data["state"], "ringing");
    call.tell(&desk, CallFact::Missed { extension: "6002".into(), reason: MissReason::AnsweredElsewhere }).await;
    let told = loser.expect("call").await.data;
    assert_eq!((&told["state"], &told["outcome"]), (&json!("over"), &json!("answered_elsewhere")));
    assert_eq!(told["answered_by"], "6001");
    let snapshot = Page::open(&desk, TANAKA).await.expect("snapshot").await.data;
    assert_eq!((&snapshot["calls"], &snapshot["recent"][0]["call"]), (&json!([]), &json!("main/1")));
}

#[tokio::test]
async fn a_transferred_call_leaves_the_one_and_stays_the_same_call_for_the_other() {
    let desk = desk().await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    call.tell(&desk, answered("6001")).await;
    let to = Number::new("6002").unwrap();
    call.tell(&desk, CallFact::Transferred { from: "6001".into(), to, how: TransferHow::Blind }).await;
    call.tell(&desk, ringing("6002")).await;
    call.tell(&desk, answered("6002")).await;
    let giver = Page::open(&desk, SUZUKI).await.expect("snapshot").await.data;
    assert_eq!(giver["calls"], json!([]));
    assert_eq!(
        (&giver["recent"][0]["outcome"], &giver["recent"][0]["transferred_to"]),
        (&json!("transferred"), &json!("6002"))
    );
    let taker = Page::open(&desk, TANAKA).await.expect("snapshot").await.data;
    assert_eq!((&taker["calls"][0]["call"], &taker["calls"][0]["state"]), (&json!("main/1"), &json!("talking")));
}

#[tokio::test]
async fn a_reload_in_mid_call_shows_the_call_with_its_customer() {
    let desk = desk().await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    desk.pop(&call.pop("6001", "Sato")).await;
    call.tell(&desk, answered("6001")).await;
    for _ in 0..2 {
        let snapshot = Page::open(&desk, SUZUKI).await.expect("snapshot").await.data;
        assert_eq!(snapshot["calls"][0]["state"], "talking");
        assert_eq!(snapshot["calls"][0]["pop"]["matches"][0]["name"], "Sato");
    }
}

#[tokio::test]
async fn one_agent_is_popped_once_for_one_call_also_when_it_rings_again() {
    let desk = desk().await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    page.expect("call").await;
    desk.pop(&call.pop("6001", "Sato")).await;
    page.expect("pop").await;
    desk.pop(&call.pop("6001", "Sato")).await;
    page.expect("call").await;
    call.tell(&desk, CallFact::Missed { extension: "6001".into(), reason: MissReason::NoAnswer }).await;
    page.expect("call").await;
    call.tell(&desk, ringing("6001")).await;
    let again = page.expect("call").await.data;
    assert_eq!((&again["state"], &again["pop"]["matches"][0]["name"]), (&json!("ringing"), &json!("Sato")));
    desk.pop(&call.pop("6001", "Sato")).await;
    page.expect("call").await;
}

#[tokio::test]
async fn a_page_that_comes_back_knows_what_it_was_told_before() {
    let desk = desk().await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    let mut first = Call::new("1");
    first.tell(&desk, ringing("6001")).await;
    let last = page.expect("call").await.id;
    drop(page);
    let mut second = Call::new("2");
    second.tell(&desk, ringing("6001")).await;
    let snapshot = Page::resume(&desk, SUZUKI, Some(&last)).await.expect("snapshot").await.data;
    let fresh = |call: &str| {
        let found = snapshot["calls"].as_array().unwrap().iter().find(|view| view["call"] == call);
        found.unwrap()["fresh"].clone()
    };
    assert_eq!((fresh("main/1"), fresh("main/2")), (json!(false), json!(true)));
    let snapshot = Page::resume(&desk, SUZUKI, Some("1-99")).await.expect("snapshot").await.data;
    assert_eq!(snapshot["calls"][0]["fresh"], true, "an id of another run means nothing");
}

#[tokio::test]
async fn a_page_that_falls_behind_is_given_a_new_snapshot() {
    let desk = desk().await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    // The page does not read meanwhile, and sockets hold a good deal: long texts fill them.
    let long = "x".repeat(200);
    for round in 0..20_000 {
        let mut call = Call::from(&format!("{round}-{long}"), Party::known("0901234567", &long));
        call.tell(&desk, ringing("6001")).await;
        call.tell(&desk, call.ended(Disposition::Abandoned)).await;
        if round % 200 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut last = Call::new("last");
    last.tell(&desk, ringing("6001")).await;
    let caught_up = loop {
        let told = page.next().await.expect("the stream goes on");
        match told.event.as_str() {
            "snapshot" if told.data["calls"][0]["call"] == "main/last" => break told,
            _ => {}
        }
    };
    assert_eq!(caught_up.data["calls"].as_array().unwrap().len(), 1);
    assert_eq!(caught_up.data["recent"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn hostile_text_arrives_as_data_and_nothing_else() {
    let desk = desk().await;
    let hostile = "\"><script>alert(1)</script>\n\ndata: {}\r\nevent: pop";
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    let mut call = Call::from("1", Party::known("0901234567", hostile));
    call.tell(&desk, ringing("6001")).await;
    let told = page.expect("call").await.data;
    assert_eq!(told["name"].as_str().unwrap(), hostile.replace(['\n', '\r'], " "));
    let mut pop = call.pop("6001", hostile);
    pop.matches.found[0].url = Some("javascript:alert(1)".parse().unwrap());
    pop.matches.found[0].fields.insert("note".to_owned(), "a\n\nevent: pop".to_owned());
    desk.pop(&pop).await;
    let found = page.expect("pop").await.data["pop"]["matches"][0].clone();
    assert_eq!((&found["url"], &found["fields"][0][1]), (&json!(null), &json!("a\n\nevent: pop")));
    call.tell(&desk, answered("6001")).await;
    page.expect("call").await;
}

#[tokio::test]
async fn a_withheld_caller_shows_the_reason_and_no_number() {
    let desk = desk().await;
    let mut call = Call::from("1", Party::withheld(Withheld::Payphone));
    call.tell(&desk, ringing("6001")).await;
    let snapshot = Page::open(&desk, SUZUKI).await.expect("snapshot").await.data;
    assert_eq!(
        (&snapshot["calls"][0]["number"], &snapshot["calls"][0]["withheld"]),
        (&json!(null), &json!("payphone"))
    );
}

#[tokio::test]
async fn agent_states_and_links_are_told() {
    let desk = desk().await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    let state = AgentEvent {
        pbx: "main".to_owned(),
        id: EventId::from("main#agent:1"),
        at: chrono::Utc::now(),
        extension: "6001".into(),
        state: AgentState::NotReady,
        reason: None,
        queue: None,
    };
    desk.event(&PbxEvent::Agent(state)).await;
    assert_eq!(page.expect("agent").await.data, json!({"6001": "not_ready"}));
    desk.link("main", &LinkState::Connecting).await;
    desk.link("main", &LinkState::Down { reason: "host pbx.internal".to_owned(), retry_in_ms: 10 }).await;
    desk.link("main", &LinkState::Up).await;
    desk.report("crm:kintone", PartState::Failed);
    assert_eq!(page.expect("link").await.data["parts"], json!({"pbx:main": "waiting"}));
    assert_eq!(page.expect("link").await.data["parts"], json!({"pbx:main": "ready"}));
    assert_eq!(page.expect("link").await.data["parts"], json!({"pbx:main": "ready", "crm:kintone": "failed"}));
}

#[tokio::test]
async fn a_late_pop_completes_the_recent_call_and_disturbs_nobody() {
    let desk = desk().await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    call.tell(&desk, call.ended(Disposition::Abandoned)).await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    desk.pop(&call.pop("6001", "Sato")).await;
    let told = page.expect("call").await.data;
    assert_eq!((&told["state"], &told["pop"]["matches"][0]["name"]), (&json!("over"), &json!("Sato")));
}

#[tokio::test]
async fn one_agent_has_a_bounded_number_of_pages_and_a_closed_one_makes_room() {
    let desk = desk().await;
    let mut pages = Vec::new();
    for _ in 0..8 {
        pages.push(Page::open(&desk, SUZUKI).await);
    }
    let ask = || client().get(common::address(&desk, "/events")).bearer_auth(SUZUKI).send();
    assert_eq!(ask().await.unwrap().status(), 429);
    assert_eq!(client().get(common::address(&desk, "/events")).bearer_auth(TANAKA).send().await.unwrap().status(), 200);
    pages.clear();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while ask().await.unwrap().status() != 200 {
        assert!(std::time::Instant::now() < deadline, "no room was made");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_stream_ends_when_the_desk_is_stopped() {
    let desk = desk().await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    desk.stop().await;
    assert!(page.next().await.is_none());
    assert!(client().get(common::address(&desk, "/health")).send().await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_page_to_open_reaches_the_agents_whom_it_concerns_and_no_other_address_than_the_web() {
    let desk = desk().await;
    let (mut first, mut other) = (Page::open(&desk, SUZUKI).await, Page::open(&desk, TANAKA).await);
    first.expect("snapshot").await;
    other.expect("snapshot").await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    first.expect("call").await;
    let notified = |url: &str, problem: Option<&str>| Notified {
        id: EventId::from("main/1.1#ringing:1"),
        call: call.id.clone(),
        extensions: vec!["6001".into()],
        crm: "custom".to_owned(),
        page: Some(cti_core::crm::Page::Post {
            url: url.parse().unwrap(),
            fields: vec![("name".to_owned(), "</script><b>".to_owned())],
        }),
        problem: problem.map(str::to_owned),
    };
    desk.notified(&notified("https://crm.example/new", None)).await;
    let told = first.expect("notified").await.data;
    assert_eq!(told["page"]["method"], "post");
    assert_eq!(told["page"]["fields"], serde_json::json!([["name", "</script><b>"]]));
    assert_eq!(told["problem"], false);
    desk.notified(&notified("javascript:alert(1)", Some("a secret cause"))).await;
    let told = first.expect("notified").await.data;
    assert_eq!((&told["page"], &told["problem"]), (&serde_json::Value::Null, &serde_json::json!(true)));
    assert!(!told.to_string().contains("secret cause"));
    call.tell(&desk, answered("6002")).await;
    other.expect("call").await;
}
