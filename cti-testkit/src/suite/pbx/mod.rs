//! What every [`PbxSource`] must do, and its control side.
//!
//! The author of a connector implements [`PbxRig`] once (for Asterisk: [`AsteriskRig`]) and calls [`run`]. Cases are
//! chosen by [`PbxCapabilities`]; a capability that no case exercised fails the suite. The [laws](crate::laws) are
//! checked after every case, and every wait has a deadline.

mod asterisk;
mod calls;
mod control;
mod faults;
mod stage;

pub use asterisk::AsteriskRig;
pub use stage::{Outcome, Stage, collect_until};

use async_trait::async_trait;
use cti_core::call::Extension;
use cti_core::pbx::{PbxCapabilities, PbxSource};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A call from outside, in the hands of the rig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RigCall(pub usize);

/// Where a call from outside goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// To the first extension.
    Direct,
    /// To all three extensions at once.
    Group,
    /// To a queue of the first two extensions, all ringing.
    Queue,
}

/// What a telephone does when it is called, until told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Rings until the time is up. So in the beginning.
    RingsOut,
    /// Is picked up at once.
    Answers,
    /// Is in use.
    Busy,
    /// Refuses.
    Rejects,
    /// Cannot be reached.
    Unavailable,
}

/// What a person does with a telephone now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Picks up the ringing phone.
    PickUp,
    /// Hangs up.
    HangUp,
    /// Puts the other on hold, or takes him back.
    Hold(bool),
    /// Dials.
    Dial(String),
    /// Pauses in the queue, or goes on.
    Pause(bool, String),
}

/// A PBX to be played with. Each case gets a fresh one.
#[async_trait]
pub trait PbxRig: Send + Sync {
    /// The connector, with the right secret. Called once for each reader that the suite opens.
    fn source(&self) -> Arc<dyn PbxSource>;

    /// The connector with a wrong secret.
    fn source_with_wrong_secret(&self) -> Arc<dyn PbxSource>;

    /// The connector as a user who may look on and do nothing, where this PBX has such users.
    fn source_without_rights(&self) -> Option<Arc<dyn PbxSource>> {
        None
    }

    /// Three telephones.
    fn extensions(&self) -> [Extension; 3];

    /// An extension that does not exist, for click-to-dial.
    fn unknown_extension(&self) -> Extension;

    /// The name of the queue of [`Line::Queue`].
    fn queue(&self) -> String;

    /// What a telephone dials to reach an outside number.
    fn outside(&self, number: &str) -> String;

    /// A call comes in.
    async fn call_in(&self, number: &str, name: &str, to: Line) -> RigCall;

    /// The caller hangs up.
    async fn caller_hangs_up(&self, call: RigCall);

    /// The caller puts us on hold, or takes us back.
    async fn caller_holds(&self, call: RigCall, on: bool);

    /// What a telephone will do; `None` is the far end of outgoing calls.
    async fn habit(&self, phone: Option<&Extension>, habit: Habit);

    /// A person does something. False if it was not possible.
    async fn act(&self, phone: Option<&Extension>, act: Act) -> bool;

    /// How long phones ring before the PBX gives up.
    async fn ring_time(&self, time: Duration);

    /// The link breaks; with `away`, it cannot be made again until [`PbxRig::come_back`].
    async fn cut_link(&self, away: bool);

    /// Links can be made again.
    async fn come_back(&self);

    /// The PBX says nothing any more.
    async fn fall_silent(&self);

    /// The PBX is killed and starts again, without its calls.
    async fn restart(&self);

    /// The PBX says things that nobody knows.
    async fn say_nonsense(&self);

    /// How many logins were tried.
    fn logins(&self) -> usize;

    /// How many times somebody logged off properly.
    fn logoffs(&self) -> usize;

    /// How many commands came in that ask for something to be done: no logins, keep-alives and lists.
    fn commands(&self) -> usize;

    /// How long an event or a state may take to come.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Within what time a silent PBX must be noticed.
    fn silence_patience(&self) -> Duration {
        Duration::from_secs(90)
    }
}

