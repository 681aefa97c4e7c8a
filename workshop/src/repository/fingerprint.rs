//! The fingerprint of what an attendee edits.
//!
//! It is the xxh3 hash (64 bits, 16 hexadecimal digits) of `src/lib.rs`, with
//! line endings normalised to LF, so that it is the same on every platform.
//! Where there is more to edit (other `.rs` files below `src/`, the predictions)
//! each further file follows as a zero byte, its path, a zero byte and its text,
//! in the order of the paths.

use std::fs;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::exercise::Exercise;

/// The fingerprint of the sources as they are now. A file that cannot be read
/// counts as another version of it, not as an error: it is the attendee's.
pub fn fingerprint(exercise: &Exercise) -> String {
    fingerprint_in(&exercise.directory, exercise.predictions.as_deref())
}

/// The same of a copy of the sources, in another directory.
pub fn fingerprint_in(directory: &Path, predictions: Option<&str>) -> String {
    let mut paths = Vec::new();
    collect(&directory.join("src"), "src", &mut paths);
    paths.retain(|path| path != "src/lib.rs");
    paths.extend(predictions.map(str::to_owned));
    paths.sort();

    let mut bytes = read(&directory.join("src").join("lib.rs"));
    for path in paths {
        bytes.push(0);
        bytes.extend(path.bytes());
        bytes.push(0);
        bytes.extend(read(&directory.join(&path)));
    }
    format!("{:016x}", xxh3_64(&bytes))
}

fn collect(directory: &Path, shown: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let shown = format!("{shown}/{name}");
        if name.starts_with('.') {
            // An editor's: never part of the exercise.
        } else if entry.path().is_dir() {
            collect(&entry.path(), &shown, paths);
        } else if name.ends_with(".rs") {
            paths.push(shown);
        }
    }
}

fn read(path: &Path) -> Vec<u8> {
    match fs::read(path) {
        Ok(bytes) => {
            let mut text = Vec::with_capacity(bytes.len());
            for (place, &byte) in bytes.iter().enumerate() {
                if byte != b'\r' || bytes.get(place + 1) != Some(&b'\n') {
                    text.push(byte);
                }
            }
            text
        }
        Err(error) => format!("\0unreadable: {:?}", error.kind()).into_bytes(),
    }
}
