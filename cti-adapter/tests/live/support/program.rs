//! The real programme and its configuration file.

use super::PATIENCE;
use cti_lab::Asterisk;
use cti_testkit::kintone::Simulator;
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio::process::Command;

/// A configuration file in a folder of its own.
pub struct Config {
    folder: super::office::Folder,
}

impl Config {
    /// Writes one for that Asterisk and that kintone. `sato` dials from 6001 and `ghost` from a telephone that does not
    /// exist, both with a 9 before the number.
    pub fn write(asterisk: &Asterisk, kintone: &Simulator) -> Self {
        let folder = super::office::Folder::new();
        let text = format!(
            r#"
            [[pbx]]
            name = "main"
            kind = "asterisk"
            host = "127.0.0.1"
            port = {port}
            transport = "plain"
            user = "{user}"
            secret = {{ env = "AMI_SECRET" }}

            [[crm]]
            name = "kintone"
            kind = "kintone"
            domain = "{domain}"
            customers = {{ app = 14, token = {{ env = "CUSTOMERS_TOKEN" }}, fields = {{ phone = "tel", name = "name", company = "company" }} }}
            call_log = {{ app = 15, token = {{ env = "CALL_LOG_TOKEN" }} }}

            [outbox]
            path = "{outbox}"

            [[groups]]
            name = "Tokyo"
            pbx = "main"
            owner = "sato"
            prefixes = "LOCAL:9"
            default_prefix = {{ fixed = "LOCAL" }}
            members = [{{ user = "sato", extension = "6001" }}, {{ user = "ghost", extension = "6099" }}]
            "#,
            port = asterisk.ami_addr().port(),
            user = Asterisk::AMI_USER,
            domain = kintone.base_url(),
            outbox = folder.file("calls.db").display(),
        );
        std::fs::write(folder.file("cti.toml"), text).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.file("cti.toml")
    }
}

/// The programme with that command and configuration file; it ends with the value.
pub fn adapter(command: &str, config: &Path) -> Command {
    let mut adapter = Command::new(env!("CARGO_BIN_EXE_cti-adapter"));
    adapter
        .arg(command)
        .arg("--config")
        .arg(config)
        .env("AMI_SECRET", Asterisk::AMI_SECRET)
        .env("CUSTOMERS_TOKEN", Simulator::CUSTOMERS_TOKEN)
        .env("CALL_LOG_TOKEN", Simulator::CALL_LOG_TOKEN)
        .env_remove("RUST_LOG")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    adapter
}

/// What became of a programme.
pub struct Finished {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Finished {
    /// Waits until it ends.
    pub async fn of(run: impl Future<Output = std::io::Result<Output>>) -> Self {
        let output = tokio::time::timeout(PATIENCE, run).await.expect("the programme ends").unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}
