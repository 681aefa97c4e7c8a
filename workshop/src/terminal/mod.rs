//! The terminal: how words get there. At most 80 columns, colour only where there
//! is a terminal, and nothing that needs the colour to be understood.
//!
//! This is the lowest room: it knows nothing of exercises, and imports nothing
//! of this command.

mod print;
mod style;
mod wrap;

pub use print::{clear, complain, pass_on, show};
pub use style::{BAD, FAINT, GOOD, STRONG, UNSURE, paint};
pub use wrap::{code, columns, grouped, hanging, lines, paragraph, short, story_width, width};
