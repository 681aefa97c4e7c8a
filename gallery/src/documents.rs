//! Documents that are plain data.

use ports::{Document, DocumentStore, Precondition, Snapshot, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A document, and what is in it; of one that is not there, the default.
pub async fn load<T: DeserializeOwned + Default>(
    store: &dyn DocumentStore,
    key: &str,
) -> anyhow::Result<(Option<Document>, T)> {
    let read = store.get(key).await?;
    let content =
        read.as_ref().map_or(Ok(T::default()), |document| serde_json::from_slice(&document.body))?;
    Ok((read, content))
}

/// Writes a document, if it is as it was read.
pub async fn save(
    store: &dyn DocumentStore,
    key: &str,
    read: Option<&Document>,
    content: &(impl Serialize + Sync),
) -> Result<(), StoreError> {
    store.put(key, json_of(content), Precondition::unchanged_since(read)).await?;
    Ok(())
}

/// What a document of this content has in it.
pub fn json_of(content: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(content).expect("it is plain data")
}

/// What is in a document at rest; of one that is not there, the default.
pub fn shown<T: DeserializeOwned + Default>(snapshot: &Snapshot, key: &str) -> anyhow::Result<T> {
    Ok(snapshot.document(key).map_or(Ok(T::default()), serde_json::from_slice)?)
}
