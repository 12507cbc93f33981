//! A CRM of your own, and a whole call without a telephone system: the simulated Asterisk of the testkit rings, and the
//! call is looked up and written to a CRM that is a list in memory.
//!
//! ```sh
//! cargo run --example own_crm --features full
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use async_trait::async_trait;
use cti::core::call::{CallRecord, Name};
use cti::core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, WriteKey, Written};
use cti::core::health::Check;
use cti::prelude::*;
use cti_testkit::asterisk::{Call, Simulator};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A CRM that is a list in memory.
#[derive(Default)]
struct Memory {
    /// What was written, by key: the same key twice is one entry.
    calls: Mutex<HashMap<String, CallRecord>>,
}

impl Memory {
    fn written(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl CrmSink for Memory {
    fn name(&self) -> &str {
        "memory"
    }

    fn capabilities(&self) -> CrmCapabilities {
        CrmCapabilities { look_up: true, log_call: true, ..CrmCapabilities::default() }
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        let known = number.spellings.iter().any(|spelling| spelling.as_str() == "090-1234-5678");
        let customer = Match {
            object: "customer".to_owned(),
            id: "1".to_owned(),
            name: Name::new("Yamada Taro"),
            company: Name::new("Yamada Shoten"),
            spelled: None,
            url: None,
            fields: BTreeMap::new(),
        };
        Ok(Matches { found: known.then_some(customer).into_iter().collect(), more: false })
    }

    async fn log_call(&self, record: &CallRecord, _: Option<&Match>, key: &WriteKey) -> Result<Written> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let created = calls.insert(key.as_str().to_owned(), record.clone()).is_none();
        Ok(Written { id: Some(key.as_str().to_owned()), created })
    }

    async fn health(&self) -> Vec<Check> {
        vec![Check::ok("memory", "there is enough of it")]
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let sim = Simulator::start().await?;
    sim.phone("6001").answers_after(Duration::from_millis(300));
    let crm = Arc::new(Memory::default());
    let pbx = Asterisk::new("main", sim.addr().to_string()).login("cti", "s3cret".to_owned().into());
    let one_call = async {
        sim.wait_until(|sim| sim.logged_in() > 0, Duration::from_secs(5)).await;
        let call = sim.call_in(Call::from("09012345678").to("0312345000"));
        call.wait_answered(Duration::from_secs(5)).await;
        call.hang_up();
        while crm.written() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    Pipeline::new()
        .pbx(pbx)
        .crm(Arc::clone(&crm))
        .on_pop(|pop| async move { println!("{}: {}", pop.extension, pop.title()) })
        .run_until(async {
            let _ = tokio::time::timeout(Duration::from_secs(10), one_call).await;
        })
        .await?;
    println!("{} call in the CRM", crm.written());
    if crm.written() == 1 { Ok(()) } else { Err("the call was not written".into()) }
}
