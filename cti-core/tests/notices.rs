//! CRMs that are told of calls while they go on: in order, beside the events, and nobody waits for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use async_trait::async_trait;
use cti_core::call::{CallEvent, CallFact, CallRecord, Direction, FactKind, Party, PbxEvent, Withheld};
use cti_core::command::{Command, CommandRequest, CommandSource, CommandStream, Outcome};
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, Notice, Page, WriteKey, Written};
use cti_core::health::Check;
use cti_core::outbox::MemoryOutbox;
use cti_core::pipeline::Pipeline;
use cti_core::policy::{CopyNumber, CrmPolicy, Policy, PopSize, PopTiming};
use cti_core::popup::{Notified, Pop, Popup};
use cti_core::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::customer;
use support::running::{StubPbx, ended, event, ringing, taro, until};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

/// What a CRM does when it is told of an event.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Takes,
    Opens,
    NeverAnswers,
    Fails,
}

/// What was told: the call, the fact, how many matches.
type Told = Arc<Mutex<Vec<(String, &'static str, usize)>>>;

/// Notes what it is told.
struct Listener {
    manner: Manner,
    /// Only these calls are treated in that manner.
    call: &'static str,
    delay: Duration,
    look_up_hangs: bool,
    told: Told,
    clicks: Arc<Mutex<usize>>,
}

impl Listener {
    fn new(manner: Manner) -> Self {
        let (told, clicks) = Default::default();
        Self { manner, call: "", delay: Duration::ZERO, look_up_hangs: false, told, clicks }
    }
}

fn page() -> Page {
    let fields = vec![("tel".to_owned(), "0901234567".to_owned())];
    Page::Post { url: "https://crm.example/new".parse().unwrap(), fields }
}

#[async_trait]
impl CrmSink for Listener {
    fn name(&self) -> &str {
        "listener"
    }

    fn capabilities(&self) -> CrmCapabilities {
        CrmCapabilities { look_up: true, notify: true, click: true, ..CrmCapabilities::default() }
    }

    async fn look_up(&self, _: &LookUp) -> Result<Matches> {
        if self.look_up_hangs {
            std::future::pending().await
        }
        Ok(Matches { found: vec![customer()], more: false })
    }

    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        let after = if matches!(event.fact, CallFact::Answered { .. }) { self.delay } else { Duration::ZERO };
        (event.name() != "started").then_some(Notice { after, with_matches: true })
    }

    async fn notify(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        self.told.lock().unwrap().push((event.call.native().to_owned(), event.name(), matches.found.len()));
        match self.manner {
            _ if !self.call.is_empty() && self.call != event.call.native() => Ok(None),
            Manner::Takes => Ok(None),
            Manner::Opens => Ok(Some(page())),
            Manner::NeverAnswers => std::future::pending().await,
            Manner::Fails => Err(Error::new(ErrorKind::Unreachable, "out of order")),
        }
    }

    async fn clicked(&self, _: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        assert_eq!(matches.found.len(), 1, "with what the look-up found");
        *self.clicks.lock().unwrap() += 1;
        Ok(Some(page()))
    }

    async fn log_call(&self, _: &CallRecord, _: Option<&Match>, _: &WriteKey) -> Result<Written> {
        Err(Error::unsupported("log_call", "not in this test"))
    }

    async fn health(&self) -> Vec<Check> {
        Vec::new()
    }
}

/// Keeps what is shown.
#[derive(Clone, Default)]
struct Shown {
    events: Arc<Mutex<usize>>,
    pops: Arc<Mutex<Vec<Pop>>>,
    notified: Arc<Mutex<Vec<Notified>>>,
    dismissed: Arc<Mutex<usize>>,
}

#[async_trait]
impl Popup for Shown {
    async fn event(&self, _: &PbxEvent) {
        *self.events.lock().unwrap() += 1;
    }

    async fn pop(&self, pop: &Pop) {
        self.pops.lock().unwrap().push(pop.clone());
    }

    async fn dismissed(&self, _: &Pop) {
        *self.dismissed.lock().unwrap() += 1;
    }

