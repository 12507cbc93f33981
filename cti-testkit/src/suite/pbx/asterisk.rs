//! The rig of the simulated Asterisk: a connector for Asterisk brings only itself.

use super::{Act, Habit, Line, PbxRig, RigCall};
use crate::asterisk::{Call, CallHandle, Packet, PhoneHandle, Simulator, User};
use async_trait::async_trait;
use cti_core::call::Extension;
use cti_core::pbx::PbxSource;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Make = dyn Fn(SocketAddr, &str, &str) -> Arc<dyn PbxSource> + Send + Sync;

/// The simulated Asterisk with a connector that is to be proved.
pub struct AsteriskRig {
    /// The PBX.
    pub sim: Simulator,
    make: Box<Make>,
    calls: Mutex<Vec<CallHandle>>,
    silence: Duration,
    patience: Duration,
}

impl std::fmt::Debug for AsteriskRig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsteriskRig").field("sim", &self.sim).finish_non_exhaustive()
    }
}

impl AsteriskRig {
    /// A rig whose connectors are made from address, user and secret. Give them short intervals: back-off and
    /// keep-alive of a few hundred milliseconds.
    pub fn new(
        sim: Simulator,
        make: impl Fn(SocketAddr, &str, &str) -> Arc<dyn PbxSource> + Send + Sync + 'static,
    ) -> Self {
        Self {
            sim,
            make: Box::new(make),
            calls: Mutex::default(),
            silence: Duration::from_secs(90),
            patience: Duration::from_secs(10),
        }
    }

    /// Within what time the connector must notice a PBX that says nothing any more.
    #[must_use]
    pub fn notices_silence_within(mut self, time: Duration) -> Self {
        self.silence = time;
        self
    }

    /// How long an event may take to come; 10 seconds unless told otherwise.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    fn phone(&self, phone: Option<&Extension>) -> PhoneHandle {
        phone.map_or_else(|| self.sim.far_end(), |extension| self.sim.phone(extension.as_str()))
    }

    fn with_call(&self, call: RigCall, act: impl FnOnce(&CallHandle)) {
        if let Some(call) = self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(call.0) {
            act(call);
        }
    }
}

/// Actions that ask for nothing to be done.
const QUIET: [&str; 14] = [
    "Login",
    "Challenge",
    "Logoff",
    "Ping",
    "Events",
    "CoreSettings",
    "CoreStatus",
    "CoreShowChannels",
    "Status",
    "QueueStatus",
    "BridgeList",
    "BridgeInfo",
    "Getvar",
    "PJSIPShowEndpoints",
];

#[async_trait]
impl PbxRig for AsteriskRig {
    fn source(&self) -> Arc<dyn PbxSource> {
        (self.make)(self.sim.addr(), Simulator::USER, Simulator::SECRET)
    }

    fn source_with_wrong_secret(&self) -> Arc<dyn PbxSource> {
        (self.make)(self.sim.addr(), Simulator::USER, "not the secret")
    }

    fn source_without_rights(&self) -> Option<Arc<dyn PbxSource>> {
        self.sim.add_user(User::new("reader", Simulator::SECRET).write("none"));
        Some((self.make)(self.sim.addr(), "reader", Simulator::SECRET))
    }

    fn extensions(&self) -> [Extension; 3] {
        ["6001", "6002", "6003"].map(Extension::from)
    }

    fn unknown_extension(&self) -> Extension {
        Extension::from("6099")
    }

    fn queue(&self) -> String {
        "support".to_owned()
    }

    fn outside(&self, number: &str) -> String {
        format!("9{number}")
    }

    async fn call_in(&self, number: &str, name: &str, to: Line) -> RigCall {
        let dialed = match to {
            Line::Direct => "0312345000",
            Line::Group => "0312345001",
            Line::Queue => "0312345002",
        };
        let call = self.sim.call_in(Call::from(number).name(name).to(dialed));
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call);
        RigCall(calls.len() - 1)
    }

    async fn caller_hangs_up(&self, call: RigCall) {
        self.with_call(call, CallHandle::hang_up);
    }

    async fn caller_holds(&self, call: RigCall, on: bool) {
        self.with_call(call, if on { CallHandle::hold } else { CallHandle::unhold });
    }

    async fn habit(&self, phone: Option<&Extension>, habit: Habit) {
        let phone = self.phone(phone);
        match habit {
            Habit::RingsOut => phone.rings_out(),
            Habit::Answers => phone.answers_after(Duration::ZERO),
            Habit::Busy => phone.busy(),
            Habit::Rejects => phone.rejects(),
            Habit::Unavailable => phone.unavailable(),
        };
    }

    async fn act(&self, phone: Option<&Extension>, act: Act) -> bool {
        let phone = self.phone(phone);
        match act {
            Act::PickUp => phone.answer(),
            Act::HangUp => phone.hang_up(),
            Act::Hold(true) => phone.hold(),
            Act::Hold(false) => phone.unhold(),
            Act::Dial(number) => phone.dial(&number),
            Act::Pause(paused, reason) => phone.pause(paused, &reason),
        }
    }

    async fn ring_time(&self, time: Duration) {
        self.sim.ring_time(time);
    }

    async fn cut_link(&self, away: bool) {
        self.sim.refuse_connections(away);
        self.sim.cut_links();
    }

    async fn come_back(&self) {
        self.sim.refuse_connections(false);
    }

    async fn fall_silent(&self) {
        self.sim.stall(true);
    }

    async fn restart(&self) {
        self.sim.restart();
    }

    async fn say_nonsense(&self) {
        self.sim
            .send_event(Packet::event("Martian", "call").with("Channel", "PJSIP/6001-ffffffff").with("Uniqueid", "x"));
        self.sim.send_event(Packet::event("Newchannel", "call"));
        self.sim.send_event(Packet::event("Hangup", "call").with("Uniqueid", "9999999999.9"));
        self.sim.send_event(Packet::event("DialEnd", "call").with("DestUniqueid", ""));
        self.sim.send_raw(b"\r\n\r\nno colon here\r\n\r\n");
        self.sim.send_raw(b"Response: Success\r\nActionID: nobody-asked\r\n\r\n");
        self.sim.send_raw(b"Event: Hangup\xff\xfe\r\n: \r\n::\r\n\r\n");
        let mut long = b"Event: VarSet\r\nValue: ".to_vec();
        long.resize(300_000, b'x');
        long.extend_from_slice(b"\r\n\r\n");
        self.sim.send_raw(&long);
    }

    fn logins(&self) -> usize {
        self.sim.count("Login")
    }

    fn logoffs(&self) -> usize {
        self.sim.count("Logoff")
    }

    fn commands(&self) -> usize {
        self.sim.received().iter().filter(|action| !QUIET.iter().any(|quiet| action.is(quiet))).count()
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn silence_patience(&self) -> Duration {
        self.silence
    }
}
