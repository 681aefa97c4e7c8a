//! Waits for a child and for what it says. Meanwhile it tells whoever waits how far
//! the child has come, and ends it once nobody wants it.

use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use records::ProgressRecord;

use super::status_line::{Meter, StatusLine};

/// How a child is waited for.
#[derive(Clone)]
pub struct Patience {
    /// Who waits is told for what after so long.
    pub notice_after: Duration,
    /// Asked now and then; a `true` ends the child, and all it has started.
    ///
    /// With it, the child gets a process group of its own: Ctrl-C is for this
    /// command alone, which decides what becomes of the child.
    pub unwanted: Option<Question>,
}

/// A question with a yes or a no.
pub type Question = Arc<dyn Fn() -> bool + Send + Sync>;

/// The child was ended because nobody wanted it any more.
#[derive(Debug)]
pub struct Unwanted;

impl fmt::Display for Unwanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it was stopped before it was done")
    }
}

impl std::error::Error for Unwanted {}

impl Default for Patience {
    fn default() -> Self {
        Self { notice_after: Duration::from_secs(1), unwanted: None }
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Patience").field("notice_after", &self.notice_after).finish_non_exhaustive()
    }
}

impl Patience {
    /// Runs a command to its end. `notice` says what is being waited for, and
    /// the file `progress`, if there is one, how far the child has come.
    ///
    /// # Errors
    ///
    /// [`Unwanted`], and whatever keeps the child from being started.
    pub fn wait(&self, command: &mut Command, notice: &str, progress: Option<&Path>) -> Result<Output> {
        const LOOK_EVERY: Duration = Duration::from_millis(100);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.unwanted.is_some() {
            detach(command);
        }
        let mut child = started(command)?;
        let (done, waiting) = channel::<()>();
        let doing = Doing::default();
        let stdout = thread::spawn(drain(child.stdout.take(), done.clone(), Doing::default()));
        let stderr = thread::spawn(drain(child.stderr.take(), done, doing.clone()));
        let (start, mut meter, mut line) = (Instant::now(), Meter::default(), None::<StatusLine>);
        while waiting.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Disconnected) {
            if self.unwanted.as_ref().is_some_and(|unwanted| unwanted()) {
                end(&mut child);
                _ = child.wait();
                bail!(Unwanted);
            }
            if start.elapsed() >= self.notice_after {
                let doing = doing.in_words();
                let notice = doing.as_deref().unwrap_or(notice);
                let record = progress.and_then(read);
                let text = meter.describe(notice, record, start.elapsed());
                line = line.or_else(StatusLine::unless_shown);
                if let Some(line) = &mut line {
                    line.show(notice, &text);
                }
            }
        }
        drop(line);
        let status = child.wait().context("cargo cannot be waited for")?;
        let said = |reader: thread::JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
        Ok(Output { status, stdout: said(stdout), stderr: said(stderr) })
    }
}

fn started(command: &mut Command) -> Result<Child> {
    match command.spawn() {
        Ok(child) => Ok(child),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("cargo was not found: install Rust from https://rustup.rs, or put cargo on the PATH")
        }
        Err(error) => Err(error).context("cargo cannot be started"),
    }
}

/// What cargo is at, by the last thing it has said about itself.
#[derive(Clone, Default)]
struct Doing(Arc<Mutex<Option<String>>>);

impl Doing {
    fn hear(&self, line: &str) {
        let line = line.trim_start();
        let heard = if line.starts_with("Blocking waiting for file lock") {
            Some("Waiting for another cargo that is at work here (an editor, perhaps).".to_owned())
        } else {
            let package = line.strip_prefix("Compiling ").and_then(|rest| rest.split(' ').next());
            package.map(|package| format!("Building; the first time takes a minute. Now: {package}."))
        };
        // What a test prints is of no interest here.
        if let (Some(heard), Ok(mut doing)) = (heard, self.0.lock()) {
            *doing = Some(heard);
        }
    }

    fn in_words(&self) -> Option<String> {
        self.0.lock().ok()?.clone()
    }
}

/// Reads to the end; then `done` goes.
fn drain<T: Read, D>(source: Option<T>, done: D, doing: Doing) -> impl FnOnce() -> Vec<u8> {
    move || {
        let mut bytes = Vec::new();
        if let Some(source) = source {
            let mut source = BufReader::new(source);
            let mut seen = 0;
            while let Ok(1..) = source.read_until(b'\n', &mut bytes) {
                doing.hear(&String::from_utf8_lossy(&bytes[seen..]));
                seen = bytes.len();
            }
        }
        drop(done);
        bytes
    }
}

/// What the child has written about itself; nothing if it is at it right now.
fn read(path: &Path) -> Option<ProgressRecord> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Gives the child a process group of its own.
#[cfg(unix)]
fn detach(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Gives the child a process group of its own.
#[cfg(windows)]
fn detach(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

#[cfg(not(any(unix, windows)))]
fn detach(_: &mut Command) {}

/// Ends a detached child, and all it has started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(group) = child.id().try_into() {
        _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    #[cfg(windows)]
    {
        let id = child.id().to_string();
        let mut kill = Command::new("taskkill");
        kill.args(["/T", "/F", "/PID", &id]).stdin(Stdio::null()).stdout(Stdio::null());
        _ = kill.stderr(Stdio::null()).status();
    }
    _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_is_at_is_told_in_words() {
        let doing = Doing::default();
        doing.hear("running 3 tests\n");
        assert_eq!(doing.in_words(), None);
        doing.hear("    Blocking waiting for file lock on build directory\n");
        assert!(doing.in_words().is_some_and(|words| words.contains("another cargo")));
        doing.hear("   Compiling chaos v0.1.0 (/home/ann/workshop/chaos)\n");
        doing.hear("warning: unused variable\n");
        let words = "Building; the first time takes a minute. Now: chaos.";
        assert_eq!(doing.in_words().as_deref(), Some(words));
    }

    #[test]
    fn all_that_is_said_is_kept_also_where_the_last_line_has_no_end() {
        let said = drain(Some(&b"one\ntwo"[..]), (), Doing::default())();
        assert_eq!(said, b"one\ntwo");
    }
}
