//! What every CRM connector must do.
//!
//! The author of a connector writes a [`CrmRig`] (a sink that talks to a simulator or a sandbox, and a way to look behind
//! it), and proves the connector in one line: `crm::run(&Rigs).await.verdict()?`. The cases are chosen by
//! [`CrmCapabilities`]; a capability that no case exercised is a failure. Wrappers (retry, cache, budget) run the same
//! suite with [`layered`].

mod contact;
mod faults;
mod health;
mod late;
mod log;
mod look_up;
mod notify;
mod pop;
mod report;
mod tools;

pub use report::{CaseOutcome, Failures, Report};

use async_trait::async_trait;
use cti_core::crm::{CrmCapabilities, CrmSink};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// No case needs longer.
const CASE_LIMIT: Duration = Duration::from_secs(60);

/// One thing that a CRM can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of CrmCapabilities")]
pub enum Capability {
    LookUp,
    Notify,
    LogCall,
    UpdateLog,
    CreateContact,
    AttachRecording,
    ScreenPop,
    Click,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LookUp,
        Self::Notify,
        Self::LogCall,
        Self::UpdateLog,
        Self::CreateContact,
        Self::AttachRecording,
        Self::ScreenPop,
        Self::Click,
    ];

    /// True if the CRM says that it can.
    pub fn is_in(self, all: CrmCapabilities) -> bool {
        match self {
            Self::LookUp => all.look_up,
            Self::Notify => all.notify,
            Self::LogCall => all.log_call,
            Self::UpdateLog => all.update_log,
            Self::CreateContact => all.create_contact,
            Self::AttachRecording => all.attach_recording,
            Self::ScreenPop => all.screen_pop,
            Self::Click => all.click,
        }
    }
}

/// What a rig can do to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmFault {
    /// The next request is refused: too many.
    RateLimited,
    /// The next request is not carried out: the server is out of order.
    ServerError,
    /// The next request that writes is carried out, and its answer is lost; reading before it goes well.
    AnswerLost,
}

/// An entry of the call history, as it stands in the CRM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedCall {
    /// The number of the other side; `None` if empty.
    pub number: Option<String>,
    /// The name; `None` if empty.
    pub name: Option<String>,
}

/// A CRM with nothing in it, a sink that talks to it, and a way to look behind the sink.
#[async_trait]
pub trait CrmRig: Send + Sync {
    /// The sink under test.
    fn sink(&self) -> Arc<dyn CrmSink>;

    /// The same with credentials that the CRM refuses.
    fn sink_with_wrong_secret(&self) -> Option<Arc<dyn CrmSink>> {
        None
    }

    /// The same at an address where nothing listens.
    fn sink_to_nowhere(&self) -> Option<Arc<dyn CrmSink>> {
        None
    }

    /// A sink with a mistake in its configuration that only the CRM's answers can show, and a word that `health` must say
    /// of it.
    fn sink_with_mistake(&self) -> Option<(Arc<dyn CrmSink>, &'static str)> {
        None
    }

    /// Puts a customer into the CRM, as a person would; several may have one number.
    async fn add_customer(&self, name: &str, number: &str);

    /// How many customers there are.
    async fn customers(&self) -> usize;

    /// How many customers have exactly that number.
    async fn customers_with(&self, number: &str) -> usize;

    /// The call history.
    async fn logged(&self) -> Vec<LoggedCall>;

    /// The call history by our names of attributes; needed where the sink can `update_log` or `attach_recording`.
    async fn entries(&self) -> Vec<BTreeMap<String, String>> {
        Vec::new()
    }

    /// Changes an attribute of every entry, as a person would; false if the rig cannot.
    async fn edit_entry(&self, attribute: &str, text: &str) -> bool {
        let _ = (attribute, text);
        false
    }

    /// Brings that about, once; false if the rig cannot.
    async fn fail_next(&self, fault: CrmFault) -> bool;

    /// How many requests reached the CRM.
    async fn requests(&self) -> usize;

