//! What Zoho sends when a person clicks.

use super::bridge::{Bridge, unquoted};
use super::params::Params;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// Where the secret of `authorizationparam` goes: Zoho's page can be read either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Proof {
    /// As a parameter.
    #[default]
    Parameter,
    /// As a header.
    Header,
}

/// A button of Zoho's call window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Pick up.
    Answer,
    /// Hang up.
    HangUp,
    /// Microphone off.
    Mute,
    /// Microphone on.
    Unmute,
    /// Put on hold.
    Hold,
    /// Take back.
    Unhold,
    /// A key.
    Key(char),
}

impl Button {
    fn uri(self) -> &'static str {
        match self {
            Self::Answer => "answeruri",
            Self::HangUp => "hungupuri",
            Self::Mute => "muteuri",
            Self::Unmute => "unmuteuri",
            Self::Hold => "holduri",
            Self::Unhold => "unholduri",
            Self::Key(_) => "keypressuri",
        }
    }
}

/// A request as Zoho would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The registered address.
    pub url: String,
    /// Headers besides the usual ones.
    pub headers: Vec<(String, String)>,
    /// The form.
    pub body: String,
}

impl Webhook {
    /// Sends it; the status of the answer. Loopback and clear text only.
    ///
    /// # Errors
    /// The network, an address that is not `http://host:port/`, an answer that is none.
    pub async fn send(&self) -> io::Result<u16> {
        let odd = || io::Error::other("not an address of this machine");
        let url = Url::parse(&self.url).map_err(io::Error::other)?;
        let (host, port) = (url.host_str().ok_or_else(odd)?, url.port_or_known_default().ok_or_else(odd)?);
        let mut stream = TcpStream::connect((host, port)).await?;
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut text = format!("POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n");
        text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body));
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::other("no HTTP answer"))
    }
}

impl Bridge {
    /// The registration that counts for a user: his own, else that of the organisation.
    fn of<'a>(all: &'a std::collections::BTreeMap<String, Params>, user: &str) -> Option<&'a Params> {
        all.get(user).or_else(|| all.get(""))
    }

    pub(super) fn click(&self, user: &str, number: &str, proof: Proof) -> Option<Webhook> {
        let registered = Self::of(&self.dialling, user)?;
        let mut pairs = registered.get("clicktodialparam").and_then(unquoted).unwrap_or_default();
        let bound = pairs.iter_mut().find(|(_, value)| value == "'{to}'");
        match bound {
            Some((_, value)) => *value = number.to_owned(),
            None => pairs.push(("tonumber".to_owned(), number.to_owned())),
        }
        Some(webhook(registered.get("clicktodialuri")?, pairs, registered, proof))
    }

    pub(super) fn press(&self, user: &str, button: Button, call: &str, proof: Proof) -> Option<Webhook> {
        let registered = Self::of(&self.controls, user)?;
        let mut pairs = registered.get("callcontrolparam").and_then(unquoted).unwrap_or_default();
        pairs.push(("callrefid".to_owned(), call.to_owned()));
        if let Button::Key(key) = button {
            pairs.push(("digit".to_owned(), key.to_string()));
        }
        Some(webhook(registered.get(button.uri())?, pairs, registered, proof))
    }
}

fn webhook(url: &str, mut pairs: Vec<(String, String)>, registered: &Params, proof: Proof) -> Webhook {
    let mut headers = Vec::new();
    let secret = registered.get("authorizationparam").and_then(unquoted).unwrap_or_default();
    match proof {
        Proof::Parameter => pairs.extend(secret),
        Proof::Header => headers.extend(secret),
    }
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Webhook { url: url.to_owned(), headers, body }
}
