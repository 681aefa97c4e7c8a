//! The law's vocabulary: what a handler is held against, and what may be found
//! wrong with it.
//!
//! A [`Specification`] gives the sequential meaning of an endpoint's messages.
//! Whoever judges a run names the [`Property`] that does not hold and the
//! [`Symptom`]s that show it, and the specification says what they mean for the
//! business. How the judging is done is no concern of this crate.
//!
//! Whoever has a state machine need not write one: [`Law::of_machine`].

mod derived;
mod drawing;
mod lots;
mod property;
mod specification;
mod symptom;

pub use derived::Law;
pub use drawing::Drawing;
pub use property::Property;
pub use specification::{FRESH, Specification};
pub use symptom::{Named, Symptom};