    async fn notified(&self, outcome: &Notified) {
        self.notified.lock().unwrap().push(outcome.clone());
    }
}

struct Asker(Mutex<Option<mpsc::Receiver<CommandRequest>>>);

#[async_trait]
impl CommandSource for Asker {
    async fn open(&self) -> Result<CommandStream> {
        Ok(Box::pin(ReceiverStream::new(self.0.lock().unwrap().take().unwrap())))
    }
}

struct Stage {
    tell: mpsc::UnboundedSender<Result<PbxEvent>>,
    ask: mpsc::Sender<CommandRequest>,
    shown: Shown,
    told: Told,
    clicks: Arc<Mutex<usize>>,
    _stop: oneshot::Sender<()>,
}

impl Stage {
    fn new(crm: Listener, policy: Policy) -> Self {
        let (tell, events) = mpsc::unbounded_channel();
        let (ask, asked) = mpsc::channel(8);
        let (stop, stopped) = oneshot::channel::<()>();
        let (shown, told, clicks) = (Shown::default(), Arc::clone(&crm.told), Arc::clone(&crm.clicks));
        let pbx = StubPbx { events: Mutex::new(Some(events)), resumed: Arc::default() };
        let pipeline = Pipeline::new().pbx(pbx).crm(crm).policy(policy).outbox(MemoryOutbox::new());
        let pipeline = pipeline.popup(shown.clone()).commands(Asker(Mutex::new(Some(asked))));
        tokio::spawn(pipeline.run_until(async {
            let _ = stopped.await;
        }));
        Self { tell, ask, shown, told, clicks, _stop: stop }
    }

    fn tell(&self, event: CallEvent) {
        self.tell.send(Ok(PbxEvent::Call(event))).unwrap();
    }

    fn told(&self) -> Vec<(String, &'static str, usize)> {
        self.told.lock().unwrap().clone()
    }

    fn notified(&self) -> Vec<Notified> {
        self.shown.notified.lock().unwrap().clone()
    }
}

fn answered(call: &str, seq: u64) -> CallEvent {
    event(call, seq, taro(), CallFact::Answered { extension: "6001".into() })
}

#[tokio::test(start_paused = true)]
async fn ring_answer_and_end_are_told_in_order_with_the_customer() {
    let stage = Stage::new(Listener::new(Manner::Takes), Policy::default());
    for event in [ringing("1.1", 1, "6001"), answered("1.1", 2), ended("1.1", 3)] {
        stage.tell(event);
    }
    until("three notices", || stage.told().len() == 3).await;
    let told: Vec<_> = stage.told().into_iter().map(|(_, event, found)| (event, found)).collect();
    assert_eq!(told, [("ringing", 1), ("answered", 1), ("ended", 1)]);
    assert_eq!(stage.notified(), [], "what goes well disturbs nobody");
}

