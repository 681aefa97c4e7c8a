//! The files that a story is written to.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};

use crate::player;

/// An error, if there is no place for a file, or somebody else's is there.
pub fn must_be_free(file: &Path, force: bool, is_ours: fn(&Path) -> bool) -> Result<()> {
    let shown = file.display();
    let whole = absolute(file).with_context(|| format!("{shown} is no name for a file"))?;
    let folder = whole.parent().with_context(|| format!("{shown} is no name for a file"))?;
    if !folder.is_dir() {
        bail!("the story cannot be written to {shown}: there is no folder {}", folder.display());
    }
    if whole.is_dir() {
        bail!("the story cannot be written to {shown}: that is a folder");
    }
    if !force && file.symlink_metadata().is_ok() && !is_ours(file) {
        bail!("{}", taken(file));
    }
    Ok(())
}

/// Whether it is a player, which may be replaced: it was made of a story, and can be
/// made of it again.
pub fn is_a_player(file: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| file.take(200).read_to_end(&mut beginning));
    read.is_ok() && player::is_ours(&beginning)
}

/// Writes a file as a whole or not at all.
pub fn write(file: &Path, text: &str, replace: bool) -> Result<()> {
    let shown = file.display();
    let whole = absolute(file).with_context(|| format!("{shown} is no name for a file"))?;
    let folder = whole.parent().with_context(|| format!("{shown} is no name for a file"))?;
    let written = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".story").suffix(".tmp");
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
        Err(error) => Err(error).with_context(|| format!("the story cannot be written to {shown}")),
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
