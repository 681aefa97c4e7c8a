//! The worker processes.

use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use crate::live::staff;
use crate::live::work::{Order, STOP, Told};

/// The worker processes. Dropping it kills them.
pub struct Fleet {
    workers: Vec<Worker>,
    ear: UnboundedSender<Heard>,
}

/// What somebody has said.
pub struct Heard {
    /// The number of the worker.
    pub worker: usize,
    /// The number of its endpoint.
    pub endpoint: usize,
    pub told: Told,
}

struct Worker {
    /// The number of its endpoint.
    endpoint: usize,
    order: String,
    process: Child,
    pipe: Option<ChildStdin>,
}

impl Fleet {
    /// Nobody yet. What workers say goes to `ear`.
    pub fn new(ear: UnboundedSender<Heard>) -> Self {
        Self { workers: Vec::new(), ear }
    }

    /// One more worker.
    pub async fn add(&mut self, endpoint: usize, order: &Order) -> anyhow::Result<()> {
        let order = serde_json::to_string(order)?;
        let (process, pipe) = self.start(self.workers.len(), endpoint, &order).await?;
        self.workers.push(Worker { endpoint, order, process, pipe: Some(pipe) });
        Ok(())
    }

    /// Kills a worker: no farewell, nothing brought to its end.
    pub async fn kill(&mut self, victim: usize) -> anyhow::Result<()> {
        let worker = &mut self.workers[victim];
        worker.process.kill().await.context("a worker could not be killed")?;
        worker.pipe = None;
        Ok(())
    }

    /// Freezes a worker: it does nothing, and does not know it.
    pub fn freeze(&self, victim: usize) -> anyhow::Result<()> {
        self.signal(victim, Signal::SIGSTOP)
    }

    /// Lets a worker go on that was frozen.
    pub fn thaw(&self, victim: usize) -> anyhow::Result<()> {
        self.signal(victim, Signal::SIGCONT)
    }

    fn signal(&self, victim: usize, signal: Signal) -> anyhow::Result<()> {
        let process = self.workers[victim].process.id().context("a worker has ended")?;
        Ok(kill(Pid::from_raw(process.try_into()?), signal)?)
    }

    /// Starts another worker in the place of one that was killed.
    pub async fn replace(&mut self, victim: usize) -> anyhow::Result<()> {
        let (endpoint, order) = (self.workers[victim].endpoint, self.workers[victim].order.clone());
        let (process, pipe) = self.start(victim, endpoint, &order).await?;
        self.workers[victim].process = process;
        self.workers[victim].pipe = Some(pipe);
        Ok(())
    }

    /// How many workers there are.
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Sees whether any has ended that nobody has killed.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for worker in self.workers.iter_mut().filter(|worker| worker.pipe.is_some()) {
            if let Some(status) = worker.process.try_wait()? {
                bail!("a worker has ended, and nobody told it to ({status}): there is no verdict");
            }
        }
        Ok(())
    }

    /// Kills all of them.
    pub fn end(&mut self) {
        self.workers.clear();
    }

    /// Has all of them bring to its end what they are at, and end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        // A handler may wait for its connection, and once more for an answer.
        const PATIENCE: Duration = Duration::from_secs(30);
        for worker in &mut self.workers {
            if let Some(pipe) = &mut worker.pipe {
                pipe.write_all(format!("{STOP}\n").as_bytes()).await?;
            }
        }
        for worker in &mut self.workers {
            let ended = timeout(PATIENCE, worker.process.wait()).await;
            let status = ended.context("a worker does not stop")??;
            anyhow::ensure!(status.success(), "a worker did not stop as it should ({status})");
        }
        self.workers.clear();
        Ok(())
    }

    async fn start(
        &self,
        worker: usize,
        endpoint: usize,
        order: &str,
    ) -> anyhow::Result<(Child, ChildStdin)> {
        let ear = self.ear.clone();
        let hear = move |told: Option<Told>| {
            if let Some(told) = told {
                let _ = ear.send(Heard { worker, endpoint, told });
            }
        };
        staff::start("work", order, hear).await
    }
}
