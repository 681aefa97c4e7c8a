//! Messages for later, and calling them off.
//!
//! A time to pay, a reminder, a second attempt in ten minutes: a message that is to come
//! when some time has passed, unless it is called off before. Many brokers take such
//! messages; few of them can do so in one step with what a handler stores. So here it is
//! an output like any other: [`Later`] goes out as a message, through the outbox if there
//! is one, and so does [`CallOff`]. Whoever receives them is an [`endpoint`] that waits.
//!
//! ```
//! use std::time::Duration;
//!
//! use ports::later::{self, CallOff, Later};
//! use ports::memory::{MemoryPorts, Runner};
//! use ports::{Message, MessageId};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! enum Said {
//!     Reserved { table: String },
//!     // The names of these two variants are what the endpoint listens to.
//!     Later(Later),
//!     CallOff(CallOff),
//! }
//!
//! let over = serde_json::json!({ "HoldIsOver": { "table": "4" } });
//! let quarter = Duration::from_secs(15 * 60);
//! let later = Said::Later(Later::new("the hold of table 4", quarter, &over));
//! let later = Message::new(MessageId::named("ann").derive("hold"), &later);
//!
//! let memory = MemoryPorts::default();
//! let broker = Runner::new(later::endpoint(), memory.ports());
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! // It is refused, and comes again, until it is time.
//! assert!(broker.run([later.clone()]).await.is_err());
//! assert!(memory.publisher.published().is_empty());
//! memory.clock.advance(quarter);
//! broker.run([later]).await?;
//! assert_eq!(memory.publisher.published()[0].body, over);
//! # anyhow::Ok(())
//! # }).unwrap();
//! ```
//!
//! # What it promises
//!
//! - A message for later comes at least once, under one id, and **not before** its time.
//!   How long after it, nobody says. The time begins when the endpoint first sees it.
//! - The **name** says what is waited for. Of several that have one name, the first counts,
//!   for ever: who waits again, waits under another name.
//! - A name that was called off **in time** never comes, even if the calling off arrives
//!   first. Once the message is on its way, calling it off does nothing, and nobody is told:
//!   whoever receives the message must know by their own state whether it still means
//!   anything.
//!
//! One document of a few bytes is kept for each name, since a copy of either may come at any
//! time. When it may go is a question of its own, that of copies and how long they live.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::law::Law;
use crate::{Context, Deadline, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};

/// Asks for something to be said once some time has passed. Its message is called `Later`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// What is waited for: "the hold of table 4". By this name it can be [called
    /// off](CallOff).
    pub name: String,
    /// How long it is to wait, in seconds.
    pub seconds: u64,
    /// The body of the message that comes then.
    pub says: Value,
}

impl Later {
    /// What is to be said under this name once `time` has passed; parts of a second count
    /// as a whole one, since it must not come too early.
    ///
    /// # Panics
    ///
    /// When `says` cannot be written as JSON.
    #[must_use]
    pub fn new(name: impl Into<String>, time: Duration, says: &impl Serialize) -> Self {
        let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
        let says = serde_json::to_value(says).expect("what is to be said must be serialisable as JSON");
        Self { name: name.into(), seconds, says }
    }
}

/// Takes back what waits under a name. Its message is called `CallOff`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOff {
    /// The name of what is no longer waited for.
    pub name: String,
}

impl CallOff {
    /// Whatever has this name is no longer waited for.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// What the endpoint understands.
#[derive(Deserialize)]
enum Request {
    Later(Later),
    CallOff(CallOff),
}

impl Request {
    fn name(&self) -> &str {
        match self {
            Self::Later(later) => &later.name,
            Self::CallOff(call_off) => &call_off.name,
        }
    }
}

/// What is known of a name.
#[derive(Serialize, Deserialize)]
enum Wait {
    /// Asked for by this message, and to be said when this moment is over.
    Until { deadline: Deadline, asked_by: MessageId },
    /// It is time: the answer to this message is on its way, and cannot be called off.
    Due { asked_by: MessageId },
    /// Called off in time.
    CalledOff,
}

/// What has become of a name, once nobody waits any more: the state of the
/// [law].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Nothing yet.
    #[default]
    Open,
    /// It was said.
    Said,
    /// It was called off in time, and is never said.
    CalledOff,
}