type CaseFn = for<'a> fn(&'a mut Stage) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One case of the suite.
struct Case {
    name: &'static str,
    /// The capabilities without which it makes no sense, and which it proves.
    needs: &'static [&'static str],
    run: CaseFn,
}

type Getter = fn(&PbxCapabilities) -> bool;

const CAPABILITIES: [(&str, Getter); 21] = [
    ("inbound", |c| c.inbound),
    ("outbound", |c| c.outbound),
    ("internal", |c| c.internal),
    ("queues", |c| c.queues),
    ("hold_events", |c| c.hold_events),
    ("agent_events", |c| c.agent_events),
    ("resync", |c| c.resync),
    ("dial", |c| c.dial),
    ("answer", |c| c.answer),
    ("hang_up", |c| c.hang_up),
    ("hold", |c| c.hold),
    ("blind_transfer", |c| c.blind_transfer),
    ("attended_transfer", |c| c.attended_transfer),
    ("cancel_transfer", |c| c.cancel_transfer),
    ("redirect", |c| c.redirect),
    ("send_digits", |c| c.send_digits),
    ("set_agent_state", |c| c.set_agent_state),
    ("park", |c| c.park),
    ("record", |c| c.record),
    ("mute", |c| c.mute),
    ("device_state", |c| c.device_state),
];

fn has(capabilities: &PbxCapabilities, name: &str) -> bool {
    CAPABILITIES.iter().any(|(known, get)| *known == name && get(capabilities))
}

fn cases() -> Vec<Case> {
    let mut cases = calls::cases();
    cases.extend(control::cases());
    cases.extend(faults::cases());
    cases
}

/// What became of the suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The cases that passed.
    pub passed: Vec<String>,
    /// The cases for which a capability is missing.
    pub skipped: Vec<String>,
    /// The cases that failed, and capabilities that no case exercised, with the reason.
    pub failed: Vec<(String, String)>,
}

impl Report {
    /// Stops the test if anything failed.
    ///
    /// # Panics
    /// With every failure in the message.
    pub fn assert_passed(&self) {
        assert!(self.failed.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} passed, {} skipped, {} failed", self.passed.len(), self.skipped.len(), self.failed.len())?;
        for (case, why) in &self.failed {
            writeln!(f, "  {case}: {why}")?;
        }
        Ok(())
    }
}

/// Runs every case that the capabilities allow, each on a fresh rig.
pub async fn run<R, M, F>(make: M) -> Report
where
    R: PbxRig + 'static,
    M: Fn() -> F,
    F: Future<Output = R>,
{
    run_where(make, |_| true).await
}

/// Runs the chosen cases only; then unexercised capabilities are no failure.
pub async fn run_only<R, M, F>(make: M, names: &[&str]) -> Report
where
    R: PbxRig + 'static,
    M: Fn() -> F,
    F: Future<Output = R>,
{
    let mut report = run_where(make, |name| names.contains(&name)).await;
    report.failed.retain(|(name, _)| !name.starts_with("capability "));
    report
}

async fn run_where<R, M, F>(make: M, wanted: impl Fn(&str) -> bool) -> Report
where
    R: PbxRig + 'static,
    M: Fn() -> F,
    F: Future<Output = R>,
{
    let capabilities = make().await.source().capabilities();
    let mut report = Report::default();
    let mut proved: Vec<&str> = Vec::new();
    for case in cases().into_iter().filter(|case| wanted(case.name)) {
        if !case.needs.iter().all(|need| has(&capabilities, need)) {
            report.skipped.push(case.name.to_owned());
            continue;
        }
        proved.extend(case.needs);
        let mut stage = Stage::new(Arc::new(make().await));
        match stage.perform(case.run).await {
            Ok(()) => report.passed.push(case.name.to_owned()),
            Err(why) => report.failed.push((case.name.to_owned(), why)),
        }
    }
    for (name, get) in CAPABILITIES {
        if get(&capabilities) && !proved.contains(&name) {
            report.failed.push((format!("capability {name}"), "no case exercised it".to_owned()));
        }
    }
    report
}
