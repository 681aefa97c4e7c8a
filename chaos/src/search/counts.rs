//! What a search counts, and what it shows while it runs.

use std::sync::Arc;

/// What a search counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Different states.
    pub states: usize,
    /// Steps tried from them.
    pub transitions: usize,
    /// States at rest.
    pub at_rest: usize,
    /// Ways through the explored states from the start to rest: every one is a
    /// schedule of its own, and stands for all that differ from it in the order
    /// of independent steps. At most `u128::MAX`; 0 where they are not counted
    /// (when the search ended early, or faults are bounded by message).
    pub schedules: u128,
    /// Different deliveries in progress: how often the handler really ran.
    pub deliveries: usize,
    /// The most faults spent in any state.
    pub faults: u32,
    /// How often the search was started afresh because an independence that it
    /// had assumed did not hold.
    pub restarts: u32,
}

/// How far a search has come, for whoever shows it.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// States found so far.
    pub states: usize,
    /// States found and not yet explored.
    pub frontier: usize,
}

/// Watches a search, and may stop it by returning `false`.
pub(crate) type Observer = Arc<dyn Fn(Progress) -> bool + Send + Sync>;
