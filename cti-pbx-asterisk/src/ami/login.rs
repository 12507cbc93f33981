//! Who we are: greeting, challenge, login.

use super::action::Action;
use super::client::Client;
use super::options::Options;
use cti_core::secret::ExposeSecret;
use cti_core::{Error, ErrorKind, Result, Status};
use md5::{Digest, Md5};
use std::time::Duration;

/// Some proxies send no greeting: then the login starts without.
const GREETING: Duration = Duration::from_secs(2);

/// The answer to a challenge: lower-case hex of `MD5(challenge + secret)`.
///
/// ```
/// assert_eq!(cti_pbx_asterisk::ami::challenge_key("840415273", "secret"), "81c3ab5534a432bec402f6d988ee45b4");
/// ```
pub fn challenge_key(challenge: &str, secret: &str) -> String {
    let digest = Md5::new().chain_update(challenge).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn log_in(client: &Client, options: &Options) -> Result<()> {
    let greeting = GREETING.min(options.connect_timeout / 2);
    if tokio::time::timeout(greeting, client.greeted()).await.is_err() {
        tracing::debug!("no greeting; trying to log in without");
    }
    if let Some(banner) = client.banner().filter(|text| !text.contains("Call Manager")) {
        let start: String = banner.chars().filter(|c| !c.is_control()).take(40).collect();
        let text = format!("this is no Asterisk Manager, it greets with \"{start}\": check host and port");
        return Err(Error::new(ErrorKind::Protocol, text).status_is(Status::Temporary));
    }
    let secret = options.secret.as_ref().map_or("", ExposeSecret::expose_secret);
    let action = if options.plain_login {
        Action::login_with_secret(&options.user, secret, &options.events)
    } else {
        let answer = client.send(Action::challenge()).await.map_err(before_login)?;
        let challenge = answer.get("Challenge").ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "Asterisk sent no challenge").status_is(Status::Temporary)
        })?;
        Action::login_with_key(&options.user, &challenge_key(&challenge, secret), &options.events)
    };
    client.send(action).await.map_err(before_login).map_err(|error| error.with("user", &options.user))?;
    if !options.without_events.is_empty() && client.banner().is_some_and(|banner| has_filters(&banner)) {
        keep_away(client, &options.without_events).await;
    }
    Ok(())
}

/// `Filter` came with Asterisk 10, which calls its AMI 1.2.
fn has_filters(banner: &str) -> bool {
    let version = banner.rsplit_once('/').map_or("", |(_, version)| version);
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(1), Some(2))
}

/// A regular expression over the whole event; `!` keeps away what it finds.
async fn keep_away(client: &Client, events: &[String]) {
    let filter = format!("!^Event: ({})[[:space:]]", events.join("|"));
    if let Err(error) = client.send(Action::filter(&filter)).await {
        tracing::debug!(%error, "Asterisk sends all events");
    }
}

/// Nothing can have happened before the login: what was not answered may be tried again.
fn before_login(error: Error) -> Error {
    if error.status() == Status::OutcomeUnknown { error.status_is(Status::Temporary) } else { error }
}
