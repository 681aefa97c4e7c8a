//! How a server is started that speaks S3: moto, which is written in Python, and made for tests.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use tokio::process::Command;

use super::guardian::{Place, free_port};

/// The bucket that it has.
pub const BUCKET: &str = "documents";

/// What Python is given.
const PROGRAM: &str = include_str!("s3_server.py");

/// Where `moto_server` is: what `MOTO_SERVER` says, or on the `PATH`.
#[must_use]
pub fn find() -> Option<PathBuf> {
    super::program("MOTO_SERVER", "moto_server")
}

/// Finds a port.
pub(super) fn prepare(place: &mut Place) -> anyhow::Result<()> {
    if place.wanted.port.is_none() {
        place.wanted.port = Some(free_port()?);
    }
    Ok(())
}

/// With what it is started.
pub(super) fn command(place: &Place) -> anyhow::Result<Command> {
    let moto = &place.wanted.binary;
    let beside = ["python3", "python"].map(|name| moto.with_file_name(name));
    let python = beside.iter().find(|file| file.is_file());
    let python = python.with_context(|| format!("there is no Python beside {}", moto.display()))?;
    let mut command = Command::new(python);
    command.arg("-c").arg(PROGRAM).arg(place.wanted.port.unwrap_or_default().to_string()).arg(BUCKET);
    // For its own eyes: other users see nobody's environment.
    command.env("S3_SECRET", &place.secret).env("PYTHONUNBUFFERED", "1");
    // Not in the directory of whoever has asked: Python would look for modules there.
    command.current_dir(&place.directory);
    Ok(command)
}

/// On which port it listens, once it says so.
pub(super) fn listens(place: &Place) -> Option<u16> {
    let said = fs::read_to_string(place.log()).ok()?;
    place.wanted.port.filter(|_| said.contains("Running on"))
}

/// Why it does not, of all that it has said.
pub(super) fn why(said: &str) -> &str {
    let is_taken = said.lines().find(|line| line.contains("already in use"));
    is_taken.or_else(|| said.lines().rfind(|line| !line.is_empty())).unwrap_or("it does not say why")
}
