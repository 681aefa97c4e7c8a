//! The real command, driven in workshops in miniature.

mod graph;
mod new;
mod progress;
mod replay;
mod support;
mod testing;
mod tour;
mod trouble;
mod verify;
