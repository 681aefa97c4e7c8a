//! A report as it is handed to the `cargo workshop` command.

use serde::{Deserialize, Serialize};

use super::{Beside, Film, Space};

/// A report as it is handed to the `cargo workshop` command.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// The package whose test made it.
    pub package: String,
    /// The test that made it.
    pub test: String,
    /// `holds`, `violated`, `not-done`, `broken` or `inconclusive`.
    pub verdict: String,
    /// The first line of the report.
    pub headline: String,
    /// The report, as it would be printed.
    pub text: String,
    /// The story in it.
    pub story: String,
    /// The classes of faults visited, in words.
    pub coverage: Vec<String>,
    /// Different states; 0 for a single run.
    pub states: usize,
    /// The property that is violated first of all, if one is.
    #[serde(default)]
    pub property: Option<String>,
    /// The faults in the run that was found.
    #[serde(default)]
    pub faults: usize,
    /// The steps of the run that was found.
    #[serde(default)]
    pub steps: usize,
    /// How long it took, in microseconds. This is for tables; nothing that is
    /// compared depends on it.
    #[serde(default)]
    pub micros: u64,
    /// Whether this is one run, and not a search.
    pub single: bool,
    /// The code that replays the run that was found.
    pub replay: Option<String>,
    /// The run that was found, step by step, if `CHAOS_FILMS` asks for that, and a run
    /// is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub film: Option<Box<Film>>,
    /// The same script with the right answer, if the film is one of a wrong answer that
    /// knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Box<Beside>>,
    /// The states that were found, if `CHAOS_SPACE` asks for them, and this is a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Box<Space>>,
}
