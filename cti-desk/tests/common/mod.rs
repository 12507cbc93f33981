//! A desk with two agents, made-up calls for it, and a reader of its server-sent events.
#![allow(dead_code, reason = "every test file uses a part of it")]

use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::{
    CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, Extension, Party, PbxEvent,
};
use cti_core::crm::{Match, Matches};
use cti_core::number::Number;
use cti_core::popup::{Pop, Popup};
use cti_core::secret::SecretString;
use cti_desk::{AgentLogin, Desk, RunningDesk};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const SUZUKI: &str = "suzuki-token-0123456789";
pub(crate) const TANAKA: &str = "tanaka-token-0123456789";
const PATIENCE: Duration = Duration::from_secs(20);

/// Suzuki has 6001, Tanaka 6002.
pub(crate) fn settings() -> Desk {
    let agent =
        |user: &str, extension: &str, token: &str| AgentLogin::new(user, extension).token(SecretString::from(token));
    Desk::new()
        .listen("127.0.0.1:0")
        .agent(agent("suzuki", "6001", SUZUKI))
        .agent(agent("tanaka", "6002", TANAKA))
        .allow_origin("https://crm.example.com".parse().unwrap())
}

pub(crate) async fn desk() -> RunningDesk {
    settings().bind().await.unwrap()
}

pub(crate) fn client() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

pub(crate) fn address(desk: &RunningDesk, path: &str) -> String {
    format!("http://{}{path}", desk.local_addr())
}

pub(crate) fn origin(desk: &RunningDesk) -> String {
    format!("http://{}", desk.local_addr())
}

/// What the page sends.
pub(crate) fn post(desk: &RunningDesk, token: &str, path: &str, body: &Value) -> RequestBuilder {
    client().post(address(desk, path)).bearer_auth(token).header("origin", origin(desk)).json(body)
}

/// An inbound call.
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) caller: Party,
    seq: u64,
    start: DateTime<Utc>,
}

impl Call {
    pub(crate) fn new(native: &str) -> Self {
        Self::from(native, Party::known("0901234567", ""))
    }

    pub(crate) fn from(native: &str, caller: Party) -> Self {
        Self { id: CallId::new("main", native), caller, seq: 0, start: Utc::now() }
    }

    /// The next event, a second after the one before.
    pub(crate) fn next(&mut self, fact: CallFact) -> PbxEvent {
        self.seq += 1;
        PbxEvent::Call(CallEvent {
            call: self.id.clone(),
            id: EventId::of(&self.id, &format!("{}:{}", fact.name(), self.seq)),
            seq: self.seq,
            at: self.start + TimeDelta::seconds(i64::try_from(self.seq).unwrap()),
            fact,
            direction: Direction::Inbound,
            caller: self.caller.clone(),
            dialed: Number::new("0312345000"),
        })
    }

    pub(crate) async fn tell(&mut self, desk: &RunningDesk, fact: CallFact) {
        desk.event(&self.next(fact)).await;
    }

    pub(crate) fn pop(&self, extension: &str, name: &str) -> Pop {
        let found = Match {
            object: "14".to_owned(),
            id: "7".to_owned(),
            name: cti_core::call::Name::new(name),
            company: None,
            spelled: None,
            url: Some("https://crm.example.com/7".parse().unwrap()),
            fields: BTreeMap::new(),
        };
        Pop {
            id: EventId::of(&self.id, &format!("ringing:{extension}")),
            call: self.id.clone(),
            extension: extension.into(),
            direction: Direction::Inbound,
            caller: self.caller.clone(),
            dialed: None,
            crm: "kintone".to_owned(),
            matches: Matches { found: vec![found], more: false },
            url: None,
            problem: None,
            click: false,
            hints: Default::default(),
        }
    }

    pub(crate) fn ended(&self, disposition: Disposition) -> CallFact {
        let begun = CallRecord::begun(self.id.clone(), Direction::Inbound, self.caller.clone(), None, self.start);
        let record = CallRecord { disposition, cause: String::new(), ..begun };
        CallFact::Ended { cause: String::new(), disposition, record: Box::new(record) }
    }
}

pub(crate) fn ringing(extension: &str) -> CallFact {
    CallFact::Ringing { extension: Extension::from(extension) }
}

pub(crate) fn answered(extension: &str) -> CallFact {
    CallFact::Answered { extension: Extension::from(extension) }
}

/// One server-sent event.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) event: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// A page's stream of events.
pub(crate) struct Page {
    response: Response,
    text: String,
}

impl Page {
    pub(crate) async fn open(desk: &RunningDesk, token: &str) -> Self {
        Self::resume(desk, token, None).await
    }

    pub(crate) async fn resume(desk: &RunningDesk, token: &str, last: Option<&str>) -> Self {
        let mut request = client().get(address(desk, "/events")).bearer_auth(token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let told = parse(block);
                self.text = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event in time");
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    pub(crate) async fn expect(&mut self, event: &str) -> Told {
        let told = self.next().await.expect("the stream goes on");
        assert_eq!(told.event, event, "{told:?}");
        told
    }
}

fn parse(block: &str) -> Option<Told> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).map(str::to_owned))
    };
    let data = serde_json::from_str(&field("data")?).unwrap();
    Some(Told { event: field("event")?, id: field("id")?, data })
}
