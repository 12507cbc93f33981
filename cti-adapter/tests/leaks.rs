//! The log is read by people who may not know who calls whom: no number, no name and no secret gets into it, however
//! much is logged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, User};
use cti_testkit::kintone::{Fault, Simulator as SimulatedKintone};
use serde_json::json;
use std::time::Duration;
use support::{Adapter, PATIENCE, Stage, TOKEN, command};

const AMI_SECRET: &str = "ami-secret-Kx83Qm";
const CALLER: &str = "09087416935";
const CALLER_NAME: &str = "Quintessa";
const CUSTOMER_NAME: &str = "霧島 薫子";
const COMPANY: &str = "霧島造船所";
const DIALLED: &str = "0398213476";

/// What must not be found, in the spellings in which it goes over the wires.
fn markers() -> Vec<String> {
    let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let plain = [AMI_SECRET, TOKEN, CALLER_NAME, SimulatedKintone::CUSTOMERS_TOKEN, SimulatedKintone::CALL_LOG_TOKEN];
    let numbers = ["87416935", "8741-6935", "98213476", "9821-3476"];
    let names = ["霧島", "薫子", "造船"];
    let bytes = |text: &str| -> String { text.bytes().map(|byte| format!("\\x{byte:02x}")).collect() };
    let all = plain.into_iter().chain(numbers).chain(names).map(str::to_owned);
    all.chain(names.iter().flat_map(|name| [encoded(name), bytes(name)])).collect()
}

fn assert_clean(log: &str) {
    for line in log.lines() {
        for marker in markers() {
            assert!(!line.to_lowercase().contains(&marker.to_lowercase()), "{marker:?} leaks: {line}");
        }
    }
}

async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.asterisk.add_user(User::new("cti", AMI_SECRET));
    stage.kintone.put_record(
        14,
        json!({"tel": {"value": "090-8741-6935"}, "name": {"value": CUSTOMER_NAME}, "company": {"value": COMPANY}}),
    );
    stage
}

async fn start(stage: &Stage) -> Adapter {
    let text = stage.config_text().replace("s3cret", AMI_SECRET);
    let text = text + "\n[policy.log]\ncreate_unknown = true\n";
    let config = stage.folder.write("cti.toml", &text);
    let mut command = command(&["run", "--config", config.to_str().unwrap()]);
    let adapter = Adapter::start(command.env("RUST_LOG", "trace"));
    adapter.says("the link to the PBX is up").await;
    adapter
}

#[tokio::test]
async fn a_log_of_everything_holds_no_number_no_name_and_no_secret() {
    let stage = stage().await;
    let adapter = start(&stage).await;
    let desk = stage.desk(&adapter).await;

    // A call of a known customer.
    let call = stage.asterisk.call_in(Call::from(CALLER).name(CALLER_NAME));
    desk.frame("pop", |view| view["pop"]["matches"][0]["name"] == CUSTOMER_NAME).await;
    assert!(stage.asterisk.phone("6001").answer());
    call.hang_up();
    stage.logged(1).await;

    // Click-to-dial, and a command that the PBX refuses.
    stage.asterisk.phone("6001").answers_after(Duration::ZERO);
    stage.asterisk.far_end().answers_after(Duration::ZERO);
    desk.dial(DIALLED).await;
    assert!(stage.asterisk.wait_until(|sim| sim.far_end().is_talking(), PATIENCE).await);
    stage.asterisk.hang_up_all();
    stage.logged(2).await;
    stage.asterisk.phone("6001").busy();
    let refused = desk.post("/api/dial", json!({ "number": DIALLED })).await;
    assert!(!refused.status().is_success());

    // Everything that can go wrong with a CRM, while calls of strangers come.
    stage.asterisk.phone("6001").rings_out();
    for (nth, fault) in [
        Fault::Status(500),
        Fault::CloseBeforeAnswer,
        Fault::Garbage,
        Fault::Html401,
        Fault::Redirect("http://127.0.0.1:9/".to_owned()),
        Fault::Code(400, "CB_VA01"),
    ]
    .into_iter()
    .enumerate()
    {
        stage.kintone.fail_next(1, fault.clone());
        stage.kintone.fail_next_write(1, fault);
        let call = stage.asterisk.call_in(Call::from(&format!("{CALLER}{nth}")).name(CALLER_NAME));
        desk.frame("pop", |view| view["call"] == format!("main/{}", call.uniqueid())).await;
        call.hang_up();
    }
    adapter.says_again("not delivered yet", 1).await;
    stage.asterisk.cut_links();
    adapter.says_again("the link to the PBX is up", 2).await;
    adapter.signal("TERM").await;
    let ended = adapter.ended().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.complaints.contains("TRACE") && ended.complaints.lines().count() > 100, "everything is logged");
    assert_clean(&ended.complaints);
    assert_eq!(ended.out, "");
}

#[tokio::test]
async fn a_refused_login_at_the_desk_is_not_logged_with_its_token() {
    let stage = stage().await;
    let adapter = start(&stage).await;
    let desk = stage.desk(&adapter).await;
    let wrong = desk.post("/session", json!({ "token": format!("{TOKEN}x") })).await;
    assert_eq!(wrong.status(), 401);
    adapter.signal("TERM").await;
    assert_clean(&adapter.ended().await.complaints);
}
