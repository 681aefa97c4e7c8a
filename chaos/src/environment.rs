//! What is asked of a test run through the environment.
//!
//! Whoever runs tests sets some of these by hand:
//!
//! | variable | what it asks |
//! |---|---|
//! | [`CHAOS_REPLAY`](REPLAY) | play the one run of this code again; it is printed under the story that a search tells, unless that has no end |
//! | [`CHAOS_VERBOSE`](VERBOSE) | say of each search how much it tried, and which faults struck; show the story of one that is red, even where a test expects that |
//! | [`CHAOS_NAMING`](NAMING) | `descending` or `scrambled`: other fresh ids than usual, in every search |
//! | [`CHAOS_WATCHDOG_SECONDS`](WATCHDOG_SECONDS) | give a handler up that has not come back for so many seconds, instead of [5](crate::limits::WATCHDOG_SECONDS); 0 for never, under a debugger |
//! | [`CHAOS_WIDTH`](WIDTH) | how many columns a story may have, 60 to 160, instead of 80 |
//! | [`CHAOS_DEEPER`](DEEPER) | `messages=3 workers=2 faults=3 stale=2 late=1 states=1000000`: other bounds, each optional; `late=1` for every class of faults; of the test's messages, the first so many |
//! | [`CHAOS_LIVE`](LIVE) | with `CHAOS_REPLAY`: run that run's handlers once, on the test's own thread; then the test is over |
//!
//! The others are between programs. The command of the workshop sets them, and any
//! other front end may; what is written is described in the crate `records`:
//!
//! | variable | what it asks |
//! |---|---|
//! | [`CHAOS_REPORTS`](REPORTS) | leave a record of every run and search in this directory |
//! | [`CHAOS_FILMS`](FILMS) | put the run that is told into that record, step by step |
//! | [`CHAOS_SPACE`](SPACE) | put the states that a search finds into that record, to be drawn |
//! | [`CHAOS_PLAN`](PLAN) | write here what would be searched, and search nothing |
//! | [`CHAOS_PROGRESS`](PROGRESS) | write here, now and then, how far the search has come |
//! | [`CHAOS_STOP`](STOP) | give up once this file exists |
//! | [`CHAOS_ALIVE`](ALIVE) | give up once nobody holds this file locked: whoever asked is gone |
//! | [`CHAOS_TRIAL`](TRIAL) | set by a test program for itself: this process is a trial, and of what |
//!
//! Besides, `CARGO_PKG_NAME` is read, which Cargo sets for a test: it stands in the line
//! that plays a run again. Nothing else of the environment is looked at, and no
//! verdict depends on it but where a variable above says so.
//!
//! One that is of use, and no concern of this crate's: `RUST_LIB_BACKTRACE=0`. A search
//! makes simulated errors by the hundred thousand, and with `RUST_BACKTRACE=1` each
//! [`anyhow::Error`] in a handler would look where it is.

/// Play the one run of this code again.
pub const REPLAY: &str = "CHAOS_REPLAY";
/// Say more.
pub const VERBOSE: &str = "CHAOS_VERBOSE";
/// Other fresh ids than usual.
pub const NAMING: &str = "CHAOS_NAMING";
/// When a handler is given up.
pub const WATCHDOG_SECONDS: &str = "CHAOS_WATCHDOG_SECONDS";
/// How wide a story may be.
pub const WIDTH: &str = "CHAOS_WIDTH";
/// Other bounds than those of the test.
pub const DEEPER: &str = "CHAOS_DEEPER";
/// Run the handlers of a recorded run once.
pub const LIVE: &str = "CHAOS_LIVE";
/// A directory for records.
pub const REPORTS: &str = "CHAOS_REPORTS";
/// Put films into the records.
pub const FILMS: &str = "CHAOS_FILMS";
/// Put the states of searches into the records.
pub const SPACE: &str = "CHAOS_SPACE";
/// A file for what would be searched.
pub const PLAN: &str = "CHAOS_PLAN";
/// A file for how far the search has come.
pub const PROGRESS: &str = "CHAOS_PROGRESS";
/// A file that ends the search.
pub const STOP: &str = "CHAOS_STOP";
/// A file that is locked for as long as the search is wanted.
pub const ALIVE: &str = "CHAOS_ALIVE";
/// This process is a trial.
pub const TRIAL: &str = "CHAOS_TRIAL";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    const HERE: &str = include_str!("environment.rs");

    fn is_of_a_name(character: char) -> bool {
        character.is_ascii_uppercase() || character == '_'
    }

    /// Every name that stands in a text in this folder, with the file that it is in.
    fn names(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names(&path, found);
            } else if !path.ends_with("environment.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let quoted = text
                    .split('"')
                    .skip(1)
                    .filter(|part| part.starts_with("CHAOS_") && part.chars().all(is_of_a_name));
                found.extend(quoted.map(|name| (path.display().to_string(), name.to_owned())));
            }
        }
    }

    #[test]
    fn every_variable_is_named_here_and_nowhere_else() {
        let mut elsewhere = Vec::new();
        names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut elsewhere);
        assert_eq!(elsewhere, [], "take its constant from crate::environment");
        let said = HERE.split("#[cfg(test)]").next().unwrap();
        let constants = said.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1));
        for name in constants {
            assert!(said.contains(&format!("//! | [`{name}`]")), "{name} is in no table");
        }
    }
}
