//! What a test run leaves behind for the `cargo workshop` command, and the codes
//! by which a run is asked for again.
//!
//! The engine writes it and the command reads it, in two processes: so neither
//! needs the other. That is why the command, and with it the first picture that a
//! newcomer sees, is built without the engine.
//!
//! | what | where it is |
//! |---|---|
//! | [`Record`] | `<process>-<test>-<serial>.json` in the directory that `CHAOS_REPORTS` names |
//! | [`Film`] | in a record, where `CHAOS_FILMS` asks for it |
//! | [`Beside`] | the same, of a mistake that has its right answer beside it |
//! | [`Space`] | in a record, where `CHAOS_SPACE` asks for it |
//! | [`ProgressRecord`] | the file that `CHAOS_PROGRESS` names |
//! | [`Plan`] | the file that `CHAOS_PLAN` names |
//! | [`ReplayCode`] | in a record, in a story, in `CHAOS_REPLAY` |

mod beside;
pub mod film;
mod plan;
mod progress;
mod record;
mod replay_code;
pub mod space;

pub use beside::Beside;
pub use film::Film;
pub use plan::Plan;
pub use progress::ProgressRecord;
pub use record::Record;
pub use replay_code::{BadCode, ReplayCode};
pub use space::Space;
