//! The live run: an exercise's endpoints in worker processes on a real server, a
//! monkey that kills them with `kill -9`, and in the end the checker that judges the
//! model, on what was really published and stored.
//!
//! Several roles, one program. The *conductor* is what a user starts; it starts the
//! others: `live guard`, which watches over the server, and `live work`, a worker.
//! Both read what they are to do from a pipe, and end when it ends. Where a story of the
//! engine is played, the workers are `live play`, and ask before they do anything.

#[cfg(unix)]
mod arguments;
#[cfg(unix)]
mod conductor;
#[cfg(unix)]
mod figures;
#[cfg(unix)]
mod fleet;
#[cfg(unix)]
mod judge;
#[cfg(unix)]
mod kept;
#[cfg(unix)]
mod monkey;
#[cfg(unix)]
mod plan;
#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod registry;
#[cfg(unix)]
mod replay;
#[cfg(unix)]
mod staff;
#[cfg(unix)]
mod work;

use std::process::ExitCode;

/// The command could not do what was asked: usage or environment.
const TROUBLE: u8 = 2;

#[cfg(unix)]
fn main() -> ExitCode {
    log();
    let done = match std::env::args().nth(1).as_deref() {
        Some("guard") => host::server::guard().map(|()| ExitCode::SUCCESS),
        Some("work") => work::run().map(|()| ExitCode::SUCCESS),
        Some("play") => replay::crew::play().map(|()| ExitCode::SUCCESS),
        _ => {
            let arguments: arguments::Arguments = clap::Parser::parse();
            if arguments.wants_stories() { replay::run(&arguments) } else { conductor::run(arguments) }
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::from(TROUBLE)
    })
}

/// Spans and events on standard error, if `LIVE_LOG` names a level: `LIVE_LOG=debug`.
#[cfg(unix)]
fn log() {
    let level = std::env::var("LIVE_LOG").ok().and_then(|level| level.parse::<tracing::Level>().ok());
    if let Some(level) = level {
        tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("The live run is for Unix only: it ends its processes by signals and by pipes that close.");
    ExitCode::from(TROUBLE)
}
