//! The files of an exercise that its attendee edits: read, compared, put back.
//!
//! They are everything below `src/`, be it Rust, text or neither, and the
//! predictions. What begins with a dot is an editor's, and is left alone.
//!
//! A file is written next to its place and renamed, so that whoever looks sees
//! the old one or the new one, and nothing in between.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// How the name of a file begins that is not in its place yet.
const UNFINISHED: &str = ".workshop-";

/// Files, by their paths from the directory that they are in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files(BTreeMap<PathBuf, Contents>);

/// What is in a file, and who may do what with it.
#[derive(Clone, Debug)]
struct Contents {
    bytes: Vec<u8>,
    permissions: Permissions,
}

impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes && are_the_same(&self.permissions, &other.permissions)
    }
}

impl Files {
    /// Reads them; those that are not there are none.
    pub fn read(directory: &Path, predictions: Option<&str>) -> Result<Self> {
        let mut files = Self::default();
        files.collect(directory, Path::new("src"))?;
        if let Some(predictions) = predictions {
            files.collect(directory, Path::new(predictions))?;
        }
        Ok(files)
    }

    fn collect(&mut self, directory: &Path, path: &Path) -> Result<()> {
        let place = directory.join(path);
        let unreadable = || format!("{} cannot be read", place.display());
        let metadata = match fs::symlink_metadata(&place) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(error).with_context(unreadable),
        };
        if metadata.is_dir() {
            for entry in fs::read_dir(&place).with_context(unreadable)? {
                let name = entry.with_context(unreadable)?.file_name();
                if !name.as_encoded_bytes().starts_with(b".") {
                    self.collect(directory, &path.join(name))?;
                }
            }
        } else if metadata.is_file() {
            let bytes = fs::read(&place).with_context(unreadable)?;
            self.0.insert(path.to_owned(), Contents { bytes, permissions: metadata.permissions() });
        } else {
            bail!(
                "{} is a link, or no file at all, and cannot be saved: move it elsewhere, and run the command again",
                place.display()
            );
        }
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// What is in one of them.
    pub fn get(&self, path: &Path) -> Option<&[u8]> {
        self.0.get(path).map(|contents| contents.bytes.as_slice())
    }

    /// Takes a file over from others, if it is there.
    pub fn take_over(&mut self, path: &Path, others: &Self) {
        if let Some(contents) = others.0.get(path) {
            self.0.insert(path.to_owned(), contents.clone());
        }
    }

    /// Whether the same is in them, whoever may read it.
    pub fn say_the_same_as(&self, others: &Self) -> bool {
        self.0.len() == others.0.len()
            && self
                .0
                .iter()
                .zip(&others.0)
                .all(|(one, other)| (one.0, &one.1.bytes) == (other.0, &other.1.bytes))
    }

    /// Writes them into a directory in which nobody looks yet.
    pub fn write_into(&self, directory: &Path) -> Result<()> {
        for (path, contents) in &self.0 {
            contents.put(&directory.join(path))?;
        }
        Ok(())
    }

    /// Makes these the files of a directory, in which there are `present` ones:
    /// what is not among these goes.
    pub fn replace(&self, directory: &Path, present: &Self) -> Result<()> {
        for path in present.0.keys().filter(|path| !self.0.contains_key(*path)) {
            let place = directory.join(path);
            writable(&place);
            fs::remove_file(&place).with_context(|| format!("{} cannot be removed", place.display()))?;
        }
        sweep(&directory.join("src"));
        for (path, contents) in &self.0 {
            if present.0.get(path) != Some(contents) {
                contents.put(&directory.join(path))?;
            }
        }
        Ok(())
    }
}

impl Contents {
    fn put(&self, place: &Path) -> Result<()> {
        self.try_to_put(place).with_context(|| format!("{} cannot be written", place.display()))
    }

    fn try_to_put(&self, place: &Path) -> Result<()> {
        let folder = place.parent().context("it is in no directory")?;
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).suffix(".tmp").tempfile_in(folder)?;
        file.write_all(&self.bytes)?;
        file.as_file().set_permissions(self.permissions.clone())?;
        file.as_file().sync_all()?;
        writable(place);
        file.persist(place)?;
        // Where renaming has lost them.
        if !are_the_same(&fs::metadata(place)?.permissions(), &self.permissions) {
            fs::set_permissions(place, self.permissions.clone())?;
        }
        sync(folder);
        Ok(())
    }
}

