//! A simulated Asterisk and a simulated kintone, and a configuration file that names them.

use super::{Adapter, DeskClient, Folder, command, eventually};
use cti_testkit::asterisk::Simulator as SimulatedAsterisk;
use cti_testkit::kintone::Simulator as SimulatedKintone;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The token of the agent `sato`, who has extension 6001.
pub(crate) const TOKEN: &str = "desk-token-of-sato-0123456789";

/// The number of the customer that the CRM knows, as it is called from.
pub(crate) const CUSTOMER: &str = "09012345678";

pub(crate) struct Stage {
    pub(crate) asterisk: SimulatedAsterisk,
    pub(crate) kintone: SimulatedKintone,
    pub(crate) folder: Folder,
    /// More of the configuration file.
    pub(crate) more: String,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let asterisk = SimulatedAsterisk::start().await.unwrap();
        let kintone = SimulatedKintone::start().await.unwrap();
        kintone.put_record(
            14,
            json!({"tel": {"value": "090-1234-5678"}, "name": {"value": "山田 太郎"}, "company": {"value": "山田商店"}}),
        );
        Self { asterisk, kintone, folder: Folder::new(), more: String::new() }
    }

    /// The configuration file, written anew.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.write("cti.toml", &self.config_text())
    }

    pub(crate) fn config_text(&self) -> String {
        let outbox = self.folder.file("calls.db");
        format!(
            r#"
            [[pbx]]
            name = "main"
            kind = "asterisk"
            host = "127.0.0.1"
            port = {port}
            transport = "plain"
            user = "{user}"
            secret = "{secret}"

            [[crm]]
            name = "kintone"
            kind = "kintone"
            domain = "{kintone}"
            [crm.customers]
            app = 14
            token = "{customers}"
            fields = {{ phone = "tel", phone2 = "tel2", name = "name", company = "company" }}
            [crm.call_log]
            app = 15
            token = "{call_log}"

            [outbox]
            path = "{outbox}"

            [desk]
            listen = "127.0.0.1:0"
            [[desk.agents]]
            user = "sato"
            name = "佐藤 花子"
            extensions = ["6001"]
            token = "{TOKEN}"

            [[groups]]
            name = "Support"
            pbx = "main"
            owner = "sato"
            prefixes = "LOCAL:9"
            default_prefix = {{ fixed = "LOCAL" }}
            members = [{{ user = "sato", extension = "6001", default = true }}]
            {more}
            "#,
            port = self.asterisk.addr().port(),
            user = SimulatedAsterisk::USER,
            secret = SimulatedAsterisk::SECRET,
            kintone = self.kintone.base_url(),
            customers = SimulatedKintone::CUSTOMERS_TOKEN,
            call_log = SimulatedKintone::CALL_LOG_TOKEN,
            outbox = outbox.display(),
            more = self.more,
        )
    }

    /// `cti-adapter run`, logged in at the Asterisk.
    pub(crate) async fn run(&self) -> Adapter {
        self.run_logging("info").await
    }

    pub(crate) async fn run_logging(&self, level: &str) -> Adapter {
        let config = self.config();
        let adapter = Adapter::start(command(&["run", "--config", config.to_str().unwrap()]).env("RUST_LOG", level));
        adapter.says("the link to the PBX is up").await;
        adapter
    }

    /// Its desk, signed in as `sato`.
    pub(crate) async fn desk(&self, adapter: &Adapter) -> DeskClient {
        DeskClient::new(adapter.says("the agent desk is open address=").await.trim()).await
    }

    /// The entries of the call log, as soon as there are so many.
    pub(crate) async fn logged(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} entries in the call log");
        eventually(&what, async || Some(self.kintone.records(15)).filter(|records| records.len() >= count)).await
    }
}
