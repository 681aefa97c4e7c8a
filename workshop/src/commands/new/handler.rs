//! `cargo workshop new handler`: a crate for a handler of one's own, outside of the
//! repository. It takes the engine from here, by its path, and the versions of all crates
//! from our Cargo.lock: so it asks for no network that this repository did not ask for.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::commands::folder;
use crate::commands::written::write_below;
use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::running::tool::{ask, first_error};
use crate::terminal;

/// What is in the crate: where, and as what.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../../../templates/handler/manifest.toml")),
    ("README.md", include_str!("../../../templates/handler/README.md")),
    ("rustfmt.toml", include_str!("../../../templates/handler/rustfmt.toml")),
    ("src/lib.rs", include_str!("../../../templates/handler/src/lib.rs")),
    ("src/runner.rs", include_str!("../../../templates/handler/src/runner.rs")),
    ("tests/handler.rs", include_str!("../../../templates/handler/tests/handler.rs")),
];
/// What cargo reads in the crate: as in the repository, an error that is made by the
/// hundred thousand does not look where it is.
const CONFIG: &str = "[env]\nRUST_LIB_BACKTRACE = { value = \"0\", force = false }\n";
/// Names that are taken, by what the crate depends on or by the language.
const TAKEN: [&str; 9] =
    ["anyhow", "chaos", "core", "ports", "records", "serde", "serde_json", "std", "test"];

/// Makes a crate with a handler.
pub fn handler(repository: &Repository, path: &Path) -> Result<Outcome> {
    let name = name_of(path)?;
    // A mere name is a folder beside the repository.
    let beside = repository.root().parent().filter(|_| path == Path::new(&name));
    let directory = beside.map_or_else(|| path.to_owned(), |beside| beside.join(&name));
    let directory = folder::free_outside(repository, &directory)?;
    fill(repository, &name, &directory)?;
    check(&directory)?;
    let shown = directory.display();
    let said = format!(
        "{shown} is made: a handler, a runner, and three tests of which two are red. Read why: {} there. \
         Then change the line in src/lib.rs that is marked with ▶.",
        terminal::code("cargo test")
    );
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}

/// The name of the crate, which is that of its folder.
fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let known = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|character| known(character) || matches!(character, '-' | '_'));
    ensure!(
        is_name && !TAKEN.contains(&&*name),
        "{name:?} is no name for a crate of yours: take lower-case letters, digits and hyphens, such as \
         my-handler, and none that another crate has"
    );
    Ok(name)
}

fn fill(repository: &Repository, name: &str, directory: &Path) -> Result<()> {
    let root = folder::absolute(repository.root())?;
    let write = |file: &str, text: &str| write_below("crate", directory, file, text);
    let dependency = |package: &str| toml_edit::value(slashes(&root.join(package))).to_string();
    for (file, text) in FILES {
        let text = text
            .replace("\r\n", "\n")
            .replace("\"WORKSHOP/ports\"", dependency("ports").trim())
            .replace("\"WORKSHOP/chaos\"", dependency("chaos").trim())
            .replace("NAME", name)
            .replace("IDENTIFIER", &name.replace('-', "_"));
        write(file, &text)?;
    }
    write(".gitignore", "/target\n")?;
    write(".cargo/config.toml", &config(&root))?;
    let lock = root.join("Cargo.lock");
    let versions = fs::read_to_string(&lock).with_context(|| format!("{} cannot be read", lock.display()))?;
    write("Cargo.lock", &versions)
}

/// In a handout, all crates are in a folder of the repository.
fn config(root: &Path) -> String {
    let vendored = root.join("vendor");
    if !vendored.is_dir() {
        return CONFIG.to_owned();
    }
    let folder = toml_edit::value(slashes(&vendored)).to_string();
    format!(
        "{CONFIG}\n[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = {}\n\n\
         [net]\noffline = true\n",
        folder.trim()
    )
}

/// A path as it may stand in a manifest, on Windows, too: there cargo cannot read the
/// long form of it.
fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy().into_owned();
    if !cfg!(windows) {
        return text;
    }
    text.trim_start_matches(r"\\?\").replace('\\', "/")
}

/// Whether the crate holds together; Cargo.lock forgets what it has not.
fn check(directory: &Path) -> Result<()> {
    match ask("cargo", directory, &["metadata", "--offline", "--format-version", "1"]) {
        Ok(_) => Ok(()),
        Err(said) => {
            let fetch = terminal::code("cargo fetch --locked");
            anyhow::bail!(
                "the crate is made, and cargo does not find all that it needs ({}): run {fetch} once in the \
                 repository, with a network, and try `cargo test` there",
                terminal::short(&first_error(&said), 200)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_named_as_its_folder() {
        assert_eq!(name_of(Path::new("seats")).unwrap(), "seats");
        assert_eq!(name_of(Path::new("../work/my-handler_2")).unwrap(), "my-handler_2");
        for name in ["Seats", "2seats", "", "..", "chaos", "my handler", "-x"] {
            let error = name_of(Path::new(name)).unwrap_err().to_string();
            assert!(error.contains("no name for a crate"), "{name}: {error}");
        }
    }

    #[test]
    fn every_placeholder_has_a_value() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Cargo.lock"), "version = 4\n").unwrap();
        let made = tempfile::tempdir().unwrap();
        fill(&Repository::at(root.path()), "my-seats", made.path()).unwrap();
        for (file, _) in FILES {
            let text = fs::read_to_string(made.path().join(file)).unwrap();
            assert!(!["NAME", "WORKSHOP", "IDENTIFIER"].iter().any(|left| text.contains(left)), "{file}");
        }
        let manifest = fs::read_to_string(made.path().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"my-seats\""), "{manifest}");
        manifest.parse::<toml_edit::DocumentMut>().unwrap();
        let test = fs::read_to_string(made.path().join("tests/handler.rs")).unwrap();
        assert!(test.contains("use my_seats::{"), "{test}");
    }
}
