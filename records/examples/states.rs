//! Reads a film, as JSON, and writes what there is at each of its moments: what a
//! player is held against.

use std::io::{stdin, stdout};

use records::Film;

fn main() -> serde_json::Result<()> {
    let film: Film = serde_json::from_reader(stdin().lock())?;
    serde_json::to_writer(stdout().lock(), &film.states())
}
