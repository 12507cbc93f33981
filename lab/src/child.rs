//! Child processes that never outlive the test, however it ends.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::error::Context;

/// A child process that is killed when this value is dropped, and with it what it has started in its process group.
///
/// A guard process holds the reading end of a pipe: when the test process dies without dropping anything, the pipe
/// closes and the guard kills the group. Only this value reaps the child, so its id stays its own as long as the guard
/// lives.
#[derive(Debug)]
pub(crate) struct OwnedChild {
    child: Child,
    guard: Child,
}

impl OwnedChild {
    /// Starts the command with nothing on its standard input and its output thrown away, unless it says otherwise.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child =
            command.stdin(Stdio::null()).process_group(0).spawn().context("cannot start a program of the lab")?;
        let guard = Command::new("sh")
            .args(["-c", "read -r _; kill -s KILL -- \"-$1\"", "guard", &child.id().to_string()])
            // Its own group: what is typed to end the test must not end the guard first.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match guard {
            Ok(guard) => Ok(Self { child, guard }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error).context("cannot start the guard of a program")
            }
        }
    }

    /// How it ended, or `None` while it runs.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait().context("cannot wait for a program of the lab")?;
        if status.is_some() {
            self.end_guard();
        }
        Ok(status)
    }

    /// Waits until it ends by itself; `None` when the time is up.
    pub(crate) async fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it at once, when it has not ended yet.
    pub(crate) fn kill(&mut self) {
        self.end_guard();
        if matches!(self.child.try_wait(), Ok(None)) {
            // Not reaped yet, so the id of the group is still its own.
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn end_guard(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

impl Drop for OwnedChild {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn the_guard_kills_when_the_test_process_is_gone() {
        let mut child = OwnedChild::start(Command::new("sleep").arg("60")).unwrap();
        assert!(child.ended().unwrap().is_none());
        drop(child.guard.stdin.take()); // what the end of this process does
        assert!(child.wait(SOON).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn the_whole_group_is_killed() {
        let mut child = OwnedChild::start(Command::new("sh").args(["-c", "sleep 61.25; true"])).unwrap();
        assert!(child.ended().unwrap().is_none());
        drop(child);
        let is_left =
            || Command::new("pgrep").args(["-f", "^sleep 61.25$"]).stdout(Stdio::null()).status().unwrap().success();
        let deadline = Instant::now() + SOON;
        while is_left() {
            assert!(Instant::now() < deadline, "the grandchild lives on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn an_end_of_its_own_is_seen() {
        let mut child = OwnedChild::start(&mut Command::new("true")).unwrap();
        assert!(child.wait(SOON).await.unwrap().unwrap().success());
    }
}
