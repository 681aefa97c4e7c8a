//! A handler, as a function of the replies that it has received.
//!
//! What it asks of its ports is a [`call`]; the ports that it is given are a
//! [`switchboard`] whose lines the engine answers; one run of it is a [`stage`];
//! and everything that all runs have shown is kept in a [`rehearsal`], so that
//! it never runs twice for the same replies. Texts are kept with their fresh ids
//! cut out ([`text`]), and whether a handler depends on what those are is found
//! with [`other_ids`]. What keeps a handler from being explored is a [`fault`];
//! what it does to its thread is noticed by a [`watchdog`] with two clocks
//! ([`cpu_time`]), judged by its [`pace`], and remembered as [`given_up`]; what it
//! panics is caught by [`panics`].
//!
//! Knows [`system`](crate::system), for the numbers of stores; no world.

pub(crate) mod call;
mod cpu_time;
pub(crate) mod fault;
pub(crate) mod given_up;
mod other_ids;
mod pace;
pub(crate) mod panics;
pub(crate) mod rehearsal;
mod stage;
mod switchboard;
pub(crate) mod text;
pub(crate) mod watchdog;
