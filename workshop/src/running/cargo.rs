//! Starts `cargo test` as a child: first to build, then to run.
//!
//! Two steps, because a compile error and a red test are different news, and
//! cargo's exit code does not tell them apart. The build is read as JSON, where
//! every message names its package.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use records::Record;
use serde::Deserialize;

use super::child::Patience;
use super::{left_records, libtest};
use crate::repository::{Exercise, Name, Repository};

/// How cargo is called.
#[derive(Debug)]
pub struct Cargo {
    root: PathBuf,
    /// Whether the user's own compiler flags are left out.
    pub plain_flags: bool,
    /// Whether every search gives fresh ids other names than usual.
    pub other_ids: bool,
    /// Whether golden files that are out of step are written anew; otherwise they
    /// are left alone, whatever whoever runs this has set.
    pub keep_golden: bool,
    /// The only test program that is built and run, if not all are.
    pub target: Option<&'static str>,
    /// How it is waited for.
    pub patience: Patience,
    /// What else the tests are told through their environment.
    pub environment: Vec<(&'static str, OsString)>,
}

/// One package, and where its manifest is.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The directory it is in.
    pub directory: PathBuf,
}

impl Package {
    /// That of an exercise.
    pub fn of(exercise: &Exercise) -> Self {
        Self { name: exercise.name.package(), directory: exercise.directory.clone() }
    }

    /// That of our solution to it.
    pub fn of_solution(repository: &Repository, name: &Name) -> Self {
        Self { name: name.solution_package(), directory: repository.solution(name) }
    }
}

/// What a build came to.
#[derive(Debug)]
pub enum Built {
    /// It went well.
    Done {
        /// The compiler's warnings on this package.
        warnings: Vec<String>,
        /// Its test programs.
        programs: Vec<PathBuf>,
    },
    /// The package does not compile; this is what the compiler says.
    Errors(String),
}

/// What running the tests of a package came to.
#[derive(Debug)]
pub struct TestRun {
    /// The outcome of each test.
    pub output: libtest::Output,
    /// What the harness recorded.
    pub records: Vec<Record>,
    /// What a test program said that ended before its tests were done.
    pub crash: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    reason: String,
    manifest_path: Option<PathBuf>,
    message: Option<Message>,
    /// The program that was made, or is there already.
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
}

