//! The repository: where its exercises are, what is known of each, and the files
//! that an attendee edits, as they are, as they were shipped, and as we would
//! have written them, rightly and (on purpose) wrongly.
//!
//! It may import the terminal, to name a command in a sentence, and no other room.

pub mod code;
mod exercise;
mod files;
mod fingerprint;
mod kept_run;
mod mistakes;
mod name;
mod paths;
pub mod solutions;
pub mod starters;

pub use exercise::{ANSWERS, Declared, Exercise};
pub use files::{Files, sync, write_whole};
pub use fingerprint::fingerprint;
pub use kept_run::KeptRun;
pub use mistakes::{Compared, Mistake};
pub use name::Name;
pub use paths::{HANDOUT, Repository};
