//! One running Asterisk, a test's own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ami::Ami;
use crate::child::OwnedChild;
use crate::error::{Context, tail};
use crate::ports::{INSIDE, OUTSIDE, Ports};
use crate::presence::{Lab, Version};
use crate::template::fill;
use crate::{LabError, Result};

/// How long an instance may take to boot on a busy machine.
const BOOT_LIMIT: Duration = Duration::from_secs(90);

/// The configuration files of an instance.
const FILES: [(&str, &str); 16] = [
    ("asterisk.conf", include_str!("../asterisk/asterisk.conf")),
    ("cdr.conf", include_str!("../asterisk/cdr.conf")),
    ("cdr_manager.conf", include_str!("../asterisk/cdr_manager.conf")),
    ("confbridge.conf", include_str!("../asterisk/confbridge.conf")),
    ("extensions.conf", include_str!("../asterisk/extensions.conf")),
    ("features.conf", include_str!("../asterisk/features.conf")),
    ("indications.conf", include_str!("../asterisk/indications.conf")),
    ("logger.conf", include_str!("../asterisk/logger.conf")),
    ("manager.conf", include_str!("../asterisk/manager.conf")),
    ("modules.conf", include_str!("../asterisk/modules.conf")),
    ("musiconhold.conf", include_str!("../asterisk/musiconhold.conf")),
    ("pjproject.conf", include_str!("../asterisk/pjproject.conf")),
    ("pjsip.conf", include_str!("../asterisk/pjsip.conf")),
    ("queues.conf", include_str!("../asterisk/queues.conf")),
    ("res_parking.conf", include_str!("../asterisk/res_parking.conf")),
    ("rtp.conf", include_str!("../asterisk/rtp.conf")),
];

/// What a test may want otherwise than most.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartOptions {
    /// `channelvars = CALLERID(num-pres)`: every event then says whether the caller is withheld.
    pub presentation_in_events: bool,
    /// `timestampevents = yes`: every event then carries its time.
    pub timestamp_events: bool,
}

/// A running Asterisk of its own: own ports, own files, ended and removed when dropped.
#[derive(Debug)]
pub struct Asterisk {
    version: Version,
    /// The root of the file system in which it runs.
    root: PathBuf,
    /// The folder of the instance, as it is called inside that root.
    run: String,
    child: Option<OwnedChild>,
    ports: Ports,
}

impl Asterisk {
    /// The AMI user of every instance.
    pub const AMI_USER: &str = "cti";
    /// A user who may act on calls and no more, with the same secret.
    pub const CALLS_ONLY_USER: &str = "calls-only";
    /// A user who may only look on, with the same secret.
    pub const READER_USER: &str = "reader";
    /// The secret of [`Self::AMI_USER`].
    pub const AMI_SECRET: &str = "lab-secret";

    /// Starts an instance and waits until it is fully booted.
    ///
    /// # Errors
    ///
    /// When the lab or this version is missing, or the instance does not boot; the message ends with its log.
    pub async fn start(version: Version) -> Result<Self> {
        Self::start_with(version, StartOptions::default()).await
    }

