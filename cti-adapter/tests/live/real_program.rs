//! The programme itself, as an operator starts it.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Config, Finished, adapter, all_finished, field, poll};
use cti_lab::{Asterisk, Sipp, live_tests};
use cti_testkit::kintone::Simulator;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long the end may take.
const END: Duration = Duration::from_secs(5);

/// A kintone that knows the customer.
async fn kintone() -> Simulator {
    let kintone = Simulator::start().await.unwrap();
    kintone.put_record(14, json!({"tel": {"value": CUSTOMER}, "name": {"value": CUSTOMER_NAME}})).unwrap();
    kintone
}

live_tests! {
    /// It runs, writes a call, and ends at once when it is asked to.
    async fn run(version) {
        let (asterisk, kintone) = (Asterisk::start(version).await.unwrap(), kintone().await);
        let config = Config::write(&asterisk, &kintone);
        let program = adapter("run", &config.path()).spawn().unwrap();
        let pid = program.id().unwrap().to_string();
        poll("the programme has logged in", async || {
            let users = asterisk.cli("manager show connected").await.unwrap();
            users.contains(Asterisk::AMI_USER).then_some(())
        })
        .await;

        let phone = Sipp::phone(&asterisk, "6001").answer_after(300).start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").from(CALLER).talk(1000).start().await.unwrap();
        all_finished([phone, caller]).await;
        poll("the call is in kintone", async || (!kintone.records(15).is_empty()).then_some(())).await;

        let asked = Instant::now();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = Finished::of(program.wait_with_output()).await;
        assert!(asked.elapsed() < END, "the end took {:?}", asked.elapsed());
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        for text in [CALLER, CUSTOMER, CUSTOMER_NAME, Asterisk::AMI_SECRET, Simulator::CALL_LOG_TOKEN] {
            assert!(!ended.err.contains(text) && !ended.out.contains(text), "{text} was logged:\n{}", ended.err);
        }
        let log = kintone.records(15);
        assert_eq!(log.len(), 1, "{log:#?}");
        for (code, value) in [("tel", CUSTOMER), ("name", CUSTOMER_NAME), ("result", "answered"), ("agent", "6001")] {
            assert_eq!(field(&log[0], code), value, "{code}");
        }
    }

    /// The doctor finds nothing wrong.
    async fn doctor(version) {
        let (asterisk, kintone) = (Asterisk::start(version).await.unwrap(), kintone().await);
        let config = Config::write(&asterisk, &kintone);
        let found = Finished::of(adapter("doctor", &config.path()).output()).await;
        assert_eq!(found.code, Some(0), "{}{}", found.out, found.err);
        assert!(!found.out.contains("WARNING") && !found.out.contains("FAILED"), "{}", found.out);
        for check in ["ok      config", "ok      outbox.folder", "ok      asterisk.main.link", "ok      asterisk.main.rights"] {
            assert!(found.out.contains(check), "{check:?} not in:\n{}", found.out);
        }
        assert!(found.out.contains(&format!("Asterisk {}", version.major())), "{}", found.out);
    }
}
