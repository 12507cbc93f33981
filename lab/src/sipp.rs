//! SIP parties: phones, the outside line and its callers, played by SIPp.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::asterisk::Asterisk;
use crate::child::OwnedChild;
use crate::error::{Context, tail};
use crate::ports::{INSIDE, OUTSIDE, udp_is_bound};
use crate::refer::Dialog;
use crate::template::fill;
use crate::{LabError, Result};

/// No party lives longer, whatever happens.
const LIFE: Duration = Duration::from_secs(180);
/// "For ever", within [`LIFE`].
const EVER_MS: u64 = 600_000;

/// Starts SIP parties.
#[derive(Debug, Clone, Copy)]
pub struct Sipp;

impl Sipp {
    /// The phone of an extension (6001, 6002 or 6003): answers at once and talks until the other side hangs up,
    /// unless told otherwise.
    #[must_use]
    pub fn phone<'a>(asterisk: &'a Asterisk, extension: &str) -> SippParty<'a> {
        SippParty::new(extension, asterisk.phone_addr(extension), asterisk)
    }

    /// The far end of the outside line, which is called when a phone dials 9 and a number.
    #[must_use]
    pub fn trunk(asterisk: &Asterisk) -> SippParty<'_> {
        SippParty::new("trunk", Some(asterisk.trunk_addr()), asterisk)
    }

    /// A call from outside to one of the numbers of the dial plan (`0312345000` and so on).
    #[must_use]
    pub fn call_in<'a>(asterisk: &'a Asterisk, dialled: &str) -> CallIn<'a> {
        CallIn::new(asterisk, true, "0901234567", dialled)
    }

    /// A call that a phone makes.
    #[must_use]
    pub fn call_from<'a>(asterisk: &'a Asterisk, extension: &str, dialled: &str) -> CallIn<'a> {
        CallIn::new(asterisk, false, extension, dialled)
    }
}

/// A party that is called: a phone or the far end of the outside line.
#[derive(Debug, Clone)]
pub struct SippParty<'a> {
    who: String,
    address: Option<SocketAddr>,
    asterisk: &'a Asterisk,
    ring_ms: u64,
    talk_ms: u64,
    refusal: Option<String>,
    forward: Option<String>,
    calls: u32,
}

impl<'a> SippParty<'a> {
    fn new(who: &str, address: Option<SocketAddr>, asterisk: &'a Asterisk) -> Self {
        Self {
            who: who.into(),
            address,
            asterisk,
            ring_ms: 1,
            talk_ms: EVER_MS,
            refusal: None,
            forward: None,
            calls: 1,
        }
    }

    /// Rings this long before it answers.
    #[must_use]
    pub fn answer_after(mut self, ms: u64) -> Self {
        self.ring_ms = ms.max(1);
        self
    }

    /// Rings and never answers; is content when the call is taken back.
    #[must_use]
    pub fn ring_only(mut self) -> Self {
        self.ring_ms = EVER_MS;
        self
    }

    /// Hangs up by itself this long after the answer.
    #[must_use]
    pub fn hang_up_after(mut self, ms: u64) -> Self {
        self.talk_ms = ms.max(1);
        self
    }

    /// Is busy.
    #[must_use]
    pub fn busy(self) -> Self {
        self.refuse("486 Busy Here")
    }

    /// Refuses with this SIP status, for example `603 Decline`.
    #[must_use]
    pub fn refuse(mut self, status: &str) -> Self {
        self.refusal = Some(status.into());
        self
    }

    /// Sends the caller to this number (`302 Moved Temporarily`).
    #[must_use]
    pub fn forward(mut self, to: &str) -> Self {
        self.forward = Some(format!("{to}@127.0.0.1"));
        self.refuse("302 Moved Temporarily")
    }

