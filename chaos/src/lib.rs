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
//! At rest the outcome is held against a [`Specification`], be it one that is
//! [derived](Law) from the handler's own state machine: is there *some*
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
//! # Where to go from here
//!
//! | page | what is on it |
//! |---|---|
//! | [`what_to_send`] | which messages find which mistakes |
//! | [`Law`] | a specification from a state machine, or from two functions |
//! | [`environment`] | every variable that is looked at |
//! | [`limits`] | how far it goes, and why no further |
//! | [`transcript`] | a run as it can be played elsewhere, on a real server say |
//! | [`script`] | the same, to be played with any handler |
//!
//! [`how_it_works`] explains the search, numbers the arguments on which its
//! soundness rests, and says of every assumption how it is checked, or that it is
//! not. The rooms of the house, from the ground up:
//!
//! | folder | what is in it |
//! |---|---|
//! | `system` | what is under test: endpoints, their stores, and the rules of a test |
//! | `guarantee` | is it an exactly-once execution? Pure: evidence in, judgement out |
//! | `handler` | a handler, as a function of the replies that it has received |
//! | `world` | the state of the world; which steps there are, and what they do |
//! | `judging` | from a world at rest to a verdict |
//! | `search` | the exhaustive search, and what makes it small enough |
//! | `telling` | a run in words and arrows; reports and records |
//! | `drivers` | whoever makes the choices: all of them, a script, a seed, a replay |
//!
//! A green verdict holds *within the bounds it names*, and under assumptions
//! about the handler: it is deterministic given its replies (observed, not
//! proved), it treats fresh ids as mere names (looks inside are found, comparisons
//! tried out), and it cannot see which worker it runs on.

mod drivers;
pub mod environment;
mod guarantee;
mod handler;
pub mod how_it_works;
mod judging;
pub mod limits;
mod scenario;
mod search;
mod system;
mod telling;
pub mod what_to_send;
mod world;

pub use drivers::explore::{Explore, explore};
pub use drivers::monkeys::{
    Choice, ChoiceKind, CloneTrick, Crash, DelayedAckFailure, DuplicateDelivery, Goes, LateDuplicate,
    LockExpiry, LostReply, Monkey, Point, Reordering, Scene, StaleRead, StoreUnavailable, Strike, Trick,
    Which,
};
pub use drivers::run::{RoundTrips, Run};
pub use drivers::script::Chaos;
pub use drivers::soak::{Soak, soak};
pub use guarantee::checker::judge;
pub use guarantee::judgement::{Evidence, Judgement, TooManyOrders};
pub use handler::fault::HandlerFault;
pub use handler::text::Naming;
pub use judging::recorded::Recorded;
pub use judging::verdict::{Finding, Inconclusive, Verdict};
pub use ports::law::{Drawing, FRESH, Law, Property, Specification, Symptom};
pub use ports::words::thousands;
pub use records::{BadCode, ProgressRecord, Record, ReplayCode};
pub use search::counts::{Counts, Progress};
pub use search::no_return::NoReturn;
pub use search::reductions::Reductions;
#[cfg(feature = "shop")]
pub use shared::specifications;
pub use system::under_test::{StoreKind, System};
pub use telling::report::{Report, headlines};
pub use telling::{script, transcript};
pub use world::budget::Bounds;
pub use world::fault::{Fault, Faults};