impl Cargo {
    /// Cargo, run at the root of the repository.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            plain_flags: false,
            other_ids: false,
            keep_golden: false,
            target: None,
            patience: Patience::default(),
            environment: Vec::new(),
        }
    }

    /// The same, with other fresh ids in every search.
    pub fn with_other_ids(&self) -> Self {
        Self {
            root: self.root.clone(),
            other_ids: true,
            patience: self.patience.clone(),
            environment: self.environment.clone(),
            ..*self
        }
    }

    /// Builds the tests of a package.
    ///
    /// An error means that something else than this package is in the way.
    pub fn build(&self, package: &Package) -> Result<Built> {
        let mut command = self.command(package);
        command.args(["--no-run", "--message-format=json-diagnostic-rendered-ansi"]);
        let notice = format!("Building {}; the first time takes a minute.", package.name);
        let output = self.patience.wait(&mut command, &notice, None)?;
        let manifest = canonical(&package.directory.join("Cargo.toml"));
        let (mut errors, mut warnings, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let mut programs = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(Line { reason, manifest_path: Some(path), message, executable }) =
                serde_json::from_str(line)
            else {
                continue;
            };
            let ours = canonical(&path) == manifest;
            programs.extend(executable.filter(|_| ours));
            // The library is compiled twice, with and without its tests, and
            // says the same both times.
            if let Some(Message { level, rendered: Some(text) }) =
                message.filter(|_| reason == "compiler-message")
            {
                let list = match (level.as_str(), ours) {
                    ("error" | "error: internal compiler error", true) => &mut errors,
                    ("warning", true) => &mut warnings,
                    ("error" | "error: internal compiler error", false) => &mut others,
                    _ => continue,
                };
                if !list.contains(&text) {
                    list.push(text);
                }
            }
        }
        if output.status.success() {
            Ok(Built::Done { warnings, programs })
        } else if errors.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            // How far cargo has come is told meanwhile.
            let about_itself = ["Compiling ", "Blocking ", "Downloading ", "Downloaded ", "Locking "];
            let said = said
                .lines()
                .filter(|line| !about_itself.iter().any(|start| line.trim_start().starts_with(start)));
            let said = others.concat() + said.collect::<Vec<_>>().join("\n").trim();
            crate::terminal::pass_on(&said);
            bail!(
                "cargo could not build {}, and the reason is outside of the exercise: see above",
                package.name
            )
        } else {
            Ok(Built::Errors(errors.concat()))
        }
    }

    /// Runs the tests of a package, which was built before.
    pub fn test(&self, package: &Package, replay: Option<&str>, filter: &[String]) -> Result<TestRun> {
        let reports = tempfile::tempdir().context("no temporary directory can be made")?;
        let mut command = self.command(package);
        command.arg("--no-fail-fast").env("CHAOS_REPORTS", reports.path());
        let progress = reports.path().join("progress");
        if std::io::stderr().is_terminal() {
            command.env("CHAOS_PROGRESS", &progress);
        }
        // What is compared with files must not depend on the terminal.
        if !self.plain_flags {
            command.env("CHAOS_WIDTH", crate::terminal::story_width().to_string());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(code) = replay {
            command.env("CHAOS_REPLAY", code);
        }
        if self.other_ids {
            command.env("CHAOS_NAMING", "scrambled");
        }
        command.env("INSTA_UPDATE", if self.keep_golden { "always" } else { "no" });
        if !filter.is_empty() {
            command.arg("--").args(filter);
        }
        let notice = format!("Running the tests of {}.", package.name);
        let output = self.patience.wait(&mut command, &notice, Some(&progress))?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stdout = anstream::adapter::strip_str(&stdout).to_string();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let parsed = libtest::parse(&stdout);
        let failed = parsed.tests.iter().any(|test| test.result == libtest::TestResult::Failed);
        let crash = (parsed.unfinished > 0 || (!output.status.success() && !failed))
            .then(|| last_words(&anstream::adapter::strip_str(&stderr).to_string()))
            .map(|words| words + &where_it_ended(&left_records::running(reports.path())));
        let mut records = left_records::read(reports.path());
        records.retain(|record| record.package == package.name);
        Ok(TestRun { output: parsed, records, crash })
    }

    /// `cargo test --package … --tests`, without what cargo told *this*
    /// process about itself, and without what changes the form of the output.
    fn command(&self, package: &Package) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        command.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let ours =
                ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|start| text.starts_with(start));
            if ours || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&&*text) {
                command.env_remove(&name);
            }
        }
        for name in ["CARGO_TERM_QUIET", "CARGO_TERM_VERBOSE", "RUST_TEST_NOCAPTURE"] {
            command.env_remove(name);
        }
        ask_nothing(&mut command);
        // It is run at the root, and whoever has set a path was elsewhere.
        for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "CARGO_HOME"] {
            if let Some(path) = std::env::var_os(name).filter(|path| Path::new(path).is_relative())
                && let Ok(path) = std::path::absolute(path)
            {
                command.env(name, path);
            }
        }
        if self.plain_flags {
            for name in
                ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_WARNINGS"]
            {
                command.env_remove(name);
            }
        }
        command.env("RUST_BACKTRACE", "0").env("RUST_LIB_BACKTRACE", "0").env("CARGO_TERM_COLOR", "never");
        command.args(["test", "--package", &package.name]);
        match self.target {
            Some(target) => command.args(["--test", target]),
            None => command.arg("--tests"),
        };
        command
    }
}