    /// Takes this many calls, one after another or at once, before it is finished; one unless told otherwise.
    #[must_use]
    pub fn calls(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// Starts the party; it listens when this returns.
    ///
    /// # Errors
    ///
    /// When the extension is none of the lab's, or SIPp does not start.
    pub async fn start(self) -> Result<SippCall> {
        let who = &self.who;
        let address = self.address.ok_or_else(|| LabError::new(format!("the lab has no phone {who}")))?;
        let scenario = match &self.refusal {
            Some(status) => {
                let contact = self.forward.clone().unwrap_or_else(|| "lab@[local_ip]:[local_port]".to_owned());
                let values = [("status", status.clone()), ("contact", contact)];
                fill(include_str!("../sipp/uas_refuse.xml"), &values)?
            }
            None => fill(
                include_str!("../sipp/uas_answer.xml"),
                &[("ring_ms", self.ring_ms.to_string()), ("talk_ms", self.talk_ms.to_string())],
            )?,
        };
        let mut call = SippCall::start(&self.who, &scenario, address, self.asterisk, self.calls, &[])?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while !udp_is_bound(address) {
            if call.child.ended()?.is_some() || Instant::now() > deadline {
                return Err(LabError::new(format!("SIPp ({who}) does not listen on {address}\n{}", call.logs())));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(call)
    }
}

/// How a caller's call goes.
#[derive(Debug, Clone, Copy)]
enum Course {
    Talk,
    Cancel { after_ms: u64 },
    Refused,
    Hold { after_ms: u64, for_ms: u64 },
}

/// A call that a party makes: an outside caller or a phone. Talks until the other side hangs up unless told otherwise.
#[derive(Debug, Clone)]
pub struct CallIn<'a> {
    asterisk: &'a Asterisk,
    outside: bool,
    number: String,
    name: Option<Vec<u8>>,
    withheld: bool,
    dialled: String,
    talk_ms: u64,
    course: Course,
    /// Several calls: caller and number dialled of each, and how many a second.
    many: Option<(Vec<(String, String)>, u32)>,
}

impl<'a> CallIn<'a> {
    fn new(asterisk: &'a Asterisk, outside: bool, number: &str, dialled: &str) -> Self {
        Self {
            asterisk,
            outside,
            number: number.into(),
            name: None,
            withheld: false,
            dialled: dialled.into(),
            talk_ms: EVER_MS,
            course: Course::Talk,
            many: None,
        }
    }

    /// Makes all these calls instead of one (each a caller and the number that is dialled), so many a second.
    #[must_use]
    pub fn many(mut self, calls: impl IntoIterator<Item = (String, String)>, per_second: u32) -> Self {
        self.many = Some((calls.into_iter().collect(), per_second));
        self
    }

    /// The caller's number; `0901234567` for an outside caller that does not say.
    #[must_use]
    pub fn from(mut self, number: &str) -> Self {
        self.number = number.into();
        self
    }

    /// The caller's name, any text without CR, LF and NUL.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.name_bytes(name.as_bytes())
    }

    /// The same in any encoding.
    #[must_use]
    pub fn name_bytes(mut self, name: &[u8]) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The number is sent along but must not be presented (`Privacy: id`).
    #[must_use]
    pub fn withheld(mut self) -> Self {
        self.withheld = true;
        self
    }

    /// Hangs up this long after the answer; is content when the other side is first.
    #[must_use]
    pub fn talk(mut self, ms: u64) -> Self {
        self.talk_ms = ms.max(1);
        self
    }

    /// Gives up this long after the other side began to ring.
    #[must_use]
    pub fn cancel_after(mut self, ms: u64) -> Self {
        self.course = Course::Cancel { after_ms: ms.max(1) };
        self
    }

    /// Expects not to be answered: busy, no answer, no such number.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.course = Course::Refused;
        self
    }

    /// Holds the call this long after the answer, for so long, and then talks on.
    #[must_use]
    pub fn hold(mut self, after_ms: u64, for_ms: u64) -> Self {
        self.course = Course::Hold { after_ms, for_ms };
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    ///
    /// When SIPp does not start.
    pub async fn start(self) -> Result<SippCall> {
        let ip = if self.outside { OUTSIDE } else { INSIDE };
        let display = if self.name.is_some() { "\"[shown]\" " } else { "" };
        let mut identity = String::new();
        if self.outside {
            identity.push_str(&format!("\nP-Asserted-Identity: {display}<sip:[caller]@[local_ip]>"));
            if self.withheld {
                identity.push_str("\nPrivacy: id");
            }
        }
        let mut values =
            vec![("display", display.to_owned()), ("identity", identity), ("talk_ms", self.talk_ms.to_string())];
        let text = match self.course {
            Course::Talk => include_str!("../sipp/uac_talk.xml"),
            Course::Refused => include_str!("../sipp/uac_refused.xml"),
            Course::Cancel { after_ms } => {
                values.push(("cancel_ms", after_ms.to_string()));
                include_str!("../sipp/uac_cancel.xml")
            }
            Course::Hold { after_ms, for_ms } => {
                values.push(("hold_after_ms", after_ms.to_string()));
                values.push(("hold_ms", for_ms.to_string()));
                include_str!("../sipp/uac_hold.xml")
            }
        };
        // Values that SIPp puts in by itself are not read again, so that brackets in a name do no harm.
        let shown = OsString::from_vec(quoted(&self.name.unwrap_or_default()));
        let keys = [("caller", OsStr::new(&self.number)), ("shown", &shown)];
        let who = format!("{} to {}", self.number, self.dialled);
        let local = SocketAddr::new(ip, self.asterisk.party_port()?);
        let mut more = vec![OsStr::new("-s"), OsStr::new(&self.dialled)];
        for (key, value) in keys {
            more.extend([OsStr::new("-key"), OsStr::new(key), value]);
        }
        let scenario = fill(text, &values)?;
        let Some((calls, per_second)) = &self.many else {
            return SippCall::start(&who, &scenario, local, self.asterisk, 1, &more);
        };
        let scenario = scenario.replace("[caller]", "[field0]").replace("[service]", "[field1]");
        let list = self.asterisk.dir().join(format!("calls-{}.csv", local.port()));
        let lines: String = calls.iter().map(|(from, to)| format!("{from};{to}\n")).collect();
        std::fs::write(&list, format!("SEQUENTIAL\n{lines}")).context("cannot write the list of calls")?;
        let (rate, count) = (per_second.to_string(), calls.len().to_string());
        let all = ["-r", &rate, "-l", &count, "-inf"].map(OsStr::new);
        more.extend(all.into_iter().chain([list.as_os_str()]));
        SippCall::start(&who, &scenario, local, self.asterisk, u32::try_from(calls.len()).unwrap_or(u32::MAX), &more)
    }
}

/// The inside of a quoted string of SIP.
fn quoted(text: &[u8]) -> Vec<u8> {
    let escaped = |&byte: &u8| if matches!(byte, b'"' | b'\\') { vec![b'\\', byte] } else { vec![byte] };
    text.iter().flat_map(escaped).collect()
}

/// A running SIP party. Dropped, it is gone at once and without a word to the other side.
#[derive(Debug)]
pub struct SippCall {
    who: String,
    child: OwnedChild,
    ip: IpAddr,
    /// In the folder of the instance, with which it goes.
    dir: PathBuf,
}

impl SippCall {
    fn start(
        who: &str,
        scenario: &str,
        local: SocketAddr,
        asterisk: &Asterisk,
        calls: u32,
        more: &[&OsStr],
    ) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = asterisk.dir().join(format!("sipp/{number}"));
        std::fs::create_dir_all(&dir).context("cannot make the folder of SIPp")?;
        std::fs::write(dir.join("scenario.xml"), scenario).context("cannot write the scenario")?;
        let output = std::fs::File::create(dir.join("output")).context("cannot write the output of SIPp")?;
        let mut command = Command::new("sipp");
        command
            .current_dir(&dir)
            .arg(asterisk.sip_addr().to_string())
            .args(["-sf", "scenario.xml", "-nostdin", "-aa"])
            .args(["-i", &local.ip().to_string(), "-p", &local.port().to_string(), "-bind_local"])
            .args(["-mi", &local.ip().to_string()])
            .args(["-ci", "127.0.0.1", "-cp", &asterisk.party_port()?.to_string()])
            .args(["-m", &calls.to_string()])
            .args(["-timeout", &format!("{}s", LIFE.as_secs()), "-timeout_error"])
            .args(["-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"])
            .args(more)
            .env("TERM", "dumb")
            .stdout(Stdio::null())
            .stderr(output);
        let child = OwnedChild::start(&mut command)?;
        Ok(Self { who: who.to_owned(), child, ip: local.ip(), dir })
    }

