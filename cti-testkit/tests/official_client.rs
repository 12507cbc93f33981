//! The simulated kintone, used through the client that kintone's makers publish (npm, `@kintone/rest-api-client`).
//!
//! Without node the test says that it was skipped; with `CTI_LAB=required` that is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]

use cti_testkit::kintone::{App, Field, FieldType, Rights, Simulator};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio::process::Command;

const TOKEN: &str = "token-of-app-1";
const GUEST_TOKEN: &str = "token-of-app-2";
/// `sato:secret`
const PERSON: &str = "c2F0bzpzZWNyZXQ=";

#[tokio::test]
async fn the_official_client_is_answered_as_by_kintone() {
    let Some(folder) = client().await else { return };
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

/// The folder with script and client, installed below the target directory; `None` if that is not possible here.
async fn client() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("official-client");
    fs::create_dir_all(&folder).unwrap();
    // Several test runs may share the target directory.
    let lock = File::create(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official_client");
    let stale = fs::read(source.join("package-lock.json")).ok() != fs::read(folder.join("installed.json")).ok();
    for name in ["package.json", "package-lock.json", "check.mjs"] {
        fs::copy(source.join(name), folder.join(name)).unwrap();
    }
    if stale && let Err(why) = install(&folder).await {
        return left_out(&why);
    }
    fs::copy(source.join("package-lock.json"), folder.join("installed.json")).unwrap();
    match Command::new("node").arg("--version").output().await {
        Ok(run) if run.status.success() => Some(folder),
        _ => left_out("node is missing"),
    }
}

async fn install(folder: &Path) -> Result<(), String> {
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let run = Command::new("npm").args(arguments).current_dir(folder).output().await;
    let run = run.map_err(|error| format!("npm is missing ({error})"))?;
    if run.status.success() { Ok(()) } else { Err(format!("npm cannot install the client: {}", text(&run))) }
}

fn left_out(why: &str) -> Option<PathBuf> {
    assert!(std::env::var("CTI_LAB").as_deref() != Ok("required"), "{why}");
    eprintln!("SKIPPED: kintone's official client was not used: {why}");
    None
}

fn text(run: &Output) -> String {
    String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr)
}
