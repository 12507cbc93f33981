//! The behaviour suite of CRMs, against the simulated one of somebody's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use async_trait::async_trait;
use common::{connector, connector_at};
use cti_core::crm::CrmSink;
use cti_core::secret::SecretString;
use cti_crm_custom::{Custom, Step};
use cti_testkit::custom::{Customer, Fault, Simulator};
use cti_testkit::suite::crm::{self, CaseOutcome, CrmFault, CrmRig, CrmRigs, Failures, LoggedCall};
use std::sync::Arc;

struct Rigs;

#[async_trait]
impl CrmRigs for Rigs {
    async fn rig(&self) -> Box<dyn CrmRig> {
        let simulator = Simulator::start().await.unwrap();
        Box::new(Rig { sink: Arc::new(connector(&simulator)), simulator })
    }
}

struct Rig {
    simulator: Simulator,
    sink: Arc<Custom>,
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[async_trait]
impl CrmRig for Rig {
    fn sink(&self) -> Arc<dyn CrmSink> {
        self.sink.clone()
    }

    fn sink_with_wrong_secret(&self) -> Option<Arc<dyn CrmSink>> {
        Some(Arc::new(connector_at(self.simulator.base_url(), "wrong-password")))
    }

    fn sink_to_nowhere(&self) -> Option<Arc<dyn CrmSink>> {
        // Bound and let go: nothing listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Arc::new(connector_at(&format!("http://127.0.0.1:{port}"), Simulator::PASSWORD)))
    }

    fn sink_with_mistake(&self) -> Option<(Arc<dyn CrmSink>, &'static str)> {
        let login = format!("{}/login?user={{AID}}&password={{APW}}", self.simulator.base_url());
        let sink = Custom::new("custom").account(Simulator::USER, SecretString::from(Simulator::PASSWORD));
        Some((Arc::new(sink.auth(Step::http_post(login).capture("TICKET", "$.token"))), "TICKET"))
    }

    async fn add_customer(&self, name: &str, number: &str) {
        let id = format!("C-{}", self.simulator.customers().len() + 1);
        self.simulator.add(Customer::new(&id, name, number));
    }

    async fn customers(&self) -> usize {
        self.simulator.customers().len()
    }

    async fn customers_with(&self, number: &str) -> usize {
        self.simulator.customers().iter().filter(|customer| customer.tel() == number).count()
    }

    async fn logged(&self) -> Vec<LoggedCall> {
        let calls = self.simulator.calls();
        calls.iter().map(|call| LoggedCall { number: some(&call.number), name: some(&call.name) }).collect()
    }

    async fn fail_next(&self, fault: CrmFault) -> bool {
        // Customers and calls, not the log-in.
        match fault {
            CrmFault::RateLimited => self.simulator.fail_next("/c", 1, Fault::Status(429)),
            CrmFault::ServerError => self.simulator.fail_next("/c", 1, Fault::Status(500)),
            CrmFault::AnswerLost => self.simulator.fail_next("/calls", 1, Fault::Closes),
        }
        true
    }

    async fn requests(&self) -> usize {
        self.simulator.requests().len()
    }

    fn secrets(&self) -> Vec<String> {
        vec![Simulator::PASSWORD.to_owned(), "wrong-password".to_owned(), "session-1".to_owned()]
    }

    fn debug(&self) -> Option<String> {
        Some(format!("{:?}", self.sink))
    }
}

#[tokio::test]
async fn a_crm_of_ones_own() -> Result<(), Failures> {
    let report = crm::run(&Rigs).await.verdict()?;
    // What it cannot do (contacts, late facts) is said by its capabilities; everything else was brought about.
    let impossible = |(_, outcome): &&(&str, CaseOutcome)| matches!(outcome, CaseOutcome::Impossible(_));
    let left_out: Vec<_> = report.cases.iter().filter(impossible).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    Ok(())
}
