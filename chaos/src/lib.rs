//! A model checker for asynchronous message handlers.

mod call;
mod canonical;
mod checker;
mod explore;
mod fault;
mod independence;
mod machine;
mod monkey;
mod ports;
mod rehearsal;
mod replay;
mod report;
mod run;
mod search;
mod settles;
mod soak;
pub mod specifications;
mod story;
mod system;
mod text;
mod verdict;
mod watchdog;
mod words;
mod world;

pub use canonical::Reductions;
pub use checker::{Evidence, FRESH, Judgement, Property, Specification, Symptom, TooManyOrders, judge};
pub use explore::{Explore, explore};
pub use fault::{Fault, Faults};
pub use machine::{Bounds, StoreKind};
pub use monkey::{
    Crash, DelayedAckFailure, DuplicateDelivery, LateDuplicate, LockExpiry, LostReply, Monkey, Point, Reordering,
    StaleRead, StoreUnavailable,
};
pub use rehearsal::HandlerFault;
pub use replay::{BadCode, ReplayCode};
pub use report::{Record, Report};
pub use run::{Chaos, Run};
pub use search::{Counts, Progress};
pub use soak::{Soak, soak};
pub use system::System;
pub use text::Naming;
pub use verdict::{Finding, Inconclusive, Verdict};
