//! Searches without one of the reductions, and with hardly any.

use chaos::Reductions;

/// What is left out, and what is used then.
pub const LEFT_OUT: [(&str, Reductions); 5] = [
    ("nothing", Reductions::ALL),
    ("ids", Reductions { ids: false, ..Reductions::ALL }),
    ("workers", Reductions { workers: false, ..Reductions::ALL }),
    ("independence", Reductions { independence: false, ..Reductions::ALL }),
    ("all but the cache", Reductions { cache: true, ..Reductions::NONE }),
];
