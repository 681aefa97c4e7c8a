//! The process that watches over one server.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ports::MessageId;
use tokio::process::Child;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{Kind, Wanted, Word, nats, postgres, s3};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let (wanted, secret): (Wanted, String) =
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
    let mut ward = Ward { place: Place { wanted, secret, directory }, process: None };
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
    runtime.block_on(ward.end());
    // Left in the temporary directory, if the system will not have it.
    let _ = fs::remove_dir_all(&ward.place.directory);
    ended
}

/// What a server is started with.
pub(super) struct Place {
    /// With its port, once it has one.
    pub(super) wanted: Wanted,
    /// What lets one in.
    pub(super) secret: String,
    /// All that it writes is there, and nothing else is.
    pub(super) directory: PathBuf,
}

impl Place {
    /// Where it says what is the matter.
    pub(super) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }
}

/// The server that a guardian watches over.
struct Ward {
    place: Place,
    process: Option<Child>,
}

impl Ward {
    /// Starts it, and starts it again as often as somebody says so, until it ends by itself.
    async fn watch_over(&mut self, mut restarts: UnboundedReceiver<Duration>) -> anyhow::Result<()> {
        loop {
            let (word, listens) = match self.start().await {
                Ok(port) => (Word::Listens(port), true),
                Err(error) => (Word::DoesNot(format!("{error:#}")), false),
            };
            // Whoever listened may be gone by now; that is no reason to leave anything behind.
            if writeln!(std::io::stdout(), "{}", serde_json::to_string(&word)?).is_err() {
                return Ok(());
            }
            let Some(process) = self.process.as_mut().filter(|_| listens) else { return Ok(()) };
            let gone = tokio::select! {
                _ = process.wait() => return Ok(()),
                gone = restarts.recv() => gone,
            };
            let Some(gone) = gone else { return Ok(()) };
            self.kill().await;
            sleep(gone).await;
        }
    }

    async fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            // An error says that it is gone already.
            let _ = process.kill().await;
        }
        // Only now: who is interrupted above, because its pipe has closed, must still wait for
        // it. Until it is gone it may write once more, into the directory that is removed.
        self.process = None;
    }

    /// Kills it for good, with nothing left of it in the system.
    async fn end(&mut self) {
        /// It waits itself for its own processes, and then kills them.
        const PATIENCE: Duration = Duration::from_secs(8);
        let process = self.process.as_mut().filter(|_| self.place.wanted.kind == Kind::Postgres);
        if let Some(process) = process
            && let Some(number) = process.id().and_then(|number| number.try_into().ok())
            // A database that is killed with `kill -9` leaves shared memory behind. This is the
            // signal for an end at once, without one more word on the disk.
            && kill(Pid::from_raw(number), Signal::SIGQUIT).is_ok()
        {
            let _ = timeout(PATIENCE, process.wait()).await;
        }
        self.kill().await;
    }

    /// Starts it, and waits until it listens. Says on which port.
    async fn start(&mut self) -> anyhow::Result<u16> {
        let place = &mut self.place;
        if !place.directory.is_dir() {
            let made = DirBuilder::new().mode(0o700).create(&place.directory);
            made.context("no directory for the server")?;
        }
        match place.wanted.kind {
            Kind::Nats => nats::prepare(place)?,
            Kind::Postgres => postgres::prepare(place).await?,
            Kind::S3 => s3::prepare(place)?,
        }
        let began = Instant::now();
        loop {
            let log = OpenOptions::new().append(true).create(true).open(place.log())?;
            let before = log.metadata()?.len();
            let mut command = match place.wanted.kind {
                Kind::Nats => nats::command(place),
                Kind::Postgres => postgres::command(place)?,
                Kind::S3 => s3::command(place)?,
            };
            let process = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            let process = process.kill_on_drop(true).spawn();
            let process =
                process.with_context(|| format!("{} cannot be started", place.wanted.binary.display()))?;
            let process = self.process.insert(process);
            loop {
                let listens = match place.wanted.kind {
                    Kind::Nats => nats::listens(place),
                    Kind::Postgres => postgres::listens(place, process.id()),
                    Kind::S3 => s3::listens(place),
                };
                if let Some(port) = listens {
                    place.wanted.port = Some(port);
                    return Ok(port);
                }
                if process.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                    break;
                }
                sleep(Duration::from_millis(5)).await;
            }
            let mut said = String::new();
            if let Ok(mut log) = File::open(place.log()) {
                log.seek(SeekFrom::Start(before))?;
                let _ = log.read_to_string(&mut said);
            }
            let (why, passes) = match place.wanted.kind {
                Kind::Nats => (nats::why(&said), false),
                Kind::Postgres => (postgres::why(&said), postgres::passes(&said)),
                Kind::S3 => (s3::why(&said), false),
            };
            if !passes || began.elapsed() > PATIENCE {
                bail!("{} does not come to listen: {why}", place.wanted.binary.display());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A port on which nobody listens. Of those that systems give to whoever connects, none:
/// while it is gone, somebody could be given its port.
pub(super) fn free_port() -> anyhow::Result<u16> {
    const FIRST: u16 = 20_000;
    const MANY: u16 = 12_000;
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        let [one, other, ..] = *MessageId::random().as_uuid().as_bytes();
        let port = FIRST + u16::from_be_bytes([one, other]) % MANY;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port for the server")
}
