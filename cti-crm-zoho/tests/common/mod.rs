//! The connector with the simulated Zoho.

use async_trait::async_trait;
use cti_core::call::{CallId, CallRecord, Direction, Disposition, EventId, Party, Recording};
use cti_core::crm::{CrmSink, WriteKey};
use cti_core::number::Number;
use cti_core::secret::SecretString;
use cti_crm_zoho::{Agent, Find, Module, PhoneBridge, Zoho};
use cti_testkit::suite::crm::{CrmFault, CrmRig, CrmRigs, LoggedCall};
use cti_testkit::zoho::{Builder, Fault, Field, Kind, Recorded, Simulator, Target, User};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const WEBHOOK_SECRET: &str = "webhook-secret-0123456789";

/// What kind of Zoho, and how it is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) key_field: bool,
    pub(crate) find: Find,
    pub(crate) bridge: bool,
    pub(crate) none_written_is: u16,
}

impl Setup {
    pub(crate) const USUAL: Self = Self { key_field: false, find: Find::Query, bridge: false, none_written_is: 400 };
    pub(crate) const BRIDGE: Self = Self { bridge: true, ..Self::USUAL };

    pub(crate) fn builder(self) -> Builder {
        let builder = Simulator::builder()
            .user(User::new(1, "Sato", "sato@example.com"))
            .user(User::new(2, "Suzuki", "suzuki@example.com"))
            .none_written_is(self.none_written_is);
        if self.key_field { builder.field("Calls", Field::new("CTI_Call_ID", Kind::Text).unique()) } else { builder }
    }

    pub(crate) async fn simulator(self) -> Simulator {
        self.builder().start().await.unwrap()
    }

    pub(crate) fn connector(self, address: &str, client_secret: &str) -> Zoho {
        let zoho = Zoho::new(address)
            .client(Simulator::CLIENT_ID, SecretString::from(client_secret))
            .refresh_token(SecretString::from(Simulator::REFRESH_TOKEN))
            .find(self.find);
        let zoho = if self.key_field { zoho.call_key_field("CTI_Call_ID") } else { zoho };
        let bridge = PhoneBridge::new().webhooks("http://127.0.0.1:1/webhook/zoho", SecretString::from(WEBHOOK_SECRET));
        if self.bridge { zoho.phone_bridge(bridge).no_call_log() } else { zoho }
    }

    /// The connector as it should be.
    pub(crate) fn good(self, simulator: &Simulator) -> Zoho {
        self.connector(simulator.base_url(), Simulator::CLIENT_SECRET)
    }
}

/// The agents of the simulated organisation.
pub(crate) fn agents() -> [Agent; 2] {
    [Agent::new("sato", "6001", "sato@example.com"), Agent::new("suzuki", "6002", "SUZUKI@example.com")]
}

pub(crate) fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

/// An answered inbound call of 65 seconds.
pub(crate) fn call() -> CallRecord {
    let at = |text: &str| text.parse().unwrap();
    CallRecord {
        call: CallId::new("main", "1795225659.77"),
        direction: Direction::Inbound,
        caller: Party::known("0901234567", "Yamada"),
        dialed: Some(number("0312345000")),
        queue: None,
        extensions: vec!["6001".into(), "6002".into()],
        answered_by: Some("6002".into()),
        disposition: Disposition::Answered,
        cause: "normal clearing".to_owned(),
        started_at: at("2026-11-20T01:47:40.123Z"),
        answered_at: Some(at("2026-11-20T01:47:41Z")),
        ended_at: at("2026-11-20T01:48:46Z"),
        ring_seconds: 1.0,
        queue_seconds: 0.0,
        hold_seconds: 0.0,
        talk_seconds: 64.9,
        transfers: Vec::new(),
        recordings: vec![Recording::Url("https://pbx.example.com/1.wav".to_owned())],
        context: Default::default(),
    }
}

