//! The simulated kintone, used through the client that kintone's makers publish (npm, `@kintone/rest-api-client`).
//!
//! Without node the test says that it was skipped; with `CTI_LAB=required` that is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

mod node;

use cti_testkit::kintone::{App, Field, FieldType, Rights, Simulator};
use node::{client, text};
use tokio::process::Command;

const TOKEN: &str = "token-of-app-1";
const GUEST_TOKEN: &str = "token-of-app-2";
/// `sato:secret`
const PERSON: &str = "c2F0bzpzZWNyZXQ=";

#[tokio::test]
async fn the_official_client_is_answered_as_by_kintone() {
    let Some(folder) = client("official_client").await else { return };
    let simulator = simulator().await;
    // The client allows clear text for the host `localhost` alone.
    let address = simulator.base_url().replace("127.0.0.1", "localhost");
    let run = Command::new("node")
        .args(["check.mjs", &address, TOKEN, GUEST_TOKEN, "secret"])
        .current_dir(&folder)
        .env("NO_PROXY", "localhost")
        .output()
        .await
        .unwrap();
    let out = text(&run);
    assert!(run.status.success(), "{out}");
    let calls: u32 = out.lines().find_map(|line| line.strip_suffix(" calls")).expect("a count").parse().unwrap();
    assert!(calls >= 40, "only {calls} calls were made");
    eprintln!("the official client made {calls} calls, {} requests", simulator.requests().len());
    // Not only counted there: this many requests came here.
    assert!(simulator.requests().len() >= 40);
}

async fn simulator() -> Simulator {
    let app = App::new(1, "Test")
        .field(Field::text("tel").unique().max_length(20))
        .field(Field::text("name"))
        .field(Field::new("age", FieldType::Number))
        .field(Field::drop_down("rank", &["A", "B"]).default_value("B"))
        .field(Field::new("tags", FieldType::CheckBox).options(&["VIP", "New"]))
        .field(Field::new("recording", FieldType::File));
    Simulator::builder()
        .app(app)
        .app(App::customers_template(2).in_guest_space(7))
        .token(TOKEN, 1, Rights::ALL)
        .token(GUEST_TOKEN, 2, Rights::ALL)
        .person(PERSON)
        .start()
        .await
        .unwrap()
}