/// Takes out whatever the engine is asked through the environment, be it left behind in
/// a shell: what it is asked is ours to say. Its watchdog, and how much it prints, are
/// the user's.
pub fn ask_nothing(command: &mut Command) {
    const OF_THE_USER: [&str; 2] = ["CHAOS_VERBOSE", "CHAOS_WATCHDOG_SECONDS"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CHAOS_") && !OF_THE_USER.contains(&&*text) {
            command.env_remove(&name);
        }
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// What test programs said that did not end by themselves.
fn last_words(stderr: &str) -> String {
    let crashed = stderr
        .split("     Running ")
        .skip(1)
        .filter(|program| program.contains("process didn't exit successfully"));
    let mut words = Vec::new();
    for program in crashed {
        for line in program.lines().skip(1) {
            let line = line.trim();
            if let Some(how) = line.strip_prefix("process didn't exit successfully: ") {
                // The path of the program is of no interest; how it ended is.
                let how = how.rsplit_once("` ").map_or(how, |(_, how)| how);
                words.push(format!("The test program ended early {how}."));
            } else if line.starts_with("error: ") && line.contains(" target") {
                break;
            } else {
                let of_cargo = ["error: test failed", "Caused by:", "note: "];
                if !line.is_empty() && !of_cargo.iter().any(|start| line.starts_with(start)) {
                    words.push(line.to_owned());
                }
            }
        }
    }
    if words.is_empty() {
        // It ended with the exit code of a red test, and ran none: it says why.
        let programs = stderr.split("     Running ").skip(1).flat_map(str::lines);
        let complaint = programs
            .filter_map(|line| line.strip_prefix("error: "))
            .find(|words| !words.starts_with("test failed") && !words.contains(" target"));
        words.push(complaint.unwrap_or("The test program ended early.").to_owned());
    }
    words.join("\n")
}

/// Which test was running when a test program ended, and what ends one.
fn where_it_ended(running: &[String]) -> String {
    const WHAT: &str = "Look for std::process::exit, std::process::abort, a panic in a\n\
                        destructor, and a recursion without an end.";
    match running {
        [] => String::new(),
        [test] => format!("\n\nIt ended in the test {test}. {WHAT}"),
        several => format!("\n\nIt ended in one of these tests: {}.\n{WHAT}", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{last_words, where_it_ended};

    #[test]
    fn where_it_ended_is_told_as_far_as_it_is_known() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(where_it_ended(&[]), "");
        assert!(where_it_ended(&names(&["t05"])).starts_with("\n\nIt ended in the test t05. Look for std::"));
        assert!(where_it_ended(&names(&["a", "b"])).contains("in one of these tests: a, b.\n"));
    }

    #[test]
    fn last_words_are_found_among_cargos() {
        let stderr = "warning: unused\n    Finished `test` profile\n     Running unittests src/lib.rs (target/a)\n\
                      \x20    Running tests/a.rs (target/debug/deps/a-1)\n\nthread 'deep' has overflowed its stack\n\
                      fatal runtime error: stack overflow\nerror: test failed, to rerun pass `--test a`\n\n\
                      Caused by:\n  process didn't exit successfully: `target/a b` (signal: 6, SIGABRT)\nnote: test exited abnormally\n\
                      \x20    Running tests/b.rs (target/debug/deps/b-1)\nerror: 1 target failed:\n    `--test a`\n";
        assert_eq!(
            last_words(stderr),
            "thread 'deep' has overflowed its stack\nfatal runtime error: stack overflow\n\
             The test program ended early (signal: 6, SIGABRT)."
        );
        let stderr = "    Finished `test` profile\n     Running unittests src/lib.rs (target/a)\n\
                      error: Unrecognized option: 'bogus'\nerror: test failed, to rerun pass `--lib`\n\
                      error: 1 target failed:\n    `--lib`\n";
        assert_eq!(last_words(stderr), "Unrecognized option: 'bogus'");
        assert_eq!(last_words(""), "The test program ended early.");
    }
}
