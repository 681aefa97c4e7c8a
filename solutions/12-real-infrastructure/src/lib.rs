//! Solution of exercise 12: real infrastructure.
//!
//! What is between a handler and a server, in two files: [`consumer`], what becomes of a
//! delivery, and when is something published; [`documents`], conditional writes on a
//! key-value bucket. The rest here is given: it puts the two together with the runner of
//! exercise 06, in the engine and on a server.

pub mod consumer;
pub mod documents;
#[path = "../../../exercises/12-real-infrastructure/src/given.rs"]
mod given;

pub use given::{Answer, Buckets, documents_of, endpoints, seam_of};

/// What this crate answers.
#[must_use]
pub fn ours() -> Answer {
    crate::answer!(consumer, documents)
}
