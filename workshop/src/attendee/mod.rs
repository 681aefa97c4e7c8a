//! The attendee: how far somebody has come, and what is kept of it below
//! `.workshop/`: results, saved versions, opened hints; and the predictions, the
//! state of an exercise, and the code that tells all that to a room.
//!
//! It may import running, since progress is the result of a run and predictions
//! are compared with what tests say, and the repository.

mod opened_hints;
pub mod predictions;
mod progress;
mod room_code;
mod saved;
mod state;

pub use opened_hints::OpenedHints;
pub use progress::{Progress, Tested};
pub use room_code::{Mark, RoomCode};
pub use saved::{Note, Saved, Version};
pub use state::{State, current};
