//! How the search works.
