//! SIGHUP reads policy and dial plan again while calls go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, CallHandle};
use serde_json::Value;
use support::{Adapter, CUSTOMER, DeskClient, Stage};

const READ_AGAIN: &str = "were read again";

/// A running adapter with its desk.
struct Running {
    stage: Stage,
    adapter: Adapter,
    desk: DeskClient,
}

impl Running {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let adapter = stage.run().await;
        let desk = stage.desk(&adapter).await;
        Self { stage, adapter, desk }
    }

    /// Writes more into the file and says so; waits for the `nth` time that the adapter answers with `answer`.
    async fn reload(&mut self, more: &str, answer: &str, nth: usize) -> String {
        self.stage.more = more.to_owned();
        self.stage.config();
        self.adapter.signal("HUP").await;
        self.adapter.says_again(answer, nth).await
    }

    /// A customer calls; the desk shows it in that state.
    async fn rings(&self) -> CallHandle {
        let call = self.stage.asterisk.call_in(Call::from(CUSTOMER));
        self.shows(&call, "ringing").await;
        call
    }

    async fn answer(&self, call: &CallHandle) {
        assert!(self.stage.asterisk.phone("6001").answer());
        self.shows(call, "talking").await;
    }

    async fn shows(&self, call: &CallHandle, state: &str) {
        self.desk.frame("call", |view| view["call"] == id(call) && view["state"] == state).await;
    }

    /// The states in which pops of that call were shown, once there is one.
    async fn popped_in(&self, call: &CallHandle) -> Vec<Value> {
        self.desk.frame("pop", |view| view["call"] == id(call)).await;
        let pops = self.desk.frames("pop");
        pops.into_iter().filter(|view| view["call"] == id(call)).map(|view| view["state"].clone()).collect()
    }

    async fn logged_calls(&self, count: usize) -> Vec<String> {
        let records = self.stage.logged(count).await;
        records.iter().map(|record| record["call_id"]["value"].as_str().unwrap().to_owned()).collect()
    }
}

fn id(call: &CallHandle) -> String {
    format!("main/{}", call.uniqueid())
}

#[tokio::test]
async fn the_next_call_follows_the_new_policy_and_the_one_under_way_is_logged() {
    let mut running = Running::new().await;
    let under_way = running.rings().await;
    assert_eq!(running.popped_in(&under_way).await, ["ringing"]);
    running.answer(&under_way).await;

    running.reload("[policy.pop]\ninbound = \"on_answer\"\n[policy.log]\nunanswered = false", READ_AGAIN, 1).await;
    under_way.hang_up();
    assert_eq!(running.logged_calls(1).await.len(), 1);

    // Nobody answers: not written now. What is written after it shows that it never comes.
    let unanswered = running.rings().await;
    unanswered.hang_up();
    running.shows(&unanswered, "over").await;
    let answered = running.rings().await;
    running.answer(&answered).await;
    assert_eq!(running.popped_in(&answered).await, ["talking"]);
    answered.hang_up();
    let logged = running.logged_calls(2).await;
    assert_eq!(logged.len(), 2, "{logged:?}");
    assert!(logged[0].ends_with(under_way.uniqueid()) && logged[1].ends_with(answered.uniqueid()), "{logged:?}");
    assert!(running.desk.frames("pop").iter().all(|view| view["call"] != id(&unanswered)));
    assert_eq!(running.stage.asterisk.count("Login"), 1, "the link stayed");
}

#[tokio::test]
async fn the_next_click_to_dial_follows_the_new_dial_plan() {
    let mut running = Running::new().await;
    running.stage.asterisk.phone("6001").rings_out();
    let more = "[[groups]]\nname = \"Late\"\npbx = \"main\"\nowner = \"x\"\nmembers = [{ user = \"sato\", extension = \"6003\" }]\n";
    running.reload(more, READ_AGAIN, 1).await;
    // Two telephones, one of them the default; without a default there is a question.
    let text = running.stage.config_text().replace(", default = true", "");
    running.stage.folder.write("cti.toml", &text);
    running.adapter.signal("HUP").await;
    running.adapter.says_again(READ_AGAIN, 2).await;
    let answer = running.desk.dial("03-1234-5678").await;
    assert_eq!(answer["outcome"], "choice_needed", "{answer}");
    assert_eq!(running.stage.asterisk.count("Originate"), 0);
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_reported() {
    let mut running = Running::new().await;
    running.reload("[policy.log]\nunanswered = false", READ_AGAIN, 1).await;
    let told = running.reload("[policy.log]\nunanswered = \"perhaps\"", "nothing was changed", 1).await;
    assert!(told.contains("1 mistake") || told.contains("a mistake"), "{told}");
    running.adapter.says("policy.log.unanswered: ").await;
    running.reload("[[pbx]", "this is not TOML", 1).await;

    // The policy before it still holds.
    let unanswered = running.rings().await;
    unanswered.hang_up();
    running.shows(&unanswered, "over").await;
    let answered = running.rings().await;
    running.answer(&answered).await;
    answered.hang_up();
    let logged = running.logged_calls(1).await;
    assert!(logged.len() == 1 && logged[0].ends_with(answered.uniqueid()), "{logged:?}");
}
