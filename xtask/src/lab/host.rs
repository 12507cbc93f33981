//! The machine itself: its Debian packages, its mirror, its apt settings.

use std::process::Command;

use super::shell;
use crate::Result;

/// The programs that the live tests call.
pub(crate) const PROGRAMS: [&str; 4] = ["debootstrap", "sipp", "chromium", "chromedriver"];

/// The packages that hold them; the font is for screenshots of Japanese pages.
const PACKAGES: [&str; 6] =
    ["debian-archive-keyring", "debootstrap", "sip-tester", "chromium", "chromium-driver", "fonts-noto-cjk"];

/// Installs the packages that are missing and says what it did.
pub(crate) fn install_packages() -> Result<String> {
    let missing: Vec<&str> = PACKAGES.into_iter().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok("all there".into());
    }
    let log = super::dir().join("packages.log");
    shell::run(Command::new("apt-get").arg("update"), &log)?;
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends"]).args(&missing);
    shell::run(&mut install, &log)?;
    Ok(format!("installed {}", missing.join(" ")))
}

fn is_installed(package: &str) -> bool {
    shell::output("dpkg-query", &["--show", "--showformat=${db:Status-Status}", package])
        .is_some_and(|status| status == "installed")
}

/// The mirror of Debian's main archive that this machine uses.
pub(crate) fn mirror() -> Result<String> {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or("stable");
    let mut texts = vec![std::fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    for entry in std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "list" || extension == "sources") {
            texts.push(std::fs::read_to_string(path).unwrap_or_default());
        }
    }
    texts
        .iter()
        .find_map(|text| mirror_in(text, codename))
        .ok_or_else(|| format!("the apt sources of this machine name no Debian mirror for {codename}"))
}

/// The address that serves the suite, in either format of apt sources.
fn mirror_in(text: &str, suite: &str) -> Option<String> {
    one_line(text, suite).or_else(|| text.split("\n\n").find_map(|stanza| deb822(stanza, suite)))
}

/// `deb [options] address suite component…`
fn one_line(text: &str, suite: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?.trim();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let mut words = rest.split_whitespace();
        let address = words.next()?;
        (words.next() == Some(suite)).then(|| address.to_owned())
    })
}

/// `URIs: address` and `Suites: suite…` in one stanza.
fn deb822(stanza: &str, suite: &str) -> Option<String> {
    let field = |name: &str| {
        let lines = stanza.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let is_off = field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"));
    let serves = field("Suites")?.split_whitespace().any(|word| word == suite);
    let address = field("URIs")?.split_whitespace().next()?;
    (serves && !is_off).then(|| address.to_owned())
}

/// How this machine's apt reaches its mirror (proxies, certificates, checks), as lines of an apt configuration file.
pub(crate) fn apt_settings() -> String {
    let wanted = ["Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries"];
    let all = shell::output("apt-config", &["dump"]).unwrap_or_default();
    let lines = all.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start)));
    lines.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::mirror_in;

    #[test]
    fn reads_deb822() {
        let text = "Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\n\n\
                    Types: deb\n# a remark: with a colon\nURIs: http://mirror.example/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main\n";
        assert_eq!(mirror_in(text, "bookworm").as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(mirror_in(text, "trixie"), None);
    }

    #[test]
    fn reads_one_line_entries() {
        let text = "# deb http://off.example/debian bookworm main\n\
                    deb [signed-by=/a/b arch=amd64] http://mirror.example/debian bookworm main\n";
        assert_eq!(mirror_in(text, "bookworm").as_deref(), Some("http://mirror.example/debian"));
    }

    #[test]
    fn a_stanza_that_is_off_is_none() {
        let text = "Enabled: no\nURIs: http://mirror.example/debian\nSuites: bookworm\n";
        assert_eq!(mirror_in(text, "bookworm"), None);
    }
}
