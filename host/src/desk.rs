//! What somebody has before them who writes a consumer loop of their own (exercise 12).

use async_nats::jetstream;
use futures_util::future::LocalBoxFuture;
use ports::StoreError;

use crate::record::{Kind, subject};
use crate::seam::Job;
use crate::worker::{self, Rules};

/// The handler over one message. It begins when it is first awaited, and ends when it is
/// dropped; a panic is an error.
pub type Work = LocalBoxFuture<'static, anyhow::Result<()>>;

/// What a worker has at hand for one delivery.
#[derive(Clone, Debug)]
pub struct Desk {
    /// JetStream, as the client has it.
    pub jetstream: jetstream::Context,
    /// For how long the server waits for a sign of life, how long a message is to wait that
    /// has failed, and how often it is tried.
    pub rules: Rules,
    /// Under which subject a message is put aside that nobody can process. The stream that
    /// keeps all others keeps it.
    pub dead_letters: String,
}

impl Desk {
    /// The desk for this job.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        Self {
            jetstream: job.connection.context().clone(),
            rules: job.rules,
            dead_letters: subject(Kind::Dead, &job.endpoint, &job.message),
        }
    }
}

/// What came of a delivery.
#[derive(Debug)]
pub enum Outcome {
    /// The handler is done, and the server has confirmed that it knows.
    Done,
    /// The handler has failed with this error, and the message was given back.
    GivenBack(anyhow::Error),
    /// The message is among the dead letters, and is not delivered any more.
    DeadLetter,
    /// The server was told what becomes of the message, and has not confirmed it: perhaps it
    /// comes again.
    NotConfirmed,
}

impl From<Outcome> for worker::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::DeadLetter => Self::DeadLetter,
            Outcome::NotConfirmed => Self::Failed("what became of it was not confirmed".to_owned()),
            Outcome::GivenBack(error) => match error.downcast_ref() {
                Some(StoreError::Conflict { .. }) => Self::Conflict,
                _ => Self::Failed(format!("{error:#}")),
            },
        }
    }
}
