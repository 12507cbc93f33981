//! What goes wrong at a real site: passwords, addresses, configuration files, and callers who send anything as a name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, User};
use serde_json::Value;
use std::time::{Duration, Instant};
use support::{Adapter, Ended, Folder, PATIENCE, Stage, TOKEN, command, run_to_end};

/// A port of this machine where nobody listens.
async fn dead_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn with_config(args: &[&str], text: &str) -> (Ended, Folder) {
    let folder = Folder::new();
    let config = folder.write("cti.toml", text);
    let all: Vec<&str> = args.iter().copied().chain(["--config", config.to_str().unwrap()]).collect();
    (run_to_end(&all).await, folder)
}

#[tokio::test]
async fn a_wrong_password_ends_at_once_after_one_try_and_says_what_to_compare() {
    for args in [&["run"][..], &["dial", "--user", "sato", "--go", "0312345678"]] {
        let stage = Stage::new().await;
        let config = stage.config_text();
        // Somebody changed the secret at the PBX.
        stage.asterisk.add_user(User::new("cti", "another secret"));
        let began = Instant::now();
        let (ended, _folder) = with_config(args, &config).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let last = ended.complaints.lines().find(|line| line.starts_with("cti-adapter: ")).unwrap();
        for word in ["user=cti", "manager.conf", "secret"] {
            assert!(last.contains(word), "no {word:?} in {last}");
        }
        assert_eq!(stage.asterisk.count("Login"), 1, "one try, or the PBX locks us out");
        assert!(!ended.complaints.contains("s3cret"));
    }
}

#[tokio::test]
async fn an_unreachable_pbx_is_tried_again_and_again_and_sigterm_still_ends_it() {
    let stage = Stage::new().await;
    let port = dead_port().await;
    let text = stage.config_text().replace(&stage.asterisk.addr().port().to_string(), &port.to_string());
    let config = stage.folder.write("cti.toml", &text);
    let adapter = Adapter::start(&mut command(&["run", "--config", config.to_str().unwrap()]));
    adapter.says_again("the link to the PBX is down", 2).await;
    assert!(adapter.log().contains(&format!("127.0.0.1:{port}")), "{}", adapter.log());
    adapter.signal("TERM").await;
    let asked = Instant::now();
    let ended = adapter.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.complaints);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn the_doctor_names_what_is_unreachable_and_the_cure() {
    let stage = Stage::new().await;
    let text = stage.config_text();
    let text = text.replace(&stage.asterisk.addr().port().to_string(), &dead_port().await.to_string());
    let (told, _folder) = with_config(&["doctor"], &text).await;
    assert_eq!(told.code, Some(1), "{}", told.complaints);
    let at = told.out.lines().position(|line| line.starts_with("FAILED ")).expect("a check that failed");
    let lines: Vec<&str> = told.out.lines().skip(at).take(2).collect();
    assert!(lines[0].contains("asterisk.main.link"), "{lines:?}");
    assert!(lines[1].contains("check host and port"), "{lines:?}");

    let (told, _folder) = with_config(&["doctor", "--json"], &text).await;
    assert_eq!(told.code, Some(1));
    let checks: Vec<Value> = serde_json::from_str(&told.out).unwrap();
    let link = checks.iter().find(|check| check["name"] == "asterisk.main.link").unwrap();
    assert_eq!(link["outcome"], "failed");
    assert!(link["cure"].is_string());
}

#[tokio::test]
async fn the_doctor_is_content_where_all_is_well() {
    let stage = Stage::new().await;
    let (told, _folder) = with_config(&["doctor"], &stage.config_text()).await;
    assert_eq!((told.code, told.complaints.as_str()), (Some(0), ""), "{}", told.out);
    assert!(!told.out.contains("FAILED"), "{}", told.out);
    for check in ["config", "outbox.folder", "desk.listen", "asterisk.main.link", "asterisk.main.version", "kintone."] {
        assert!(told.out.contains(check), "no {check} in\n{}", told.out);
    }
    assert!(told.out.contains("Asterisk 22.10.1"), "the version of the PBX\n{}", told.out);
    assert_eq!(stage.kintone.records(15).len(), 0, "a doctor writes nothing");
}

#[tokio::test]
async fn every_mistake_of_a_file_is_named_and_nothing_is_started() {
    let stage = Stage::new().await;
    let text = stage.config_text();
    let text = text.replace("transport = \"plain\"", "transport = \"carrier pigeon\"");
    let text = text.replace("extensions = [\"6001\"]", "extensions = []");
    let text = text.replace("pbx = \"main\"", "pbx = \"mian\"");
    for args in [&["run"][..], &["dial", "--user", "sato", "0312345678"]] {
        let (ended, _folder) = with_config(args, &text).await;
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.complaints);
        for told in ["3 mistakes", "pbx[0].transport: ", "desk.agents[0].extensions: ", "groups[0].pbx: "] {
            assert!(ended.complaints.contains(told), "no {told:?} in {}", ended.complaints);
        }
        for secret in ["s3cret", "simulated-", TOKEN] {
            assert!(!ended.complaints.contains(secret), "{}", ended.complaints);
        }
    }
    assert!(!stage.folder.file("calls.db").exists());
    assert_eq!((stage.asterisk.connections(), stage.kintone.requests().len()), (0, 0));
    let (told, _folder) = with_config(&["doctor", "--json"], &text).await;
    let checks: Vec<Value> = serde_json::from_str(&told.out).unwrap();
    assert_eq!((told.code, checks.len()), (Some(1), 3));
}

