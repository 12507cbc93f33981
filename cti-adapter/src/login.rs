//! `login`: a person grants us access to a CRM, once.

use crate::cli::{Login as Options, LoginTo, ZohoLogin};
use crate::{Outcome, output};
use cti::core::secret;
use cti::zoho::{Login, SCOPES};
use std::fmt::Write as _;
use std::io::{self, BufRead, Read};
use std::process::ExitCode;

/// Longer than any address that Zoho sends a browser to.
const MAX_ANSWER: u64 = 8 * 1024;

/// Walks through the grant.
pub(crate) async fn login(options: Options) -> Outcome {
    let LoginTo::Zoho(options) = options.crm;
    let client_secret = secret(&options.client_secret_env)?;
    let login = Login::new(&options.data_center, &options.client_id, client_secret, &options.token_file)?;
    match &options.redirect_uri {
        Some(redirect_uri) => server_based(&login, redirect_uri).await?,
        None => self_client(&login, &options).await?,
    }
    output::line(&format!("Zoho granted access. The tokens are in {}; only you may read it.", login.file().display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn self_client(login: &Login, options: &ZohoLogin) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    output::line(&format!(
        "1. Sign in to Zoho's API console of your data centre ({}) and open your Self Client.\n\
         2. On the tab Generate Code paste this as Scope:\n\n   {SCOPES}\n\n\
         3. Take the longest duration, write any description, press Create, and choose your organisation.\n\
         4. Paste the code here within that time:",
        options.data_center
    ))?;
    Ok(login.finish_with_code(&answer()?).await?)
}

async fn server_based(login: &Login, redirect_uri: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let state = random()?;
    let url = login.consent_url(redirect_uri, &state)?;
    output::line(&format!(
        "1. Open this address in the browser, signed in to Zoho as an administrator:\n\n   {url}\n\n\
         2. Accept. Zoho sends the browser to {redirect_uri}; whether a page appears there does not matter.\n\
         3. Paste the whole address of that page here, within a minute:"
    ))?;
    Ok(login.finish_with_address(&answer()?, redirect_uri, &state).await?)
}

fn answer() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_ANSWER).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Nobody else can guess it.
fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
