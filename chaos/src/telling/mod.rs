//! Telling what was found.
//!
//! A [`Teller`](story::Teller) puts a recorded run into words and arrows, a
//! [`Report`](report::Report) adds the verdict and the damage, and a
//! [`Record`](record::Record) hands all of it to `cargo workshop`, with the run as a
//! [`film`] where somebody wants to look at it, and as a
//! [`Transcript`](transcript::Transcript) for whoever plays it elsewhere, by a
//! [`Script`](script::Script) that any handler can be played by.

mod calls;
mod changes;
mod film;
mod folding;
mod golden;
mod knowledge;
mod names;
mod picture;
pub(crate) mod record;
pub(crate) mod report;
pub mod script;
mod should_be;
mod steps;
mod story;
pub mod transcript;
