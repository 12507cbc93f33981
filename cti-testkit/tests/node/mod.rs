//! Clients that vendors publish for node, installed below the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio::process::Command;

/// The folder with `check.mjs` and the client of `tests/<name>`, installed; `None`, with a word why, if that is not
/// possible here. With `CTI_LAB=required` that is a failure.
pub(crate) async fn client(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    // Several test runs may share the target directory.
    let lock = File::create(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let stale = fs::read(source.join("package-lock.json")).ok() != fs::read(folder.join("installed.json")).ok();
    for file in ["package.json", "package-lock.json", "check.mjs"] {
        fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    if stale && let Err(why) = install(&folder).await {
        return left_out(name, &why);
    }
    fs::copy(source.join("package-lock.json"), folder.join("installed.json")).unwrap();
    match Command::new("node").arg("--version").output().await {
        Ok(run) if run.status.success() => Some(folder),
        _ => left_out(name, "node is missing"),
    }
}

async fn install(folder: &Path) -> Result<(), String> {
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let run = Command::new("npm").args(arguments).current_dir(folder).output().await;
    let run = run.map_err(|error| format!("npm is missing ({error})"))?;
    if run.status.success() { Ok(()) } else { Err(format!("npm cannot install the client: {}", text(&run))) }
}

fn left_out(name: &str, why: &str) -> Option<PathBuf> {
    assert!(std::env::var("CTI_LAB").as_deref() != Ok("required"), "{why}");
    eprintln!("SKIPPED: {name} was not used: {why}");
    None
}

/// What a programme wrote.
pub(crate) fn text(run: &Output) -> String {
    String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr)
}
