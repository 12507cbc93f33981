//! `cargo xtask lab`: installs what the live tests need, once per machine and outside the repository.

mod asterisk;
mod host;
mod shell;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Instant;

use crate::Result;
use asterisk::Release;

/// The versions of Asterisk that the lab has, each from the Debian suite that packages it.
const RELEASES: [Release; 2] = [Release { major: 16, suite: "bullseye" }, Release { major: 22, suite: "sid" }];

/// Installs what is missing. Fails only when no Asterisk at all is usable.
pub(crate) fn install() -> Result<()> {
    if !std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        return Err("cargo xtask lab needs root on Debian: it installs packages and makes changed roots".into());
    }
    let dir = dir();
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let lock = File::create(dir.join("lock")).map_err(|error| format!("{}: {error}", dir.display()))?;
    lock.lock().map_err(|error| format!("cannot lock {}: {error}", dir.display()))?;

    let started = Instant::now();
    match host::install_packages() {
        Ok(done) => println!("lab: Debian packages: {done}, {:.0?}", started.elapsed()),
        // SIPp may be there all the same; the check at the end decides.
        Err(error) => loud(&format!("Debian packages: {error}")),
    }
    std::thread::scope(|scope| {
        for release in RELEASES {
            let dir = &dir;
            scope.spawn(move || {
                let started = Instant::now();
                match release.install(dir) {
                    Ok(done) => println!("lab: {release}: {done}, {:.0?}", started.elapsed()),
                    Err(error) => loud(&format!("{release} is NOT INSTALLED: {error}")),
                }
            });
        }
    });
    check()
}

/// Says what is there. Fails when the lab is not usable.
pub(crate) fn check() -> Result<()> {
    let dir = dir();
    println!("lab: {}", dir.display());
    for name in host::PROGRAMS {
        let found = shell::program(name);
        println!("  {name}: {}", found.map_or("MISSING".to_owned(), |path| path.display().to_string()));
    }
    let mut versions = 0;
    for release in RELEASES {
        let version = release.version(&dir);
        versions += usize::from(version.is_some());
        println!("  {release}: {}", version.as_deref().unwrap_or("MISSING"));
    }
    if versions == 0 {
        return Err("lab: no Asterisk is installed".into());
    }
    if shell::program("sipp").is_none() {
        return Err("lab: SIPp is not installed".into());
    }
    Ok(())
}

/// The folder of the lab.
fn dir() -> PathBuf {
    std::env::var_os("CTI_LAB_DIR").map_or_else(|| PathBuf::from("/var/cache/cti-lab"), PathBuf::from)
}

/// Says what must not be overlooked in a long output.
fn loud(message: &str) {
    let frame = "!".repeat(80);
    eprintln!("{frame}\nlab: {message}\n{frame}");
}
