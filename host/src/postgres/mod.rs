//! A document store in a table of PostgreSQL.
//!
//! ```sql
//! CREATE TABLE "orders" (
//!   key     text COLLATE "C" PRIMARY KEY,
//!   body    bytea NOT NULL,
//!   version bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
//!   expires timestamptz
//! )
//! ```
//!
//! - Each call is *one statement*, and a transaction by itself, in one request: what is
//!   asked for, its condition and what it does. Under `READ COMMITTED`, the default, a
//!   statement that finds its row locked waits, and then asks its condition anew, of the
//!   row as it is by then: of several who have read the same version, one writes.
//! - An *etag* is the version: the next number of the table's sequence. Sequences only go
//!   up, over deletes and rollbacks and `kill -9`, so none is used again for as long as
//!   there is the table.
//! - What is *done* is what the server has declared itself ready after. It says of a
//!   statement that it is complete before it commits, so that alone means nothing.
//! - *Times to live* are a column, compared with the clock of the database. What is over
//!   is seen by nobody, and stays in the table until somebody [sweeps](PostgresStore::sweep).
//! - A *key* may be anything but what has a zero in it, of up to some 2,700 bytes, which is
//!   what an index takes.
//! - A document and its key may have [as many bytes](PostgresStore::LIMIT) as on a
//!   nats-server that nobody has set up otherwise.

mod database;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{Document, DocumentStore, Etag, Precondition, StoreError};
use tokio_postgres::types::{ToSql, Type};

use crate::connection::Connection;
use crate::seam::{Store, Stores};

pub use database::{Database, DatabaseAddress};
use database::{Failure, Kind};

/// See the [module](self). Clones share it.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    database: Database,
    /// Quoted.
    table: String,
}

/// Of what is over, nobody sees anything; of what has no end, everybody.
const LIVES: &str = "(expires IS NULL OR expires > clock_timestamp())";

impl PostgresStore {
    /// How many bytes a document and its key have at most.
    pub const LIMIT: usize = 1 << 20;

    /// The store of this name, whose table is created unless it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; [`StoreError::Protocol`], also where the name is
    /// longer than that of a table may be.
    pub async fn open(database: &Database, name: &str) -> Result<Self, StoreError> {
        /// What PostgreSQL does not cut off.
        const LONGEST: usize = 63;
        if name.is_empty() || name.len() > LONGEST || name.contains('\0') {
            return Err(StoreError::Protocol(format!("a table cannot be named {name:?}")));
        }
        let table = format!("\"{}\"", name.replace('"', "\"\""));
        // Two who create the same table at once get into each other's way, for all the
        // IF NOT EXISTS: so one after the other. The lock goes with the transaction.
        let create = format!(
            "BEGIN;
             SELECT pg_advisory_xact_lock(hashtext('documents'));
             CREATE TABLE IF NOT EXISTS {table} (
               key text COLLATE \"C\" PRIMARY KEY,
               body bytea NOT NULL,
               version bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
               expires timestamptz
             );
             COMMIT"
        );
        database.set_up(&create).await.map_err(|failure| failure.of_store(name))?;
        Ok(Self { database: database.clone(), table })
    }

    /// Removes what is over: nobody sees it, but it takes room. Says how much it was.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoReply`]; [`StoreError::Unavailable`].
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let Self { table, .. } = self;
        let delete = format!("DELETE FROM {table} WHERE expires <= clock_timestamp() RETURNING 1");
        Ok(self.ask(table, Kind::Writes, &delete, &[]).await?.len())
    }

    async fn ask(
        &self,
        key: &str,
        kind: Kind,
        statement: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        self.database.ask(kind, statement, values).await.map_err(|failure| failure.of_store(key))
    }

    async fn put_until(
        &self,
        key: &str,
        body: &[u8],
        precondition: Precondition,
        time_to_live: Option<Duration>,
    ) -> Result<Etag, StoreError> {
        let size = key.len() + body.len();
        if size > Self::LIMIT {
            return Err(StoreError::TooLarge { key: key.to_owned(), size, limit: Self::LIMIT });
        }
        let Self { table, .. } = self;
        let time_to_live = time_to_live.map(microseconds);
        let end = "clock_timestamp() + $3 * interval '1 microsecond'";
        let insert = format!(
            "INSERT INTO {table} AS old (key, body, expires) VALUES ($1, $2, {end})
             ON CONFLICT (key) DO UPDATE
             SET body = excluded.body, version = DEFAULT, expires = excluded.expires"
        );
        let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
            vec![(&key, Type::TEXT), (&body, Type::BYTEA), (&time_to_live, Type::INT8)];
        let expected;
        let statement = match precondition {
            Precondition::None => format!("{insert} RETURNING version"),
            // What is over counts as nothing, and is replaced.
            Precondition::IfAbsent => {
                format!("{insert} WHERE old.expires <= clock_timestamp() RETURNING version")
            }
            Precondition::IfEtag(etag) => {
                expected = version(key, &etag)?;
                values.push((&expected, Type::INT8));
                format!(
                    "UPDATE {table} SET body = $2, version = DEFAULT, expires = {end}
                     WHERE key = $1 AND version = $4 AND {LIVES} RETURNING version"
                )
            }
        };
        match self.ask(key, Kind::Writes, &statement, &values).await?.first() {
            Some(row) => Ok(Etag(column::<i64>(row, 0)?.to_string())),
            None => Err(StoreError::Conflict { key: key.to_owned() }),
        }
    }
}

