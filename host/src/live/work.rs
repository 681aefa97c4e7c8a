//! A worker process.

use std::io::{BufRead, Write};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::connection::insist;
use crate::live::registry::{self, Whose};
use crate::live::stores::Way;
use crate::seam::Seam;
use crate::worker::{self, Delivery, Outcome, Rules};
use crate::{Address, Connection};

/// What a worker is to do: the first line of its standard input.
#[derive(Serialize, Deserialize)]
pub struct Order {
    pub address: Address,
    /// How it gets to the documents.
    pub documents: Way,
    pub exercise: String,
    pub whose: Whose,
    pub endpoint: String,
    pub slots: usize,
}

/// For how long the server waits for a sign of life of a worker: short, so that what
/// a dead one held is soon with another.
pub const ACK_WAIT: Duration = Duration::from_secs(2);

/// The second line, if there is one.
pub const STOP: &str = "stop";

/// What a worker says: a line for each delivery.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    pub attempt: u64,
    pub outcome: ToldOutcome,
    pub took: Duration,
    pub since_stored: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum ToldOutcome {
    Done,
    Conflict,
    Failed(String),
    DeadLetter,
}

impl Order {
    /// How its worker works.
    pub fn rules(&self) -> Rules {
        Rules { slots: self.slots, ack_wait: ACK_WAIT, ..Rules::default() }
    }
}

/// Works, until told to stop or until standard input ends.
pub fn run(seam: &Seam) -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let order = lines.next().transpose()?.unwrap_or_default();
    drop(lines);
    let order: Order = serde_json::from_str(&order).context("a worker is started by `live`, not by hand")?;
    let system = registry::system(&order.exercise, &order.whose)?;
    let endpoint = system.endpoints.into_iter().map(|(endpoint, _)| endpoint);
    let endpoint = endpoint.into_iter().find(|endpoint| endpoint.name() == order.endpoint);
    let endpoint = endpoint.with_context(|| format!("there is no endpoint {}", order.endpoint))?;
    let (sender, stop) = watch::channel(false);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_ok_and(|line| line == STOP) {
                let _ = sender.send(true);
            }
        }
        // The conductor is gone, and nobody is left to work for.
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async {
        // Somebody may take a dead worker's place while the server is gone.
        let connection = Connection::open_within(&order.address, worker::BEGINNING).await?;
        let seam = insist(worker::BEGINNING, async || order.documents.of(seam).await).await?;
        worker::run(&connection, &endpoint, order.rules(), &seam, stop, tell).await
    };
    runtime.block_on(tokio::task::LocalSet::new().run_until(work))
}

fn tell(delivery: Delivery) {
    let Delivery { attempt, outcome, took, since_stored } = delivery;
    let outcome = match outcome {
        Outcome::Done => ToldOutcome::Done,
        Outcome::Conflict => ToldOutcome::Conflict,
        Outcome::Failed(why) => ToldOutcome::Failed(why),
        Outcome::DeadLetter => ToldOutcome::DeadLetter,
    };
    if let Ok(line) = serde_json::to_string(&Told { attempt, outcome, took, since_stored }) {
        // A conductor that is gone is noticed where the input ends.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
