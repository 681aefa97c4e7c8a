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
    /// How many workers each endpoint has, if nobody asks for others.
    pub workers: u8,
    /// How many faults there are in a run at most, if nobody asks for others.
    pub faults: u8,
    /// How many reads are stale in a run at most, if nobody asks for others; `None`
    /// where no store is weak.
    pub stale: Option<u8>,
    /// The fewest and the most workers that a search can have.
    pub workers_range: (u8, u8),
    /// The most faults, and the most stale reads, that a search can allow.
    pub most_faults: u8,
}
