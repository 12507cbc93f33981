//! The programme, as a process.

use super::{PATIENCE, eventually};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// The programme with these arguments; it ends with the value that started it.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cti-adapter"));
    command.args(args).env_remove("RUST_LOG").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What came of a programme that ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) complaints: String,
}

/// Runs it to its end.
pub(crate) async fn run_to_end(args: &[&str]) -> Ended {
    Adapter::start(&mut command(args)).ended().await
}

/// A running programme. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Adapter {
    child: Child,
    out: Output,
    complaints: Output,
}

/// What a process has written so far.
#[derive(Debug)]
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Output {
    fn of(mut pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reader = tokio::spawn(async move {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut piece).await {
                kept.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        Self { text, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }
}

impl Adapter {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = Output::of(child.stdout.take().unwrap());
        let complaints = Output::of(child.stderr.take().unwrap());
        Self { child, out, complaints }
    }

    /// Standard output until now.
    pub(crate) fn out(&self) -> String {
        self.out.text()
    }

    /// Standard error until now: the log.
    pub(crate) fn log(&self) -> String {
        self.complaints.text()
    }

    /// Waits until the log says that; gives the rest of that line.
    pub(crate) async fn says(&self, text: &str) -> String {
        self.says_again(text, 1).await
    }

    /// Waits until the log says that for the `nth` time.
    pub(crate) async fn says_again(&self, text: &str, nth: usize) -> String {
        let found = async || after(&self.log(), text, nth);
        let patient = tokio::time::timeout(PATIENCE, eventually(text, found)).await;
        patient.unwrap_or_else(|_| panic!("never said {text:?}; the log:\n{}", self.log()))
    }

    /// Waits until standard output says that; gives the rest of that line.
    pub(crate) async fn prints(&self, text: &str) -> String {
        eventually(text, async || after(&self.out(), text, 1)).await
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// `kill -9`: it is gone when this returns.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// True while it runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end and everything it wrote.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status: ExitStatus = status.unwrap_or_else(|_| panic!("it never ended; the log:\n{}", self.log())).unwrap();
        for reader in [&mut self.out.reader, &mut self.complaints.reader] {
            reader.await.unwrap();
        }
        Ended { code: status.code(), out: self.out(), complaints: self.log() }
    }
}

/// The rest of the line after the `nth` time that the text is there; only of lines that are complete.
fn after(whole: &str, text: &str, nth: usize) -> Option<String> {
    let (at, _) = whole.match_indices(text).nth(nth - 1)?;
    let (line, _) = whole[at + text.len()..].split_once('\n')?;
    Some(line.to_owned())
}
