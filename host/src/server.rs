//! A server of one's own, that does not outlive whoever asked for it.
//!
//! A parent that is killed with `kill -9` cleans nothing up. So the server is not
//! started by whoever needs it, but by a *guardian*: a process that does nothing but
//! watch over one server, and read its own standard input. Whoever needs the server
//! holds the other end of that pipe. When it dies, however it dies, the system closes
//! the pipe; the guardian reads the end, kills the server and removes its directory.
//!
//! What is left: a guardian that is killed with `kill -9` itself leaves its server
//! behind.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use ports::MessageId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connection::Address;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server, until this is dropped.
#[derive(Debug)]
pub struct Server {
    address: Address,
    guardian: Child,
    pipe: Option<ChildStdin>,
}

/// What a guardian says once the server listens, or why it does not.
#[derive(Serialize, Deserialize)]
enum Word {
    Listens(u16),
    DoesNot(String),
}

impl Server {
    /// Starts a server, through a guardian: this very program, called with
    /// `arguments`, which must lead it to [`guard`]. It listens on a free port of the
    /// loopback interface, or on this one.
    ///
    /// # Errors
    ///
    /// When the server does not come to listen; the sentence says why.
    pub fn start(binary: &Path, port: Option<u16>, arguments: &[&str]) -> anyhow::Result<Self> {
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
        let order = serde_json::to_string(&(binary, port.unwrap_or(0), &token))?;
        writeln!(pipe, "{order}").context("the guardian does not listen")?;
        let mut said = String::new();
        let ear = guardian.stdout.take().context("the guardian has no voice")?;
        BufReader::new(ear).read_line(&mut said).context("the guardian says nothing")?;
        let url = match serde_json::from_str(&said) {
            Ok(Word::Listens(port)) => format!("nats://127.0.0.1:{port}"),
            Ok(Word::DoesNot(reason)) => bail!("{reason}"),
            Err(_) => bail!("the guardian of the server ended without a word"),
        };
        Ok(Self { address: Address { url, token: Some(token) }, guardian, pipe: Some(pipe) })
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
        match self.guardian.try_wait()? {
            None => Ok(()),
            Some(_) => bail!("the server has ended, and nobody told it to: there is no verdict"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.guardian.wait();
    }
}

/// The guardian: starts the server that it is told of on standard input, says where
/// it listens, and ends with it when the input ends.
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
    let (binary, port, token): (PathBuf, u16, String) =
        serde_json::from_str(&order).context("a guardian is started by `live`, not by hand")?;
    let directory = std::env::temp_dir().join(format!("live-{}", MessageId::random()));
    let ended = watch_over(&binary, port, &token, &directory, input);
    // Left in the temporary directory, if the system will not have it.
    let _ = fs::remove_dir_all(&directory);
    ended
}

fn watch_over(
    binary: &Path,
    port: u16,
    token: &str,
    directory: &Path,
    mut input: impl Read + Send + 'static,
) -> anyhow::Result<()> {
    let mut server = match start(binary, port, token, directory) {
        Ok((server, port)) => {
            println!("{}", serde_json::to_string(&Word::Listens(port))?);
            server
        }
        Err(error) => {
            println!("{}", serde_json::to_string(&Word::DoesNot(format!("{error:#}")))?);
            return Ok(());
        }
    };
    let (sender, ends) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        while input.read(&mut rest).is_ok_and(|read| read > 0) {}
        let _ = sender.send(());
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A polite end is one, too.
    let ended = runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                _ = terminate.recv() => return anyhow::Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hang_up.recv() => return Ok(()),
                _ = look.tick() => {}
            }
            if ends.try_recv().is_ok() || server.try_wait()?.is_some() {
                return Ok(());
            }
        }
    });
    let _ = server.kill();
    let _ = server.wait();
    ended
}

fn start(binary: &Path, port: u16, token: &str, directory: &Path) -> anyhow::Result<(Child, u16)> {
    DirBuilder::new().mode(0o700).create(directory).context("no directory for the server")?;
    let configuration = directory.join("configuration");
    let listen = if port == 0 { "-1".to_owned() } else { port.to_string() };
    // JSON is a configuration, too. Every write is on the disk before it is
    // acknowledged: what the server says it has, it has.
    let settings = serde_json::json!({
        "host": "127.0.0.1",
        "port": listen.parse::<i64>()?,
        "ports_file_dir": directory,
        "authorization": { "token": token },
        "jetstream": { "store_dir": directory.join("store"), "sync_interval": "always" },
    });
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&configuration)?;
    file.write_all(settings.to_string().as_bytes())?;
    let log = File::create(directory.join("log"))?;
    let mut server = Command::new(binary)
        .arg("-c")
        .arg(&configuration)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("{} cannot be started", binary.display()))?;
    let began = Instant::now();
    loop {
        if let Some(port) = port_in(directory) {
            return Ok((server, port));
        }
        let ended = server.try_wait()?.is_some();
        if ended || began.elapsed() > PATIENCE {
            let _ = server.kill();
            let _ = server.wait();
            let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
            let last = log.lines().rfind(|line| line.contains("[FTL]") || line.contains("[ERR]"));
            let why = last.or_else(|| log.lines().last()).unwrap_or("it does not say why");
            // Without the number of its process, and the time.
            let why = why.split_once("] ").map_or(why, |(_, why)| why);
            bail!("{} does not come to listen: {why}", binary.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the server has written once it listens: `{"nats": ["nats://127.0.0.1:4222"]}`.
fn port_in(directory: &Path) -> Option<u16> {
    let entries = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    let mut files = entries.filter(|path| path.extension().is_some_and(|end| end == "ports"));
    let ports: Value = serde_json::from_slice(&fs::read(files.next()?).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}
