//! Documents in a table of a DynamoDB-compatible engine, run in process.
//!
//! An item has the attributes `k` (the key), `b` (the body), `e` (the etag) and
//! `x` (when it expires, in seconds since 1970). DynamoDB has no etags of its
//! own, so each write makes one; every condition is a condition expression, and
//! every read is strongly consistent, which is *not* DynamoDB's default.
//!
//! DynamoDB deletes an expired item some time after it has expired (within a
//! few days, its documentation says), so reads and conditions look at `x`
//! themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::types::{AttributeDefinition, AttributeValue, KeySchemaElement, KeyType, ScalarAttributeType};
use dynoxide::{Database, DynoxideError};
use uuid::Uuid;

use super::Clock;
use crate::memory::DYNAMODB_LIMIT;
use crate::{Document, DocumentStore, Etag, Precondition, StoreError};

/// See the [module](self).
#[derive(Clone)]
pub struct DynamoDbStore {
    database: Arc<Database>,
    table: String,
    clock: Clock,
}

type Item = HashMap<String, AttributeValue>;

/// An expression, and what its placeholders stand for.
type Condition = (Option<String>, Option<Item>);

impl DynamoDbStore {
    /// The largest document, key and body together, in bytes: an item may have
    /// 400 KB, names and values of all its attributes counted, and 39 bytes of
    /// these are the three names and the etag. (A document with a time to live
    /// must be a few bytes smaller still.)
    pub const LIMIT: usize = DYNAMODB_LIMIT - 39;

    /// A new and empty table in memory.
    ///
    /// # Errors
    ///
    /// What the engine says when it cannot create the table.
    pub fn in_memory(table: &str, clock: Clock) -> anyhow::Result<Self> {
        let database = Database::memory()?;
        database.create_table(CreateTableRequest {
            table_name: table.to_owned(),
            key_schema: vec![KeySchemaElement { attribute_name: "k".to_owned(), key_type: KeyType::HASH }],
            attribute_definitions: vec![AttributeDefinition {
                attribute_name: "k".to_owned(),
                attribute_type: ScalarAttributeType::S,
            }],
            billing_mode: Some("PAY_PER_REQUEST".to_owned()),
            ..CreateTableRequest::default()
        })?;
        Ok(Self { database: Arc::new(database), table: table.to_owned(), clock })
    }

    fn now(&self) -> u64 {
        (self.clock)().as_secs()
    }

    /// The condition under which a write may happen. An item that has expired
    /// counts as absent, whether it is still there or not.
    fn condition(&self, precondition: &Precondition) -> Condition {
        let now = (":now".to_owned(), AttributeValue::N(self.now().to_string()));
        match precondition {
            Precondition::None => (None, None),
            Precondition::IfAbsent => {
                let expression = "attribute_not_exists(k) OR x <= :now";
                (Some(expression.to_owned()), Some(Item::from([now])))
            }
            Precondition::IfEtag(Etag(etag)) => {
                let expression = "e = :etag AND (attribute_not_exists(x) OR x > :now)";
                let etag = (":etag".to_owned(), AttributeValue::S(etag.clone()));
                (Some(expression.to_owned()), Some(Item::from([now, etag])))
            }
        }
    }

    fn write(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: &Precondition,
        time_to_live: Option<Duration>,
    ) -> Result<Etag, StoreError> {
        let size = key.len() + body.len();
        let etag = Uuid::new_v4().to_string();
        let mut item = Item::from([
            ("k".to_owned(), AttributeValue::S(key.to_owned())),
            ("b".to_owned(), AttributeValue::B(body)),
            ("e".to_owned(), AttributeValue::S(etag.clone())),
        ]);
        if let Some(time_to_live) = time_to_live {
            // Rounded up: never too early.
            let expires = (self.clock)().saturating_add(time_to_live);
            let seconds = expires.as_secs() + u64::from(expires.subsec_nanos() > 0);
            item.insert("x".to_owned(), AttributeValue::N(seconds.to_string()));
        }
        let (condition_expression, expression_attribute_values) = self.condition(precondition);
        let request = PutItemRequest {
            table_name: self.table.clone(),
            item,
            condition_expression,
            expression_attribute_values,
            ..PutItemRequest::default()
        };
        match self.database.put_item(request) {
            Ok(_) => Ok(Etag(etag)),
            Err(error) if error.to_string().contains("Item size has exceeded") => {
                Err(StoreError::TooLarge { key: key.to_owned(), size, limit: Self::LIMIT })
            }
            Err(error) => Err(failed(key, &error)),
        }
    }
}

/// Which item a document is.
fn item_key(key: &str) -> Item {
    Item::from([("k".to_owned(), AttributeValue::S(key.to_owned()))])
}

fn failed(key: &str, error: &DynoxideError) -> StoreError {
    match error {
        DynoxideError::ConditionalCheckFailedException(..) => StoreError::Conflict { key: key.to_owned() },
        other => StoreError::Protocol(other.to_string()),
    }
}

#[async_trait]
impl DocumentStore for DynamoDbStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let request = GetItemRequest {
            table_name: self.table.clone(),
            key: item_key(key),
            consistent_read: Some(true),
            ..GetItemRequest::default()
        };
        let read = self.database.get_item(request).map_err(|error| failed(key, &error))?;
        let Some(mut item) = read.item else { return Ok(None) };
        if let Some(AttributeValue::N(expires)) = item.get("x") {
            let expires: u64 = expires.parse().map_err(|_| unexpected(key))?;
            if expires <= self.now() {
                return Ok(None);
            }
        }
        match (item.remove("b"), item.remove("e")) {
            (Some(AttributeValue::B(body)), Some(AttributeValue::S(etag))) => {
                Ok(Some(Document { body, etag: Etag(etag) }))
            }
            _ => Err(unexpected(key)),
        }
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        self.write(key, body, &precondition, None)
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        self.write(key, body, &precondition, Some(time_to_live))
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        let (condition_expression, expression_attribute_values) = self.condition(&precondition);
        let request = DeleteItemRequest {
            table_name: self.table.clone(),
            key: item_key(key),
            condition_expression,
            expression_attribute_values,
            ..DeleteItemRequest::default()
        };
        self.database.delete_item(request).map(|_| ()).map_err(|error| failed(key, &error))
    }
}

fn unexpected(key: &str) -> StoreError {
    StoreError::Protocol(format!("the item {key} was not written by this adapter"))
}
