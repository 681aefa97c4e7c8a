//! The crates: is every one that the workshop needs on this machine?

use std::path::Path;

use super::finding::Finding;
use crate::running::tool::{ask, first_error};
use crate::terminal;

/// Resolves the workshop as a build would, without the network.
pub fn offline(root: &Path) -> Finding {
    let mut arguments = vec!["metadata", "--offline", "--locked", "--format-version", "1"];
    let host = host(root);
    // What other platforms need is not needed here.
    if let Some(host) = &host {
        arguments.extend(["--filter-platform", host]);
    }
    match ask("cargo", root, &arguments) {
        Ok(_) => Finding::Fine("every crate is on this machine: nothing needs the network".to_owned()),
        Err(said) if said.contains("--locked was passed") => Finding::mend(
            "Cargo.lock does not fit the Cargo.toml files",
            "take back what was changed there, or take a fresh copy of the workshop",
        ),
        Err(said) if said.contains("offline") => Finding::mend(
            "not every crate is on this machine",
            format!("run {} once, with a network", terminal::code("cargo fetch --locked")),
        ),
        Err(said) => Finding::mend(
            format!("cargo cannot read the workshop ({})", terminal::short(&first_error(&said), 200)),
            "take back what was changed in the Cargo.toml files, or take a fresh copy",
        ),
    }
}

fn host(root: &Path) -> Option<String> {
    let said = ask("rustc", root, &["-vV"]).ok()?;
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}
