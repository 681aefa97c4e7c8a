//! Whoever makes the choices.
//!
//! [`explore`](explore::explore) makes all of them; a [`script`] those that its
//! [`monkeys`] want; a [`soak`] random ones; [`replay`] those that were recorded,
//! and a [`transfer`] those that were recorded of another handler.
//! What `cargo workshop` may ask of them comes through [`env`]. Each of them is
//! [`supervised`], and has the handler tried in a process of its own first ([`trial`]).

mod dice;
pub(crate) mod env;
pub(crate) mod explore;
pub(crate) mod monkeys;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod script;
pub(crate) mod soak;
mod supervised;
mod transfer;
mod trial;
