//! The desk page on <http://127.0.0.1:8788/> with a few made-up calls, without a PBX:
//! `cargo run -p cti-desk --example desk_preview [talk|many|unknown|empty|locked]`.
//! `locked` asks for the token `preview-token-0123456789`.

use chrono::{TimeDelta, Utc};
use cti_core::call::{
    CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, Extension, MissReason, Name, Party,
    PbxEvent, TransferHow, Withheld,
};
use cti_core::command::{Command, CommandSource, Outcome};
use cti_core::crm::{Match, Matches};
use cti_core::dial::{Derivation, DerivationStep, Offer};
use cti_core::number::Number;
use cti_core::pbx::PbxCapabilities;
use cti_core::popup::{Pop, Popup};
use cti_desk::{AgentLogin, Desk, PartState, RunningDesk};
use tokio_stream::StreamExt;

/// A made-up call.
struct Preview<'a> {
    desk: &'a RunningDesk,
    call: CallId,
    caller: Party,
    direction: Direction,
    age: i64,
    seq: u64,
}

impl<'a> Preview<'a> {
    fn new(desk: &'a RunningDesk, native: &str, direction: Direction, age: i64, caller: Party) -> Self {
        Self { desk, call: CallId::new("main", native), caller, direction, age, seq: 0 }
    }

    async fn tell(&mut self, seconds: i64, fact: CallFact) {
        self.seq += 1;
        let event = CallEvent {
            call: self.call.clone(),
            id: EventId::of(&self.call, &format!("{}:{}", fact.name(), self.seq)),
            seq: self.seq,
            at: Utc::now() - TimeDelta::seconds(self.age - seconds),
            fact,
            direction: self.direction,
            caller: self.caller.clone(),
            dialed: Number::new(if self.direction == Direction::Outbound { "0312349876" } else { "0312345000" }),
        };
        self.desk.event(&PbxEvent::Call(event)).await;
    }

    async fn pop(&self, found: Vec<Match>) {
        let pop = Pop {
            id: EventId::of(&self.call, "ringing"),
            call: self.call.clone(),
            extension: Extension::from("6001"),
            direction: self.direction,
            caller: self.caller.clone(),
            dialed: None,
            crm: "kintone".to_owned(),
            matches: Matches { found, more: false },
            url: None,
            problem: None,
            click: false,
            hints: Default::default(),
        };
        self.desk.pop(&pop).await;
    }

    async fn end(&mut self, seconds: i64, disposition: Disposition) {
        let now = Utc::now();
        let cause = "normal clearing".to_owned();
        let begun = CallRecord::begun(self.call.clone(), self.direction, self.caller.clone(), None, now);
        let record = CallRecord { disposition, cause, ..begun };
        let ended = CallFact::Ended { cause: "normal clearing".to_owned(), disposition, record: Box::new(record) };
        self.tell(seconds, ended).await;
    }
}

