//! How an Asterisk is described: one value, from which events and control come.

use crate::ami::Options;
use crate::link::{Lookup, Shared};
use crate::model::Sides;
use cti_core::Fault;
use cti_core::backoff::Backoff;
use cti_core::pbx::AutoAnswer;
use cti_core::secret::SecretString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// An Asterisk: [`PbxSource`](cti_core::pbx::PbxSource) and [`PbxControl`](cti_core::pbx::PbxControl) in one. Cheap to
/// clone; clones share the link.
///
/// ```no_run
/// # fn build() -> cti_core::Result<()> {
/// use cti_pbx_asterisk::Asterisk;
/// let pbx = Asterisk::new("main", "pbx.example.com").login("cti", cti_core::secret("AMI_SECRET")?).tls();
/// # Ok(()) }
/// ```
///
/// To a host other than this machine, [`tls`](Self::tls) or [`plain_text`](Self::plain_text) must be said.
#[derive(Clone)]
pub struct Asterisk {
    pub(crate) settings: Arc<Settings>,
    pub(crate) shared: Arc<Shared>,
}

/// Everything that was said about one Asterisk.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) sides: Sides,
    pub(crate) technology: String,
    pub(crate) dial_context: String,
    pub(crate) transfer_context: Option<String>,
    pub(crate) auto_answer: Option<AutoAnswer>,
    pub(crate) recordings: Option<String>,
    pub(crate) context_prefixes: Option<Vec<String>>,
    pub(crate) unconfirmed_after: Duration,
    pub(crate) ask_presentation: bool,
    pub(crate) backoff: Backoff,
    pub(crate) stable_after: Duration,
}

impl Asterisk {
    /// The Asterisk on `host` (a name or address, with or without `:port`); `name` becomes the first part of every
    /// [`CallId`](cti_core::call::CallId).
    pub fn new(name: impl Into<String>, host: impl Into<String>) -> Self {
        let settings = Settings {
            name: name.into(),
            options: Options::new(host),
            sides: Sides::default(),
            technology: "PJSIP".to_owned(),
            dial_context: "from-internal".to_owned(),
            transfer_context: None,
            auto_answer: None,
            recordings: None,
            context_prefixes: None,
            unconfirmed_after: Duration::from_secs(600),
            ask_presentation: true,
            backoff: Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) },
            stable_after: Duration::from_secs(30),
        };
        Self { settings: Arc::new(settings), shared: Arc::new(Shared::new()) }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    fn with_options(self, change: impl FnOnce(Options) -> Options) -> Self {
        self.with(|settings| settings.options = change(settings.options.clone()))
    }

    /// The user of manager.conf and the secret.
    #[must_use]
    pub fn login(self, user: impl Into<String>, secret: SecretString) -> Self {
        self.with_options(|options| options.login(user, secret))
    }

    /// The port, if it is not 5038 (clear text) or 5039 (TLS).
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        self.with_options(|options| options.port(port))
    }

    /// Speaks TLS; the certificate is checked against the operating system's store.
    #[must_use]
    pub fn tls(self) -> Self {
        self.with_options(Options::tls)
    }

    /// Trusts also the authorities in this PEM file. Means TLS.
    #[must_use]
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        self.with_options(|options| options.ca_file(path))
    }

    /// Speaks TLS with anybody who answers: anyone on the way can read and write.
    #[must_use]
    pub fn tls_insecure_accept_any_certificate(self) -> Self {
        self.with_options(Options::tls_insecure_accept_any_certificate)
    }

    /// Speaks clear text, also to another machine.
    #[must_use]
    pub fn plain_text(self) -> Self {
        self.with_options(Options::plain_text)
    }

    /// Everything else about the link, such as time-outs; see [`Options`].
    #[must_use]
    pub fn options(self, change: impl FnOnce(Options) -> Options) -> Self {
        self.with_options(change)
    }

    /// Which channels are telephones and which are outside lines.
    #[must_use]
    pub fn sides(self, sides: Sides) -> Self {
        self.with(|settings| settings.sides = sides)
    }

    /// The channel technology of the telephones: `PJSIP` (the default), `SIP`, `IAX2`, …
    #[must_use]
    pub fn technology(self, technology: impl Into<String>) -> Self {
        self.with(|settings| settings.technology = technology.into())
    }

    /// The context of the dial plan in which click-to-dial numbers are dialled: `from-internal`.
    #[must_use]
    pub fn dial_context(self, context: impl Into<String>) -> Self {
        self.with(|settings| settings.dial_context = context.into())
    }

    /// The context in which transfers are dialled, if it is not that of [`dial_context`](Self::dial_context).
    #[must_use]
    pub fn transfer_context(self, context: impl Into<String>) -> Self {
        self.with(|settings| settings.transfer_context = Some(context.into()))
    }

    /// How telephones are asked to pick up by themselves on click-to-dial, where the dial itself does not say. Without
    /// this they ring.
    #[must_use]
    pub fn auto_answer(self, header: AutoAnswer) -> Self {
        self.with(|settings| settings.auto_answer = Some(header))
    }

    /// The folder on the PBX for recordings that are started from here, if not Asterisk's own (`/var/spool/asterisk/monitor`).
    #[must_use]
    pub fn recordings(self, folder: impl Into<String>) -> Self {
        self.with(|settings| settings.recordings = Some(folder.into()))
    }

    /// Channel variables whose names begin so are attached to the call; `CTI_` if nothing is said. Asterisk tells
    /// variables to users with `dialplan` in `read =`.
    #[must_use]
    pub fn context_prefixes<T: Into<String>>(self, prefixes: impl IntoIterator<Item = T>) -> Self {
        let prefixes = prefixes.into_iter().map(Into::into).collect();
        self.with(|settings| settings.context_prefixes = Some(prefixes))
    }

    /// How long a call stays open after a lost link when the user may not list channels and nothing is heard of the
    /// call: then it ends as `lost_track`. 10 minutes.
    #[must_use]
    pub fn unconfirmed_after(self, time: Duration) -> Self {
        self.with(|settings| settings.unconfirmed_after = time)
    }

    /// Whether to ask Asterisk, before anything is told about a call from outside, if the caller withholds the number.
    /// On by default; costs one small question a call, unless manager.conf says `channelvars = CALLERID(num-pres)`.
    #[must_use]
    pub fn ask_presentation(self, ask: bool) -> Self {
        self.with(|settings| settings.ask_presentation = ask)
    }

    /// How long to wait before connecting again: at most `first`, doubling up to `longest`, with jitter. 1 s and 60 s.
    #[must_use]
    pub fn backoff(self, first: Duration, longest: Duration) -> Self {
        self.with(|settings| settings.backoff = Backoff { first, most: longest })
    }

    /// How long a link must have lasted for the next wait to be short again: 30 s.
    #[must_use]
    pub fn stable_after(self, time: Duration) -> Self {
        self.with(|settings| settings.stable_after = time)
    }

    /// Everything that is wrong with the settings, as far as it can be seen without the network.
    pub fn faults(&self) -> Vec<Fault> {
        self.settings.faults()
    }

    pub(crate) fn lookups(&self) -> &mpsc::Sender<Lookup> {
        &self.shared.lookups
    }
}

