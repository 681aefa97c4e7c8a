//! Opens a page in the browser of whoever sits there.

use std::path::Path;

use anyhow::{Context, Result};

/// Opens a file with whatever this system opens such files with.
pub fn open(file: &Path) -> Result<()> {
    let named = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    open::that_detached(named)
        .with_context(|| format!("no browser could be started here; open {} in one yourself", file.display()))
}
