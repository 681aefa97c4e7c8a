//! `cargo workshop doctor`: is this machine ready for the day, with or without
//! a network?
//!
//! Nothing of the workshop is built. What it looks at: the toolchain (`toolchain`), the crates
//! (`crates`), the disk and the terminal (`machine`). Each look has one `finding`.

mod crates;
mod finding;
mod machine;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::Result;

use self::finding::Finding;
use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::terminal;

/// Looks at everything, and says what to do.
pub fn run(repository: &Repository) -> Result<Outcome> {
    let root = repository.root();
    let target = target(root);
    let checks: [&dyn Fn() -> Finding; 11] = [
        &|| toolchain::version("rustc", root),
        &|| toolchain::version("cargo", root),
        &|| toolchain::linker(),
        &|| crates::offline(root),
        &|| machine::disk(&target),
        &|| machine::writable(".workshop", &root.join(".workshop")),
        &|| machine::writable("the target directory", &target),
        &|| machine::temporary(),
        &|| machine::terminal_width(),
        &|| machine::unicode(),
        &|| Finding::Note(machine::for_later()),
    ];
    let mut missing = 0;
    for check in checks {
        let finding = check();
        missing += usize::from(matches!(finding, Finding::Mend(..)));
        terminal::show(&finding.show());
    }
    let last = match missing {
        0 => format!("All is well. Begin with {}.", terminal::code("cargo workshop")),
        1 => format!("One thing to mend; then run {} again.", terminal::code("cargo workshop doctor")),
        more => format!("{more} things to mend; then run {} again.", terminal::code("cargo workshop doctor")),
    };
    terminal::show(&format!("\n{}", terminal::paragraph(&last, "  ")));
    Ok(if missing == 0 { Outcome::Green } else { Outcome::Trouble })
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    let asked = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"].into_iter().find_map(std::env::var_os);
    match asked {
        // Where whoever has set it is.
        Some(path) => std::path::absolute(&path).unwrap_or_else(|_| path.into()),
        None => root.join("target"),
    }
}
