//! Two questions that every event-sourced system meets in its second year.

pub mod evolution;
pub mod snapshots;
