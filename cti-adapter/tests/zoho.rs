//! The whole programme with a simulated Asterisk and a simulated Zoho (and a kintone beside it).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::Call;
use cti_testkit::zoho::{Button, Notice, Proof, Simulator, User, Webhook};
use serde_json::json;
use std::process::Stdio;
use support::{Adapter, PATIENCE, Stage, command, eventually};
use tokio::io::AsyncWriteExt;

const SATO: &str = "700000001";

async fn zoho() -> Simulator {
    let simulator = Simulator::builder().user(User::new(1, "Sato", "sato@example.com")).start().await.unwrap();
    simulator.put_record("Contacts", json!({"Last_Name": "Yamada", "Phone": "+819012345678"})).unwrap();
    simulator
}

fn section(stage: &Stage, zoho: &Simulator, phonebridge: &str) -> String {
    format!(
        r#"
        [[crm]]
        name = "zoho"
        kind = "zoho"
        data_center = "{address}"
        client_id = "{id}"
        client_secret = "{secret}"
        refresh_token = "{refresh}"
        token_file = "{file}"
        agents = [{{ user = "sato", extension = "6001", email = "sato@example.com" }}]
        {phonebridge}
        "#,
        address = zoho.base_url(),
        id = Simulator::CLIENT_ID,
        secret = Simulator::CLIENT_SECRET,
        refresh = Simulator::REFRESH_TOKEN,
        file = stage.folder.file("zoho.json").display(),
    )
}

const PHONEBRIDGE: &str = r#"
    [crm.phonebridge]
    webhook_url = "http://127.0.0.1:1/webhook/zoho"
    secret = "webhook-secret-0123456789"
"#;

/// The registered address with the port that the desk really has.
fn at(hook: Webhook, address: &str) -> Webhook {
    Webhook { url: hook.url.replace("127.0.0.1:1/", &format!("{}/", address.trim())), ..hook }
}

async fn notice(zoho: &Simulator, kind: &str, state: &str) -> Notice {
    let fits = |notice: &Notice| notice.kind == kind && notice.state == state;
    eventually(&format!("{kind} {state}"), async || zoho.notices().into_iter().find(fits)).await
}

#[tokio::test]
async fn a_call_rings_in_zohos_window_and_stands_there_once_and_a_click_there_rings_the_phone() {
    let (mut stage, zoho) = (Stage::new().await, zoho().await);
    stage.more = section(&stage, &zoho, PHONEBRIDGE);
    let adapter = stage.run().await;
    let desk = adapter.says("the agent desk is open address=").await;
    let registered = async || zoho.press(SATO, Button::HangUp, "x", Proof::Parameter);
    eventually("click-to-dial and call control are registered", registered).await;

    // Ring, answer, end.
    let call = stage.asterisk.call_in(Call::from(support::CUSTOMER));
    let ringing = notice(&zoho, "received", "ringing").await;
    assert_eq!((ringing.from.as_str(), ringing.to.as_str()), ("+819012345678", "6001"));
    assert_eq!(ringing.zohouser.as_deref(), Some(SATO));
    assert!(stage.asterisk.wait_until(|sim| sim.phone("6001").answer(), PATIENCE).await);
    notice(&zoho, "received", "answered").await;
    call.hang_up();
    let ended = notice(&zoho, "received", "ended").await;
    assert!(ended.duration.unwrap() >= 1 && ended.id == ringing.id);
    // The other CRM has it from the outbox; Zoho's part of the outbox is worked off as well then.
    assert_eq!(stage.logged(1).await.len(), 1);
    let calls = zoho.records("Calls");
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0]["Call_Type"], &calls[0]["Who_Id"]["name"]), (&json!("Inbound"), &json!("Yamada")));

    // A click in Zoho.
    let stranger =
        Webhook { body: "tonumber=1&ctiextension=6001".to_owned(), headers: Vec::new(), ..at(hook(&zoho), &desk) };
    assert_eq!(stranger.send().await.unwrap(), 401);
    assert_eq!(at(hook(&zoho), &desk).send().await.unwrap(), 200);
    assert!(stage.asterisk.wait_until(|sim| sim.phone("6001").answer(), PATIENCE).await);
    let dialed = notice(&zoho, "dialed", "ringing").await;
    assert_eq!(dialed.from, "6001");

    // Zoho's button ends it.
    let hang_up = zoho.press(SATO, Button::HangUp, &dialed.id, Proof::Header).unwrap();
    assert_eq!(at(hang_up, &desk).send().await.unwrap(), 200);
    let over = async || (zoho.records("Calls").len() == 2).then_some(());
    eventually("the second call is over", over).await;
    let ends = zoho.notices().into_iter().filter(|notice| !matches!(&*notice.state, "ringing" | "answered"));
    assert_eq!(ends.count(), 2, "each end is told once");
    adapter.signal("TERM").await;
    assert_eq!(adapter.ended().await.code, Some(0));
}

