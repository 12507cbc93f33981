//! Where Asterisk is and how to log in.

use super::codec::Limits;
use super::names::Names;
use cti_core::Fault;
use cti_core::secret::SecretString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Port of AMI in clear text.
const PLAIN_PORT: u16 = 5038;
/// Port of AMI over TLS.
const TLS_PORT: u16 = 5039;

/// What protects the bytes on their way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Nobody said: clear text to this machine, refused to any other.
    #[default]
    Undecided,
    Plain,
    Tls,
}

/// How to reach an Asterisk: address, protection, user, time-outs.
///
/// ```no_run
/// # async fn run() -> cti_core::Result<()> {
/// use cti_pbx_asterisk::ami::{Action, Client, Options};
/// let options = Options::new("pbx.example.com").tls().login("cti", cti_core::secret("AMI_SECRET")?);
/// let (client, mut events) = Client::connect(&options).await?;
/// let reply = client.send(Action::core_settings()).await?;
/// println!("Asterisk {}", reply.get("AsteriskVersion").unwrap_or_default());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    host: String,
    port: Option<u16>,
    pub(crate) transport: Transport,
    pub(crate) ca_files: Vec<PathBuf>,
    pub(crate) accept_any_certificate: bool,
    pub(crate) user: String,
    pub(crate) secret: Option<SecretString>,
    pub(crate) plain_login: bool,
    pub(crate) events: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) event_buffer: usize,
    pub(super) only_events: Option<Names>,
    pub(crate) limits: Limits,
}

impl Options {
    /// The Asterisk on `host`: a name, an address, or either with `:port`.
    pub fn new(host: impl Into<String>) -> Self {
        let (host, port) = split_port(host.into());
        Self {
            host,
            port,
            transport: Transport::default(),
            ca_files: Vec::new(),
            accept_any_certificate: false,
            user: String::new(),
            secret: None,
            plain_login: false,
            events: "on".to_owned(),
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
            event_buffer: 100_000,
            only_events: None,
            limits: Limits::default(),
        }
    }

    /// The port, if it is not 5038 (clear text) or 5039 (TLS).
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The user of manager.conf and the secret.
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, secret: SecretString) -> Self {
        self.user = user.into();
        self.secret = Some(secret);
        self
    }

    /// Sends the secret itself instead of the answer to an MD5 challenge. Only sensible over TLS, for servers without
    /// `Challenge`.
    #[must_use]
    pub fn plain_login(mut self) -> Self {
        self.plain_login = true;
        self
    }

    /// Speaks TLS, with the certificate checked against the operating system's store.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.transport = Transport::Tls;
        self
    }

    /// Trusts also the authorities in this PEM file (Asterisk's own certificates are usually self-made). Means TLS.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_files.push(path.into());
        self.tls()
    }

    /// Speaks TLS with anybody who answers, without looking at the certificate: anyone on the way can read and write.
    #[must_use]
    pub fn tls_insecure_accept_any_certificate(mut self) -> Self {
        self.accept_any_certificate = true;
        self.tls()
    }

    /// Speaks clear text, also to another machine: calls, names and numbers can be read on the way.
    #[must_use]
    pub fn plain_text(mut self) -> Self {
        self.transport = Transport::Plain;
        self
    }

    /// The classes of events to ask for: `on` (the default), `off`, `call,agent`.
    #[must_use]
    pub fn events(mut self, mask: impl Into<String>) -> Self {
        self.events = mask.into();
        self
    }

    /// How long connecting, and then logging in, may take: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an answer may take: 10 s.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// How often to send a `Ping`: every 15 s. The link counts as dead after 2.5 times that without a byte.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = interval;
        self
    }

    /// How many events wait for a slow reader (100,000) before they are given up and told as lost.
    #[must_use]
    pub fn event_buffer(mut self, events: usize) -> Self {
        self.event_buffer = events;
        self
    }

    /// Hands out only events of these names, whatever their case; the others are passed over without a look at their
    /// headers. What answers an action, and what a [`Watch`](super::Watch) waits for, comes all the same.
    #[must_use]
    pub fn only_events<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.only_events = Some(names.into_iter().collect());
        self
    }

    /// How much the server may send in one message.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The host without the port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port that will be used.
    pub(crate) fn effective_port(&self) -> u16 {
        self.port.unwrap_or(if self.transport == Transport::Tls { TLS_PORT } else { PLAIN_PORT })
    }

    /// `host:port`, for logs.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.effective_port())
    }

    /// Everything that is wrong, as far as it can be seen without the network.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.host.is_empty() || self.host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            faults.push(Fault::new("host", "give the name or address of the Asterisk machine"));
        }
        if self.user.is_empty() || self.secret.is_none() {
            faults.push(Fault::new("user", "give the user of manager.conf and its secret, with login(user, secret)"));
        }
        if self.transport == Transport::Undecided && !is_this_machine(&self.host) {
            faults.push(Fault::new(
                "tls",
                format!(
                    "say how to speak to another machine ({}): tls() (manager.conf: tlsenable=yes, port 5039), or \
                     plain_text() if the network between is yours",
                    self.host
                ),
            ));
        }
        if self.keep_alive.is_zero() || self.connect_timeout.is_zero() || self.response_timeout.is_zero() {
            faults.push(Fault::new("keep_alive", "time-outs and intervals must be longer than nothing"));
        }
        faults
    }
}

fn split_port(given: String) -> (String, Option<u16>) {
    let split = match given.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => Some((host, None)),
        Some((host, port)) => port.strip_prefix(':').and_then(|port| port.parse().ok()).map(|port| (host, Some(port))),
        None if given.matches(':').count() == 1 => {
            given.split_once(':').and_then(|(host, port)| Some((host, Some(port.parse().ok()?))))
        }
        None => None,
    };
    match split {
        Some((host, port)) => (host.to_owned(), port),
        None => (given, None),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(host: &str) -> Options {
        Options::new(host).login("cti", SecretString::from("s3cret"))
    }

    #[test]
    fn host_and_port_are_told_apart() {
        for (given, address) in [
            ("pbx", "pbx:5038"),
            ("pbx:6000", "pbx:6000"),
            ("[::1]:6000", "::1:6000"),
            ("[::1]", "::1:5038"),
            ("::1", "::1:5038"),
            ("pbx:abc", "pbx:abc:5038"),
        ] {
            assert_eq!(options(given).address(), address, "{given}");
        }
        assert_eq!(options("pbx").tls().address(), "pbx:5039");
        assert_eq!(options("pbx:1").port(2).address(), "pbx:2");
    }

    #[test]
    fn clear_text_to_another_machine_needs_a_word() {
        let faults = options("pbx.example.com").faults();
        assert!(faults.len() == 1 && faults[0].message.contains("plain_text()"), "{faults:?}");
        for good in [
            options("pbx.example.com").tls(),
            options("pbx.example.com").plain_text(),
            options("127.0.0.1"),
            options("::1"),
            options("localhost:5038"),
        ] {
            assert_eq!(good.faults(), []);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", options("pbx")).contains("s3cret"));
    }
}
