//! Reads many simulated customers into a directory in a file, and tells how much memory that took:
//! `cargo run -p cti-crm-kintone --example sync_million [records]`. The simulated kintone runs in a process of its own, so
//! that its memory is not counted. Half-way the reading is broken off and begun again, as a restart would.
#![allow(clippy::print_stdout, reason = "an example talks to the person who started it")]

use chrono::{TimeDelta, Utc};
use cti_core::directory::{Directory, DirectorySync, SyncReport, SyncSettings};
use cti_core::fields;
use cti_core::number::NumberingPlan;
use cti_core::secret::SecretString;
use cti_crm_kintone::Kintone;
use cti_directory::SqliteDirectory;
use cti_testkit::kintone::{App, Field, Rights, Simulator};
use serde_json::json;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOKEN: &str = "token";

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", count] => serve(count.parse()?).await,
        [] => measure(1_000_000).await,
        [count] => measure(count.parse()?).await,
        _ => Err("usage: sync_million [records]".into()),
    }
}

/// The simulated kintone; lives until its input is closed.
async fn serve(count: u64) -> Outcome {
    let app = App::customers_template(14).field(Field::text("tel"));
    let simulator = Simulator::builder().app(app).token(TOKEN, 14, Rights::VIEW_ADD_EDIT).start().await?;
    let begin = Utc::now() - TimeDelta::days(30);
    simulator.fill(14, count, |n| {
        let changed = begin + TimeDelta::seconds(i64::try_from(n).unwrap_or_default());
        (changed, json!({"tel": {"value": format!("03{n:08}")}, "name": {"value": format!("Customer {n}")}}))
    });
    simulator.record_requests(false);
    println!("{}", simulator.base_url());
    tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await?;
    Ok(())
}

async fn measure(count: u64) -> Outcome {
    let mut kintone = Command::new(std::env::current_exe()?)
        .args(["serve", &count.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let outcome = with(&mut kintone, count).await;
    kintone.kill()?;
    kintone.wait()?;
    outcome
}

async fn with(kintone: &mut Child, count: u64) -> Outcome {
    let mut address = String::new();
    BufReader::new(kintone.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    let folder = std::env::temp_dir().join(format!("cti-sync-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = read(address.trim(), &folder.join("customers.db"), count).await;
    std::fs::remove_dir_all(folder)?;
    outcome
}

async fn read(address: &str, file: &Path, count: u64) -> Outcome {
    let begun = Instant::now();
    // Broken off after about half: the task is dropped wherever it stands.
    let half = count / 2;
    let directory = SqliteDirectory::open(file)?;
    let first = sync(address, directory.clone());
    tokio::select! {
        report = first.run_once() => println!("read to the end before half: {:?}", report?),
        () = until(&directory, half) => {}
    }
    drop((first, directory));
    let directory = SqliteDirectory::open(file)?;
    let kept = directory.count().await?;
    println!("| broken off at | {kept} customers | {} MiB of memory at most so far |", peak()?);
    let SyncReport { read, changed, left_out, .. } = sync(address, directory.clone()).run_once().await?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("| gone on | {changed} more, {read} in all, left out {left_out:?} | {} MiB at most |", peak()?);
    println!("| in the file | {} customers | {:.0} a second |", directory.count().await?, count as f64 / seconds);
    if directory.count().await? != count || kept + changed != count {
        return Err("customers are missing or were read twice".into());
    }
    Ok(())
}

fn sync(address: &str, directory: SqliteDirectory) -> DirectorySync {
    let fields = fields! { phone: "tel", name: "name" };
    let kintone = Kintone::new(address).timeout(Duration::from_secs(120));
    let kintone = kintone.customers(14, SecretString::from(TOKEN), fields);
    let settings = SyncSettings { most: u64::MAX, ..SyncSettings::default() };
    DirectorySync::new(Arc::new(kintone), Arc::new(directory), NumberingPlan::japan(), settings)
}

async fn until(directory: &SqliteDirectory, count: u64) {
    while directory.count().await.is_ok_and(|there| there < count) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The most memory that this process has had, in MiB.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
