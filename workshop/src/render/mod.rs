//! What is shown, as text: the ladder, a result, predictions, a difference.
//!
//! It may import every room but the commands, which say when something is shown.

mod diff;
mod ladder;
mod predictions;
mod result;

pub use diff::{changed_code, changed_code_on_a_page, changed_lines, changes};
pub use ladder::{heading, ladder};
pub use predictions::predictions;
pub use result::{Detail, compile_errors, exercise_run, look_at_it, record, short_test};
