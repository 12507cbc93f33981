//! Where the lab is, and what to do where it is not.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A version of Asterisk that the lab has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// Asterisk 16, the oldest that the lab runs.
    V16,
    /// Asterisk 22, the newest.
    V22,
}

impl Version {
    /// Every version that the lab can have.
    pub const ALL: [Self; 2] = [Self::V16, Self::V22];

    /// The major version number.
    #[must_use]
    pub fn major(self) -> u32 {
        match self {
            Self::V16 => 16,
            Self::V22 => 22,
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asterisk {}", self.major())
    }
}

/// The installed lab.
#[derive(Debug, Clone)]
pub struct Lab {
    dir: PathBuf,
}

impl Lab {
    /// The lab, when this machine has it: root, SIPp and at least one Asterisk.
    #[must_use]
    pub fn find() -> Option<Self> {
        let dir = std::env::var_os("CTI_LAB_DIR").map_or_else(|| PathBuf::from("/var/cache/cti-lab"), PathBuf::from);
        let lab = Self { dir };
        let usable = is_root() && program("sipp").is_some() && !lab.versions().is_empty();
        usable.then_some(lab)
    }

    /// The lab; where it is missing, says that the test was skipped and gives `None`.
    ///
    /// # Panics
    ///
    /// Where the lab is missing although `CTI_LAB=required` is set.
    #[must_use]
    pub fn find_or_skip() -> Option<Self> {
        let lab = Self::find();
        if lab.is_none() {
            missing("the lab");
        }
        lab
    }

    /// Whether a test may use this version; where it may not, says that the test was skipped.
    ///
    /// # Panics
    ///
    /// Where no version at all is installed although `CTI_LAB=required` is set. One missing version is only said, as
    /// the other one does.
    #[must_use]
    pub fn version_or_skip(version: Version) -> bool {
        let Some(lab) = Self::find_or_skip() else {
            return false;
        };
        let there = lab.has(version);
        if !there {
            say(&format!("SKIPPED: {} needs {version}, which is NOT INSTALLED (cargo xtask lab)", test_name()));
        }
        there
    }

    /// The versions that are installed.
    #[must_use]
    pub fn versions(&self) -> Vec<Version> {
        Version::ALL.into_iter().filter(|version| self.has(*version)).collect()
    }

    /// The folder of the lab, outside the repository.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The root of the file system that this version lives in.
    pub(crate) fn root_of(&self, version: Version) -> PathBuf {
        self.dir.join(format!("asterisk-{}", version.major()))
    }

    /// Whether this version is installed: the stamp is written last.
    fn has(&self, version: Version) -> bool {
        self.dir.join(format!("asterisk-{}.stamp", version.major())).exists()
            && self.root_of(version).join("usr/sbin/asterisk").exists()
    }
}

/// Says that a part of the lab is missing and the test skipped, or fails when it is required.
#[expect(clippy::panic, reason = "a test that must run and cannot is a failure")]
pub(crate) fn missing(what: &str) {
    if std::env::var("CTI_LAB").is_ok_and(|value| value == "required") {
        panic!("{} needs {what} (cargo xtask lab), and CTI_LAB=required", test_name());
    }
    say(&format!("SKIPPED: {} needs {what} (cargo xtask lab)", test_name()));
}

/// The full path of a program that is on the `PATH`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The test runner names the thread after the test.
fn test_name() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

/// Writes past the capture of the test runner, which would hide the line of a test that passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Asterisk runs in a change of root, which only root can do.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}
