//! What a search is about to look at.

use serde::{Deserialize, Serialize};

/// What a search would look at, as it is written to the file that `CHAOS_PLAN` names;
/// nothing is searched then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The endpoints, by name.
    pub endpoints: Vec<String>,
    /// The messages that can be sent, in words; a smaller search sends the first few.
    pub messages: Vec<String>,
    /// Whether a store is weak, so that reads can be stale.
    pub weak: bool,
    /// The fewest and the most workers that a search can have.
    pub workers_range: (u8, u8),
    /// The most faults, and the most stale reads, that a search can allow.
    pub most_faults: u8,
}
