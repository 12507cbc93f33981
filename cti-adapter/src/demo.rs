//! `demo`: the whole thing on this machine. The PBX and the CRM are simulated, but what is between them and us is real:
//! AMI and HTTP over loopback sockets, the pipeline, the desk page.

use crate::cli::Demo as Options;
use crate::{Outcome, logging, output};
use cti::core::dial::{DialPlan, Member, PrefixChoice, TelephonyGroup};
use cti::core::fields::FieldMap;
use cti::core::outbox::MemoryOutbox;
use cti::core::pbx::{PbxCapabilities, PbxSource};
use cti::desk::{AgentLogin, RunningDesk};
use cti::prelude::*;
use cti_testkit::asterisk::{Call, Simulator as SimulatedAsterisk, User};
use cti_testkit::kintone::Simulator as SimulatedKintone;
use secrecy::SecretString;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Who calls: number, name, company.
const CUSTOMERS: [(&str, &str, &str); 4] = [
    ("090-1234-5678", "山田 太郎", "山田商店"),
    ("03-5555-0123", "Jane Smith", "Smith & Sons"),
    ("080-2222-3333", "鈴木 一郎", "鈴木建設 株式会社"),
    ("06-6666-7777", "O'Brien <Ann>", "\"Quotes\" Ltd."),
];

/// The agent of the page.
const AGENT: &str = "demo";

/// The agent's telephone.
const EXTENSION: &str = "6001";

/// The DID that rings the agent's telephone.
const DID: &str = "0312345000";

/// How long a phone rings before it is picked up.
const RING: Duration = Duration::from_secs(4);

/// How long people talk.
const TALK: Duration = Duration::from_secs(12);

/// How long nobody calls.
const PAUSE: Duration = Duration::from_secs(8);

/// How often to look whether the adapter has logged in.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs until Ctrl-C.
pub(crate) async fn demo(options: Options) -> Outcome {
    logging::start("warn");
    let asterisk = asterisk().await?;
    let kintone = kintone().await?;
    let pbx = Asterisk::new("demo", asterisk.addr().to_string()).login("cti", SecretString::from("demo")).plain_text();
    let desk = desk(&options, PbxSource::capabilities(&pbx)).await?;
    greet(&desk, &kintone)?;
    let crm = Kintone::new(kintone.base_url())
        .customers(14, SecretString::from(SimulatedKintone::CUSTOMERS_TOKEN), customer_fields())
        .call_log(15, SecretString::from(SimulatedKintone::CALL_LOG_TOKEN), FieldMap::default());
    let calls = calls(&asterisk, options.calls);
    let pipeline = Pipeline::new()
        .pbx(pbx)
        .crm(crm.retry(Retry::default()).cached(Cache::default()))
        .outbox(MemoryOutbox::new()) // nothing of a demo is kept
        .dial_plan(dial_plan()?)
        .popup(desk.clone())
        .commands(desk.clone());
    pipeline
        .run_until(async {
            tokio::select! {
                () = cti::ctrl_c() => {}
                () = calls => {}
            }
        })
        .await?;
    desk.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn asterisk() -> std::io::Result<SimulatedAsterisk> {
    let asterisk = SimulatedAsterisk::start().await?;
    asterisk.add_user(User::new("cti", "demo"));
    asterisk.phone(EXTENSION).answers_after(RING);
    asterisk.far_end().answers_after(RING);
    Ok(asterisk)
}

async fn kintone() -> std::io::Result<SimulatedKintone> {
    let kintone = SimulatedKintone::start().await?;
    for (tel, name, company) in CUSTOMERS {
        kintone.put_record(14, json!({"tel": {"value": tel}, "name": {"value": name}, "company": {"value": company}}));
    }
    Ok(kintone)
}

async fn desk(options: &Options, can: PbxCapabilities) -> cti::Result<RunningDesk> {
    let agent = AgentLogin::new(AGENT, EXTENSION).name("Agent One");
    Desk::new()
        .listen(options.listen.to_string())
        .capabilities(can)
        .agent(agent)
        .open_access_for_demo(AGENT)
        .bind()
        .await
}

fn greet(desk: &RunningDesk, kintone: &SimulatedKintone) -> std::io::Result<()> {
    output::line(&format!("the desk page of extension {EXTENSION}: {}", desk.url()))?;
    output::line(&format!("the simulated kintone:          {}/k/15/", kintone.base_url()))?;
    output::line("a customer calls every now and then; dial a number from the page; Ctrl-C ends it")
}

fn customer_fields() -> FieldMap {
    fields! { phone: "tel", phone2: "tel2", name: "name", company: "company", memo: "memo" }
}

/// Every number that is dialled from the page goes out with a 9 before it.
fn dial_plan() -> Result<DialPlan, Box<dyn std::error::Error + Send + Sync>> {
    let group = TelephonyGroup {
        name: "Demo".to_owned(),
        pbx: "demo".to_owned(),
        owner: AGENT.to_owned(),
        members: vec![Member { user: AGENT.to_owned(), extension: EXTENSION.into(), default: true }],
        prefixes: "LOCAL:9".parse()?,
        default_prefix: PrefixChoice::Fixed("LOCAL".to_owned()),
    };
    DialPlan::new(vec![group]).map_err(|faults| format!("the demo's dial plan: {faults:?}").into())
}

/// Customers call, one after the other, each with a name in the CRM.
async fn calls(asterisk: &SimulatedAsterisk, count: Option<u32>) {
    while asterisk.logged_in() == 0 {
        tokio::time::sleep(GLANCE).await;
    }
    let customers = CUSTOMERS.iter().cycle().zip(0..count.unwrap_or(u32::MAX));
    for ((number, name, _), _) in customers {
        tokio::time::sleep(PAUSE / 4).await;
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let call = asterisk.call_in(Call::from(&digits).name(name).to(DID));
        if call.wait_answered(RING * 4).await {
            call.wait_over(TALK).await;
        }
        call.hang_up();
        tokio::time::sleep(PAUSE).await;
    }
    // All calls were made; the page stays for click-to-dial.
    std::future::pending().await
}
