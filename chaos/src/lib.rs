//! A model checker for asynchronous message handlers.
//!
//! The handler under test is ordinary async Rust: an `async fn` that reads and
//! writes through the ports of the crate [`ports`]. Here the ports are
//! simulated, and everything that is left to chance in the real world is a
//! *choice*: which message goes to which worker, what a port call does, when a
//! lock expires, whether a worker dies. A *driver* makes the choices:
//!
//! - [`Chaos::on`]: a script, written by named monkeys ([`DelayedAckFailure`],
//!   [`LockExpiry`], …), for teaching;
//! - [`explore`]: **all** choices within bounds, each kind of situation once,
//!   until none is left;
//! - [`soak`]: random ones from a seed, for what is too large to exhaust;
//! - [`ReplayCode`]: those that were recorded.
//!
//! At rest the outcome is held against a [`Specification`]: is there *some*
//! order of the messages, each processed exactly once, that explains both the
//! state and what was published? The answer is a [`Verdict`] of three values,
//! and where it is not [`Verdict::Holds`], the [`Report`] tells the shortest
//! story of why.
//!
//! ```
//! use chaos::{Property, Specification, Symptom, System, explore};
//! use ports::{Context, Endpoint, Message, MessageId, Ports};
//! use serde_json::{Value, json};
//!
//! /// Each guest who rings gets into the book.
//! struct Guests;
//!
//! impl Specification for Guests {
//!     fn aggregate(&self, _: &Message) -> String {
//!         "the book".to_owned()
//!     }
//!     fn initial(&self) -> Value {
//!         json!(0)
//!     }
//!     fn process(&self, state: &Value, _: &Message) -> Vec<(Value, Vec<Value>)> {
//!         vec![(json!(state.as_u64().unwrap_or(0) + 1), Vec::new())]
//!     }
//!     fn describe(&self, state: &Value) -> String {
//!         format!("a book with {state} guests")
//!     }
//!     fn damage(&self, _: &str, _: &Symptom) -> String {
//!         "a guest stands at the door".to_owned()
//!     }
//! }
//!
//! /// Acknowledges everything and does nothing.
//! async fn lie(_: &Message, _: &Ports, _: &Context) -> anyhow::Result<()> {
//!     Ok(())
//! }
//!
//! fn door() -> System {
//!     System::of(Endpoint::new("door", lie).view(|_, _| Ok(0))).judged_by(Guests)
//! }
//!
//! let ring = Message::new(MessageId::named("ring"), &"Ring");
//! let report = explore(door).send([ring]).run();
//! assert_eq!(report.violated(), Some(Property::NoLostMessages));
//! ```
//!
//! # How it works, and what it rests on
//!
//! | module | what is in it |
//! |---|---|
//! | `text` | opaque texts, with the fresh ids cut out |
//! | `call`, `ports` | what a handler asks and is answered; the simulated ports |
//! | `rehearsal` | a handler as a function of the replies it has received |
//! | `world`, `machine` | the state of the world; which steps there are and what they do |
//! | `canonical` | one name for states that differ only in names and places |
//! | `independence` | exploring independent steps in one order only |
//! | `search`, `settles` | the exhaustive search, and the graph it leaves behind |
//! | `monkey`, `run`, `soak`, `replay` | the other drivers |
//! | `checker`, `specifications`, `verdict` | is it an exactly-once execution? |
//! | `story`, `report`, `words` | telling it |
//! | `watchdog` | handlers that never come back |
//! | `companion` | what `cargo workshop` may ask of a search |
//!
//! A green verdict holds *within the bounds it names*, and under assumptions
//! about the handler that are stated where they are used: it is deterministic
//! given its replies (observed, not proved: `rehearsal`), it treats fresh ids as
//! mere names (`text`), and it cannot see which worker it runs on
//! (`canonical`). What the documents of a message are is not assumed but found
//! out (`independence`).

mod call;
mod canonical;
mod checker;
mod companion;
mod explore;
mod fault;
mod independence;
mod machine;
mod monkey;
mod outside;
mod rehearsal;
mod replay;
mod report;
mod run;
mod search;
mod settles;
mod soak;
mod story;
mod switchboard;
mod system;
mod text;
mod verdict;
mod watchdog;
mod world;

pub use canonical::Reductions;
pub use checker::{Evidence, Judgement, TooManyOrders, judge};
pub use companion::ProgressRecord;
pub use explore::{Explore, explore};
pub use fault::{Fault, Faults};
pub use machine::{Bounds, StoreKind};
pub use monkey::{
    Crash, DelayedAckFailure, DuplicateDelivery, LateDuplicate, LockExpiry, LostReply, Monkey, Point,
    Reordering, StaleRead, StoreUnavailable, Which,
};
pub use ports::law::{FRESH, Property, Specification, Symptom};
pub use ports::words::thousands;
pub use rehearsal::HandlerFault;
pub use replay::{BadCode, ReplayCode};
pub use report::{Record, Report};
pub use run::{Chaos, RoundTrips, Run};
pub use search::{Counts, Progress};
#[cfg(feature = "shop")]
pub use shared::specifications;
pub use soak::{Soak, soak};
pub use system::System;
pub use text::Naming;
pub use verdict::{Finding, Inconclusive, Verdict};