impl Settings {
    pub(crate) fn transfer_context(&self) -> &str {
        self.transfer_context.as_deref().unwrap_or(&self.dial_context)
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        let mut faults = self.options.faults();
        if !plain(&self.name) {
            faults.push(Fault::new("name", "a PBX needs a name of letters, digits, _ - and ."));
        }
        if !plain(&self.technology) {
            faults.push(Fault::new("technology", "a channel technology is a word such as PJSIP"));
        }
        let context = "a context of the dial plan has letters, digits, _ - and . only";
        if !plain(&self.dial_context) {
            faults.push(Fault::new("dial_context", context));
        }
        if self.transfer_context.as_deref().is_some_and(|context| !plain(context)) {
            faults.push(Fault::new("transfer_context", context));
        }
        if self.recordings.as_deref().is_some_and(|folder| !is_folder(folder)) {
            faults
                .push(Fault::new("recordings", "a folder of the PBX has letters, digits, _ - . and / only, and no .."));
        }
        let is_prefix = |text: &String| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.context_prefixes.as_ref().is_some_and(|prefixes| !prefixes.iter().all(is_prefix)) {
            faults.push(Fault::new("context_prefixes", "names of variables begin with letters, digits and _"));
        }
        if self.unconfirmed_after.is_zero() {
            faults.push(Fault::new("unconfirmed_after", "wait at least a moment for a sign of a call"));
        }
        if self.backoff.first.is_zero() || self.backoff.most < self.backoff.first {
            faults.push(Fault::new("backoff", "wait at least a moment first, and not less later"));
        }
        faults
    }
}

fn is_folder(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    !text.is_empty() && text.len() <= 200 && text.chars().all(good) && text.split('/').all(|part| part != "..")
}

/// Shows no secret.
impl fmt::Debug for Asterisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Asterisk {
        Asterisk::new("main", "127.0.0.1").login("cti", SecretString::from("s3cret"))
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", local()).contains("s3cret"));
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        assert_eq!(local().faults(), []);
        let bad = [
            (Asterisk::new("ma/in", "127.0.0.1"), "name"),
            (local().technology("PJSIP/x"), "technology"),
            (local().dial_context("a b"), "dial_context"),
            (local().transfer_context("x\r\n"), "transfer_context"),
            (local().recordings("/tmp/../etc"), "recordings"),
            (local().recordings("x\r\nAction: Ping"), "recordings"),
            (local().context_prefixes(["CTI_", ""]), "context_prefixes"),
            (local().unconfirmed_after(Duration::ZERO), "unconfirmed_after"),
            (local().backoff(Duration::ZERO, Duration::ZERO), "backoff"),
            (Asterisk::new("main", "127.0.0.1"), "user"),
            (Asterisk::new("main", "pbx").login("cti", SecretString::from("x")), "tls"),
            (Asterisk::new("main", "").login("cti", SecretString::from("x")), "host"),
            (local().options(|options| options.keep_alive(Duration::ZERO)), "keep_alive"),
        ];
        for (asterisk, key) in bad {
            let faults = asterisk.faults();
            assert!(faults.iter().any(|fault| fault.path == key), "{key}: {faults:?}");
        }
    }
}
