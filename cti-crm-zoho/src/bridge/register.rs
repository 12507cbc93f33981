//! Enabling PhoneBridge, and telling it where its clicks go.

use super::Bridge;
use super::notice::Form;
use super::settings::Webhooks;
use crate::agents::Agents;
use crate::client::{Importance, Request};
use cti_core::Result;
use cti_core::secret::ExposeSecret;
use cti_http::Method;

/// The name under which the secret comes back, as parameter or header: Zoho's page can be read either way.
pub(crate) const SECRET: &str = "ctisecret";
/// The name under which the telephone of the one who clicks comes back.
pub(crate) const EXTENSION: &str = "ctiextension";
/// The name under which the number comes.
pub(crate) const NUMBER: &str = "tonumber";

/// Registered name and action of each button of the call window.
pub(crate) const BUTTONS: &[(&str, &str)] = &[
    ("answeruri", "answer"),
    ("hungupuri", "hang_up"),
    ("muteuri", "mute"),
    ("unmuteuri", "unmute"),
    ("holduri", "hold"),
    ("unholduri", "resume"),
    ("keypressuri", "digits"),
];

impl Bridge {
    /// Enables PhoneBridge for the organisation; once, and harmless when repeated.
    pub(crate) async fn integrate(&self) -> Result<()> {
        let request = Request::bridge(Method::POST, "integrate", Vec::new()).matters(Importance::Pop);
        self.client.send(request).await?;
        tracing::info!("PhoneBridge is enabled");
        Ok(())
    }

    /// Enables PhoneBridge, and registers click-to-dial and call control for every agent whom Zoho knows. Gives how many.
    pub(crate) async fn register(&self, agents: &Agents) -> Result<usize> {
        self.integrate().await?;
        let Some(webhooks) = &self.settings.webhooks else { return Ok(0) };
        let users = self.users().await?;
        let mut registered = 0;
        for agent in &agents.all {
            let Some(user) = users.get(&agent.email.to_lowercase()) else {
                tracing::warn!(extension = %agent.extension, "PhoneBridge does not know this agent's e-mail address");
                continue;
            };
            if !is_plain(agent.extension.as_str()) {
                tracing::warn!(extension = %agent.extension, "this telephone cannot be registered: Zoho's lists know no escapes");
                continue;
            }
            self.post("clicktodial", dialling(webhooks, agent.extension.as_str(), user)).await?;
            self.post("callcontrol", control(webhooks, agent.extension.as_str(), user)).await?;
            registered += 1;
        }
        tracing::info!(agents = registered, "click-to-dial and call control are registered");
        Ok(registered)
    }
}

/// What can stand in Zoho's lists.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_*#".contains(&b))
}

fn dialling(webhooks: &Webhooks, extension: &str, user: &str) -> Form {
    let params = format!("[{{name:{EXTENSION},value:{extension}}},{{name:{NUMBER},value:'{{to}}'}}]");
    vec![
        ("clicktodialuri", address(webhooks, "dial")),
        ("zohouser", user.to_owned()),
        ("clicktodialparam", params),
        ("authorizationparam", proof(webhooks)),
    ]
}

fn control(webhooks: &Webhooks, extension: &str, user: &str) -> Form {
    let mut form: Form = BUTTONS.iter().map(|(name, action)| (*name, address(webhooks, action))).collect();
    form.push(("zohouser", user.to_owned()));
    form.push(("callcontrolparam", format!("[{{name:{EXTENSION},value:{extension}}}]")));
    form.push(("authorizationparam", proof(webhooks)));
    form
}

fn address(webhooks: &Webhooks, action: &str) -> String {
    format!("{}/{action}", webhooks.url.trim_end_matches('/'))
}

fn proof(webhooks: &Webhooks) -> String {
    format!("{{name:{SECRET},value:{}}}", webhooks.secret.expose_secret())
}
