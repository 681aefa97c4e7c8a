//! A server of one's own, that does not outlive whoever asked for it.
//!
//! A parent that is killed with `kill -9` cleans nothing up. So the server is not
//! started by whoever needs it, but by a *guardian*: a process that does nothing but
//! watch over one server, and read its own standard input. Whoever needs the server
//! holds the other end of that pipe. When it dies, however it dies, the system closes
//! the pipe; the guardian reads the end, kills the server and removes its directory. On
//! the same pipe it is told to kill the server and to start it again, on what it has
//! stored and on its port.
//!
//! What is left: a guardian that is killed with `kill -9` itself leaves its server
//! behind.

mod guardian;
mod nats;
mod postgres;
mod s3;

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, bail};
use ports::MessageId;
use serde::{Deserialize, Serialize};

use crate::connection::Address;

pub use guardian::guard;
pub use postgres::{USER, find as find_postgres};
pub use s3::{BUCKET, find as find_s3};

/// Which server is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wanted {
    /// What kind of server it is.
    pub kind: Kind,
    /// The program.
    pub binary: PathBuf,
    /// On which port of the loopback interface it listens; on a free one, if none is named.
    pub port: Option<u16>,
    /// How many bytes it stores at most; as many as the disk has room for, if none is named.
    /// Only a nats-server can be told.
    pub room: Option<u64>,
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// nats-server.
    Nats,
    /// PostgreSQL; the program is `postgres`, and `initdb` is beside it.
    Postgres,
    /// moto's S3; the program is `moto_server`, and the Python that has it is beside it. It
    /// keeps everything in memory, and can be killed, but not started again with what it had.
    S3,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nats => "the server",
            Self::Postgres => "the database",
            Self::S3 => "the object store",
        })
    }
}

/// A server, until this is dropped.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    port: u16,
    secret: String,
    guardian: Child,
    pipe: Option<ChildStdin>,
    words: Receiver<Word>,
    /// How often it has yet to come back.
    away: usize,
}

/// What a guardian says once the server listens, or why it does not.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Listens(u16),
    DoesNot(String),
}

/// Where a program is: what this variable says, or on the `PATH`.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

impl Server {
    /// Starts a server, through a guardian: this very program, called with
    /// `arguments`, which must lead it to [`guard`].
    ///
    /// # Errors
    ///
    /// When the server does not come to listen; the sentence says why.
    pub fn start(wanted: &Wanted, arguments: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program does not find itself")?;
        Self::start_by(&program, wanted, arguments)
    }

    /// The same, through another program.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn start_by(program: &Path, wanted: &Wanted, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut guardian = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own: Ctrl-C in a terminal is for the one in front.
            .process_group(0)
            .spawn()
            .context("no guardian for the server could be started")?;
        let mut pipe = guardian.stdin.take().context("the guardian has no pipe")?;
        // Not among the arguments or in the environment, where others may look.
        let secret = MessageId::random().as_uuid().simple().to_string();
        let order = serde_json::to_string(&(wanted, &secret))?;
        writeln!(pipe, "{order}").context("the guardian does not listen")?;
        let (voice, words) = channel();
        let ear = guardian.stdout.take().context("the guardian has no voice")?;
        std::thread::spawn(move || {
            for line in BufReader::new(ear).lines().map_while(Result::ok) {
                if let Ok(word) = serde_json::from_str(&line) {
                    let _ = voice.send(word);
                }
            }
        });
        let port = match words.recv() {
            Ok(Word::Listens(port)) => port,
            Ok(Word::DoesNot(reason)) => bail!("{reason}"),
            Err(_) => bail!("the guardian of {} ended without a word", wanted.kind),
        };
        Ok(Self { kind: wanted.kind, port, secret, guardian, pipe: Some(pipe), words, away: 0 })
    }

    /// Has the server killed with `kill -9`, and started again when it was gone for so
    /// long: with what it has stored, and on the same port. Does not wait for it; see
    /// [`is_away`](Self::is_away).
    ///
    /// # Errors
    ///
    /// When the guardian is gone.
    pub fn restart(&mut self, gone: Duration) -> anyhow::Result<()> {
        let pipe = self.pipe.as_mut().context("the guardian has no pipe")?;
        writeln!(pipe, "{}", serde_json::to_string(&gone)?).context("the guardian does not listen")?;
        self.away += 1;
        Ok(())
    }

    /// Whether it was killed, and is not yet back.
    ///
    /// # Errors
    ///
    /// When it does not come back; the sentence says why.
    pub fn is_away(&mut self) -> anyhow::Result<bool> {
        while let Ok(word) = self.words.try_recv() {
            self.hear(word)?;
        }
        Ok(self.away > 0)
    }

    fn hear(&mut self, word: Word) -> anyhow::Result<()> {
        match word {
            Word::Listens(_) => self.away = self.away.saturating_sub(1),
            Word::DoesNot(reason) => bail!("{} does not come back: {reason}", self.kind),
        }
        Ok(())
    }

    /// Where a nats-server listens, and the secret.
    #[must_use]
    pub fn address(&self) -> Address {
        Address { url: format!("nats://127.0.0.1:{}", self.port), token: Some(self.secret.clone()) }
    }

    /// Whether it has everything again once it is started again.
    #[must_use]
    pub fn keeps_what_it_has(&self) -> bool {
        self.kind != Kind::S3
    }

    /// On which port of the loopback interface it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The secret of this run.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Whether server and guardian are still there.
    ///
    /// # Errors
    ///
    /// When they are not.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if self.guardian.try_wait()?.is_none() {
            return Ok(());
        }
        // Its last words; the pipe ends with it.
        while let Ok(word) = self.words.recv() {
            self.hear(word)?;
        }
        bail!("{} has ended, and nobody told it to: there is no verdict", self.kind)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.guardian.wait();
    }
}
