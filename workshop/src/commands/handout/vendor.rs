//! Puts the crates next to the workshop, and tells cargo to take them from there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::running::tool::{ask, first_error};
use crate::terminal;

/// The folder of the crates.
const FOLDER: &str = "vendor";
/// What cargo reads in the handout, after what it reads everywhere.
const CONFIG: &str = "
# Every crate is in vendor/: nothing here needs a network.
[source.crates-io]
replace-with = \"vendored\"

[source.vendored]
directory = \"vendor\"

[net]
offline = true
";

/// Copies the crates that Cargo.lock names out of cargo's store.
pub fn run(stage: &Path) -> Result<()> {
    let fetch = terminal::code("cargo fetch --locked");
    // Cargo.lock forgets what the handout has not.
    if let Err(said) = ask("cargo", stage, &["vendor", "--offline", "--quiet", FOLDER]) {
        bail!(
            "the crates cannot be copied ({}): run {fetch} once, with a network, and try again",
            terminal::short(&first_error(&said), 200)
        );
    }
    fs::create_dir_all(stage.join(FOLDER)).context("vendor/ cannot be made")?;
    append(&stage.join(".cargo").join("config.toml"), CONFIG)?;
    // Cargo knows the checksum of each of these files.
    append(&stage.join(".gitattributes"), "/vendor/** -text\n")?;
    check(stage)
}

/// Whether the handout holds together.
pub fn check(handout: &Path) -> Result<()> {
    match ask("cargo", handout, &["metadata", "--offline", "--format-version", "1"]) {
        Ok(_) => Ok(()),
        Err(said) => {
            terminal::pass_on(&said);
            bail!("the handout does not hold together, see above: something in it needs what it has not")
        }
    }
}

fn append(path: &Path, text: &str) -> Result<()> {
    let shown = path.display();
    let before = fs::read_to_string(path).unwrap_or_default();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{shown} cannot be written"))?;
    }
    fs::write(path, before + text).with_context(|| format!("{shown} cannot be written"))
}
