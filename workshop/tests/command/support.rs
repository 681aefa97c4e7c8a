//! A workshop in miniature, in a temporary directory, and the real command run
//! in it.
//!
//! Its exercises are crates without dependencies that compile in a second. What
//! their handlers would do is decided by a constant, `CASE`, in `src/lib.rs`;
//! their tests write by hand the records that the test harness would leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_64;

/// The library of an exercise or a solution in this case.
pub fn library(case: &str) -> String {
    format!("//! The handler.\n\n/// What it does.\npub const CASE: &str = \"{case}\";\n")
}

/// The tests of every exercise, and of its solution: one text for both.
///
/// - `todo`: nothing is done yet
/// - `violated`: a monkey's run and a search have stories; one test fails by itself
/// - `unsure`: a search has no verdict
/// - `plain`: only the test that fails by itself does
/// - `silent`: a run is recorded as violated, and its test is content with that
/// - `half`: a monkey's run has a story, and the search finds something not done
/// - `mispredicted`: the harness is content, or its tests are, and then they fail
/// - `dies`: the test program ends early
/// - `leaves`: it ends early, in a run, and says that all is well
/// - `holds`: all is well
pub const TESTS: &str = r#"//! The checks.

use PACKAGE::CASE;

fn record(test: &str, verdict: &str, single: bool, text: &str, replay: &str) {
    let Ok(directory) = std::env::var("CHAOS_REPORTS") else { return };
    let headline = text.lines().next().unwrap();
    let package = env!("CARGO_PKG_NAME");
    let replay = if replay.is_empty() { "null".to_owned() } else { format!("{replay:?}") };
    let states = if single { 0 } else { 1234567 };
    // Of a search that can be made: a start, and an end that is right or wrong.
    let asked = std::env::var_os("CHAOS_SPACE").is_some() && !single && ["holds", "violated"].contains(&verdict);
    let (kind, way) = if verdict == "holds" { ("right", "[]") } else { ("wrong", "[0,1]") };
    let space = if asked {
        format!(
            "{{\"bounds\":\"<b>2 messages</b>\",\"found\":{states},\"whole\":true,\"faults\":[\"it & crashes\"],\"way\":{way},\
             \"states\":[{{\"faults\":0,\"depth\":0}},{{\"faults\":1,\"depth\":1,\"kind\":\"{kind}\",\"lost\":true}}],\
             \"steps\":[{{\"from\":0,\"to\":1,\"fault\":0}}]}}"
        )
    } else {
        "null".to_owned()
    };
    let json = format!(
        "{{\"package\":{package:?},\"test\":{test:?},\"verdict\":{verdict:?},\"headline\":{headline:?},\
         \"text\":{text:?},\"story\":{text:?},\"coverage\":[\"the lock expires\"],\"states\":{states},\
         \"single\":{single},\"replay\":{replay},\"space\":{space}}}"
    );
    let place = std::path::Path::new(&directory).join(format!("1-{test}-{}.json", u8::from(single)));
    std::fs::write(place, json).unwrap();
}

fn judge(test: &str, verdict: &str, single: bool, text: &str) {
    record(test, verdict, single, text, "");
    if verdict != "holds" {
        eprintln!("\n{text}");
        std::panic::resume_unwind(Box::new("told"));
    }
}

/// The harness knows two codes, of two monkeys' runs.
fn replayed(test: &str) -> bool {
    match (std::env::var("CHAOS_REPLAY").as_deref(), CASE) {
        (Ok(code @ "CODE_KNOWN"), "violated") => {
            record(test, "violated", true, "VIOLATED: Replayed\n\nThe replayed story.", code);
        }
        (Ok(code @ "CODE_KNOWN"), "holds") => record(test, "holds", true, "HOLDS in this run", code),
        (Ok("CODE_KNOWN"), _) => record(
            test,
            "inconclusive",
            false,
            "INCONCLUSIVE (1 message)\n\nThis code was recorded with other\ncode: at step 4 it wants choice 2.",
            "",
        ),
        _ => return false,
    }
    true
}

#[test]
fn z_happy_path() {
    if CASE == "half" {
        record("z_happy_path", "holds", true, "HOLDS in this run\n\n  broker │ a happy story", "");
    }
    assert!(CASE != "plain" && CASE != "violated", "one tea was ordered, and none is there");
}

