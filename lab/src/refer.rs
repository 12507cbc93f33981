//! A phone that transfers by itself: a `REFER` in the dialog of a SIPp party, sent beside it, because a scenario of SIPp
//! knows one dialog only.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

use crate::error::Context;
use crate::{LabError, Result};

/// How long Asterisk may take to accept it.
const LIMIT: Duration = Duration::from_secs(10);
/// After this it is sent again.
const AGAIN: Duration = Duration::from_millis(500);

/// One end of a dialog, as the party has it.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    call_id: String,
    /// Whole headers, with tags.
    local: String,
    remote: String,
    /// Where the party and the other side are reached.
    contact: String,
    target: String,
}

impl Dialog {
    /// Reads the dialog of the last answered call out of the messages of SIPp.
    pub(crate) fn of(messages: &str) -> Option<Self> {
        let blocks: Vec<&str> = messages.split("-----------------------------------------------").collect();
        let is_answer = |block: &&&str| block.contains("SIP/2.0 200") && cseq_is_invite(block);
        let answer = blocks.iter().rfind(is_answer)?;
        let call_id = header(answer, "Call-ID")?;
        let of_call = |block: &&&str| header(block, "Call-ID") == Some(call_id);
        let invite = blocks.iter().filter(of_call).find(|block| block.contains("\nINVITE "))?;
        let [from, to] = [header(answer, "From")?, header(answer, "To")?].map(str::to_owned);
        let [asks, answers] = [header(invite, "Contact")?, header(answer, "Contact")?].map(address);
        let call_id = call_id.to_owned();
        Some(if answer.contains("message sent") {
            Self { call_id, local: to, remote: from, contact: answers, target: asks }
        } else {
            Self { call_id, local: from, remote: to, contact: asks, target: answers }
        })
    }

    /// The header parameter that names this dialog to Asterisk.
    pub(crate) fn replaces(&self) -> Option<String> {
        let call_id = self.call_id.replace('@', "%40");
        Some(format!("Replaces={call_id}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", tag(&self.remote)?, tag(&self.local)?))
    }

    /// Asks Asterisk to refer the other side to `to`, and waits until it has accepted.
    pub(crate) async fn refer(&self, asterisk: SocketAddr, from: IpAddr, to: &str) -> Result<()> {
        let own = address(&self.local);
        self.request("REFER", 5, &format!("Refer-To: <{to}>\r\nReferred-By: <{own}>\r\n"), asterisk, from).await
    }

    /// Leaves the call.
    pub(crate) async fn bye(&self, asterisk: SocketAddr, from: IpAddr) -> Result<()> {
        self.request("BYE", 6, "", asterisk, from).await
    }

    async fn request(&self, method: &str, n: u32, more: &str, asterisk: SocketAddr, from: IpAddr) -> Result<()> {
        let socket = UdpSocket::bind((from, 0)).await.context("a port for a request")?;
        let own = socket.local_addr().context("a port for a request")?;
        let Self { target, local, remote, call_id, contact } = self;
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-beside-{}\r\nFrom: {local}\r\nTo: {remote}\r\n\
             Call-ID: {call_id}\r\nCSeq: {n} {method}\r\nContact: <{contact}>\r\n{more}Max-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            own.port(),
        );
        let deadline = Instant::now() + LIMIT;
        let mut answer = vec![0; 4096];
        while Instant::now() < deadline {
            socket.send_to(text.as_bytes(), asterisk).await.context(method)?;
            while let Ok(read) = timeout(AGAIN, socket.recv(&mut answer)).await {
                let said = String::from_utf8_lossy(&answer[..read.context(method)?]).into_owned();
                let status = said.split_whitespace().nth(1).unwrap_or_default();
                match status.as_bytes().first() {
                    Some(b'1') => {}
                    Some(b'2') => return Ok(()),
                    _ => return Err(LabError::new(format!("{method} is refused:\n{said}"))),
                }
            }
        }
        Err(LabError::new(format!("Asterisk does not answer a {method}")))
    }
}

fn cseq_is_invite(block: &str) -> bool {
    header(block, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"))
}

fn header<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    block.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The address between `<` and `>`.
fn address(header: &str) -> String {
    let inner = header.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(header, |(address, _)| address).to_owned()
}

fn tag(header: &str) -> Option<&str> {
    header.split_once(";tag=").map(|(_, tag)| tag.split(';').next().unwrap_or(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = "
----------------------------------------------- 2026-11-21 05:00:00.1
UDP message received [10] bytes :

INVITE sip:6001@127.0.0.1:20002 SIP/2.0
From: <sip:0901234567@127.0.0.1>;tag=theirs
To: <sip:6001@127.0.0.1>
Call-ID: abc@host
CSeq: 7 INVITE
Contact: <sip:asterisk@127.0.0.1:20001>

----------------------------------------------- 2026-11-21 05:00:00.2
UDP message sent (10 bytes):

SIP/2.0 200 OK
From: <sip:0901234567@127.0.0.1>;tag=theirs
To: <sip:6001@127.0.0.1>;tag=ours
Call-ID: abc@host
CSeq: 7 INVITE
Contact: <sip:lab@127.0.0.1:20002>
";

    #[test]
    fn a_dialog_is_read_from_both_ends() {
        let called = Dialog::of(MESSAGES).unwrap();
        assert_eq!(called.target, "sip:asterisk@127.0.0.1:20001");
        assert_eq!(called.replaces().unwrap(), "Replaces=abc%40host%3Bto-tag%3Dtheirs%3Bfrom-tag%3Dours");
        let calling = MESSAGES.replace("message sent", "message got").replace("message received", "message sent");
        let calling = Dialog::of(&calling.replace("message got", "message received")).unwrap();
        assert_eq!(calling.target, "sip:lab@127.0.0.1:20002");
        assert_eq!(calling.replaces().unwrap(), "Replaces=abc%40host%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs");
        assert!(Dialog::of("").is_none());
    }
}
