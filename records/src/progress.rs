//! How far a search has come.

use serde::{Deserialize, Serialize};

/// How far a search has come, as it is written to the file that
/// `CHAOS_PROGRESS` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressRecord {
    /// States found so far.
    pub states: usize,
    /// States found and not yet explored.
    pub frontier: usize,
}
