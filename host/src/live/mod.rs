//! The live run: an exercise's endpoints in worker processes on a real server, a
//! monkey that kills them with `kill -9`, and in the end the checker that judges the
//! model, on what was really published and stored.
//!
//! Several roles, one program. The *conductor* is what a user starts; it starts the
//! others: `live guard`, which watches over the server, and `live work`, a worker.
//! Both read what they are to do from a pipe, and end when it ends. Where a story of the
//! engine is played, the workers are `live play`, and ask before they do anything.
//!
//! The program calls [`run`], and nothing else. Another crate's program that does so with
//! a [`Seam`] of its own has its own consumer loop and its own stores run: workers are
//! that very program once more. Stories are played with the host's.

mod arguments;
mod conductor;
mod figures;
mod fleet;
mod judge;
mod kept;
mod mine;
mod monkey;
mod plan;
mod progress;
mod proxy;
mod registry;
mod replay;
mod servers;
mod staff;
mod stores;
mod timeline;
mod work;

use std::process::ExitCode;

use crate::seam::Seam;

/// The command could not do what was asked: usage or environment.
const TROUBLE: u8 = 2;

/// The program `live`, with this seam: does what its arguments ask for. Says what came
/// of it on standard output, and what kept it from that, in a sentence, on standard error.
#[must_use]
pub fn run(seam: &Seam) -> ExitCode {
    log();
    let done = match std::env::args().nth(1).as_deref() {
        Some("guard") => crate::server::guard().map(|()| ExitCode::SUCCESS),
        Some("work") => work::run(seam).map(|()| ExitCode::SUCCESS),
        Some("play") => replay::crew::play().map(|()| ExitCode::SUCCESS),
        _ => {
            let arguments: arguments::Arguments = clap::Parser::parse();
            if arguments.wants_stories() { replay::run(&arguments) } else { conductor::run(arguments, seam) }
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::from(TROUBLE)
    })
}

/// Spans and events on standard error, if `LIVE_LOG` names a level: `LIVE_LOG=debug`.
fn log() {
    let level = std::env::var("LIVE_LOG").ok().and_then(|level| level.parse::<tracing::Level>().ok());
    if let Some(level) = level {
        tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    }
}
