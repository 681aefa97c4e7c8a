//! How a worker's process is started, and heard.

use std::process::Stdio;

use anyhow::Context;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Starts this program once more, as a worker of this kind (a subcommand), and gives it
/// its first line. Whatever it says, a line of JSON each, goes to `ear`; nothing, when it
/// has said the last of it. Dropping the process kills it.
///
/// # Errors
///
/// When it cannot be started, or does not listen.
pub async fn start<T: DeserializeOwned>(
    kind: &str,
    first: &str,
    ear: impl Fn(Option<T>) + Send + 'static,
) -> anyhow::Result<(Child, ChildStdin)> {
    let program = std::env::current_exe().context("this program does not find itself")?;
    let mut process = Command::new(program)
        .arg(kind)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C in a terminal is for the conductor, which ends them in order. And a worker
        // that is frozen when the conductor dies does not see its pipe end; but its group is
        // then an orphaned one, to which the system sends SIGHUP and SIGCONT (POSIX, _exit).
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .context("no worker could be started")?;
    let mut pipe = process.stdin.take().context("a worker has no pipe")?;
    pipe.write_all(format!("{first}\n").as_bytes()).await.context("a worker does not listen")?;
    let voice = process.stdout.take().context("a worker has no voice")?;
    tokio::spawn(async move {
        let mut lines = BufReader::new(voice).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            // Half a line is what a worker was at when it was killed.
            if let Ok(told) = serde_json::from_str(&line) {
                ear(Some(told));
            }
        }
        ear(None);
    });
    Ok((process, pipe))
}
