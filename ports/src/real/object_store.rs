//! Documents in an object store that speaks S3's language, through the crate
//! [`object_store`](::object_store).
//!
//! Three things are not as a [`DocumentStore`] wants them:
//!
//! - S3 computes an etag from the content, so the same content has the same
//!   etag again. Every object begins with a number that is drawn afresh for
//!   each write.
//! - The crate has no conditional delete. A delete under an etag overwrites the
//!   object with a *tombstone*, under that etag; a tombstone counts as absent.
//! - There is no time to live for a single object. It is written into the
//!   object, and an object that is past it counts as absent. (To really remove
//!   such objects and tombstones is the business of a lifecycle rule.)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::object_store::path::Path;
use ::object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use async_trait::async_trait;
use uuid::Uuid;

use super::Clock;
use crate::{Document, DocumentStore, Etag, Precondition, StoreError};

/// See the [module](self).
#[derive(Clone)]
pub struct ObjectDocumentStore {
    store: Arc<dyn ObjectStore>,
    clock: Clock,
}

/// What an object begins with: 16 bytes drawn afresh, 8 bytes of milliseconds
/// since 1970 after which it counts as absent, one byte that says what it is.
const HEAD: usize = 25;
const DOCUMENT: u8 = 0;
const TOMBSTONE: u8 = 1;

/// An object as it was read.
struct Object {
    version: UpdateVersion,
    expires: u64,
    /// `None`: a tombstone.
    body: Option<Vec<u8>>,
}

impl ObjectDocumentStore {
    /// Documents in `store`, one object each.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Every document that there is, by key: of one moment only where nobody writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; [`StoreError::Protocol`] where there is something that is
    /// not of this adapter.
    pub async fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let listed = self.store.list_with_delimiter(None).await.map_err(|_| StoreError::Unavailable)?;
        let mut documents = BTreeMap::new();
        for object in listed.objects {
            let name = object.location.filename().unwrap_or_default();
            let key = key_of(name)
                .ok_or_else(|| StoreError::Protocol(format!("the object {name} is not of this adapter")))?;
            if let Some(Document { body, .. }) = self.get(&key).await? {
                documents.insert(key, body);
            }
        }
        Ok(documents)
    }

    fn now(&self) -> u64 {
        (self.clock)().as_millis() as u64
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let result = match self.store.get(&path(key)).await {
            Ok(result) => result,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(_) => return Err(StoreError::Unavailable),
        };
        let version =
            UpdateVersion { e_tag: result.meta.e_tag.clone(), version: result.meta.version.clone() };
        let bytes = result.bytes().await.map_err(|_| StoreError::Unavailable)?;
        if bytes.len() < HEAD {
            return Err(StoreError::Protocol(format!("the object {key} was not written by this adapter")));
        }
        let expires = u64::from_be_bytes(bytes[16..24].try_into().expect("eight bytes"));
        let body = (bytes[24] == DOCUMENT).then(|| bytes[HEAD..].to_vec());
        Ok(Some(Object { version, expires, body }))
    }

    fn is_live(&self, object: &Object) -> bool {
        object.body.is_some() && object.expires > self.now()
    }

    async fn write(
        &self,
        key: &str,
        object: Vec<u8>,
        expires: u64,
        mode: PutMode,
    ) -> Result<Etag, StoreError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(&path(key), object.into(), options).await {
            Ok(result) => etag(&result.into(), expires),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
                Err(StoreError::Conflict { key: key.to_owned() })
            }
            // Whether it was written before the connection broke, nobody knows.
            Err(_) => Err(StoreError::NoReply),
        }
    }

    async fn put_until(
        &self,
        key: &str,
        body: &[u8],
        precondition: Precondition,
        expires: u64,
    ) -> Result<Etag, StoreError> {
        let object = || object(DOCUMENT, expires, body);
        match precondition {
            Precondition::None => self.write(key, object(), expires, PutMode::Overwrite).await,
            Precondition::IfEtag(etag) => {
                let version = self.version(key, &etag)?;
                self.write(key, object(), expires, PutMode::Update(version)).await
            }
            Precondition::IfAbsent => match self.write(key, object(), expires, PutMode::Create).await {
                Err(StoreError::Conflict { key }) => match self.read(&key).await? {
                    // What is there counts as absent, and is replaced, if nobody
                    // else was faster.
                    Some(dead) if !self.is_live(&dead) => {
                        self.write(&key, object(), expires, PutMode::Update(dead.version)).await
                    }
                    _ => Err(StoreError::Conflict { key }),
                },
                written => written,
            },
        }
    }

    /// The version that an etag of ours stands for; a conflict if it is past
    /// its time.
    fn version(&self, key: &str, etag: &Etag) -> Result<UpdateVersion, StoreError> {
        let (expires, version) = serde_json::from_str::<(u64, (Option<String>, Option<String>))>(&etag.0)
            .map_err(|_| StoreError::Conflict { key: key.to_owned() })?;
        if expires <= self.now() {
            return Err(StoreError::Conflict { key: key.to_owned() });
        }
        Ok(UpdateVersion { e_tag: version.0, version: version.1 })
    }
}

/// One segment, whatever is in the key.
fn path(key: &str) -> Path {
    Path::from_iter([key])
}

/// The key that has become this name: what a path does not take is in it as `%2F`.
fn key_of(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut key = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        key.push(u8::from_str_radix(digits, 16).ok()?);
        key.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(key).ok()
}

fn object(kind: u8, expires: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Uuid::new_v4().as_bytes().to_vec();
    bytes.extend_from_slice(&expires.to_be_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(body);
    bytes
}

fn etag(version: &UpdateVersion, expires: u64) -> Result<Etag, StoreError> {
    serde_json::to_string(&(expires, (&version.e_tag, &version.version)))
        .map(Etag)
        .map_err(|error| StoreError::Protocol(error.to_string()))
}

#[async_trait]
impl DocumentStore for ObjectDocumentStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        match self.read(key).await? {
            Some(object) if self.is_live(&object) => {
                let etag = etag(&object.version, object.expires)?;
                Ok(object.body.map(|body| Document { body, etag }))
            }
            _ => Ok(None),
        }
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        self.put_until(key, &body, precondition, u64::MAX).await
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        let expires = self.now().saturating_add(time_to_live.as_millis() as u64);
        self.put_until(key, &body, precondition, expires).await
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        match precondition {
            Precondition::None => match self.store.delete(&path(key)).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(_) => Err(StoreError::NoReply),
            },
            Precondition::IfAbsent => match self.get(key).await? {
                None => Ok(()),
                Some(_) => Err(StoreError::Conflict { key: key.to_owned() }),
            },
            Precondition::IfEtag(etag) => {
                let version = self.version(key, &etag)?;
                let tombstone = object(TOMBSTONE, u64::MAX, &[]);
                self.write(key, tombstone, u64::MAX, PutMode::Update(version)).await.map(|_| ())
            }
        }
    }
}