/// Writes a file next to its place, and renames it.
pub fn write_whole(place: &Path, bytes: &[u8]) -> Result<()> {
    let folder = place.parent().context("it is in no directory")?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).suffix(".tmp").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(place)?;
    Ok(())
}

/// Makes sure that what was renamed in a directory stays so, where directories
/// can be synchronised.
pub fn sync(directory: &Path) {
    if let Ok(directory) = File::open(directory) {
        _ = directory.sync_all();
    }
}

/// Who may do what; elsewhere there are attributes that come and go by
/// themselves, and only one of them matters.
#[cfg(unix)]
fn are_the_same(one: &Permissions, other: &Permissions) -> bool {
    one == other
}

#[cfg(not(unix))]
fn are_the_same(one: &Permissions, other: &Permissions) -> bool {
    one.readonly() == other.readonly()
}

/// On Windows a file that is read-only can be neither replaced nor removed.
#[cfg(windows)]
#[expect(clippy::permissions_set_readonly_false, reason = "on Windows it means what it says")]
fn writable(place: &Path) {
    if let Ok(metadata) = fs::metadata(place) {
        let mut permissions = metadata.permissions();
        if permissions.readonly() {
            permissions.set_readonly(false);
            _ = fs::set_permissions(place, permissions);
        }
    }
}

#[cfg(not(windows))]
fn writable(_: &Path) {}

/// Removes what a command that was killed has left half written, and every
/// directory in which there is nothing any more.
fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !name.starts_with('.') => {
                sweep(&entry.path());
                // One that is not empty stays.
                _ = fs::remove_dir(entry.path());
            }
            Ok(kind) if kind.is_file() && name.starts_with(UNFINISHED) && name.ends_with(".tmp") => {
                _ = fs::remove_file(entry.path());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, path: &str, bytes: &[u8]) {
        let place = directory.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }

    #[test]
    fn files_are_read_and_put_back_byte_by_byte() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(one.path(), "src/lib.rs", b"\xff\xfe\0\r\n");
        write(one.path(), "src/deep/er/notes", b"");
        write(one.path(), "src/.lib.rs.swp", b"an editor's");
        write(one.path(), "predictions.txt", b"no end");
        write(one.path(), "README.md", b"not mine");
        let files = Files::read(one.path(), Some("predictions.txt")).unwrap();
        let paths: Vec<_> = files.paths().map(|path| path.to_string_lossy().replace('\\', "/")).collect();
        assert_eq!(paths, ["predictions.txt", "src/deep/er/notes", "src/lib.rs"]);

        write(other.path(), "src/lib.rs/was/a/directory.rs", b"x");
        write(other.path(), "src/gone/.keep", b"an editor's");
        write(other.path(), "src/gone/gone.rs", b"x");
        write(other.path(), "src/.workshop-half.tmp", b"of a command that was killed");
        let present = Files::read(other.path(), Some("predictions.txt")).unwrap();
        files.replace(other.path(), &present).unwrap();
        assert_eq!(Files::read(other.path(), Some("predictions.txt")).unwrap(), files);
        assert!(other.path().join("src/gone/.keep").exists());
        assert!(!other.path().join("src/.workshop-half.tmp").exists());
        Files::default().replace(other.path(), &files).unwrap();
        assert!(Files::read(other.path(), Some("predictions.txt")).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_links_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(one.path(), "src/lib.rs", b"1");
        fs::set_permissions(one.path().join("src/lib.rs"), Permissions::from_mode(0o540)).unwrap();
        let files = Files::read(one.path(), None).unwrap();
        write(other.path(), "src/lib.rs", b"1");
        let present = Files::read(other.path(), None).unwrap();
        assert!(present.say_the_same_as(&files) && present != files);
        files.replace(other.path(), &present).unwrap();
        assert_eq!(Files::read(other.path(), None).unwrap(), files);
        std::os::unix::fs::symlink("lib.rs", other.path().join("src/link.rs")).unwrap();
        let error = Files::read(other.path(), None).unwrap_err().to_string();
        assert!(error.contains("link.rs is a link"), "{error}");
    }
}