    /// Texts that must never appear in an error or a `Debug`: tokens, passwords.
    fn secrets(&self) -> Vec<String>;

    /// The `Debug` of the sink, if it has one.
    fn debug(&self) -> Option<String> {
        None
    }
}

/// Makes a fresh rig for each case.
#[async_trait]
pub trait CrmRigs: Send + Sync {
    /// A rig with an empty CRM.
    async fn rig(&self) -> Box<dyn CrmRig>;
}

type Running<'a> = Pin<Box<dyn Future<Output = tools::Verdict> + Send + 'a>>;

/// One case: its name, the capabilities it needs and exercises, and what it does.
struct Case {
    name: &'static str,
    needs: &'static [Capability],
    run: for<'a> fn(&'a dyn CrmRig) -> Running<'a>,
}

/// `case!(module::function, [LookUp, …])`.
macro_rules! case {
    ($module:ident :: $function:ident, [$($capability:ident),*]) => {
        Case {
            name: stringify!($function),
            needs: &[$(Capability::$capability),*],
            run: |rig| Box::pin($module::$function(rig)),
        }
    };
}

const CASES: &[Case] = &[
    case!(look_up::nobody_is_found_in_an_empty_crm, [LookUp]),
    case!(look_up::one_customer_is_found_with_name_and_spelling, [LookUp]),
    case!(look_up::several_customers_are_found, [LookUp]),
    case!(look_up::another_spelling_is_found, [LookUp]),
    case!(look_up::many_spellings_are_searched, [LookUp]),
    case!(look_up::a_hostile_number_finds_nobody, [LookUp]),
    case!(look_up::looking_up_writes_nothing, [LookUp]),
    case!(log::a_call_is_logged, [LogCall]),
    case!(log::one_key_twice_is_one_entry, [LogCall]),
    case!(log::two_keys_are_two_entries, [LogCall]),
    case!(log::a_lost_answer_and_another_try_are_one_entry, [LogCall]),
    case!(log::a_withheld_caller_is_logged_without_number, [LogCall]),
    case!(log::the_number_is_spelled_as_in_the_customer_record, [LogCall]),
    case!(log::hostile_and_huge_names_are_stored_harmlessly, [LogCall]),
    case!(late::late_facts_are_written_and_what_people_edited_stays, [LogCall, UpdateLog]),
    case!(late::an_entry_that_is_not_there_cannot_be_changed, [UpdateLog]),
    case!(late::late_recordings_are_added_each_once, [LogCall, AttachRecording]),
    case!(contact::a_contact_is_created_and_found, [CreateContact, LookUp]),
    case!(contact::one_number_twice_is_one_contact, [CreateContact]),
    case!(contact::one_number_twice_at_once_is_one_contact, [CreateContact]),
    case!(contact::a_lost_answer_and_another_try_are_one_contact, [CreateContact]),
    case!(contact::hostile_names_are_stored_harmlessly, [CreateContact]),
    case!(pop::one_match_opens_its_record, [ScreenPop, LookUp]),
    case!(pop::several_matches_open_none_of_them, [ScreenPop, LookUp]),
    case!(pop::popping_sends_nothing, [ScreenPop]),
    case!(notify::a_call_is_told_without_waiting_for_a_customer, [Notify]),
    case!(notify::hostile_names_are_told_harmlessly, [Notify]),
    case!(notify::a_click_goes_well, [Click]),
    case!(faults::too_many_requests_is_temporary_for_look_up, [LookUp]),
    case!(faults::too_many_requests_is_temporary_for_log_call, [LogCall]),
    case!(faults::a_server_out_of_order_is_temporary_for_look_up, [LookUp]),
    case!(faults::a_wrong_secret_is_permanent, []),
    case!(faults::nobody_listening_is_temporary, []),
    case!(faults::what_is_not_supported_sends_nothing, []),
    case!(faults::debug_shows_no_secret, []),
    case!(health::a_good_set_up_is_healthy, []),
    case!(health::health_writes_nothing, []),
    case!(health::a_mistake_is_named_with_a_cure, []),
    case!(health::nobody_listening_is_unhealthy, []),
];