    /// Waits until the party has done all that it was told.
    ///
    /// # Errors
    ///
    /// When the call went otherwise; the message ends with SIPp's own words and the SIP messages.
    pub async fn finished(mut self) -> Result<()> {
        match self.child.wait(LIFE + Duration::from_secs(10)).await? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(LabError::new(format!("SIPp ({}): {status}\n{}", self.who, self.logs()))),
            None => Err(LabError::new(format!("SIPp ({}) does not end", self.who))),
        }
    }

    /// Transfers as a phone does by itself (SIP REFER): the other side of this party's call goes to that extension.
    ///
    /// # Errors
    ///
    /// When the party has no answered call, or Asterisk refuses.
    pub async fn refer(&self, asterisk: &Asterisk, extension: &str) -> Result<()> {
        let to = format!("sip:{extension}@{}", asterisk.sip_addr());
        self.dialog().await?.refer(asterisk.sip_addr(), self.ip, &to).await
    }

    /// Joins the other sides of two calls of one phone and leaves (SIP REFER with Replaces).
    ///
    /// # Errors
    ///
    /// When one of the parties has no answered call, or Asterisk refuses.
    pub async fn refer_to_other_side_of(&self, other: &Self, asterisk: &Asterisk) -> Result<()> {
        let replaces = other.dialog().await?.replaces().ok_or_else(|| LabError::new("a dialog has no tags"))?;
        let to = format!("sip:other@{}?{replaces}", asterisk.sip_addr());
        self.dialog().await?.refer(asterisk.sip_addr(), self.ip, &to).await
    }

    /// Leaves its call, as a phone does whose transfer is done, and is gone.
    ///
    /// # Errors
    ///
    /// When the party has no answered call, or Asterisk does not answer.
    pub async fn leave(self, asterisk: &Asterisk) -> Result<()> {
        self.dialog().await?.bye(asterisk.sip_addr(), self.ip).await
    }

    /// The party may hear of the answer later than everybody else.
    async fn dialog(&self) -> Result<Dialog> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(dialog) = Dialog::of(&self.messages()) {
                return Ok(dialog);
            }
            if Instant::now() > deadline {
                return Err(LabError::new(format!("SIPp ({}) has no answered call", self.who)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The SIP messages sent and received so far, as SIPp writes them.
    #[must_use]
    pub fn messages(&self) -> String {
        tail(&self.dir.join("messages"), usize::MAX)
    }

    fn logs(&self) -> String {
        let tail = |name| tail(&self.dir.join(name), 60);
        format!("{}\n{}\n{}", tail("output"), tail("errors"), tail("messages"))
    }
}
