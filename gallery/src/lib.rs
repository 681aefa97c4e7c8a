//! Bugs that others have published, and their repairs: in outboxes, inboxes,
//! idempotency libraries, engines for durable execution, stores of events. Each is a
//! small system written anew from a description; nobody's code is in here.
//!
//! A file of [`reports`] has one of them: what was reported and where, what repaired it,
//! what it teaches; then the system, with the bug and the repair side by side; and at
//! the end, as a [`Case`], what a search must make of both. The bug is found with the
//! fewest faults that it takes, and with one fault less nothing is; of what repaired it,
//! nothing is found. `gallery/README.md` has all of them in a table.
//!
//! What the model has no words for, and what stands for it:
//!
//! | missing | reports | what stands for it |
//! |---|---|---|
//! | a time to calculate with | claims without an end | "remaining time 0" is a claim without an end |
//! | looking for rows | recovery; rows in a number's order | keys that are known or counted |
//! | a transaction over several rows | most | one document, written on condition that it is unchanged |
//! | `UPDATE … WHERE` | a stale claim | read, compare and write on condition, until that succeeds |
//! | a partition, offsets | offsets that are passed by | a number in the message; a document for the offset. That a new owner begins at the offset is: whoever is below it is skipped |
//! | an order of what was sent | the older event comes last | a law that allows one order only |
//! | a message for later, sent by the broker itself | what was called off | an [endpoint](ports::later::endpoint) that waits; in the late timeout and in recovery, a message to oneself |
//! | the end of a transaction by its coordinator | the write behind the abort | its writer aborts it, or commits it when it comes again |

mod case;
mod documents;
mod laws;
pub mod reports;
mod said;

pub use case::{Case, Version};
