//! Prints who is calling, and writes each call to kintone. The ten lines of the README and a call
//! history, as a programme:
//!
//! ```sh
//! AMI_SECRET=… KINTONE_TOKEN=… KINTONE_LOG_TOKEN=… cargo run --example screen_pop --features full -- pbx.example.com example.cybozu.com
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use cti::kintone::call_log_fields;
use cti::prelude::*;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(host), Some(domain)) = (arguments.next(), arguments.next()) else {
        return Err("usage: screen_pop <host of the PBX> <domain of kintone>".into());
    };
    let pbx = Asterisk::new("main", host).login("cti", secret("AMI_SECRET")?).tls();
    let crm = Kintone::new(domain)
        .customers(14, secret("KINTONE_TOKEN")?, fields! { phone: "tel", name: "name" })
        .call_log(15, secret("KINTONE_LOG_TOKEN")?, call_log_fields());
    Pipeline::new()
        .pbx(pbx)
        .crm(crm.retry(Retry::default()).cached(Cache::default()))
        .outbox(SqliteOutbox::open("calls.db")?)
        .on_pop(|pop| async move { println!("{}: {}", pop.extension, pop.title()) })
        .run_until(ctrl_c())
        .await?;
    Ok(())
}
