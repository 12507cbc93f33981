//! One version of Asterisk in a root of its own, made with debootstrap.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{host, shell};
use crate::Result;

/// A version of Asterisk and the Debian suite that packages it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    pub(crate) major: u32,
    pub(crate) suite: &'static str,
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asterisk {} ({})", self.major, self.suite)
    }
}

impl Release {
    /// Installs it unless it is there, and says what it did.
    pub(crate) fn install(self, lab: &Path) -> Result<String> {
        if let Some(version) = self.version(lab) {
            return Ok(format!("{version} is there"));
        }
        // Made aside and moved at the end, so that a half-made root is never taken for a whole one.
        let partial = lab.join(format!("asterisk-{}.partial", self.major));
        remove_root(&partial)?;
        remove_root(&self.root(lab))?;
        let log = lab.join(format!("asterisk-{}.log", self.major));
        let _ = std::fs::remove_file(&log);

        let mirror = host::mirror()?;
        let mut debootstrap = Command::new("debootstrap");
        debootstrap.arg("--variant=minbase").arg(self.suite).arg(&partial).arg(mirror);
        shell::run(&mut debootstrap, &log)?;
        prepare(&partial)?;
        let inside = |args: &[&str]| shell::run(Command::new("chroot").arg(&partial).args(args), &log);
        inside(&["apt-get", "update"])?;
        inside(&["apt-get", "install", "--yes", "--no-install-recommends", "asterisk", "asterisk-modules"])?;
        inside(&["apt-get", "clean"])?;

        let version = version_in(&partial).ok_or("the package is installed and its asterisk does not run")?;
        if !version.starts_with(&format!("Asterisk {}.", self.major)) {
            return Err(format!("{} now has {version}", self.suite));
        }
        std::fs::rename(&partial, self.root(lab)).map_err(|error| format!("{}: {error}", partial.display()))?;
        std::fs::write(self.stamp(lab), format!("{version}\n")).map_err(|error| error.to_string())?;
        Ok(format!("installed {version}"))
    }

    /// The installed version; the stamp is written last and read first.
    pub(crate) fn version(self, lab: &Path) -> Option<String> {
        let stamp = std::fs::read_to_string(self.stamp(lab)).ok()?;
        self.root(lab).join("usr/sbin/asterisk").exists().then(|| stamp.trim().to_owned())
    }

    fn root(self, lab: &Path) -> PathBuf {
        lab.join(format!("asterisk-{}", self.major))
    }

    fn stamp(self, lab: &Path) -> PathBuf {
        lab.join(format!("asterisk-{}.stamp", self.major))
    }
}

/// Gives the new root the machine's way to its mirror, and keeps its services from starting.
fn prepare(root: &Path) -> Result<()> {
    let write = |name: &str, text: &str| {
        std::fs::write(root.join(name), text).map_err(|error| format!("{name} in {}: {error}", root.display()))
    };
    write("etc/apt/apt.conf.d/99host", &host::apt_settings())?;
    write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")?;
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(root.join("usr/sbin/policy-rc.d"), executable).map_err(|error| error.to_string())?;
    // Machines without these files have no need of them.
    for name in ["etc/hosts", "etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"] {
        if let Ok(text) = std::fs::read(Path::new("/").join(name)) {
            if let Some(parent) = root.join(name).parent() {
                std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
            }
            std::fs::write(root.join(name), text).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// What `asterisk -V` says in that root.
fn version_in(root: &Path) -> Option<String> {
    let text = shell::output("chroot", &[root.to_str()?, "/usr/sbin/asterisk", "-V"])?;
    Some(text.trim().to_owned())
}

/// Removes a root. A debootstrap that was cut off leaves file systems mounted, which are let go first.
fn remove_root(root: &Path) -> Result<()> {
    if !root.exists() {
        return Ok(());
    }
    for mount in mounts_below(root) {
        let _ = Command::new("umount").arg(mount).status();
    }
    if !mounts_below(root).is_empty() {
        return Err(format!("file systems are still mounted below {}", root.display()));
    }
    std::fs::remove_dir_all(root).map_err(|error| format!("{}: {error}", root.display()))
}

/// The mount points below a folder, the deepest first.
fn mounts_below(root: &Path) -> Vec<PathBuf> {
    let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let points = table.lines().filter_map(|line| line.split_whitespace().nth(1)).map(PathBuf::from);
    let mut below: Vec<PathBuf> = points.filter(|point| point.starts_with(root)).collect();
    below.sort_by_key(|point| std::cmp::Reverse(point.components().count()));
    below
}
