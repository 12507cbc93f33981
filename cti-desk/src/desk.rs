//! The settings of a desk.

use crate::hook::Mounted;
use crate::running::RunningDesk;
use crate::security::Origin;
use crate::webhook::Webhooks;
use cti_core::call::Extension;
use cti_core::hook::Hook;
use cti_core::pbx::PbxCapabilities;
use cti_core::webhook::Webhook;
use cti_core::{Error, Fault, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A token that can be guessed is none.
const MIN_TOKEN: usize = 16;

/// A person who uses the desk.
#[derive(Debug, Clone)]
pub struct AgentLogin {
    pub(crate) user: String,
    pub(crate) name: Option<String>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) token: Option<SecretString>,
}

impl AgentLogin {
    /// The agent whom the dial plan calls `user`, with a telephone.
    pub fn new(user: impl Into<String>, extension: impl Into<Extension>) -> Self {
        Self { user: user.into(), name: None, extensions: vec![extension.into()], token: None }
    }

    /// Adds another telephone.
    #[must_use]
    pub fn extension(mut self, extension: impl Into<Extension>) -> Self {
        self.extensions.push(extension.into());
        self
    }

    /// The name that the page shows.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the agent signs in with: at least 16 characters, best made by a password generator.
    #[must_use]
    pub fn token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }
}

/// How calls are presented to agents.
#[derive(Debug, Clone, Serialize)]
pub struct CallWindow {
    /// Show the buttons answer, hang up, hold, transfer. Off: the desk refuses these commands too.
    pub call_control: bool,
    /// Show a button that copies the caller's number.
    pub copy_number: bool,
    /// What stands in place of a withheld number; `None`: words of the page's language.
    pub withheld_label: Option<String>,
}

impl Default for CallWindow {
    fn default() -> Self {
        Self { call_control: true, copy_number: true, withheld_label: None }
    }
}

/// The settings of a desk; [`Desk::bind`] starts it.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(crate) address: String,
    pub(crate) public: bool,
    pub(crate) public_url: Option<Url>,
    pub(crate) agents: Vec<AgentLogin>,
    pub(crate) origins: Vec<Url>,
    pub(crate) form_targets: Vec<Url>,
    pub(crate) open_for: Option<String>,
    pub(crate) capabilities: PbxCapabilities,
    pub(crate) window: CallWindow,
    pub(crate) command_timeout: Duration,
    pub(crate) hooks: Vec<Mounted>,
    pub(crate) webhooks: Webhooks,
    pub(crate) cancel: CancellationToken,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8787".to_owned(),
            public: false,
            public_url: None,
            agents: Vec::new(),
            origins: Vec::new(),
            form_targets: Vec::new(),
            open_for: None,
            capabilities: PbxCapabilities::default(),
            window: CallWindow::default(),
            command_timeout: Duration::from_secs(90),
            hooks: Vec::new(),
            webhooks: Webhooks::default(),
            cancel: CancellationToken::new(),
        }
    }
}