    /// As [`Self::start`], with options.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub async fn start_with(version: Version, options: StartOptions) -> Result<Self> {
        let lab = Lab::find().ok_or_else(|| LabError::new("the lab is missing (cargo xtask lab)"))?;
        let ports = Ports::take(lab.dir()).await?;
        let root = lab.root_of(version);
        let run = format!("/run/cti-lab-{}", ports.number());
        let mut asterisk = Self { version, root, run, child: None, ports };
        asterisk.write_files(options)?;
        asterisk.boot().await?;
        Ok(asterisk)
    }

    /// The version that runs.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Where AMI listens.
    #[must_use]
    pub fn ami_addr(&self) -> SocketAddr {
        SocketAddr::new(INSIDE, self.ports.ami())
    }

    /// Where SIP (UDP) listens.
    #[must_use]
    pub fn sip_addr(&self) -> SocketAddr {
        SocketAddr::new(INSIDE, self.ports.sip())
    }

    /// Where the phone of this extension (6001, 6002 or 6003) is expected; `None` for another one.
    #[must_use]
    pub fn phone_addr(&self, extension: &str) -> Option<SocketAddr> {
        let n = ["6001", "6002", "6003"].iter().position(|known| *known == extension)?;
        Some(SocketAddr::new(INSIDE, self.ports.phone(n as u16 + 1)))
    }

    /// Where the far end of the outside line is expected.
    #[must_use]
    pub fn trunk_addr(&self) -> SocketAddr {
        SocketAddr::new(OUTSIDE, self.ports.trunk())
    }

    /// A port for a SIP party of this instance.
    pub(crate) fn party_port(&self) -> Result<u16> {
        self.ports.party()
    }

    /// The folder where recordings are written, as seen from outside.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        self.dir().join("spool/monitor")
    }

    /// Logs in by AMI, as a client of the test's own.
    ///
    /// # Errors
    ///
    /// When the connection or the login fails.
    pub async fn ami(&self) -> Result<Ami> {
        Ami::login(self.ami_addr(), Self::AMI_USER, Self::AMI_SECRET).await
    }

    /// What a command of the Asterisk console prints.
    ///
    /// # Errors
    ///
    /// When the instance does not run.
    pub async fn cli(&self, command: &str) -> Result<String> {
        let output = tokio::process::Command::new("chroot")
            .arg(&self.root)
            .args(["/usr/sbin/asterisk", "-C", &self.conf(), "-rx", command])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(20), output).await.context("the console")?;
        let output = output.context("the console")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(LabError::new(format!("{command}: {text}{}", String::from_utf8_lossy(&output.stderr))))
        }
    }

    /// Kills the instance: every call and every AMI connection ends without a word. [`Self::restart`] brings it back.
    pub fn kill(&mut self) {
        self.child = None;
    }

    /// Stops the instance as an operator does (`core stop now`), when it runs, and starts it again on the same ports.
    ///
    /// # Errors
    ///
    /// When it does not boot again.
    pub async fn restart(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            // The console may be cut off by the stop that it asks for.
            let _ = self.cli("core stop now").await;
            child.wait(Duration::from_secs(15)).await?;
        }
        self.boot().await
    }

    /// The last lines of the instance's own log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.dir().join("log/full"), lines)
    }

    /// The folder of the instance as seen from outside.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.join(self.run.trim_start_matches('/'))
    }

    fn conf(&self) -> String {
        format!("{}/etc/asterisk.conf", self.run)
    }

    fn write_files(&self, options: StartOptions) -> Result<()> {
        let dir = self.dir();
        // A test that was killed may have left its files; the block of ports is ours, so this folder is too.
        let _ = std::fs::remove_dir_all(&dir);
        for part in ["etc", "db", "log", "cache", "spool/monitor", "spool/tmp"] {
            std::fs::create_dir_all(dir.join(part)).context("cannot make the folder of an instance")?;
        }
        let (rtp_first, rtp_last) = self.ports.rtp();
        let channel_vars = if options.presentation_in_events { "channelvars = CALLERID(num-pres)" } else { "" };
        let values = [
            ("run", self.run.clone()),
            ("modules", modules_dir(&self.root)?),
            ("ami_port", self.ports.ami().to_string()),
            ("ami_secret", Self::AMI_SECRET.to_owned()),
            ("timestamp_events", if options.timestamp_events { "yes" } else { "no" }.to_owned()),
            ("channel_vars", channel_vars.to_owned()),
            ("sip_port", self.ports.sip().to_string()),
            ("phone_6001_port", self.ports.phone(1).to_string()),
            ("phone_6002_port", self.ports.phone(2).to_string()),
            ("phone_6003_port", self.ports.phone(3).to_string()),
            ("trunk_address", OUTSIDE.to_string()),
            ("trunk_port", self.ports.trunk().to_string()),
            ("rtp_first", rtp_first.to_string()),
            ("rtp_last", rtp_last.to_string()),
        ];
        for (name, text) in FILES {
            std::fs::write(dir.join("etc").join(name), fill(text, &values)?).context(name)?;
        }
        Ok(())
    }

    async fn boot(&mut self) -> Result<()> {
        let mut command = Command::new("chroot");
        command
            .arg(&self.root)
            .args(["/usr/sbin/asterisk", "-f", "-n", "-C", &self.conf()])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = OwnedChild::start(&mut command)?;
        let deadline = Instant::now() + BOOT_LIMIT;
        let problem = loop {
            if let Some(status) = child.ended()? {
                break format!("ended at once: {status}");
            }
            let last = match Ami::login(self.ami_addr(), Self::AMI_USER, Self::AMI_SECRET).await {
                Ok(mut ami) => match ami.wait_for(Duration::from_secs(30), |p| p.is_event("FullyBooted")).await {
                    Ok(_) => {
                        self.child = Some(child);
                        return Ok(());
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if Instant::now() > deadline {
                break format!("is not ready: {last}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let log = tail(&self.dir().join("log/messages"), 30);
        Err(LabError::new(format!("{} {problem}\n{log}", self.version)))
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        self.child = None;
        if std::thread::panicking() {
            show_log(&self.version.to_string(), &self.log_tail(60));
        }
        if std::env::var_os("CTI_LAB_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(self.dir());
        }
    }
}

/// Shows the log of an instance whose test has failed.
#[expect(clippy::print_stderr, reason = "the test runner shows it with the failed test")]
fn show_log(name: &str, log: &str) {
    eprintln!("--- the last of the log of {name} ---\n{log}\n---");
}

/// Where this version's package keeps its modules, as its own configuration says.
fn modules_dir(root: &Path) -> Result<String> {
    let text = std::fs::read_to_string(root.join("etc/asterisk/asterisk.conf")).context("asterisk.conf")?;
    text.lines()
        .filter_map(|line| line.split_once("=>"))
        .find(|(key, _)| key.trim() == "astmoddir")
        .map(|(_, value)| value.trim().to_owned())
        .ok_or_else(|| LabError::new("the package's asterisk.conf names no astmoddir"))
}
