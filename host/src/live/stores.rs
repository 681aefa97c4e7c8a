//! The store of choice: which server it needs, and how one gets to it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{bail, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::live::arguments::Arguments;
use crate::seam::{Seam, Stores};
use crate::server::{self, Kind, Server, Wanted};

/// Where documents are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Store {
    /// In key-value buckets, on the server of the messages.
    Nats,
    /// In tables of PostgreSQL.
    Postgres,
    /// In a bucket of moto, which speaks S3 and keeps all in memory.
    S3,
}

/// What there is to know of a server that a store needs.
struct Product {
    kind: Kind,
    name: &'static str,
    /// The feature without which this program does not know it.
    feature: &'static str,
    is_built_in: bool,
    program: &'static str,
    variable: &'static str,
    install: &'static str,
    find: fn() -> Option<PathBuf>,
}

const POSTGRES: Product = Product {
    kind: Kind::Postgres,
    name: "PostgreSQL",
    feature: "postgres",
    is_built_in: cfg!(feature = "postgres"),
    program: "postgres",
    variable: "POSTGRES_SERVER",
    install: "apt install postgresql",
    find: server::find_postgres,
};

const S3: Product = Product {
    kind: Kind::S3,
    name: "moto",
    feature: "s3",
    is_built_in: cfg!(feature = "s3"),
    program: "moto_server",
    variable: "MOTO_SERVER",
    install: "pip install 'moto[server,s3]'",
    find: server::find_s3,
};

/// Which server the store needs, besides that of the messages.
///
/// # Errors
///
/// When it is not here, or this program was built without it.
pub fn wanted(arguments: &Arguments) -> anyhow::Result<Option<Wanted>> {
    let product = match arguments.store {
        Store::Postgres => POSTGRES,
        Store::S3 => S3,
        Store::Nats => {
            ensure!(
                arguments.store_server.is_none() && arguments.store_port.is_none(),
                "--store-server and --store-port are for a store with a server of its own: name it with --store"
            );
            return Ok(None);
        }
    };
    let Product { kind, name, feature, is_built_in, program, variable, install, find } = product;
    ensure!(
        is_built_in,
        "this program was built without {name}: `cargo workshop live` builds it with it, and so does \
         `cargo run --package host --features {feature} --bin live --`"
    );
    let Some(binary) = arguments.store_server.clone().or_else(find) else {
        bail!(
            "no {name} here: `{install}` brings one, or say where its program `{program}` is with --store-server PATH"
        );
    };
    ensure!(
        binary.is_file(),
        "{} is no file: --store-server, or {variable}, is the path of the program `{program}`",
        binary.display()
    );
    ensure!(
        arguments.room.is_none(),
        "--room is for documents that are on the nats-server: {name} cannot be told how much it may store"
    );
    Ok(Some(Wanted { kind, binary, port: arguments.store_port, room: None }))
}

/// How one gets to the documents.
#[derive(Clone, Serialize, Deserialize)]
pub enum Way {
    /// They are where the seam has them.
    Seam,
    /// They are on a server of their own, on this port of the loopback interface.
    Server { store: Store, port: u16, secret: String },
}

impl Way {
    /// The way to this server, or, if there is none, to where the seam has them.
    pub fn to(store: Store, server: Option<&Server>) -> Self {
        server.map_or(Self::Seam, |server| Self::Server {
            store,
            port: server.port(),
            secret: server.secret().to_owned(),
        })
    }

    /// The same, over another port.
    pub fn over(self, other: u16) -> Self {
        match self {
            Self::Seam => Self::Seam,
            Self::Server { store, secret, .. } => Self::Server { store, port: other, secret },
        }
    }

    /// The seam with its documents there.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or lets us in.
    pub async fn of(&self, seam: &Seam) -> anyhow::Result<Seam> {
        let stores = match self {
            Self::Seam | Self::Server { store: Store::Nats, .. } => return Ok(seam.clone()),
            Self::Server { store: Store::Postgres, port, secret } => database(*port, secret).await?,
            Self::Server { store: Store::S3, port, secret } => bucket(*port, secret).await?,
        };
        Ok(Seam { stores, ..seam.clone() })
    }
}

#[cfg(feature = "postgres")]
async fn database(port: u16, secret: &str) -> anyhow::Result<Arc<dyn Stores>> {
    use crate::postgres::{Database, DatabaseAddress};
    let (user, password) = (server::USER.to_owned(), secret.to_owned());
    let address = DatabaseAddress { port, database: user.clone(), user, password };
    Ok(Arc::new(Database::open(&address).await?))
}

#[cfg(not(feature = "postgres"))]
async fn database(_: u16, _: &str) -> anyhow::Result<Arc<dyn Stores>> {
    bail!("this program was built without PostgreSQL")
}

#[cfg(feature = "s3")]
async fn bucket(port: u16, secret: &str) -> anyhow::Result<Arc<dyn Stores>> {
    use crate::s3::{Bucket, BucketAddress};
    let (bucket, secret) = (server::BUCKET.to_owned(), secret.to_owned());
    Ok(Arc::new(Bucket::open(&BucketAddress { port, bucket, secret }).await?))
}

#[cfg(not(feature = "s3"))]
async fn bucket(_: u16, _: &str) -> anyhow::Result<Arc<dyn Stores>> {
    bail!("this program was built without S3")
}