#[async_trait]
impl DocumentStore for PostgresStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let Self { table, .. } = self;
        let select = format!("SELECT body, version FROM {table} WHERE key = $1 AND {LIVES}");
        let rows = self.ask(key, Kind::Asks, &select, &[(&key, Type::TEXT)]).await?;
        let document = rows.first().map(|row| {
            let etag = Etag(column::<i64>(row, 1)?.to_string());
            Ok(Document { body: column(row, 0)?, etag })
        });
        document.transpose()
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        self.put_until(key, &body, precondition, None).await
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        self.put_until(key, &body, precondition, Some(time_to_live)).await
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        let Self { table, .. } = self;
        let conflict = || StoreError::Conflict { key: key.to_owned() };
        let delete = format!("DELETE FROM {table} WHERE key = $1");
        match precondition {
            Precondition::None => {
                self.ask(key, Kind::Writes, &delete, &[(&key, Type::TEXT)]).await.map(|_| ())
            }
            Precondition::IfAbsent => self.get(key).await?.map_or(Ok(()), |_| Err(conflict())),
            Precondition::IfEtag(etag) => {
                let expected = version(key, &etag)?;
                let delete = format!("{delete} AND version = $2 AND {LIVES} RETURNING version");
                let values: [(&(dyn ToSql + Sync), Type); 2] = [(&key, Type::TEXT), (&expected, Type::INT8)];
                let deleted = self.ask(key, Kind::Writes, &delete, &values).await?;
                deleted.first().map(|_| ()).ok_or_else(conflict)
            }
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let Self { table, .. } = self;
        let select = format!("SELECT key, body FROM {table} WHERE {LIVES}");
        let rows = self.ask(table, Kind::Asks, &select, &[]).await?;
        rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
    }
}

/// Each store is a table of one database. The connection to the server of the messages has
/// no part in it.
#[async_trait]
impl Stores for Database {
    async fn open(&self, _: &Connection, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(PostgresStore::open(self, name).await?))
    }

    async fn version(&self) -> Result<Option<String>, StoreError> {
        let rows = self.ask(Kind::Asks, "SHOW server_version", &[]).await;
        let rows = rows.map_err(|failure| failure.of_store("the version"))?;
        let version: Option<String> = rows.first().map(|row| column(row, 0)).transpose()?;
        // "15.18 (Debian 15.18-0+deb12u1)"
        let number = version.as_deref().and_then(|version| version.split(' ').next());
        Ok(number.map(|number| format!("PostgreSQL {number}")))
    }
}

/// The version that an etag stands for. What is none of ours is a conflict.
fn version(key: &str, etag: &Etag) -> Result<i64, StoreError> {
    etag.0.parse().map_err(|_| StoreError::Conflict { key: key.to_owned() })
}

/// Rounded up, and a thousand years at most: what is longer does not matter, and a database
/// knows no later day.
fn microseconds(time: Duration) -> i64 {
    const LONGEST: Duration = Duration::from_secs(1_000 * 365 * 24 * 60 * 60);
    i64::try_from(time.min(LONGEST).as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    number: usize,
) -> Result<T, StoreError> {
    row.try_get(number).map_err(|error| StoreError::Protocol(Failure::words(&error)))
}
