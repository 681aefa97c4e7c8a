//! The pages: what is written for people to read or to plan by, and how it is
//! read: hints, decks and sheets by their front matter, excerpts, agendas.
//!
//! It may import the repository, for the exercises that an agenda names, and the
//! terminal, since markdown is shown there as plain text.

pub mod agenda;
pub mod excerpt;
pub mod front_matter;
pub mod hints;
pub mod inline_links;
pub mod markdown;
pub mod self_study;