#[test]
fn a_monkey() {
    if std::env::var_os("CHAOS_LIVE").is_some() {
        let of = |name: &str| std::env::var(name).unwrap_or_default();
        eprintln!("» live: {} of {}", of("CHAOS_REPLAY"), of("CARGO_PKG_NAME"));
        assert_eq!(of("CHAOS_WATCHDOG_SECONDS"), "0");
        std::panic::resume_unwind(Box::new("the run is over"));
    }
    if replayed("a_monkey") {
        return;
    }
    match CASE {
        "todo" => judge("a_monkey", "not-done", true, "NOT DONE YET\n\nNot done yet: step 2: say what was\nadded (src/lib.rs:3)."),
        "violated" => judge("a_monkey", "violated", true, "VIOLATED: NoLostMessages\n\n  broker │ the monkey's story"),
        "half" => judge("a_monkey", "violated", true, "VIOLATED: NoLostMessages\n\n  broker │ the monkey's story"),
        "mispredicted" => {
            record("a_monkey", "violated", true, "VIOLATED: NoGhostMessages\n\nNever shown.", "");
            panic!("you predicted that nothing is lost");
        }
        "silent" => record("a_monkey", "violated", true, "VIOLATED: NoGhostMessages\n\nNever shown.", ""),
        _ => judge("a_monkey", "holds", true, "HOLDS in this run (2 messages)\n\n  broker │ a story of all that is well"),
    }
}

#[test]
fn every_schedule() {
    match CASE {
        "mispredicted" => {
            let text = "HOLDS: 99 schedules";
            record("every_schedule", "holds", false, text, "");
            eprintln!("{text}");
            panic!("you predicted 98 schedules");
        }
        "todo" | "half" => judge("every_schedule", "not-done", false, "NOT DONE YET\n\nNot done yet: step 3 (src/lib.rs:9)."),
        "violated" => judge("every_schedule", "violated", false, "VIOLATED: NoLostMessages, with 1 fault in 12 steps\n\nThe search's story."),
        "unsure" => judge("every_schedule", "inconclusive", false, "INCONCLUSIVE (2 messages)\n\nThe document keeps growing."),
        "dies" => std::process::exit(7),
        "leaves" => {
            if let Ok(directory) = std::env::var("CHAOS_REPORTS") {
                let mark = std::path::Path::new(&directory).join("1-0.running");
                std::fs::write(mark, "every_schedule").unwrap();
            }
            std::process::exit(0)
        }
        _ => judge("every_schedule", "holds", false, "HOLDS: 99 schedules in 1,234,567 states, 8 tried, space exhausted (2 messages × 2 workers × at most 1 fault)"),
    }
}

#[test]
#[ignore = "stretch"]
fn stretch() {
    panic!("the stretch is not for everyone");
}
"#;

/// The page of every exercise.
pub const PAGE: &str = "# Do it\n\nThe answers are in [answers.md](answers.md).\n";

/// The hints of every exercise.
pub const HINTS: &str = "# Hints\n\n## What is `CASE`?\n\n<details><summary>Where to look</summary>\n\n\
    In `src/lib.rs`.\n\n<details><summary>Which rule</summary>\n\nOne.\n\n<details><summary>Code</summary>\n\n\
    ```rust\npub const CASE: &str = \"holds\";\n```\n</details></details></details>\n\n## And then?\n\n\
    <details><summary>Where to look</summary>\n\nAt the *next* one.\n</details>\n";

/// A replay code of exercise 03 that the miniature's tests know.
pub static KNOWN: LazyLock<String> = LazyLock::new(|| sound("03-7k2m-00402"));

/// The code with two characters that make it a sound one.
pub fn sound(code: &str) -> String {
    let letters = || "0123456789abcdefghjkmnpqrstvwxyz".chars();
    let endings = letters().flat_map(|one| letters().map(move |two| format!("{one}{two}")));
    endings
        .map(|ending| format!("{code}{ending}"))
        .find(|code| code.parse::<records::ReplayCode>().is_ok())
        .expect("every code has an ending that is right")
}

/// A workshop in miniature.
pub struct Miniature {
    folder: TempDir,
}

