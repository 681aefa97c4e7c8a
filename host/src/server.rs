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

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use ports::MessageId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use crate::connection::Address;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which server is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wanted {
    /// The program.
    pub binary: PathBuf,
    /// On which port of the loopback interface it listens; on a free one, if none is named.
    pub port: Option<u16>,
    /// How many bytes it stores at most; as many as the disk has room for, if none is named.
    pub room: Option<u64>,
}

/// A server, until this is dropped.
#[derive(Debug)]
pub struct Server {
    address: Address,
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

impl Server {
    /// Starts a server, through a guardian: this very program, called with
    /// `arguments`, which must lead it to [`guard`].
    ///
    /// # Errors
    ///
    /// When the server does not come to listen; the sentence says why.
    pub fn start(wanted: &Wanted, arguments: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program does not find itself")?;
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
        let token = MessageId::random().as_uuid().simple().to_string();
        let order = serde_json::to_string(&(wanted, &token))?;
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
        let url = match words.recv() {
            Ok(Word::Listens(port)) => format!("nats://127.0.0.1:{port}"),
            Ok(Word::DoesNot(reason)) => bail!("{reason}"),
            Err(_) => bail!("the guardian of the server ended without a word"),
        };
        Ok(Self { address: Address { url, token: Some(token) }, guardian, pipe: Some(pipe), words, away: 0 })
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
            Word::DoesNot(reason) => bail!("the server does not come back: {reason}"),
        }
        Ok(())
    }

    /// Where it listens, and the secret.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
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
        bail!("the server has ended, and nobody told it to: there is no verdict")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.guardian.wait();
    }
}

/// The guardian: starts the server that it is told of on standard input, says where
/// it listens, starts it anew when it is told to, and ends with it when the input ends.
///
/// It ends, too, when the server does; whoever holds the pipe finds out by that.
///
/// # Errors
///
/// When nobody tells it anything.
pub fn guard() -> anyhow::Result<()> {
    let mut input = BufReader::new(std::io::stdin());
    let mut order = String::new();
    input.read_line(&mut order)?;
    let (wanted, token): (Wanted, String) =
        serde_json::from_str(&order).context("a guardian is started by `live`, not by hand")?;
    let (voice, restarts) = unbounded_channel();
    let (over, end_of_input) = oneshot::channel();
    std::thread::spawn(move || {
        for line in input.lines().map_while(Result::ok) {
            if let Ok(gone) = serde_json::from_str(&line) {
                let _ = voice.send(gone);
            }
        }
        let _ = over.send(());
    });
    let directory = std::env::temp_dir().join(format!("live-{}", MessageId::random()));
    let mut ward = Ward { wanted, token, directory, process: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        // A polite end is one, too.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            _ = hang_up.recv() => Ok(()),
            _ = end_of_input => Ok(()),
            ended = ward.watch_over(restarts) => ended,
        }
    });
    runtime.block_on(ward.kill());
    // Left in the temporary directory, if the system will not have it.
    let _ = fs::remove_dir_all(&ward.directory);
    ended
}

/// The server that a guardian watches over.
struct Ward {
    /// With its port, once it has one.
    wanted: Wanted,
    token: String,
    directory: PathBuf,
    process: Option<tokio::process::Child>,
}

impl Ward {
    /// Starts it, and starts it again as often as somebody says so, until it ends by itself.
    async fn watch_over(&mut self, mut restarts: UnboundedReceiver<Duration>) -> anyhow::Result<()> {
        loop {
            let (word, listens) = match self.start().await {
                Ok(port) => (Word::Listens(port), true),
                Err(error) => (Word::DoesNot(format!("{error:#}")), false),
            };
            println!("{}", serde_json::to_string(&word)?);
            let Some(process) = self.process.as_mut().filter(|_| listens) else { return Ok(()) };
            let gone = tokio::select! {
                _ = process.wait() => return Ok(()),
                gone = restarts.recv() => gone,
            };
            let Some(gone) = gone else { return Ok(()) };
            self.kill().await;
            tokio::time::sleep(gone).await;
        }
    }

    async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // An error says that it is gone already.
            let _ = process.kill().await;
        }
    }

    /// Starts it, and waits until it listens. Says on which port.
    async fn start(&mut self) -> anyhow::Result<u16> {
        let directory = &self.directory;
        if !directory.is_dir() {
            let made = DirBuilder::new().mode(0o700).create(directory);
            made.context("no directory for the server")?;
        }
        for left_by_one_before in files_with_ports(directory) {
            fs::remove_file(left_by_one_before)?;
        }
        // JSON is a configuration, too. Every write is on the disk before it is
        // acknowledged: what the server says it has, it has.
        let mut jetstream =
            serde_json::json!({ "store_dir": directory.join("store"), "sync_interval": "always" });
        if let Some(room) = self.wanted.room {
            jetstream["max_file_store"] = room.into();
        }
        let settings = serde_json::json!({
            "host": "127.0.0.1",
            "port": self.wanted.port.map_or(-1, i64::from),
            "ports_file_dir": directory,
            "authorization": { "token": self.token },
            "jetstream": jetstream,
        });
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(directory.join("configuration"))?;
        file.write_all(settings.to_string().as_bytes())?;
        let log = OpenOptions::new().append(true).create(true).open(directory.join("log"))?;
        let binary = &self.wanted.binary;
        let process = tokio::process::Command::new(binary)
            .arg("-c")
            .arg(directory.join("configuration"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let process = self.process.insert(process);
        let began = Instant::now();
        loop {
            if let Some(port) = port_in(directory) {
                self.wanted.port = Some(port);
                return Ok(port);
            }
            if process.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
                let last = log.lines().rfind(|line| line.contains("[FTL]") || line.contains("[ERR]"));
                let why = last.or_else(|| log.lines().last()).unwrap_or("it does not say why");
                // Without the number of its process, and the time.
                let why = why.split_once("] ").map_or(why, |(_, why)| why);
                bail!("{} does not come to listen: {why}", binary.display());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The files in which a server writes down where it listens.
fn files_with_ports(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "ports"))
}

/// What the server has written once it listens: `{"nats": ["nats://127.0.0.1:4222"]}`.
fn port_in(directory: &Path) -> Option<u16> {
    let ports: Value = serde_json::from_slice(&fs::read(files_with_ports(directory).next()?).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}
