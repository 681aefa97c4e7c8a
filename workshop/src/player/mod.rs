//! The player: a page that shows a run step by step, in any browser, from a file.
//!
//! It may import the terminal, and knows nothing else of this command: what it is
//! given is a record.

mod browser;
mod page;

pub use browser::open;
pub use page::{is_ours, page};
