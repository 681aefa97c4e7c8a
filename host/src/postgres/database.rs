//! Connections to a database, and what they say of what was sent over them.

use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ports::StoreError;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::connection::FULL;

/// Where a database listens, and what lets one in.
#[derive(Clone, Serialize, Deserialize)]
pub struct DatabaseAddress {
    /// On which port of the loopback interface.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's secret.
    pub password: String,
    /// The name of the database.
    pub database: String,
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DatabaseAddress").field("port", &self.port).finish_non_exhaustive()
    }
}

/// A database, over as many connections as there are calls at once. Clones share them.
///
/// A connection has one statement at a time: one that waits for the disk keeps no other
/// from being sent. Nothing is sent again by itself. Where no connection is left, one is
/// made, and whoever asks waits for it, for as long as its [patience](Self::PATIENCE)
/// lasts, and is told that nothing was sent if none comes.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    url: String,
    /// Those that nobody uses just now.
    idle: Mutex<Vec<Line>>,
    room: Semaphore,
}

/// One connection. Dropping it ends it, whatever is under way.
struct Line {
    client: Client,
    carried: AbortHandle,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carried.abort();
    }
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Asks,
    Writes,
}

/// Why nothing is known to be done.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not even on its way, or the server has taken it back.
    Unavailable,
    /// It was sent, and nothing came back.
    NoReply,
    /// The server has no room left. Nothing done.
    Full,
    /// Something else; nothing done.
    Protocol(String),
}

impl Database {
    /// For how long it waits for a connection, and then for an answer. What takes longer,
    /// the server cancels.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// How many connections it makes at most.
    const MOST: usize = 32;

    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or lets us in.
    pub async fn open(address: &DatabaseAddress) -> anyhow::Result<Self> {
        let DatabaseAddress { port, user, password, database } = address;
        let mut config = Config::new();
        config.host("127.0.0.1").port(*port).user(user).password(password).dbname(database);
        config.application_name("host");
        // What is said to be committed is on the disk, whatever is the default there.
        config.options(format!(
            "-c synchronous_commit=on -c client_min_messages=warning -c statement_timeout={}",
            Self::PATIENCE.as_millis()
        ));
        let shared = Shared {
            config,
            url: format!("postgres://127.0.0.1:{port}/{database}"),
            idle: Mutex::default(),
            room: Semaphore::new(Self::MOST),
        };
        let database = Self { shared: Arc::new(shared) };
        let line = database.connect().await.map_err(|error| {
            let url = &database.shared.url;
            match is_refused(&error) {
                true => anyhow::anyhow!("the database at {url} does not let us in: it has another secret"),
                false if is_away(&error) => anyhow::Error::new(StoreError::Unavailable)
                    .context(format!("no connection to {url}: {}", Failure::words(&error))),
                false => anyhow::anyhow!("no connection to {url}: {}", Failure::words(&error)),
            }
        })?;
        database.give_back(line);
        Ok(database)
    }