fn customer(name: &str, company: &str, fields: &[(&str, &str)]) -> Match {
    Match {
        object: "14".to_owned(),
        id: "7".to_owned(),
        name: Name::new(name),
        company: Name::new(company),
        spelled: None,
        url: "https://example.cybozu.com/k/14/show#record=7".parse().ok(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

fn ringing(extension: &str) -> CallFact {
    CallFact::Ringing { extension: extension.into() }
}

fn answered(extension: &str) -> CallFact {
    CallFact::Answered { extension: extension.into() }
}

async fn past_calls(desk: &RunningDesk) {
    let mut missed = Preview::new(desk, "1", Direction::Inbound, 5400, Party::known("0451112222", ""));
    missed.tell(0, ringing("6001")).await;
    missed.pop(vec![customer("高橋 美咲", "株式会社みなと商会", &[])]).await;
    missed.tell(21, CallFact::Missed { extension: "6001".into(), reason: MissReason::CallerGaveUp }).await;
    missed.end(21, Disposition::Abandoned).await;

    let mut elsewhere = Preview::new(desk, "2", Direction::Inbound, 4100, Party::known("08055556666", ""));
    elsewhere.tell(0, ringing("6001")).await;
    elsewhere.tell(0, ringing("6002")).await;
    elsewhere.tell(4, answered("6002")).await;
    let reason = MissReason::AnsweredElsewhere;
    elsewhere.tell(4, CallFact::Missed { extension: "6001".into(), reason }).await;
    elsewhere.end(60, Disposition::Answered).await;

    let mut out = Preview::new(desk, "3", Direction::Outbound, 3000, Party::known("6001", ""));
    out.tell(0, CallFact::Dialing { extension: "6001".into(), number: Number::new("90312349876") }).await;
    out.pop(vec![customer("James Carter", "Carter & Sons Ltd", &[])]).await;
    out.tell(7, answered("6001")).await;
    out.end(192, Disposition::Answered).await;

    let mut given = Preview::new(desk, "4", Direction::Inbound, 1500, Party::known("0661112222", ""));
    given.tell(0, ringing("6001")).await;
    given.tell(3, answered("6001")).await;
    if let Some(to) = Number::new("6002") {
        given.tell(80, CallFact::Transferred { from: "6001".into(), to, how: TransferHow::Blind }).await;
    }
    given.end(300, Disposition::Answered).await;

    let withheld = Party::withheld(Withheld::RejectedByUser);
    let mut hidden = Preview::new(desk, "5", Direction::Inbound, 700, withheld);
    hidden.tell(0, ringing("6001")).await;
    hidden.tell(5, answered("6001")).await;
    hidden.end(47, Disposition::Answered).await;
}

async fn live_calls(desk: &RunningDesk, which: &str) {
    let mut held = Preview::new(desk, "10", Direction::Inbound, 154, Party::known("0331234567", "TOKYO OFFICE"));
    held.tell(0, CallFact::Queued { queue: "support".to_owned(), position: Some(1) }).await;
    held.tell(3, ringing("6001")).await;
    let fields = [("顧客ランク", "A"), ("担当", "鈴木 一郎"), ("前回の問い合わせ", "2026-11-18 納期の確認")];
    held.pop(vec![customer("佐藤 花子", "有限会社さくら工業", &fields)]).await;
    held.tell(8, answered("6001")).await;
    if which == "talk" {
        return;
    }
    held.tell(120, CallFact::Held { extension: Some("6001".into()) }).await;
    let caller = Party::known("0901234567", "\"><script>alert(1)</script>");
    let mut rings = Preview::new(desk, "11", Direction::Inbound, 6, caller);
    rings.tell(0, ringing("6001")).await;
    match which {
        "many" => {
            let found = vec![
                customer("山田 太郎", "株式会社山田製作所", &[]),
                customer("山田 次郎", "株式会社山田製作所", &[]),
                customer("\"><img src=x onerror=alert(1)>", "", &[]),
            ];
            rings.pop(found).await;
        }
        "unknown" => rings.pop(vec![]).await,
        _ => rings.pop(vec![customer("山田 太郎", "株式会社山田製作所", &[("Rank", "B"), ("Owner", "Suzuki")])]).await,
    }
}

async fn answer_commands(desk: RunningDesk) -> cti_core::Result<()> {
    let mut commands = desk.open().await?;
    while let Some(request) = commands.next().await {
        let outcome = match request.command {
            Command::Dial { number, choice, .. } if choice.prefix.is_some() => Outcome::Placed {
                call: CallId::new("main", "99"),
                derivation: Derivation {
                    extension: "6001".into(),
                    dial_string: number.clone(),
                    steps: vec![DerivationStep { rule: "as_stored".to_owned(), number }],
                },
            },
            Command::Dial { .. } => Outcome::ChoiceNeeded {
                offer: Offer {
                    extensions: vec!["6001".into(), "6101".into()],
                    prefixes: vec!["LONGDIS".to_owned(), "LOCAL".to_owned()],
                },
            },
            _ => Outcome::Done,
        };
        // The page may have gone away.
        let _ = request.reply.send(Ok(outcome));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> cti_core::Result<()> {
    let which = std::env::args().nth(1).unwrap_or_default();
    let everything = PbxCapabilities {
        dial: true,
        answer: true,
        hang_up: true,
        hold: true,
        blind_transfer: true,
        attended_transfer: true,
        send_digits: true,
        ..PbxCapabilities::default()
    };
    let agent = AgentLogin::new("suzuki", "6001").extension("6101").name("鈴木 一郎");
    let settings = Desk::new().listen("127.0.0.1:8788").capabilities(everything);
    let settings = match which.as_str() {
        "locked" => settings.agent(agent.token("preview-token-0123456789".into())),
        _ => settings.agent(agent).open_access_for_demo("suzuki"),
    };
    let desk = settings.bind().await?;
    desk.report("pbx:main", PartState::Ready);
    if which != "empty" {
        past_calls(&desk).await;
        live_calls(&desk, &which).await;
    }
    answer_commands(desk).await
}
