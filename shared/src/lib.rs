//! What a handler author imports: the shop that the workshop is about, and
//! everything that a handler needs.
//!
//! The latter is the crate [`ports`](::ports), which knows of no shop; all of it
//! is re-exported here, so that an exercise has one crate to look into.
//!
//! | module | what is in it |
//! |---|---|
//! | [`order`] | the domain of the workshop: orders, their commands and events |
//! | [`loyalty`] | downstream of it: a loyalty programme |
//! | [`payments`] | the domain of exercise 10: payments on a stream |
//! | [`checkout`], [`conversation`] | the domain of exercise 11, and the records of a durable conversation |
//! | [`specifications`] | what all of these should do, without any store or failure |
//! | the rest | re-exported from [`ports`](::ports): ids, messages, endpoints, ports and their adapters |

pub mod checkout;
pub mod conversation;
pub mod loyalty;
pub mod order;
pub mod payments;
pub mod specifications;

pub use ::ports::*;
