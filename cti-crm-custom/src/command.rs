//! Programmes: started without a shell, within limits, and gone with all they started when their time is up.

use crate::error::unsure;
use cti_core::{Error, ErrorKind, Result};
use cti_http::{Repeat, Reply};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

/// More than this no programme has to say.
const MAX_OUTPUT: usize = 64 * 1024;
/// Programmes that run at the same time: a flood of calls is no flood of processes.
const AT_ONCE: usize = 8;
/// How long is read on after a programme has ended, should something that left its group hold its output open.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What a programme finds in its environment, beside what the step sets.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")];

/// A programme with everything filled in.
pub(crate) struct Invocation {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

/// Why a programme may not be started at all; `None` if it may.
pub(crate) fn objection(program: &Path, allowed: &[PathBuf]) -> Option<&'static str> {
    let extension = program.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !program.is_absolute() {
        Some("give the absolute path of the programme")
    } else if ["bat", "cmd"].iter().any(|batch| extension.eq_ignore_ascii_case(batch)) {
        Some("batch files run through a shell, which would read the values as commands: use a programme")
    } else if !allowed.iter().any(|known| known == program) {
        Some("this programme is not on the list of those that may be started (`programs`)")
    } else {
        None
    }
}

/// Starts programmes.
#[derive(Debug)]
pub(crate) struct Runner(Semaphore);

impl Default for Runner {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Runner {
    /// Runs it to its end; gives what it wrote. Dropping the future kills it and all it started.
    pub(crate) async fn run(&self, invocation: Invocation, repeat: Repeat) -> Result<Reply> {
        // The semaphore is never closed.
        let _one_of_few = self.0.acquire().await.ok();
        let mut child = command(&invocation).spawn().map_err(not_started)?;
        let group = Group::of(child.id());
        let mut pipe = child.stdout.take();
        let mut output = std::pin::pin!(read(&mut pipe));
        let (status, written) = tokio::select! {
            status = child.wait() => {
                // What it left running would hold its output open, and is not to outlive it.
                group.kill();
                let rest = tokio::time::timeout(LAST_WORDS, &mut output).await;
                (status, rest.unwrap_or_else(|_| Ok(Vec::new())))
            }
            written = &mut output => match written {
                Ok(written) => (child.wait().await, Ok(written)),
                Err(error) => (Err(error), Ok(Vec::new())),
            },
        };
        let body = status.and_then(|status| Ok((status, written?)));
        let (status, body) = body.map_err(|error| broken(error, repeat))?;
        judge(status, repeat)?;
        let headers = Default::default();
        Ok(Reply { side: "the programme", status: 200, headers, retry_after: None, body, repeat })
    }
}

fn command(invocation: &Invocation) -> Command {
    let mut command = Command::new(&invocation.program);
    command.args(&invocation.args).env_clear().envs(ENVIRONMENT);
    command.envs(invocation.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir("/").kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// All of the output; an error of kind `FileTooLarge` if it is longer than we read.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(MAX_OUTPUT as u64 + 1).read_to_end(&mut written).await?;
    }
    if written.len() > MAX_OUTPUT { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(written) }
}

fn not_started(error: io::Error) -> Error {
    let text = match error.kind() {
        io::ErrorKind::NotFound => "there is no such programme, or its interpreter is missing",
        io::ErrorKind::PermissionDenied => "the programme may not be started: is it executable, and may we read it?",
        _ => return Error::new(ErrorKind::Unreachable, "the programme cannot be started").caused_by(error),
    };
    Error::new(ErrorKind::ConfigInvalid, text).caused_by(error)
}

fn broken(error: io::Error, repeat: Repeat) -> Error {
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            let error =
                Error::new(ErrorKind::Protocol, "the programme writes too much").with("limit_bytes", MAX_OUTPUT);
            unsure(error, repeat)
        }
        _ => Error::new(ErrorKind::Unexpected, "the programme was lost sight of").caused_by(error),
    }
}

fn judge(status: ExitStatus, repeat: Repeat) -> Result<()> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Error::new(ErrorKind::Rejected, "the programme says that it failed").with("exit_code", code)),
        // Killed half-way by somebody.
        None => Err(unsure(Error::new(ErrorKind::Unreachable, "the programme was killed"), repeat)),
    }
}

/// The processes that a programme started, itself included, as long as they do not leave its group.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    fn of(id: Option<u32>) -> Self {
        #[cfg(not(unix))]
        let _ = id;
        Self {
            #[cfg(unix)]
            leader: id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw),
        }
    }

    /// Ends all of them at once. A group that is gone already is no error.
    fn kill(&self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_programmes_with_an_absolute_path_may_start() {
        let allowed = [PathBuf::from("/opt/crm/look up"), PathBuf::from("/opt/crm/run.bat"), PathBuf::from("find")];
        let refused = |program: &str| objection(Path::new(program), &allowed).is_some();
        assert!(!refused("/opt/crm/look up"));
        for wrong in ["find", "/opt/crm/run.bat", "/opt/crm/other", "/opt/crm/../crm/look up", ""] {
            assert!(refused(wrong), "{wrong}");
        }
    }
}
