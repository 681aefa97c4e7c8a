//! Document stores in a bucket that speaks S3, through [`ObjectDocumentStore`].
//!
//! The objects of a store have its name and a slash before their own. The client tries
//! nothing again: of a conditional write whose reply is lost, a second try would be refused, and
//! taken for somebody else's.
//!
//! What the client says does not tell a request that was never sent from one without a
//! reply, so a write that fails is [`NoReply`](StoreError::NoReply) in either case.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, RetryConfig};
use ports::StoreError;
use ports::real::{ObjectDocumentStore, system_clock};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::seam::{Store, Stores};

/// Where a bucket is, and what lets one in.
#[derive(Clone, Serialize, Deserialize)]
pub struct BucketAddress {
    /// On which port of the loopback interface.
    pub port: u16,
    /// The bucket, which must be there.
    pub bucket: String,
    /// The secret: the id of the key, and the key.
    pub secret: String,
}

impl fmt::Debug for BucketAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BucketAddress").field("port", &self.port).finish_non_exhaustive()
    }
}

/// A bucket. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Bucket {
    objects: Arc<AmazonS3>,
}

impl Bucket {
    /// For how long it waits for an answer.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// Sees whether there is a server, and lets us in.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not.
    pub async fn open(address: &BucketAddress) -> anyhow::Result<Self> {
        let BucketAddress { port, bucket, secret } = address;
        let url = format!("http://127.0.0.1:{port}");
        let options = ClientOptions::new().with_allow_http(true).with_timeout(Self::PATIENCE);
        let objects = AmazonS3Builder::new()
            .with_endpoint(&url)
            .with_bucket_name(bucket)
            .with_region("us-east-1")
            .with_access_key_id(secret)
            .with_secret_access_key(secret)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_client_options(options)
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
            .build()?;
        let opened = Self { objects: Arc::new(objects) };
        match object_store::ObjectStoreExt::head(&*opened.objects, &"is-anybody-there".into()).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(opened),
            Err(
                object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. },
            ) => {
                anyhow::bail!("the object store at {url} does not let us in: it has another secret")
            }
            Err(error) => Err(anyhow::Error::new(StoreError::Unavailable)
                .context(format!("no connection to {url}: {}", last_cause(&error)))),
        }
    }
}

/// The last of an error's causes: those before only say that there is one.
fn last_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Each store is what begins with its name and a slash. The connection to the server of the
/// messages has no part in it.
#[async_trait]
impl Stores for Bucket {
    async fn open(&self, _: &Connection, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let objects = PrefixStore::new(Arc::clone(&self.objects), name);
        Ok(Arc::new(ObjectDocumentStore::new(Arc::new(objects), system_clock())))
    }

    async fn version(&self) -> Result<Option<String>, StoreError> {
        Ok(Some("S3".to_owned()))
    }
}

#[async_trait]
impl Store for ObjectDocumentStore {
    async fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        Self::all(self).await
    }
}
