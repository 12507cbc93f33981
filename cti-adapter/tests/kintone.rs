//! The whole programme with a kintone that is kept on this machine, that tells its changes, and whose pages dial.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

mod support;

use cti_testkit::asterisk::Call;
use cti_testkit::kintone::{Fault, Simulator};
use serde_json::{Value, json};
use std::path::Path;
use support::{Adapter, CUSTOMER, Stage, TOKEN, command, eventually, run_to_end};
use tokio::process::Command;

const SECRET: &str = "webhook-secret-0123456789";
const PAGE: &str = "https://example.cybozu.com";

/// The programme with a directory and a webhook, and pages that may dial.
async fn run(stage: &Stage) -> Adapter {
    let directory = stage.folder.file("customers.db");
    let directory = format!(
        "[crm.directory]\npath = \"{}\"\npatience_ms = 10000\nwebhook_secret = \"{SECRET}\"\n[outbox]",
        directory.display()
    );
    let text = stage.config_text().replace("[outbox]", &directory);
    let text = text.replace("[desk]", &format!("[desk]\nallow_origins = [\"{PAGE}\"]"));
    let config = stage.folder.write("cti.toml", &text);
    let adapter = Adapter::start(command(&["run", "--config", config.to_str().unwrap()]).env("RUST_LOG", "info"));
    adapter.says("the link to the PBX is up").await;
    adapter
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn while_kintone_is_down_calls_pop_with_what_was_read_or_told_before_and_are_logged_later() {
    let stage = Stage::new().await;
    let adapter = run(&stage).await;
    adapter.says("customers were read").await;
    let address = adapter.says("the agent desk is open address=").await;
    let hooks = format!("http://{}/hooks/kintone", address.trim());
    // A person gives the customer a new name, and kintone tells.
    assert!(stage.kintone.edit_record(14, 1, json!({"name": {"value": "山田 次郎"}})));
    let notice = json!({"type": "UPDATE_RECORD", "app": {"id": "14"}, "record": {"$id": {"value": "1"}}});
    let told = http().post(format!("{hooks}/{SECRET}")).json(&notice).send().await.unwrap();
    assert_eq!(told.status(), 204);
    let forged = http().post(format!("{hooks}/webhook-secret-9999999999")).json(&notice).send().await.unwrap();
    assert_eq!(forged.status(), 404);

    stage.kintone.fail_next(60, Fault::Maintenance503);
    let desk = support::DeskClient::new(address.trim()).await;
    let call = stage.asterisk.call_in(Call::from(CUSTOMER).to("0312345000"));
    desk.frame("pop", |frame| frame.to_string().contains("山田 次郎")).await;
    call.hang_up();
    // The end of the maintenance: what waited is written.
    let logged = eventually("the call in kintone", async || {
        stage.kintone.fail_nothing();
        stage.kintone.records(15).pop()
    });
    let logged: Value = logged.await;
    assert_eq!(logged["name"]["value"], "山田 次郎");
}

#[tokio::test]
async fn an_entry_is_begun_at_the_answer_and_completed_at_the_end_around_the_agents_note() {
    let mut stage = Stage::new().await;
    "[policy.log]\nat_answer = true".clone_into(&mut stage.more);
    let _adapter = stage.run().await;
    let call = stage.asterisk.call_in(Call::from(CUSTOMER).to("0312345000"));
    assert!(stage.asterisk.phone("6001").answer());
    let begun = stage.logged(1).await.remove(0);
    assert_eq!((&begun["result"]["value"], &begun["name"]["value"]), (&json!("answered"), &json!("山田 太郎")));
    assert!(stage.kintone.edit_record(15, 1, json!({"memo": {"value": "折り返し"}, "name": {"value": "山田様"}})));
    call.hang_up();
    let completed = eventually("the end of the call", async || {
        let entry = stage.kintone.records(15).pop()?;
        (entry["agent"]["value"] == "6001" && entry["$revision"]["value"] == "3").then_some(entry)
    });
    let completed: Value = completed.await;
    assert_eq!((&completed["memo"]["value"], &completed["name"]["value"]), (&json!("折り返し"), &json!("山田様")));
    assert_eq!(stage.kintone.records(15).len(), 1);
}

#[tokio::test]
async fn where_only_the_end_of_calls_is_told_no_entry_is_begun_before() {
    let mut stage = Stage::new().await;
    "[policy.log]\nat_answer = true\n[policy.crms.kintone]\nevents = [\"ended\"]".clone_into(&mut stage.more);
    let _adapter = stage.run().await;
    let call = stage.asterisk.call_in(Call::from(CUSTOMER).to("0312345000"));
    assert!(stage.asterisk.phone("6001").answer());
    call.hang_up();
    let entry = stage.logged(1).await.remove(0);
    assert_eq!(
        (&entry["agent"]["value"], &entry["$revision"]["value"]),
        (&json!("6001"), &json!("1")),
        "once, complete"
    );
}

#[tokio::test]
async fn a_click_on_a_number_in_a_kintone_page_rings_the_agents_telephone() {
    if !node_is_there().await {
        return;
    }
    let stage = Stage::new().await;
    stage.asterisk.phone("6001").answers_after(std::time::Duration::ZERO);
    let adapter = run(&stage).await;
    let address = adapter.says("the agent desk is open address=").await;
    let desk = format!("http://{}/", address.trim());
    let made = run_to_end(&["kintone", "script", "--desk", &desk, "--field", "tel", "--field", "tel2"]).await;
    assert_eq!(made.code, Some(0), "{}", made.complaints);
    let script = stage.folder.write("click-to-call.js", &made.out);

    let elsewhere = click(&script, "https://evil.example.com", TOKEN).await;
    assert_eq!(elsewhere["alerts"], json!(["The CTI desk cannot be reached"]), "another origin is not let in");
    let stranger = click(&script, PAGE, "a-token-of-nobody-at-all").await;
    assert_eq!((&stranger["asked"], &stranger["kept"]), (&json!(2), &json!(0)), "a wrong token is asked for again");
    assert_eq!(stage.asterisk.count("Originate"), 0);

    let agent = click(&script, PAGE, TOKEN).await;
    assert_eq!((&agent["asked"], &agent["alerts"]), (&json!(1), &json!([])));
    assert_eq!(stage.asterisk.count("Originate"), 1);
    let dialled = stage.asterisk.received().into_iter().find(|action| action.is("Originate")).unwrap();
    assert!(dialled.get("Exten").is_some_and(|number| number.ends_with("0355550123")), "{dialled:?}");
}

/// Opens the page, clicks the number, and tells what the person saw.
async fn click(script: &Path, origin: &str, token: &str) -> Value {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/click_to_call/page.mjs");
    let run = Command::new("node").arg(page).arg(script).args([origin, token]).output().await.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

async fn node_is_there() -> bool {
    let found = Command::new("node").arg("--version").output().await.is_ok_and(|run| run.status.success());
    assert!(found || std::env::var("CTI_LAB").as_deref() != Ok("required"), "node is missing");
    if !found {
        eprintln!("SKIPPED: the script of kintone pages was not run: node is missing");
    }
    found
}

#[tokio::test]
async fn the_two_apps_are_made_by_one_command_which_says_what_is_left_to_do() {
    let simulator = Simulator::builder().person("c2F0bzpzZWNyZXQ=").start().await.unwrap();
    let arguments = ["kintone", "create-apps", "--domain", simulator.base_url(), "--user", "sato"];
    let bare = run_to_end(&arguments).await;
    assert!(bare.complaints.contains("KINTONE_PASSWORD"), "{}", bare.complaints);
    let made = Adapter::start(command(&arguments).env("KINTONE_PASSWORD", "secret")).ended().await;
    assert_eq!(made.code, Some(0), "{}", made.complaints);
    for expected in ["customers are app 2", "Update App (設定完了)", "[crm.call_log]\napp = 1"] {
        assert!(made.out.contains(expected), "{expected:?} not in:\n{}", made.out);
    }
    assert!(!made.out.contains("secret"));
}