#[tokio::test]
async fn a_file_that_is_missing_or_no_toml_is_told_with_its_place() {
    let missing = run_to_end(&["run", "--config", "/no/such/cti.toml"]).await;
    assert_eq!(missing.code, Some(1));
    assert!(missing.complaints.contains("/no/such/cti.toml cannot be read"), "{}", missing.complaints);

    let text = "[[pbx]]\nname = \"main\"\nsecret = \"hunter2\nhost = \"x\"\n";
    let (ended, _folder) = with_config(&["run"], text).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.complaints.contains("line 3, column "), "{}", ended.complaints);
    assert!(!ended.complaints.contains("hunter2"), "{}", ended.complaints);
}

/// `dial` without `--go` reads and checks the whole file and asks nobody.
#[tokio::test]
async fn the_example_file_loads() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cti.example.toml");
    let mut dial = command(&["dial", "--config", example, "--user", "sato", "212-555-0123"]);
    let bare = Adapter::start(&mut dial).ended().await;
    assert_eq!(bare.code, Some(1), "the secrets are missing");
    let secrets = ["AMI_SECRET", "KINTONE_CUSTOMERS_TOKEN", "KINTONE_CALL_LOG_TOKEN", "DESK_TOKEN_SATO"];
    let zoho = ["ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN", "ZOHO_WEBHOOK_SECRET", "ZOHO_PHONEBRIDGE_SECRET"];
    let others = ["KINTONE_GATE", "KINTONE_PASSWORD", "KINTONE_WEBHOOK", "CRM_PASSWORD", "CRM_PASSWORD_SATO"];
    for name in secrets.into_iter().chain(others).chain(zoho) {
        assert!(bare.complaints.contains(name), "{name} is not named: {}", bare.complaints);
        dial.env(name, "0123456789abcdef");
    }
    let whole = Adapter::start(&mut dial).ended().await;
    assert_eq!((whole.code, whole.complaints.as_str()), (Some(0), ""));
    assert!(whole.out.contains("main: 6002 rings"), "{}", whole.out);
}

/// What strangers send as a name, and how it reaches people: in one line, at most 256 characters.
fn hostile_names() -> Vec<(String, String)> {
    let same = |name: &str| (name.to_owned(), name.to_owned());
    vec![
        same("\"><script>alert(1)</script>"),
        ("Eve\r\nEvent: Hangup\r\nUniqueid: 1".to_owned(), "Eve  Event: Hangup  Uniqueid: 1".to_owned()),
        same("O'Brien \"Bob\" \\ ${EXPR} {{name}} %n"),
        ("x".repeat(10_000), "x".repeat(256)),
        ("before\0after".to_owned(), "before after".to_owned()),
        same("\u{202e}txet desrever\u{202c} مرحبا"),
        same("' or phone != \"\" limit 500"),
        ("\u{1b}[31mred\u{7}".to_owned(), "[31mred".to_owned()),
    ]
}

#[tokio::test]
async fn hostile_names_are_harmless_text_in_the_crm_and_on_the_desk() {
    let stage = Stage::new().await;
    let mut adapter = stage.run().await;
    let desk = stage.desk(&adapter).await;
    let names = hostile_names();
    for (at, (sent, shown)) in names.iter().enumerate() {
        let call = stage.asterisk.call_in(Call::from(&format!("031111000{at}")).name(sent));
        let id = format!("main/{}", call.uniqueid());
        let told = desk.frame("call", |view| view["call"] == *id && view["state"] == "ringing").await;
        assert_eq!(told["name"].as_str().unwrap(), shown, "{sent:?}");
        assert!(stage.asterisk.phone("6001").answer());
        desk.frame("call", |view| view["call"] == *id && view["state"] == "talking").await;
        call.hang_up();
    }
    let records = stage.logged(names.len()).await;
    for (at, (sent, shown)) in names.iter().enumerate() {
        let number = format!("031111000{at}");
        let of_call: Vec<&Value> = records.iter().filter(|record| record["tel"]["value"] == *number).collect();
        let [record] = of_call.as_slice() else { panic!("{} records of {sent:?}", of_call.len()) };
        assert_eq!(record["name"]["value"].as_str().unwrap(), shown, "{sent:?}");
        assert_eq!(record["result"]["value"], "answered");
    }
    assert_eq!(records.len(), names.len());
    assert!(adapter.runs());
    adapter.signal("TERM").await;
    let ended = adapter.ended().await;
    assert_eq!(ended.code, Some(0));
    assert!(!ended.complaints.contains("ERROR") && !ended.complaints.contains("panicked"), "{}", ended.complaints);
}

/// What a person must mend is said, and calls wait for it.
#[tokio::test]
async fn calls_wait_for_a_crm_that_refuses_the_token() {
    let stage = Stage::new().await;
    let text = stage.config_text().replace("simulated-call-log-token", "revoked-call-log-token");
    let config = stage.folder.write("cti.toml", &text);
    let adapter = Adapter::start(&mut command(&["run", "--config", config.to_str().unwrap()]));
    adapter.says("the link to the PBX is up").await;
    let call = stage.asterisk.call_in(Call::from("0311110000"));
    assert!(stage.asterisk.wait_until(|sim| sim.phone("6001").is_ringing(), PATIENCE).await);
    call.hang_up();
    let told = adapter.says("not delivered yet").await;
    assert!(told.contains("unauthenticated") && told.contains(call.uniqueid()), "{told}");
    assert!(!adapter.log().contains("revoked-call-log-token"));
    adapter.signal("TERM").await;
    assert_eq!(adapter.ended().await.code, Some(0));
    assert!(stage.kintone.records(15).is_empty());
}