impl Desk {
    /// A desk on `127.0.0.1:8787` with no agents yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on a loopback address; port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self.public = false;
        self
    }

    /// Listens where other machines can reach it. The desk itself speaks clear-text HTTP: put a reverse proxy with TLS
    /// before it, and tell its address with [`Desk::public_url`].
    #[must_use]
    pub fn listen_publicly(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self.public = true;
        self
    }

    /// The address under which agents open the desk, if it is not the one it listens on. With `https` the session
    /// cookie is sent over TLS only.
    #[must_use]
    pub fn public_url(mut self, url: Url) -> Self {
        self.public_url = Some(url);
        self
    }

    /// Adds an agent.
    #[must_use]
    pub fn agent(mut self, agent: AgentLogin) -> Self {
        self.agents.push(agent);
        self
    }

    /// Lets the pages of a CRM (`https://example.cybozu.com`) use click-to-dial.
    #[must_use]
    pub fn allow_origin(mut self, origin: Url) -> Self {
        self.origins.push(origin);
        self
    }

    /// Lets everybody on this machine use the desk as `user`, without a token. For demonstrations; loopback only.
    #[must_use]
    pub fn open_access_for_demo(mut self, user: impl Into<String>) -> Self {
        self.open_for = Some(user.into());
        self
    }

    /// What the PBX can do: the page shows no button for what it cannot.
    #[must_use]
    pub fn capabilities(mut self, capabilities: PbxCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// How calls are presented.
    #[must_use]
    pub fn call_window(mut self, window: CallWindow) -> Self {
        self.window = window;
        self
    }

    /// Lets the page submit forms to that origin: CRMs that pop by POST need it.
    #[must_use]
    pub fn form_target(mut self, url: Url) -> Self {
        if !self.form_targets.iter().any(|known| known.origin() == url.origin()) {
            self.form_targets.push(url);
        }
        self
    }

    /// Takes the notices of a CRM at `/hooks/<name of the CRM>/<secret>`. The secret has at least 16 characters.
    #[must_use]
    pub fn hook(mut self, hook: Arc<dyn Hook>, secret: SecretString) -> Self {
        self.hooks.push(Mounted { hook, secret });
        self
    }

    /// How long a command may take, 90 seconds by default: click-to-dial lasts until the phone is picked up.
    #[must_use]
    pub fn command_timeout(mut self, limit: Duration) -> Self {
        self.command_timeout = limit;
        self
    }

    /// Takes what a CRM sends when somebody clicks in it, at `/webhook/{name}/{action}`.
    #[must_use]
    pub fn webhook(mut self, webhook: Arc<dyn Webhook>) -> Self {
        self.webhooks.0.push(webhook);
        self
    }

    /// Stops the desk when `cancel` is cancelled.
    #[must_use]
    pub fn stop_with(mut self, cancel: &CancellationToken) -> Self {
        self.cancel = cancel.child_token();
        self
    }

    /// Takes the port and starts to serve.
    ///
    /// # Errors
    /// `ConfigInvalid` with every fault of the settings, `Unreachable` if the port cannot be taken.
    pub async fn bind(self) -> Result<RunningDesk> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(&self.address)
            .await
            .map_err(|error| Error::config("listen", "is no address with a port").caused_by(error))?
            .collect();
        let mut faults = self.faults();
        if !self.public && addresses.iter().any(|address| !address.ip().is_loopback()) {
            faults.push(Fault::new(
                "listen",
                "others can reach this address; say so with listen_publicly if it is meant",
            ));
        }
        Fault::none(faults).map_err(|error| error.during("bind"))?;
        RunningDesk::start(self, &addresses).await
    }

    /// Everything that is wrong with the settings, as far as it can be seen without a socket.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.agents.is_empty() {
            faults.push(Fault::new("agents", "name at least one agent"));
        }
        if let Some(user) = &self.open_for {
            if self.public {
                faults.push(Fault::new("access", "access without a token is for loopback only"));
            }
            if !self.agents.iter().any(|agent| agent.user == *user) {
                faults.push(Fault::new("access", format!("no agent {user} for access without a token")));
            }
        }
        let wrong = self.origins.iter().filter(|origin| Origin::of(origin).is_none());
        faults.extend(
            wrong.map(|origin| Fault::new("allow_origins", format!("{origin} is no origin such as https://host"))),
        );
        let short = |mounted: &&Mounted| mounted.secret.expose_secret().chars().count() < MIN_TOKEN;
        faults.extend(self.hooks.iter().filter(short).map(|mounted| {
            let text = format!("the secret is shorter than {MIN_TOKEN} characters");
            Fault::new(format!("hooks.{}", mounted.hook.name()), text)
        }));
        self.agent_faults(&mut faults);
        faults
    }

    fn agent_faults(&self, faults: &mut Vec<Fault>) {
        let (mut users, mut tokens) = (BTreeSet::new(), BTreeSet::new());
        for agent in &self.agents {
            let user = &agent.user;
            if !users.insert(user) {
                faults.push(Fault::new(format!("agents.{user}"), "is there twice"));
            }
            match &agent.token {
                Some(token) if token.expose_secret().chars().count() < MIN_TOKEN => {
                    faults.push(Fault::new(
                        format!("agents.{user}.token"),
                        format!("is shorter than {MIN_TOKEN} characters"),
                    ));
                }
                Some(token) if !tokens.insert(token.expose_secret()) => {
                    faults.push(Fault::new(format!("agents.{user}.token"), "is another agent's too"));
                }
                None if self.open_for.as_ref() != Some(user) => {
                    faults.push(Fault::new(format!("agents.{user}.token"), "is missing"));
                }
                _ => {}
            }
        }
    }
}
