//! Running other programs, and what that comes to: cargo and its tools as
//! children, what a test program prints and records, and from both the result of
//! an exercise.
//!
//! It may import the repository, for what an exercise declares, and the terminal,
//! for the line that tells how far a child has come.

mod cargo;
mod child;
mod ctrl_c;
pub mod left_records;
pub mod libtest;
mod result;
mod self_rename;
mod status_line;
pub mod tool;

pub use cargo::{Built, Cargo, Package, TestRun, ask_nothing};
pub use child::{Patience, Unwanted};
pub use ctrl_c::Presses;
pub use libtest::{Test, TestResult};
pub use result::{ExerciseResult, ExerciseRun, ExplainedResult, ExplainedTest, Reason};
pub use self_rename::step_aside;