/// The same call, but nobody took it.
pub(crate) fn missed() -> CallRecord {
    CallRecord {
        call: CallId::new("main", "1795225660.78"),
        extensions: vec!["6001".into()],
        answered_by: None,
        disposition: Disposition::Missed,
        answered_at: None,
        talk_seconds: 0.0,
        recordings: Vec::new(),
        ..call()
    }
}

pub(crate) fn key_of(record: &CallRecord) -> WriteKey {
    WriteKey::of(EventId::of(&record.call, "ended"))
}

/// The requests to the CRM or PhoneBridge, as method, path and query.
pub(crate) fn lines(requests: &[Recorded]) -> Vec<String> {
    let line = |request: &Recorded| {
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        format!("{} {}{query}", request.method, request.path)
    };
    requests.iter().filter(|request| !request.path.starts_with("/oauth/")).map(line).collect()
}

#[async_trait]
impl CrmRigs for Setup {
    async fn rig(&self) -> Box<dyn CrmRig> {
        let simulator = self.simulator().await;
        Box::new(Rig { setup: *self, sink: Arc::new(self.good(&simulator)), simulator })
    }
}

struct Rig {
    setup: Setup,
    simulator: Simulator,
    sink: Arc<Zoho>,
}

/// The line of that name in a description.
fn described(record: &Value, name: &str) -> Option<String> {
    let text = record["Description"].as_str()?;
    text.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned)
}

#[async_trait]
impl CrmRig for Rig {
    fn sink(&self) -> Arc<dyn CrmSink> {
        self.sink.clone()
    }

    fn sink_with_wrong_secret(&self) -> Option<Arc<dyn CrmSink>> {
        Some(Arc::new(self.setup.connector(self.simulator.base_url(), "wrong-secret")))
    }

    fn sink_to_nowhere(&self) -> Option<Arc<dyn CrmSink>> {
        // Bound and let go: nothing listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Arc::new(self.setup.connector(&format!("http://127.0.0.1:{port}"), Simulator::CLIENT_SECRET)))
    }

    fn sink_with_mistake(&self) -> Option<(Arc<dyn CrmSink>, &'static str)> {
        let modules = [Module::new("Contacts", ["Telephone"])];
        Some((Arc::new(self.setup.good(&self.simulator).modules(modules)), "Telephone"))
    }

    async fn add_customer(&self, name: &str, number: &str) {
        let record = json!({"Last_Name": name, "Phone": number});
        assert!(self.simulator.put_record("Contacts", record).is_some(), "the simulator refuses the customer");
    }

    async fn customers(&self) -> usize {
        self.simulator.records("Contacts").len()
    }

    async fn customers_with(&self, number: &str) -> usize {
        self.simulator.records("Contacts").iter().filter(|record| record["Phone"] == number).count()
    }

    async fn logged(&self) -> Vec<LoggedCall> {
        let bridged =
            |record: &Value| record["Caller_ID"].as_str().filter(|text| *text != "anonymous").map(str::to_owned);
        let entry = |record: &Value| LoggedCall {
            number: described(record, "phone").or_else(|| bridged(record)),
            name: described(record, "name"),
        };
        self.simulator.records("Calls").iter().map(entry).collect()
    }

    async fn fail_next(&self, fault: CrmFault) -> bool {
        match fault {
            CrmFault::RateLimited => self.simulator.fail_next(Target::Any, 1, Fault::TooMany),
            CrmFault::ServerError => self.simulator.fail_next(Target::Any, 1, Fault::Status(503)),
            CrmFault::AnswerLost => self.simulator.fail_next(Target::Writes, 1, Fault::CloseBeforeAnswer),
        }
        true
    }

    async fn requests(&self) -> usize {
        self.simulator.requests().len()
    }

    fn secrets(&self) -> Vec<String> {
        [Simulator::CLIENT_SECRET, Simulator::REFRESH_TOKEN, "wrong-secret", WEBHOOK_SECRET].map(str::to_owned).to_vec()
    }

    fn debug(&self) -> Option<String> {
        Some(format!("{:?}", self.sink))
    }
}
