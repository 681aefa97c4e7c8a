//! The live run, with the host's own consumer loop and stores.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    host::live::run(&host::Seam::default())
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("The live run is for Unix only: it ends its processes by signals and by pipes that close.");
    ExitCode::from(2)
}