fn hook(zoho: &Simulator) -> Webhook {
    zoho.click(SATO, "090-1234-5678", Proof::Parameter).unwrap()
}

/// Waits until so many callers were looked for among the contacts: the programme knows who calls.
async fn looked_up(zoho: &Simulator, count: usize) {
    let asked = || zoho.requests().iter().filter(|request| request.body.contains("from Contacts")).count();
    eventually("the caller is looked up", async || (asked() >= count).then_some(())).await;
}

#[tokio::test]
async fn without_phonebridge_the_call_is_a_record_that_we_write() {
    let (mut stage, zoho) = (Stage::new().await, zoho().await);
    stage.more = section(&stage, &zoho, "call_log = { missed_call_tasks = { due_days = 1 } }");
    let _adapter = stage.run().await;
    let call = stage.asterisk.call_in(Call::from(support::CUSTOMER));
    looked_up(&zoho, 1).await;
    assert!(stage.asterisk.wait_until(|sim| sim.phone("6001").answer(), PATIENCE).await);
    call.hang_up();
    let written = async || zoho.records("Calls").into_iter().next();
    let record = eventually("the call in Zoho", written).await;
    assert_eq!((&record["Owner"]["email"], &record["Who_Id"]["name"]), (&json!("sato@example.com"), &json!("Yamada")));
    let missed = stage.asterisk.call_in(Call::from("0611112222"));
    looked_up(&zoho, 2).await;
    assert!(stage.asterisk.wait_until(|sim| sim.phone("6001").reject(), PATIENCE).await);
    missed.hang_up();
    let task = async || zoho.records("Tasks").into_iter().next();
    assert_eq!(eventually("the task in Zoho", task).await["Owner"]["email"], "sato@example.com");
    assert!(zoho.notices().is_empty());
}

#[tokio::test]
async fn login_walks_through_the_grant_of_a_self_client_and_the_secret_is_in_no_output() {
    let (stage, zoho) = (Stage::new().await, zoho().await);
    let file = stage.folder.file("tokens.json");
    let args = [
        "login",
        "zoho",
        "--data-center",
        zoho.base_url(),
        "--client-id",
        Simulator::CLIENT_ID,
        "--token-file",
        file.to_str().unwrap(),
    ];
    let bare = Adapter::start(&mut command(&args)).ended().await;
    assert!(bare.code == Some(1) && bare.complaints.contains("ZOHO_CLIENT_SECRET"), "{bare:?}");
    let mut login = command(&args);
    let mut child = login
        .env("ZOHO_CLIENT_SECRET", Simulator::CLIENT_SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let code = zoho.self_client_code();
    child.stdin.take().unwrap().write_all(format!("{code}\n").as_bytes()).await.unwrap();
    let run = child.wait_with_output().await.unwrap();
    let out = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && out.contains("ZohoCRM.coql.READ") && out.contains("granted"), "{out}");
    assert!(!out.contains(Simulator::CLIENT_SECRET) && !out.contains(&code), "{out}");
    assert!(file.exists());
}

#[tokio::test]
async fn members_come_from_the_crms_group_and_go_with_their_licence() {
    let mut stage = Stage::new().await;
    let (sato, suzuki) = (User::new(1, "Sato", "sato@example.com"), User::new(2, "Suzuki", "suzuki@example.com"));
    let builder = Simulator::builder().user(sato.clone()).user(suzuki.clone());
    let zoho = builder.group("5725767000000090001", "Sales", &[&sato, &suzuki]).start().await.unwrap();
    let agents = r#"{ user = "suzuki", extension = "6002", email = "suzuki@example.com" },"#;
    let groups = r#"groups = [{ group = "Support", crm_group = "Sales" }]"#;
    stage.more = section(&stage, &zoho, &format!("{groups}\n{PHONEBRIDGE}"))
        .replace("agents = [", &format!("agents = [{agents}"));
    let adapter = stage.run().await;
    let desk = adapter.says("the agent desk is open address=").await;
    let suzukis = |zoho: &Simulator| zoho.click("700000002", "0312345678", Proof::Parameter);
    let click = eventually("click-to-dial is registered", async || suzukis(&zoho)).await;
    // Suzuki is in no [[groups]] of the file: the CRM makes her a member.
    assert_eq!(at(click.clone(), &desk).send().await.unwrap(), 200);
    assert!(stage.asterisk.wait_until(|sim| sim.phone("6002").answer(), PATIENCE).await);
    notice(&zoho, "dialed", "ringing").await;
    assert!(zoho.change_user("suzuki@example.com", |user| user.telephony = false));
    adapter.signal("HUP").await;
    adapter.says("were read again").await;
    let refused = async || {
        assert_eq!(at(click.clone(), &desk).send().await.unwrap(), 200);
        (!zoho.dial_errors().is_empty()).then_some(())
    };
    eventually("the dial of her who lost the licence is refused", refused).await;
}
