//! What is put under test, before anything happens.
//!
//! A [`System`](under_test::System) is what a test describes; a
//! [`StoreMap`](store_map::StoreMap) numbers its stores, and
//! [`outside`] is what answers for the world beyond its processes; and
//! [`unlike_in_turn`](under_test::System::unlike_in_turn) says what becomes of many
//! messages one after the other. Knows nobody else in this crate.

mod in_turn;
pub(crate) mod outside;
pub(crate) mod store_map;
pub(crate) mod under_test;
