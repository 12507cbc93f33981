//! What can be checked without writing, and what to do about what is wrong.

use crate::config::Settings;
use crate::names::{MOMENTS, key};
use crate::ready::{Action, Ready};
use crate::step::{Method, Step};
use cti_core::health::Check;
use cti_core::template::Step as Moment;
use cti_core::{ErrorKind, Fault};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use url::Url;

/// How long a server may take to be there.
const REACH: Duration = Duration::from_secs(5);
/// A fault of the description.
pub(crate) fn configuration_fault(fault: &Fault) -> Check {
    Check::failed(format!("custom.{}", fault.path), fault.message.clone(), "correct the configuration file")
}

/// Checks every step; logs in if there is authentication.
pub(crate) async fn check(settings: &Settings, ready: &Ready) -> Vec<Check> {
    let steps: Vec<(Moment, &Step)> =
        MOMENTS.iter().filter_map(|&moment| Some((moment, settings.step(moment)?))).collect();
    if steps.is_empty() {
        let cure = "write at least one of auth, search, click, ring, answer, hang_up";
        return vec![Check::warning("custom.steps", "there are no steps: nothing is ever done", cure)];
    }
    let mut checks = vec![Check::ok("custom.templates", "every template compiles")];
    for (moment, step) in steps {
        checks.push(match step.method {
            Method::BrowserGet | Method::BrowserPost => {
                Check::not_checked(name(moment), "the agent's browser opens this page")
            }
            Method::Command => program(moment, ready),
            Method::HttpGet | Method::HttpPost => server(moment, step, settings).await,
        });
    }
    if settings.auth.is_some() {
        checks.push(session(ready).await);
    }
    for (index, warning) in ready.warnings.iter().enumerate() {
        let name = format!("custom.{}.warning{}", warning.path, index + 1);
        checks.push(Check::warning(name, warning.message.clone(), "see the caret; what is meant so may stay"));
    }
    if settings.clear_text {
        let cure = "use https://, and remove clear_text";
        checks.push(Check::warning("custom.clear_text", "the CRM may be asked in clear text", cure));
    }
    checks
}

fn name(moment: Moment) -> String {
    format!("custom.{}", key(moment))
}

fn program(moment: Moment, ready: &Ready) -> Check {
    let program = match ready.step(moment).map(|step| &step.action) {
        Some(Action::Command(programme)) => programme.program.as_path(),
        _ => Path::new(""),
    };
    let shown = program.display();
    match std::fs::metadata(program) {
        Err(error) => {
            Check::failed(name(moment), format!("{shown}: {error}"), "install the programme, or correct its path")
        }
        Ok(found) if !is_executable(&found) => Check::failed(
            name(moment),
            format!("{shown} is not executable"),
            "chmod +x, with a #! line if it is a script",
        ),
        Ok(_) => Check::ok(name(moment), format!("{shown} is there and may be started")),
    }
}

#[cfg(unix)]
fn is_executable(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.is_file() && found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(found: &std::fs::Metadata) -> bool {
    found.is_file()
}

/// Whether somebody listens there; nothing is sent.
async fn server(moment: Moment, step: &Step, settings: &Settings) -> Check {
    let Some((host, port)) = address(&step.text, settings.fixed.server.as_deref()) else {
        return Check::not_checked(name(moment), "the address is known only when a call comes in");
    };
    let reached = tokio::time::timeout(REACH, TcpStream::connect((host.as_str(), port))).await;
    let why = match reached {
        Ok(Ok(_)) => return Check::ok(name(moment), format!("{host}:{port} answers")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} seconds", REACH.as_secs()),
    };
    let cure = "check the address, the network and the firewall; behind a proxy this may be no fault";
    Check::failed(name(moment), format!("{host}:{port} cannot be reached: {why}"), cure)
}

/// Host and port of a template: no value can stand in them.
fn address(template: &str, server: Option<&str>) -> Option<(String, u16)> {
    let whole = if template.starts_with("{SVADDR}") { server? } else { template };
    let fixed = whole.find(['{', '?', '#']).map_or(whole, |end| &whole[..end]);
    let url = Url::parse(fixed).ok()?;
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?))
}

async fn session(ready: &Ready) -> Check {
    const NAME: &str = "custom.session";
    let Err(error) = ready.log_in_once().await else {
        return Check::ok(NAME, "the CRM lets us in, and every variable of its answer is there");
    };
    let variable = error.context().find(|(key, _)| *key == "variable").map(|(_, name)| name.to_owned());
    let cure = match (variable, error.kind()) {
        (Some(name), _) => format!("correct auth.answer, {name}: the answer to the log-in has no such part"),
        (None, ErrorKind::Unauthenticated | ErrorKind::PermissionDenied) => {
            "check the account and its password".to_owned()
        }
        (None, ErrorKind::Timeout | ErrorKind::Unreachable) => "check the network and the CRM".to_owned(),
        (None, _) => "check the step auth against the documentation of the CRM".to_owned(),
    };
    Check::failed(NAME, error.chain(), cure)
}
