//! Pictures as SVG: the states of a search, and what is measured, as curves and bars.
//!
//! A picture needs nothing but a browser: no fonts but those of the system, nothing from
//! elsewhere. It is dark where the reader's system is dark, light on paper, has a text
//! that says what it shows, and tells nothing by colour alone. The same numbers give the
//! same bytes.
//!
//! It knows nothing else of this command: what it is given is a record, or a table.

mod bars;
mod canvas;
mod curves;
mod layout;
mod space;
mod table;

pub use bars::bars;
pub use curves::curves;
pub use space::{Caption, space};
pub use table::Table;