/// The endpoint that waits. It is called `later`.
///
/// A message that must wait is refused, and so delivered again; on a real broker, see to it
/// that a refused message is delivered again after a while and not at once, and for as long
/// as the longest wait.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("later", process).subscribes_to("Later").subscribes_to("CallOff").view(outcome)
}

/// What its messages mean, in words that know no clock: whichever of the two comes first,
/// the time or the calling off, decides.
#[must_use]
pub fn law() -> Law<Outcome> {
    let about = |message: &Message| {
        // What is said in the end is about whatever it is about.
        message.read::<Request>().map_or_else(|_| String::new(), |request| request.name().to_owned())
    };
    let process = |outcome: &mut Outcome, message: &Message| match (*outcome, message.read()) {
        (Outcome::Open, Ok(Request::Later(later))) => {
            *outcome = Outcome::Said;
            vec![later.says]
        }
        (Outcome::Open, Ok(Request::CallOff(_))) => {
            *outcome = Outcome::CalledOff;
            Vec::new()
        }
        _ => Vec::new(),
    };
    let law = Law::of(about, process);
    law.described_by(|outcome| {
        let words = match outcome {
            Outcome::Open => "nothing",
            Outcome::Said => "said",
            Outcome::CalledOff => "called off",
        };
        words.to_owned()
    })
}

async fn process(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let request: Request = message.read()?;
    let read = ports.documents.get(request.name()).await?;
    let known = read.as_ref().map(|document| serde_json::from_slice(&document.body)).transpose()?;
    let write = async |wait: &Wait| -> anyhow::Result<()> {
        let unchanged = Precondition::unchanged_since(read.as_ref());
        ports.documents.put(request.name(), serde_json::to_vec(wait)?, unchanged).await?;
        Ok(())
    };
    let says = match (&request, known) {
        (Request::CallOff(_), None | Some(Wait::Until { .. })) => return write(&Wait::CalledOff).await,
        (Request::CallOff(_), Some(_)) | (_, Some(Wait::CalledOff)) => return Ok(()),
        (Request::Later(later), None) => {
            let deadline = ports.clock.deadline_in(Duration::from_secs(later.seconds)).await?;
            write(&Wait::Until { deadline, asked_by: message.id }).await?;
            anyhow::bail!("{} waits for {} s", later.name, later.seconds)
        }
        // Of several that have one name, the first counts.
        (_, Some(Wait::Until { asked_by, .. } | Wait::Due { asked_by })) if asked_by != message.id => {
            return Ok(());
        }
        (Request::Later(later), Some(Wait::Until { deadline, asked_by })) => {
            anyhow::ensure!(ports.clock.has_passed(&deadline).await?, "{} still waits", later.name);
            // The point of no return. Who calls it off from now on is too late; without this
            // write, it could be said after it was called off.
            write(&Wait::Due { asked_by }).await?;
            &later.says
        }
        (Request::Later(later), Some(Wait::Due { .. })) => &later.says,
    };
    // Whoever died before this says it when the copy comes, under the same id.
    let its_time = Message { id: message.id.derive("its time has come"), body: says.clone() };
    ports.publisher.publish(its_time).await?;
    Ok(())
}

/// What has become of a name, by what the [endpoint] stores: its view.
///
/// # Errors
///
/// When the document is none of the endpoint.
pub fn outcome(snapshot: &Snapshot, name: &str) -> anyhow::Result<Outcome> {
    let Some(body) = snapshot.document(name) else { return Ok(Outcome::Open) };
    Ok(match serde_json::from_slice(body)? {
        Wait::Until { .. } => Outcome::Open,
        Wait::Due { .. } => Outcome::Said,
        Wait::CalledOff => Outcome::CalledOff,
    })
}
