//! Conducted workers, a process each.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::conducted::{Order, Word};
use crate::live::{kept, staff};
use crate::{Address, Connection};

/// As what a worker is hired: the first line of its standard input.
#[derive(Clone, Serialize, Deserialize)]
pub struct Part {
    pub address: Address,
    /// `06/marks_before_it_sends`.
    pub story: String,
    /// Whether the solution takes the place of the mistake.
    pub right: bool,
    /// Which of the searches it was.
    pub search: usize,
    /// The name of the endpoint.
    pub endpoint: String,
    pub ack_wait: Duration,
}

/// The workers, by number. Dropping it kills them.
pub struct Crew {
    workers: BTreeMap<usize, Worker>,
    hired: u64,
    voice: UnboundedSender<Heard>,
    ear: UnboundedReceiver<Heard>,
}

struct Worker {
    process: Child,
    pipe: ChildStdin,
    /// Which of all that were ever hired.
    hired: u64,
}

/// What somebody has said; none, if that was the last of it.
struct Heard {
    worker: usize,
    hired: u64,
    word: Option<Word>,
}

/// How long a worker may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);

impl Crew {
    pub fn new() -> Self {
        let (voice, ear) = unbounded_channel();
        Self { workers: BTreeMap::new(), hired: 0, voice, ear }
    }

    /// Makes sure that there is a worker of this number.
    pub async fn hire(&mut self, number: usize, part: &Part) -> anyhow::Result<()> {
        if self.workers.contains_key(&number) {
            return Ok(());
        }
        self.hired += 1;
        let (voice, hired) = (self.voice.clone(), self.hired);
        let hear = move |word| _ = voice.send(Heard { worker: number, hired, word });
        let (process, pipe) = staff::start("play", &serde_json::to_string(part)?, hear).await?;
        self.workers.insert(number, Worker { process, pipe, hired });
        match self.hear().await? {
            (worker, Word::Ready) if worker == number => Ok(()),
            // Nobody else is at anything.
            _ => bail!("a worker says something, and nobody has asked it: there is no verdict"),
        }
    }

    /// What a worker says next, of those that there are.
    pub async fn hear(&mut self) -> anyhow::Result<(usize, Word)> {
        loop {
            let heard = timeout(PATIENCE, self.ear.recv()).await;
            let heard = heard.map_err(|_| {
                anyhow::anyhow!("no worker has said anything for {PATIENCE:?}: there is no verdict")
            })?;
            let Some(Heard { worker, hired, word }) = heard else { bail!("there is nobody to be heard") };
            // What the dead have said meanwhile, nobody is to act upon.
            if self.workers.get(&worker).is_none_or(|current| current.hired != hired) {
                continue;
            }
            match word {
                Some(word) => return Ok((worker, word)),
                None => bail!("a worker has ended, and nobody told it to: there is no verdict"),
            }
        }
    }

    /// Gives an order.
    pub async fn tell(&mut self, number: usize, order: &Order) -> anyhow::Result<()> {
        let worker = self.workers.get_mut(&number).context("there is no such worker")?;
        let line = serde_json::to_string(order)?;
        worker.pipe.write_all(format!("{line}\n").as_bytes()).await.context("a worker does not listen")
    }

    /// Kills a worker: SIGKILL, no farewell, nothing brought to its end.
    pub async fn kill(&mut self, number: usize) -> anyhow::Result<()> {
        if let Some(mut worker) = self.workers.remove(&number) {
            worker.process.kill().await.context("a worker could not be killed")?;
        }
        Ok(())
    }
}

/// A conducted worker's process.
pub fn play() -> anyhow::Result<()> {
    let mut first = String::new();
    std::io::stdin().read_line(&mut first)?;
    let part: Part = serde_json::from_str(&first).context("a worker is started by `live`, not by hand")?;
    let system = kept::system(&part.story, part.right, part.search)?;
    let endpoint = system.endpoints().iter().find(|endpoint| endpoint.name() == part.endpoint);
    let endpoint = endpoint.with_context(|| format!("there is no endpoint {}", part.endpoint))?;
    let (sender, orders) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if let Ok(order) = serde_json::from_str(&line) {
                let _ = sender.send(order);
            }
        }
        // The conductor is gone, and nobody is left to work for.
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async {
        let connection = Connection::open(&part.address).await?;
        crate::conducted::work(&connection, endpoint, part.ack_wait, orders, say).await
    };
    runtime.block_on(tokio::task::LocalSet::new().run_until(work))
}

fn say(word: &Word) {
    use std::io::Write;
    if let Ok(line) = serde_json::to_string(word) {
        // A conductor that is gone is noticed where the input ends.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