/// What the command did.
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Miniature {
    /// A workshop with these exercises, the untouched starters of which are in
    /// case `todo`, and their solutions in case `holds`.
    pub fn with(names: &[&str]) -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        this.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"exercises/[0-9]*\", \"solutions/[0-9]*\"]\n\n[profile.dev]\ndebug = false\n",
        );
        fs::create_dir_all(this.path("exercises")).unwrap();
        for name in names {
            this.add(name);
        }
        this
    }

    /// Adds an exercise.
    pub fn add(&self, name: &str) {
        let tests = TESTS.replace("CODE_KNOWN", &KNOWN);
        for (folder, prefix, case) in [("exercises", "ex", "todo"), ("solutions", "sol", "holds")] {
            let package = format!("{prefix}{name}");
            self.write(
                &format!("{folder}/{name}/Cargo.toml"),
                &format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ntest = false\ndoctest = false\n"),
            );
            self.write(&format!("{folder}/{name}/src/lib.rs"), &library(case));
            let tests = tests.replace("PACKAGE", &package.replace('-', "_"));
            self.write(&format!("{folder}/{name}/tests/checks.rs"), &tests);
        }
        self.write(&format!("exercises/{name}/README.md"), PAGE);
        self.write(&format!("exercises/{name}/answers.md"), "# Answers\n");
        self.write(&format!("exercises/{name}/hints.md"), HINTS);
        self.write(&format!("workshop/starters/{name}/src/lib.rs"), &library("todo"));
        self.write(
            &format!("exercises/{name}/exercise.toml"),
            &format!(
                "title = \"Title of {name}\"\nminutes = 30 # or so\nsummary = \"what it asks for\"\n\
                 starter = \"{}\" # by verify\n\n[tests]\n\"z_happy_path\" = \"green\"\n\
                 \"a_monkey\" = \"red: Not done yet: step 2: say what was added\"\n\
                 \"every_schedule\" = \"red: Not done yet: step 3\"\n\"stretch\" = \"ignored\"\n",
                hash(&library("todo"))
            ),
        );
    }

    /// The path of something in it.
    pub fn path(&self, inner: &str) -> PathBuf {
        inner.split('/').fold(self.folder.path().to_owned(), |path, part| path.join(part))
    }

    /// Writes a file.
    pub fn write(&self, inner: &str, text: &str) {
        let path = self.path(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, inner: &str) -> String {
        fs::read_to_string(self.path(inner)).unwrap_or_else(|error| panic!("{inner}: {error}"))
    }

    /// Changes a file; the text to be replaced must be there.
    pub fn replace(&self, inner: &str, from: &str, to: &str) {
        let text = self.read(inner);
        assert!(text.contains(from), "{inner} does not contain {from:?}");
        self.write(inner, &text.replace(from, to));
    }

    /// Makes this the starter of an exercise, wherever it is written.
    pub fn ship(&self, name: &str, source: &str) {
        let old = hash(&self.read(&format!("workshop/starters/{name}/src/lib.rs")));
        self.replace(&format!("exercises/{name}/exercise.toml"), &old, &hash(source));
        self.write(&format!("workshop/starters/{name}/src/lib.rs"), source);
        self.write(&format!("exercises/{name}/src/lib.rs"), source);
    }

    /// What the attendee does in an exercise: puts its handler into a case.
    pub fn solve(&self, name: &str, case: &str) {
        self.write(&format!("exercises/{name}/src/lib.rs"), &library(case));
    }

    /// Runs the command at the root.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(self.folder.path(), arguments)
    }

    /// Runs the command in a directory.
    pub fn run_in(&self, directory: &Path, arguments: &[&str]) -> Ran {
        Ran::of(workshop().current_dir(directory).args(arguments))
    }
}

/// The hash of a source, as `exercise.toml` declares it.
pub fn hash(text: &str) -> String {
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

/// The real command, free of what the surrounding `cargo test` has set.
pub fn workshop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "RUSTFLAGS", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

impl Ran {
    /// Runs a command.
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let ran = Self {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        };
        // Whatever it was: it fits, has no colours, and is no crash.
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 80, "wider than 80 columns: {line}\n{ran}");
        }
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "colours without a terminal\n{ran}");
        assert!(!ran.err.contains("panicked at src"), "{ran}");
        assert!(!format!("{ran}").contains("stack backtrace"), "{ran}");
        ran
    }

    /// Demands an exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Demands that these are said on standard output, in this order, whatever
    /// the line breaks.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        let said = unwrapped(&self.out);
        let mut rest = said.as_str();
        for text in texts {
            let Some(place) = rest.find(&unwrapped(text)) else {
                panic!("{text:?} is not said here:\n{self}")
            };
            rest = &rest[place..];
        }
        self
    }

    /// Demands that this is said nowhere.
    #[track_caller]
    pub fn does_not_say(self, text: &str) -> Self {
        let said = unwrapped(&self.out) + &unwrapped(&self.err);
        assert!(!said.contains(&unwrapped(text)), "{text:?} is said here:\n{self}");
        self
    }

    /// Demands exit code 2, and one sentence with all of this as the error.
    #[track_caller]
    pub fn ends_in_trouble(self, texts: &[&str]) -> Self {
        let this = self.exits(2);
        // What is waited for is told before.
        let waited = ["Building", "Running the tests", "Waiting for another cargo"];
        let error = this.err.lines().filter(|line| !waited.iter().any(|start| line.starts_with(start)));
        let said = unwrapped(&error.collect::<Vec<_>>().join("\n"));
        assert!(said.starts_with("error: ") && said.ends_with('.'), "no sentence\n{this}");
        for text in texts {
            assert!(said.contains(text), "{text:?} is not said here:\n{this}");
        }
        assert!(this.err.lines().all(|line| line.chars().count() <= 80), "{this}");
        this
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "exit code {}\n--- out\n{}\n--- err\n{}", self.code, self.out, self.err)
    }
}

fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
