//! The world that the handlers run in: what it is, what can happen in it, and
//! what comes of that.
//!
//! A [`World`](state::World) is plain data. A
//! [`TransitionSystem`](transition_system::TransitionSystem) knows the endpoints
//! under test and says of any world which [`Step`](step::Step)s are enabled, and
//! what each of them does. Who chooses among them is a driver's business.
//!
//! Knows [`system`](crate::system) and [`handler`](crate::handler); nobody who
//! searches, judges or tells.

mod apply;
pub(crate) mod budget;
mod effect;
mod enabled;
pub(crate) mod expiry;
pub(crate) mod fault;
pub(crate) mod footprint;
mod loss;
pub(crate) mod snapshot;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod trace;
pub(crate) mod transition_system;
mod well_formed;
