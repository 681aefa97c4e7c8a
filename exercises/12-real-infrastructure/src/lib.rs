//! Exercise 12: real infrastructure.
//!
//! What is between a handler and a server, in two files: `documents.rs`, conditional writes
//! on a key-value bucket; `consumer.rs`, what becomes of a delivery, and when is something
//! published. Those two are yours. The rest is given: `given.rs` puts them together with the
//! runner of exercise 06, in the engine and on a server, and nothing is to be done there.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex12-real-infrastructure` tells how far you are.

pub mod consumer;
pub mod documents;
mod given;

pub use given::{Answer, Buckets, documents_of, endpoints, seam_of};

/// What this crate answers.
#[must_use]
pub fn ours() -> Answer {
    crate::answer!(consumer, documents)
}