    async fn connect(&self) -> Result<Line, tokio_postgres::Error> {
        let (client, connection) = self.shared.config.connect(NoTls).await?;
        let carried = tokio::spawn(async move {
            // Whoever waits for an answer is told.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database has ended");
            }
        });
        Ok(Line { client, carried: carried.abort_handle() })
    }

    /// One that nobody uses, or a new one.
    async fn take(&self) -> Result<Line, Failure> {
        const PAUSE: Duration = Duration::from_millis(20);
        let began = Instant::now();
        loop {
            let idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            if let Some(line) = idle {
                if !line.client.is_closed() {
                    return Ok(line);
                }
                continue;
            }
            let left = Self::PATIENCE.saturating_sub(began.elapsed());
            match timeout(left, self.connect()).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(error)) if is_away(&error) && !left.is_zero() => sleep(PAUSE).await,
                Ok(Err(error)) if is_away(&error) => return Err(Failure::Unavailable),
                Ok(Err(error)) => return Err(Failure::Protocol(Failure::words(&error))),
                Err(_) => return Err(Failure::Unavailable),
            }
        }
    }

    fn give_back(&self, line: Line) {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Sends one statement, once, and waits until the server is ready for the next one.
    pub(super) async fn ask(
        &self,
        kind: Kind,
        statement: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Failure> {
        self.over_a_line(kind, async |client| client.query_typed(statement, values).await).await
    }

    /// Sends statements that do no harm if they are carried out twice.
    pub(super) async fn set_up(&self, statements: &str) -> Result<(), Failure> {
        self.over_a_line(Kind::Writes, async |client| client.batch_execute(statements).await).await
    }

    async fn over_a_line<T>(
        &self,
        kind: Kind,
        call: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failure> {
        /// By then the server has long cancelled it, if it can.
        const ANSWER: Duration = Duration::from_secs(Database::PATIENCE.as_secs() + 1);
        let room = timeout(Self::PATIENCE, self.shared.room.acquire()).await;
        let Ok(Ok(_room)) = room else { return Err(Failure::Unavailable) };
        let line = self.take().await?;
        match timeout(ANSWER, call(&line.client)).await {
            Ok(Ok(answer)) => {
                self.give_back(line);
                Ok(answer)
            }
            Ok(Err(error)) => Err(Failure::of(kind, &error)),
            Err(_) => Err(Failure::lost(kind)),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Database").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

/// Whether it was the secret.
fn is_refused(error: &tokio_postgres::Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::INVALID_PASSWORD) || code == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// Whether nobody listens there, or cannot let anybody in just now.
fn is_away(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(refusal) => {
            let class = refusal.code().code().get(..2);
            // 57P03, "the database system is starting up"; 53300, "too many clients already".
            matches!(class, Some("57" | "53" | "08"))
        }
        // Neither an answer nor a mistake of ours.
        None => error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>()),
    }
}

impl Failure {
    /// What an error says about a statement that was sent.
    fn of(kind: Kind, error: &tokio_postgres::Error) -> Self {
        let Some(refusal) = error.as_db_error() else {
            let is_on_the_way =
                error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
            return if is_on_the_way { Self::lost(kind) } else { Self::Protocol(Self::words(error)) };
        };
        // What is worse than an error ends the connection. It may have come between the
        // commit and its reply.
        let is_rolled_back = match refusal.parsed_severity() {
            Some(severity) => severity == Severity::Error,
            None => refusal.severity() == "ERROR",
        };
        if !is_rolled_back {
            return Self::lost(kind);
        }
        let code = refusal.code();
        match code.code().get(..2) {
            _ if *code == SqlState::DISK_FULL => Self::Full,
            // Rolled back since others were in its way, for want of something, or by
            // somebody: it was nothing that was wrong with the statement.
            Some("40" | "53" | "55" | "57") => Self::Unavailable,
            _ => Self::Protocol(Self::words(error)),
        }
    }

    /// It was sent, and whether it is done is not known.
    fn lost(kind: Kind) -> Self {
        match kind {
            Kind::Asks => Self::Unavailable,
            Kind::Writes => Self::NoReply,
        }
    }

    /// What a store says of it.
    pub(super) fn of_store(self, key: &str) -> StoreError {
        match self {
            Self::Unavailable => StoreError::Unavailable,
            Self::NoReply => StoreError::NoReply,
            Self::Full => StoreError::Protocol(FULL.to_owned()),
            Self::Protocol(what) => StoreError::Protocol(format!("{key}: {what}")),
        }
    }

    /// An error in one line: what the server has said, or why it could not.
    pub(super) fn words(error: &tokio_postgres::Error) -> String {
        match (error.as_db_error(), error.source()) {
            (Some(refusal), _) => refusal.message().to_owned(),
            (None, Some(cause)) => format!("{error}: {cause}"),
            (None, None) => error.to_string(),
        }
    }
}
