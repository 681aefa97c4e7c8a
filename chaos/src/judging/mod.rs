//! From a world at rest to a verdict.
//!
//! A [`Judge`](judge::Judge) gathers the evidence of each endpoint and holds it
//! against its specification, its storage bounds and its rules about garbage. A
//! [`Verdict`](verdict::Verdict) is what a whole search or run comes to. A run that
//! nobody here has made is judged by what was [recorded](recorded) of it.

mod evidence;
pub(crate) mod judge;
mod other_ids;
pub(crate) mod plain_runs;
pub(crate) mod recorded;
pub(crate) mod verdict;
