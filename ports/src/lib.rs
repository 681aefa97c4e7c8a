//! What a handler needs, and nothing of what it is about.
//!
//! A handler that runs on these ports runs unchanged in memory, on real
//! servers, and under a model checker. No domain is known here: whoever has one
//! of their own depends on this crate, and brings it.
//!
//! | module | what is in it |
//! |---|---|
//! | [`ids`] | [`MessageId`]: naming messages so that a copy can be recognised |
//! | [`message`] | [`Message`]: an id and a body |
//! | [`context`] | [`Context`]: what one delivery hands to its handler |
//! | [`endpoint`] | [`Endpoint`]: a handler, the messages it takes, the view of its state |
//! | [`snapshot`] | [`Snapshot`]: what an endpoint's stores hold at one moment |
//! | [`state_machine`] | what a message means, as a pure function |
//! | [`ports`] | what a handler may ask of the outside world |
//! | [`outside`] | streams, logs and services as pure functions of their state; the place for a port of one's own |
//! | [`memory`] | the ports, kept in memory |
//! | `real` | the ports on real stores, behind features |
//! | [`later`] | messages for later, and calling them off |
//! | [`conformance`] | what every adapter of a port must do, as runnable checks |
//! | [`law`] | the words in which a handler is judged: specification, property, symptom |
//! | [`words`] | messages, values and numbers in words |

pub mod conformance;
pub mod context;
pub mod endpoint;
pub mod ids;
pub mod later;
pub mod law;
pub mod memory;
pub mod message;
pub mod outside;
pub mod ports;
#[cfg(any(feature = "dynamodb", feature = "jetstream", feature = "object-store"))]
pub mod real;
pub mod snapshot;
pub mod state_machine;
pub mod words;

pub use context::Context;
pub use endpoint::Endpoint;
pub use ids::MessageId;
pub use message::Message;
pub use ports::{
    Clock, ClockError, Deadline, Document, DocumentStore, Etag, EventStore, Expected, NewEvent, Ports,
    Precondition, Publication, PublishAck, PublishError, Publisher, RecordLog, RecordedEvent, Service,
    ServiceError, StoreError, StreamError, StreamMessage, SubjectStream,
};
pub use snapshot::Snapshot;
pub use state_machine::{Chance, StateMachine};
