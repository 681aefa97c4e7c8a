//! Windows locks the file of a running program, so a command that runs for long
//! would keep cargo from building this one anew. It therefore goes on under
//! another name: a running program can be renamed, and a copy of it takes its
//! place. Elsewhere there is nothing to do.

#![cfg_attr(not(windows), allow(dead_code, reason = "only Windows needs it; the tests run everywhere"))]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the name of a file that was moved aside begins with; the number of a
/// process follows.
const ASIDE: &str = "workshop-running-";

/// Frees the name of the running program, as far as that is needed and
/// possible. If it is not, cargo will say so when it matters.
pub fn step_aside() {
    #[cfg(windows)]
    if let Ok(program) = std::env::current_exe() {
        step_aside_from(&program, std::process::id());
    }
}

/// Frees the name of a program, and the one that cargo links to it: two names of
/// one file.
fn step_aside_from(program: &Path, process: u32) {
    let Some(folder) = program.parent() else { return };
    for name in names_of(program, folder) {
        if let Some(folder) = name.parent() {
            tidy_up(folder);
            _ = replace_by_copy(&name, &folder.join(format!("{ASIDE}{process}.exe")));
        }
    }
}

/// The program, and in `deps` next to it whatever is as long and as old.
fn names_of(program: &Path, folder: &Path) -> Vec<PathBuf> {
    let alike = |path: &Path| {
        let (one, other) = (fs::metadata(program).ok()?, fs::metadata(path).ok()?);
        Some(one.len() == other.len() && one.modified().ok()? == other.modified().ok()?)
    };
    let linked = fs::read_dir(folder.join("deps")).into_iter().flatten().flatten();
    let linked = linked.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("workshop") && !name.starts_with(ASIDE) && alike(path) == Some(true)
    });
    linked.chain([program.to_owned()]).collect()
}

/// Renames a file, and puts a copy in its place. The copy is as old as the file,
/// so cargo sees no difference. If it cannot be made, the file gets its name back.
fn replace_by_copy(file: &Path, aside: &Path) -> io::Result<()> {
    let modified = fs::metadata(file)?.modified()?;
    fs::rename(file, aside)?;
    // Under a name of its own first: half a program must never have this one.
    let half = aside.with_extension("tmp");
    let copied = fs::copy(aside, &half)
        .and_then(|_| fs::File::options().write(true).open(&half)?.set_modified(modified))
        .and_then(|()| fs::rename(&half, file));
    if copied.is_err() {
        _ = fs::remove_file(&half);
        if !file.exists() {
            _ = fs::rename(aside, file);
        }
    }
    copied
}

/// Removes what earlier commands left, unless they still run: then the system
/// keeps it.
fn tidy_up(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(ASIDE) {
            _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_the_place_of_the_running_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("deps")).unwrap();
        for (name, text) in [
            ("workshop.exe", "the program"),
            ("deps/workshop-older.exe", "another one"),
            ("workshop-running-1.exe", "of an earlier command"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        fs::hard_link(path("workshop.exe"), path("deps/workshop.exe")).unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        fs::File::options().write(true).open(path("workshop.exe")).unwrap().set_modified(old).unwrap();

        step_aside_from(&path("workshop.exe"), 7);

        // The names are free of the running program, and look as they did.
        for (name, aside) in
            [("workshop.exe", "workshop-running-7.exe"), ("deps/workshop.exe", "deps/workshop-running-7.exe")]
        {
            assert_eq!(fs::read_to_string(path(name)).unwrap(), "the program");
            assert_eq!(fs::metadata(path(name)).unwrap().modified().unwrap(), old);
            fs::write(path(name), "built anew").unwrap();
            assert_eq!(fs::read_to_string(path(aside)).unwrap(), "the program");
        }
        assert!(!path("workshop-running-1.exe").exists(), "what is left over goes");
        assert!(!path("deps/workshop-running-1.exe").exists());
        assert!(path("deps/workshop-older.exe").exists());
        assert!(fs::read_dir(folder.path()).unwrap().count() == 3, "nothing else is left");
    }

    #[test]
    fn a_program_that_cannot_be_copied_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (file, aside) = (folder.path().join("workshop.exe"), folder.path().join("aside.exe"));
        fs::write(&file, "the program").unwrap();
        fs::create_dir(folder.path().join("aside.tmp")).unwrap();
        assert!(replace_by_copy(&file, &aside).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "the program");
    }
}