/// Runs every case that the capabilities of the sink call for, each with a fresh rig.
pub async fn run(rigs: &dyn CrmRigs) -> Report {
    let capabilities = rigs.rig().await.sink().capabilities();
    let mut report = Report::new(capabilities);
    for case in CASES {
        if !case.needs.iter().all(|capability| capability.is_in(capabilities)) {
            report.add(case.name, &[], CaseOutcome::NotSupported);
            continue;
        }
        let rig = rigs.rig().await;
        let outcome = match tokio::time::timeout(CASE_LIMIT, (case.run)(rig.as_ref())).await {
            Ok(Ok(())) => CaseOutcome::Passed,
            Ok(Err(tools::Stop::Failed(why))) => CaseOutcome::Failed(why),
            Ok(Err(tools::Stop::Impossible(why))) => CaseOutcome::Impossible(why),
            Err(_) => CaseOutcome::Failed("did not come to an end".to_owned()),
        };
        report.add(case.name, case.needs, outcome);
    }
    report
}

/// Puts a layer around every sink of the rigs, to prove that the layer keeps what the connector promises.
pub fn layered<R, L>(rigs: R, layer: L) -> Layered<R, L>
where
    R: CrmRigs,
    L: Fn(Arc<dyn CrmSink>) -> Arc<dyn CrmSink> + Clone + Send + Sync + 'static,
{
    Layered { rigs, layer }
}

/// Rigs with a layer around their sinks; see [`layered`].
#[derive(Debug)]
pub struct Layered<R, L> {
    rigs: R,
    layer: L,
}

#[async_trait]
impl<R, L> CrmRigs for Layered<R, L>
where
    R: CrmRigs,
    L: Fn(Arc<dyn CrmSink>) -> Arc<dyn CrmSink> + Clone + Send + Sync + 'static,
{
    async fn rig(&self) -> Box<dyn CrmRig> {
        Box::new(LayeredRig { rig: self.rigs.rig().await, layer: self.layer.clone() })
    }
}

struct LayeredRig<L> {
    rig: Box<dyn CrmRig>,
    layer: L,
}

#[async_trait]
impl<L> CrmRig for LayeredRig<L>
where
    L: Fn(Arc<dyn CrmSink>) -> Arc<dyn CrmSink> + Send + Sync,
{
    fn sink(&self) -> Arc<dyn CrmSink> {
        (self.layer)(self.rig.sink())
    }

    fn sink_with_wrong_secret(&self) -> Option<Arc<dyn CrmSink>> {
        self.rig.sink_with_wrong_secret().map(&self.layer)
    }

    fn sink_to_nowhere(&self) -> Option<Arc<dyn CrmSink>> {
        self.rig.sink_to_nowhere().map(&self.layer)
    }

    fn sink_with_mistake(&self) -> Option<(Arc<dyn CrmSink>, &'static str)> {
        self.rig.sink_with_mistake().map(|(sink, word)| ((self.layer)(sink), word))
    }

    async fn add_customer(&self, name: &str, number: &str) {
        self.rig.add_customer(name, number).await;
    }

    async fn customers(&self) -> usize {
        self.rig.customers().await
    }

    async fn customers_with(&self, number: &str) -> usize {
        self.rig.customers_with(number).await
    }

    async fn logged(&self) -> Vec<LoggedCall> {
        self.rig.logged().await
    }

    async fn entries(&self) -> Vec<BTreeMap<String, String>> {
        self.rig.entries().await
    }

    async fn edit_entry(&self, attribute: &str, text: &str) -> bool {
        self.rig.edit_entry(attribute, text).await
    }

    async fn fail_next(&self, fault: CrmFault) -> bool {
        self.rig.fail_next(fault).await
    }

    async fn requests(&self) -> usize {
        self.rig.requests().await
    }

    fn secrets(&self) -> Vec<String> {
        self.rig.secrets()
    }

    fn debug(&self) -> Option<String> {
        self.rig.debug()
    }
}
