//! What a handler author imports.
//!
//! | module | what is in it |
//! |---|---|
//! | [`ids`] | [`MessageId`]: naming messages so that a copy can be recognised |
//! | [`message`] | [`Message`]: an id and a body |
//! | [`order`] | the domain of the workshop: orders, their commands and events |
//! | [`loyalty`] | downstream of it: a loyalty programme |
//! | [`payments`] | the domain of exercise 10: payments on a stream |
//! | [`checkout`], [`conversation`] | the domain of exercise 11, and the records of a durable conversation |
//! | [`state_machine`] | what a message means, as a pure function |
//! | [`ports`] | what a handler may ask of the outside world |
//! | [`context`] | [`Context`]: what one delivery hands to its handler |
//! | [`endpoint`] | [`Endpoint`]: a handler, the messages it takes, the view of its state |
//! | [`outside`] | streams, logs and services as pure functions of their state |
//! | [`memory`] | the ports, kept in memory |
//! | `real` | the ports on real stores, behind features |
//! | [`conformance`] | what every adapter of a port must do, as runnable checks |

pub mod checkout;
pub mod conformance;
pub mod context;
pub mod conversation;
pub mod endpoint;
pub mod ids;
pub mod loyalty;
pub mod memory;
pub mod message;
pub mod order;
pub mod outside;
pub mod payments;
pub mod ports;
#[cfg(any(feature = "dynamodb", feature = "jetstream", feature = "object-store"))]
pub mod real;
pub mod state_machine;

pub use context::Context;
pub use endpoint::{Endpoint, Snapshot};
pub use ids::MessageId;
pub use message::Message;
pub use ports::{
    Document, DocumentStore, Etag, EventStore, Expected, NewEvent, Ports, Precondition, Publication,
    PublishAck, PublishError, Publisher, RecordLog, RecordedEvent, Service, ServiceError, StoreError,
    StreamError, StreamMessage, SubjectStream,
};
pub use state_machine::{Chance, StateMachine};
