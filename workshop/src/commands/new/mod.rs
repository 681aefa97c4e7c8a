//! `cargo workshop new`: the files of something new: a handler of one's own, or for
//! maintainers, a mistake or an exercise. What is in these is that of what is there
//! already, so it compiles, and is green or red for a reason; what is to be written is
//! said.

mod exercise;
mod handler;
mod mistake;

use crate::terminal;

pub use exercise::run as exercise;
pub use handler::handler;
pub use mistake::run as mistake;

/// Says what is to be done next, one after the other.
fn show_steps(steps: &[String]) {
    for (place, step) in steps.iter().enumerate() {
        terminal::show(&terminal::hanging(&format!("{}. ", place + 1), step, "     "));
    }
}
