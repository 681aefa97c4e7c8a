//! The exhaustive search, and what makes it small enough.
//!
//! [`explorer`] goes through the states in order of cost; [`explored`] is what it
//! has found; [`symmetry`] and [`fingerprint`] say which worlds are one state;
//! [`independence`] says which steps need not be taken, from what [`footprints`]
//! and [`components`] know of the messages; [`liveness`] looks at the graph that
//! is left behind, and [`patience`] waits where a clock runs; [`to_raw`] turns a way
//! through it into a run; [`growth`] names what keeps growing, and [`treadmill`]
//! notices when there is no end to it; [`no_return`] finds where a run was lost; [`space`]
//! is what there is to be drawn; [`other_ids`] repeats runs with ids in other orders. The arguments why nothing is lost by all that are in
//! [`how_it_works`](crate::how_it_works).

mod components;
pub(crate) mod counts;
pub(crate) mod explored;
pub(crate) mod explorer;
pub(crate) mod fingerprint;
mod footprints;
mod growth;
mod independence;
mod liveness;
pub(crate) mod no_return;
mod other_ids;
mod patience;
pub(crate) mod reductions;
pub(crate) mod space;
pub(crate) mod symmetry;
mod to_raw;
mod treadmill;
