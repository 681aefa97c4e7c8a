//! A file that a command is asked to write: as a whole, and never over somebody else's.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};

/// An error, if there is no place for a file, or if one is there that is not to be
/// replaced. `what` is written: "story".
pub fn must_be_free(what: &str, file: &Path, replace: bool) -> Result<()> {
    let shown = file.display();
    let whole = absolute(file).with_context(|| format!("{shown} is no name for a file"))?;
    let folder = whole.parent().with_context(|| format!("{shown} is no name for a file"))?;
    if !folder.is_dir() {
        bail!("the {what} cannot be written to {shown}: there is no folder {}", folder.display());
    }
    if whole.is_dir() {
        bail!("the {what} cannot be written to {shown}: that is a folder");
    }
    if !replace && file.symlink_metadata().is_ok() {
        bail!("{}", taken(file));
    }
    Ok(())
}

/// Writes a file of something new, below a folder of its own; folders that are missing
/// are made.
pub fn write_below(what: &str, directory: &Path, file: &str, text: &str) -> Result<()> {
    let place = directory.join(file);
    let folder = place.parent().with_context(|| format!("{} is no name for a file", place.display()))?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    write(what, &place, text, false)
}

/// Writes a file as a whole or not at all.
pub fn write(what: &str, file: &Path, text: &str, replace: bool) -> Result<()> {
    let shown = file.display();
    let whole = absolute(file).with_context(|| format!("{shown} is no name for a file"))?;
    let folder = whole.parent().with_context(|| format!("{shown} is no name for a file"))?;
    let written = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".workshop").suffix(".tmp");
        if let Some(permissions) = usual_permissions() {
            builder.permissions(permissions);
        }
        let mut temporary = builder.tempfile_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        match replace {
            true => temporary.persist(&whole)?,
            false => temporary.persist_noclobber(&whole)?,
        };
        Ok(())
    };
    match written() {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!("{}", taken(file)),
        Err(error) => Err(error).with_context(|| format!("the {what} cannot be written to {shown}")),
    }
}

/// Those of any new file: a temporary one would be for its owner alone.
fn usual_permissions() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    None
}

fn taken(file: &Path) -> String {
    format!(
        "{} exists, and is left as it is: choose another name, or add --force to replace it",
        file.display()
    )
}
