//! The simulated Zoho, used through the SDK that Zoho publishes (npm, `@zohocrm/nodejs-sdk-8.0`).
//!
//! Without node the test says that it was skipped; with `CTI_LAB=required` that is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

mod node;

use cti_testkit::zoho::{Field, Kind, Simulator, User};
use node::{client, text};
use tokio::process::Command;

#[tokio::test]
async fn the_official_sdk_is_answered_as_by_zoho() {
    let Some(folder) = client("zoho_sdk").await else { return };
    let (jane, joe) = (User::new(1, "Jane", "jane@example.com"), User::new(2, "Joe", "joe@example.com"));
    let simulator = Simulator::builder()
        .user(jane.clone())
        .user(joe.clone())
        .group("5725767000000090001", "Sales", &[&jane, &joe])
        .field("Calls", Field::new("CTI_Call_ID", Kind::Text).unique())
        .start()
        .await
        .unwrap();
    let code = simulator.self_client_code();
    let run = Command::new("node")
        .args(["check.mjs", simulator.base_url(), Simulator::CLIENT_ID, Simulator::CLIENT_SECRET])
        .args([Simulator::REFRESH_TOKEN, &code])
        .current_dir(&folder)
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .await
        .unwrap();
    let out = text(&run);
    let last = simulator.requests().pop();
    assert!(run.status.success(), "{out}\nlast: {last:?}");
    let calls: usize = out.lines().find_map(|line| line.strip_suffix(" calls")).expect("a count").parse().unwrap();
    eprintln!("the SDK made {calls} calls, {} requests", simulator.requests().len());
    // Not only counted there: this many requests came here.
    assert!(calls >= 25 && simulator.requests().len() >= calls, "only {calls} calls were made");
}