#[tokio::test(start_paused = true)]
async fn a_crm_that_never_takes_a_notice_delays_no_event_and_no_other_call() {
    let stage = Stage::new(Listener { call: "1.1", ..Listener::new(Manner::NeverAnswers) }, Policy::default());
    let begun = tokio::time::Instant::now();
    stage.tell(ringing("1.1", 1, "6001"));
    stage.tell(answered("1.1", 2));
    stage.tell(ringing("1.2", 1, "6002"));
    until("the other call is told", || stage.told().iter().any(|(call, ..)| call == "1.2")).await;
    assert_eq!(*stage.shown.events.lock().unwrap(), 3);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    until("both time limits", || stage.notified().len() == 2).await;
    let first = &stage.notified()[0];
    assert_eq!((first.crm.as_str(), first.extensions[0].as_str()), ("listener", "6001"));
    assert!(first.problem.as_ref().unwrap().contains("timeout"), "{first:?}");
    assert!(begun.elapsed() >= Duration::from_secs(60), "each has the whole limit: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_fails_is_reported_with_its_cause() {
    let stage = Stage::new(Listener::new(Manner::Fails), Policy::default());
    stage.tell(ringing("1.1", 1, "6001"));
    until("the report", || !stage.notified().is_empty()).await;
    assert!(stage.notified()[0].problem.as_ref().unwrap().contains("out of order"));
    assert_eq!(stage.notified()[0].page, None);
}

#[tokio::test(start_paused = true)]
async fn a_page_to_open_reaches_the_agents_popup() {
    let stage = Stage::new(Listener::new(Manner::Opens), Policy::default());
    stage.tell(ringing("1.1", 1, "6001"));
    until("the page", || !stage.notified().is_empty()).await;
    assert_eq!(stage.notified()[0].page, Some(page()));
    assert!(!format!("{:?}", stage.notified()[0].page).contains("0901234567"), "a page does not show in logs");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_notice_is_told_after_its_delay() {
    let delay = Duration::from_secs(5);
    let stage = Stage::new(Listener { delay, ..Listener::new(Manner::Takes) }, Policy::default());
    stage.tell(ringing("1.1", 1, "6001"));
    let begun = tokio::time::Instant::now();
    stage.tell(answered("1.1", 2));
    until("the answer is told", || stage.told().len() == 2).await;
    assert!(begun.elapsed() >= delay);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_first_cancels_a_delayed_notice() {
    let delay = Duration::from_secs(5);
    let stage = Stage::new(Listener { delay, ..Listener::new(Manner::Takes) }, Policy::default());
    stage.tell(ringing("1.1", 1, "6001"));
    stage.tell(answered("1.1", 2));
    stage.tell(ended("1.1", 3));
    until("the end is told", || stage.told().iter().any(|(_, event, _)| *event == "ended")).await;
    tokio::time::sleep(delay * 3).await;
    assert!(stage.told().iter().all(|(_, event, _)| *event != "answered"), "{:?}", stage.told());
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_keeps_no_notice_back_for_ever() {
    let stage = Stage::new(Listener { look_up_hangs: true, ..Listener::new(Manner::Takes) }, Policy::default());
    stage.tell(ringing("1.1", 1, "6001"));
    until("told without a customer", || stage.told() == [("1.1".to_owned(), "ringing", 0)]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_scope_is_told_to_nobody() {
    let stage = Stage::new(Listener::new(Manner::Takes), Policy::default());
    stage.tell(CallEvent { direction: Direction::Internal, ..ringing("1.1", 1, "6001") });
    stage.tell(ringing("1.2", 1, "6001"));
    until("the call in scope", || !stage.told().is_empty()).await;
    assert_eq!(stage.told()[0].0, "1.2");
}

#[tokio::test(start_paused = true)]
async fn a_crm_is_told_of_the_events_chosen_for_it_alone() {
    let chosen = CrmPolicy { events: Some([FactKind::Answered, FactKind::Ended].into()) };
    let policy = |crm: &str| Policy { crms: [(crm.to_owned(), chosen.clone())].into(), ..Policy::default() };
    for (crm, expected) in [("listener", vec!["answered", "ended"]), ("other", vec!["ringing", "answered", "ended"])] {
        let stage = Stage::new(Listener::new(Manner::Takes), policy(crm));
        for event in [ringing("1.1", 1, "6001"), answered("1.1", 2), ended("1.1", 3)] {
            stage.tell(event);
        }
        // They are told in order: after the last none of the others comes.
        until("the end", || stage.told().iter().any(|(_, event, _)| *event == "ended")).await;
        let told: Vec<_> = stage.told().into_iter().map(|(_, event, _)| event).collect();
        assert_eq!(told, expected, "chosen for {crm}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_does_not_need_a_pop() {
    let mut policy = Policy::default();
    policy.pop.inbound = PopTiming::Never;
    let stage = Stage::new(Listener::new(Manner::Takes), policy);
    stage.tell(ringing("1.1", 1, "6001"));
    until("told with its customer", || stage.told() == [("1.1".to_owned(), "ringing", 1)]).await;
    assert!(stage.shown.pops.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_click_is_told_once_and_a_double_click_is_one() {
    let stage = Stage::new(Listener::new(Manner::Takes), Policy::default());
    stage.tell(ringing("1.1", 1, "6001"));
    until("the pop", || !stage.shown.pops.lock().unwrap().is_empty()).await;
    let pop = stage.shown.pops.lock().unwrap()[0].clone();
    assert!(pop.click);
    let click = async |crm: &str| {
        let (reply, outcome) = oneshot::channel();
        let command = Command::Click { call: pop.call.clone(), extension: pop.extension.clone(), crm: crm.to_owned() };
        stage.ask.send(CommandRequest { command, reply }).await.unwrap();
        outcome.await.unwrap()
    };
    assert_eq!(click("listener").await.unwrap(), Outcome::Open { page: page() });
    assert_eq!(click("listener").await.unwrap(), Outcome::Done);
    assert_eq!(*stage.clicks.lock().unwrap(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    click("listener").await.unwrap();
    assert_eq!(*stage.clicks.lock().unwrap(), 2);
    assert_eq!(click("other").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_pop_carries_how_it_is_to_look_and_goes_away_when_its_time_is_up() {
    let mut policy = Policy::default();
    (policy.pop.size, policy.pop.seconds, policy.pop.delay_ms) = (PopSize::Large, 30, 2_000);
    policy.pop.copy_number = CopyNumber::E164;
    let stage = Stage::new(Listener::new(Manner::Takes), policy);
    let begun = tokio::time::Instant::now();
    let ring = CallFact::Ringing { extension: "6001".into() };
    stage.tell(event("1.1", 1, Party::known("0312345678", ""), ring));
    until("the pop", || !stage.shown.pops.lock().unwrap().is_empty()).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "the delay");
    let hints = stage.shown.pops.lock().unwrap()[0].hints.clone();
    assert_eq!((hints.size, hints.seconds, hints.label), (PopSize::Large, 30, None));
    assert_eq!(hints.copy.unwrap().as_str(), "+81312345678");
    until("its end", || *stage.shown.dismissed.lock().unwrap() == 1).await;
    assert!(begun.elapsed() >= Duration::from_secs(32));
}

#[tokio::test(start_paused = true)]
async fn a_withheld_caller_pops_with_the_label_of_the_reason_and_no_digits() {
    let mut policy = Policy::default();
    policy.pop.withheld_labels.payphone = "公衆電話".to_owned();
    policy.pop.copy_number = CopyNumber::AsItCame;
    let stage = Stage::new(Listener::new(Manner::Takes), policy);
    let ring = CallFact::Ringing { extension: "6001".into() };
    stage.tell(event("1.1", 1, Party::withheld(Withheld::Payphone), ring));
    until("the pop", || !stage.shown.pops.lock().unwrap().is_empty()).await;
    let pop = stage.shown.pops.lock().unwrap()[0].clone();
    assert_eq!((pop.title().as_str(), &pop.hints.copy, &pop.caller.number), ("公衆電話", &None, &None));
}

#[tokio::test(start_paused = true)]
async fn call_control_that_is_switched_off_is_refused_and_dialling_is_not() {
    let mut policy = Policy::default();
    policy.pop.call_control = false;
    let stage = Stage::new(Listener::new(Manner::Takes), policy);
    let ask = async |command: Command| {
        let (reply, outcome) = oneshot::channel();
        stage.ask.send(CommandRequest { command, reply }).await.unwrap();
        outcome.await.unwrap().unwrap_err().kind()
    };
    let (call, extension) = (cti_core::call::CallId::new("main", "1.1"), cti_core::call::Extension::from("6001"));
    let hang_up = Command::HangUp { call: call.clone(), extension: extension.clone() };
    assert_eq!(ask(hang_up).await, ErrorKind::PermissionDenied);
    assert_eq!(ask(Command::Answer { call, extension }).await, ErrorKind::PermissionDenied);
    let number = cti_core::number::Number::new("0312345678").unwrap();
    let dial = Command::Dial { user: "sato".to_owned(), number, choice: Default::default() };
    assert_eq!(ask(dial).await, ErrorKind::ConfigInvalid, "it got as far as the dial plan, which is missing");
}
