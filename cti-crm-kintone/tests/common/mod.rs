//! The connector with the simulated kintone.

use async_trait::async_trait;
use cti_core::crm::CrmSink;
use cti_core::fields;
use cti_core::secret::SecretString;
use cti_crm_kintone::{CallLogMode, Kintone, RecordingFiles, call_log_fields};
use cti_testkit::kintone::{App, Fault, Field, Rights, Simulator};
use cti_testkit::suite::crm::{CrmFault, CrmRig, CrmRigs, LoggedCall};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const CUSTOMERS_TOKEN: &str = "customers-token-3f1c";
pub(crate) const CALL_LOG_TOKEN: &str = "call-log-token-9a7e";

/// What kind of kintone, and how it is written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) unique_phone: bool,
    pub(crate) mode: CallLogMode,
    /// The call history may be viewed, and late recordings are added.
    pub(crate) late_recordings: bool,
}

impl Setup {
    pub(crate) const USUAL: Self = Self { unique_phone: true, mode: CallLogMode::Upsert, late_recordings: false };

    pub(crate) async fn simulator(self) -> Simulator {
        let customers = App::customers_template(14);
        let customers = if self.unique_phone { customers } else { customers.field(Field::text("tel")) };
        let log_rights = match (self.mode, self.late_recordings) {
            (_, true) => Rights::VIEW_ADD_EDIT,
            (CallLogMode::Upsert, false) => Rights::ADD_EDIT,
            (CallLogMode::AddOnly, false) => Rights::ADD_ONLY,
        };
        Simulator::builder()
            .app(customers)
            .app(App::call_log_template(15))
            .token(CUSTOMERS_TOKEN, 14, Rights::VIEW_ADD_EDIT)
            .token(CALL_LOG_TOKEN, 15, log_rights)
            .start()
            .await
            .unwrap()
    }

    pub(crate) fn connector(self, address: &str, customers_token: &str, call_log_token: &str) -> Kintone {
        let fields = fields! { phone: "tel", phone2: "tel2", name: "name", company: "company", email: "email" };
        let kintone = Kintone::new(address)
            .customers(14, SecretString::from(customers_token), fields)
            .call_log(15, SecretString::from(call_log_token), call_log_fields())
            .call_log_mode(self.mode);
        if self.late_recordings { kintone.late_recordings(RecordingFiles::stay_where_they_are()) } else { kintone }
    }

    /// The connector as it should be.
    pub(crate) fn good(self, simulator: &Simulator) -> Kintone {
        self.connector(simulator.base_url(), CUSTOMERS_TOKEN, CALL_LOG_TOKEN)
    }
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
    sink: Arc<Kintone>,
}

fn text(record: &Value, code: &str) -> Option<String> {
    record[code]["value"].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[async_trait]
impl CrmRig for Rig {
    fn sink(&self) -> Arc<dyn CrmSink> {
        self.sink.clone()
    }

    fn sink_with_wrong_secret(&self) -> Option<Arc<dyn CrmSink>> {
        Some(Arc::new(self.setup.connector(self.simulator.base_url(), "wrong-token", "wrong-token")))
    }

    fn sink_to_nowhere(&self) -> Option<Arc<dyn CrmSink>> {
        // Bound and let go: nothing listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Arc::new(self.setup.connector(&format!("http://127.0.0.1:{port}"), CUSTOMERS_TOKEN, CALL_LOG_TOKEN)))
    }

    fn sink_with_mistake(&self) -> Option<(Arc<dyn CrmSink>, &'static str)> {
        let fields = fields! { phone: "telephone", name: "name" };
        let sink = Kintone::new(self.simulator.base_url()).customers(14, SecretString::from(CUSTOMERS_TOKEN), fields);
        Some((Arc::new(sink), "telephone"))
    }

    async fn add_customer(&self, name: &str, number: &str) {
        let record = |phone: &str| json!({"name": {"value": name}, phone: {"value": number}});
        // A second customer with the number: where `tel` is unique it stands in the other field.
        let id = self.simulator.put_record(14, record("tel")).or_else(|| self.simulator.put_record(14, record("tel2")));
        assert!(id.is_some(), "the simulator refuses the customer");
    }

    async fn customers(&self) -> usize {
        self.simulator.records(14).len()
    }

    async fn customers_with(&self, number: &str) -> usize {
        let has = |record: &&Value| ["tel", "tel2"].iter().any(|code| text(record, code).as_deref() == Some(number));
        self.simulator.records(14).iter().filter(has).count()
    }

    async fn logged(&self) -> Vec<LoggedCall> {
        let entry = |record: &Value| LoggedCall { number: text(record, "tel"), name: text(record, "name") };
        self.simulator.records(15).iter().map(entry).collect()
    }

    async fn entries(&self) -> Vec<BTreeMap<String, String>> {
        let attributes = call_log_fields();
        let entry = |record: &Value| {
            attributes.iter().filter_map(|(name, code)| Some((name.to_owned(), text(record, code)?))).collect()
        };
        self.simulator.records(15).iter().map(entry).collect()
    }

    async fn edit_entry(&self, attribute: &str, text: &str) -> bool {
        let attributes = call_log_fields();
        let code = attributes.get(attribute).unwrap();
        self.simulator.records(15).iter().all(|record| {
            let id = record["$id"]["value"].as_str().unwrap().parse().unwrap();
            self.simulator.edit_record(15, id, json!({code: {"value": text}}))
        })
    }

    async fn fail_next(&self, fault: CrmFault) -> bool {
        match fault {
            CrmFault::RateLimited => self.simulator.fail_next(1, Fault::Status(429)),
            CrmFault::ServerError => self.simulator.fail_next(1, Fault::Maintenance503),
            CrmFault::AnswerLost => self.simulator.fail_next_write(1, Fault::CloseBeforeAnswer),
        }
        true
    }

    async fn requests(&self) -> usize {
        self.simulator.requests().len()
    }

    fn secrets(&self) -> Vec<String> {
        vec![CUSTOMERS_TOKEN.to_owned(), CALL_LOG_TOKEN.to_owned(), "wrong-token".to_owned()]
    }

    fn debug(&self) -> Option<String> {
        Some(format!("{:?}", self.sink))
    }
}
