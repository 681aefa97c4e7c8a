//! A crate with all its changes built in, each behind a [switch](crate::switches), and
//! its test programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::changes::{Change, Kind};
use crate::switches::{MODULE, switched};

/// A crate in a clone of the repository.
pub struct Crate<'a> {
    /// The clone.
    pub clone: &'a Path,
    /// Where the crate is in it, with slashes.
    pub folder: &'a str,
    /// What it is called.
    pub package: &'a str,
}

/// A change to a file of a crate.
pub struct Numbered<'a> {
    /// From 1: no change has the number 0.
    pub number: usize,
    /// Which file, below `src`.
    pub file: &'a str,
    /// What is changed.
    pub change: &'a Change,
}

/// A test program.
pub struct Program {
    /// What it is called.
    pub name: String,
    /// How much of a processor's time it takes when nothing is changed.
    pub usual: Duration,
    path: PathBuf,
    arguments: Vec<OsString>,
}

/// How a test program ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All its tests are green.
    Green,
    /// One of them is red.
    Red,
    /// It took far longer than usual.
    TooLong,
}

impl Crate<'_> {
    /// Where its sources are.
    pub fn source(&self) -> PathBuf {
        self.clone.join(self.folder).join("src")
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo(self.clone, arguments);
        command.args(["--locked", "--package", self.package]);
        command
    }

    /// Puts all changes behind switches, but for those that then do not compile, or
    /// cannot be put behind one. Says which do not compile.
    ///
    /// # Errors
    ///
    /// When the crate does not compile for another reason.
    pub fn put_behind_switches(&self, changes: &[Numbered<'_>]) -> Result<BTreeSet<usize>> {
        const ROUNDS: usize = 30;
        let source = self.source();
        let mut originals: BTreeMap<&str, String> = BTreeMap::new();
        for numbered in changes {
            if !originals.contains_key(numbered.file) {
                originals.insert(numbered.file, fs::read_to_string(source.join(numbered.file))?);
            }
        }
        let root = source.join("lib.rs");
        fs::write(source.join("mutant.rs"), MODULE)?;
        let mut without = BTreeSet::new();
        for _ in 0..ROUNDS {
            let mut places = BTreeMap::new();
            for (&file, text) in &originals {
                let of_file: Vec<(usize, &Change)> = changes
                    .iter()
                    .filter(|numbered| numbered.file == file)
                    .map(|numbered| (numbered.number, numbered.change))
                    .collect();
                let switched = switched(text, &of_file, &without);
                fs::write(source.join(file), switched.text)?;
                places.insert(format!("{}/src/{file}", self.folder), switched.places);
            }
            let text = fs::read_to_string(&root)?;
            if !text.contains("mod mutant;") {
                fs::write(&root, format!("{text}\nmod mutant;\n"))?;
            }
            let errors = self.errors()?;
            if errors.is_empty() {
                return Ok(without);
            }
            let before = without.len();
            for (file, from, to) in errors {
                let places = places.get(&file.replace('\\', "/")).map_or(&[][..], Vec::as_slice);
                without.extend(to_blame(places, from..to, &without));
            }
            ensure!(without.len() > before, "{} does not compile, and not because of a change", self.package);
        }
        bail!("after {ROUNDS} rounds {} still does not compile with the changes in it", self.package)
    }

    /// Where the compiler finds errors: file and bytes.
    fn errors(&self) -> Result<Vec<(String, usize, usize)>> {
        let out = self.cargo(&["check", "--lib", "--message-format", "json"]).output()?;
        let mut found = Vec::new();
        for line in String::from_utf8_lossy(&out.stdout).lines() {
            let Ok(told) = serde_json::from_str::<Value>(line) else { continue };
            let message = &told["message"];
            if message["level"] != "error" {
                continue;
            }
            for span in message["spans"].as_array().into_iter().flatten() {
                if span["is_primary"] == true
                    && let Some(file) = span["file_name"].as_str()
                {
                    let byte = |name: &str| span[name].as_u64().unwrap_or_default() as usize;
                    found.push((file.to_owned(), byte("byte_start"), byte("byte_end")));
                }
            }
        }
        ensure!(out.status.success() || !found.is_empty(), "cargo check fails, and does not say where");
        Ok(if out.status.success() { Vec::new() } else { found })
    }

    /// Its test programs, built: those that cargo selects by these options. Each is run
    /// with the arguments.
    ///
    /// # Errors
    ///
    /// When they do not compile, or there are none.
    pub fn programs(&self, options: &[&str], arguments: &[&str]) -> Result<Vec<Program>> {
        let mut command = self.cargo(&["test", "--no-run", "--message-format", "json"]);
        let out = command.args(options).output()?;
        ensure!(out.status.success(), "the tests of {} do not compile with the changes in it", self.package);
        let mut found = Vec::new();
        for line in String::from_utf8_lossy(&out.stdout).lines() {
            let Ok(told) = serde_json::from_str::<Value>(line) else { continue };
            if let Some(path) = told["executable"].as_str()
                && told["profile"]["test"] == true
            {
                let name = told["target"]["name"].as_str().unwrap_or_default().to_owned();
                let arguments = arguments.iter().map(OsString::from).collect();
                found.push(Program { name, usual: Duration::ZERO, path: path.into(), arguments });
            }
        }
        ensure!(!found.is_empty(), "{} has no test programs", self.package);
        Ok(found)
    }

    /// Runs each of them with nothing changed, and notes how long it takes; the quickest
    /// come first.
    ///
    /// # Errors
    ///
    /// When one is not green.
    pub fn take_the_time(&self, programs: &mut [Program]) -> Result<()> {
        for program in &mut *programs {
            let (end, took) = self.run(program, 0, Duration::from_secs(600))?;
            ensure!(
                end == End::Green,
                "{} of {} is not green as it is, so it says nothing",
                program.name,
                self.package
            );
            program.usual = took;
        }
        programs.sort_by_key(|program| program.usual);
        Ok(())
    }

    /// Which of the programs notices a change, if any does: fails, or takes far too long.
    ///
    /// # Errors
    ///
    /// When one cannot be run.
    pub fn noticed_by<'b>(&self, programs: &'b [Program], number: usize) -> Result<Option<&'b str>> {
        for program in programs {
            let patience = program.usual * 5 + Duration::from_secs(5);
            let noticed = match self.run(program, number, patience)?.0 {
                End::Green => false,
                // On a busy machine a test may fail once by itself, but hardly twice.
                End::Red => self.run(program, number, patience)?.0 != End::Green,
                End::TooLong => true,
            };
            if noticed {
                return Ok(Some(&program.name));
            }
        }
        Ok(None)
    }

    /// Runs a test program with this change on, for at most so much of a processor's
    /// time: how it ends, and what it took. A machine that is busy with something else
    /// makes it no slower.
    fn run(&self, program: &Program, number: usize, patience: Duration) -> Result<(End, Duration)> {
        /// Whoever computes nothing waits for something that does not come.
        const WAITS: u32 = 20;
        let folder = self.clone.join(self.folder);
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .current_dir(&folder)
            .env("MUTANT", number.to_string())
            .env("INSTA_UPDATE", "no")
            .env("RUST_BACKTRACE", "0")
            .env("RUST_LIB_BACKTRACE", "0")
            .env("CARGO_MANIFEST_DIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child =
            Running::start(&mut command).with_context(|| format!("cannot run {}", program.path.display()))?;
        let from = Instant::now();
        let mut took = Duration::ZERO;
        loop {
            let computed = computed(child.0.id());
            if let Some(status) = child.0.try_wait()? {
                return Ok((if status.success() { End::Green } else { End::Red }, took));
            }
            took = computed.unwrap_or(from.elapsed());
            if took > patience || from.elapsed() > patience * WAITS {
                return Ok((End::TooLong, took));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A test program, in a group of its own. Whatever becomes of it, it is ended with all
/// that it has started: some tests run themselves once more, and with a change in the
/// engine that one may never come back.
struct Running(Child);

/// The test programs that run now. Ctrl-C in a terminal does not reach their groups.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Has Ctrl-C end the test programs, too.
///
/// # Errors
///
/// When the system does not tell us of it.
pub fn end_all_on_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        // Until the end: nobody is to be started any more.
        let running = running();
        running.iter().for_each(|&group| kill_group(group));
        // As the shell says of whoever is ended by it.
        std::process::exit(130);
    })
    .context("nobody would hear of Ctrl-C")
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn kill_group(group: u32) {
    if let Ok(group) = i32::try_from(group) {
        _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_: u32) {}

impl Running {
    /// Starts it. Held meanwhile, the list is complete for whoever ends all.
    fn start(command: &mut Command) -> std::io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut running = running();
        let child = command.spawn()?;
        running.insert(child.id());
        Ok(Self(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = self.0.id();
        kill_group(group);
        _ = self.0.kill();
        _ = self.0.wait();
        running().remove(&group);
    }
}

/// How long the processors have worked for a process that runs, in steps of a hundredth
/// of a second; none where the system does not say it as Linux does (`proc(5)`).
fn computed(process: u32) -> Option<Duration> {
    let told = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, the second field, stands in brackets and may have blanks in it.
    let fields: Vec<&str> = told[told.rfind(')')? + 1..].split_ascii_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

/// The changes that an error in these bytes of a file goes back to.
fn to_blame(
    places: &[(usize, Range<usize>)],
    error: Range<usize>,
    without: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    // The smallest change the error lies in; or all that lie in the error.
    let around = places.iter().filter(|(_, range)| range.start <= error.start && error.end <= range.end);
    if let Some((number, _)) = around.min_by_key(|(_, range)| range.len()) {
        return BTreeSet::from([*number]);
    }
    let within = places.iter().filter(|(_, range)| error.start <= range.start && range.end <= error.end);
    let within: BTreeSet<usize> =
        within.map(|(number, _)| *number).filter(|number| !without.contains(number)).collect();
    if !within.is_empty() {
        return within;
    }
    // A statement nearby may now be left out, such as `continue`, and what is used or
    // borrowed here was safe only because of it: the nearest goes, one a round.
    let far = |range: &Range<usize>| {
        error.start.saturating_sub(range.end).max(range.start.saturating_sub(error.end))
    };
    places.iter().min_by_key(|(_, range)| far(range)).map(|(number, _)| *number).into_iter().collect()
}

/// Cargo, in a clone.
pub fn cargo(clone: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(clone).args(arguments).env("INSTA_UPDATE", "no").stderr(Stdio::null());
    command
}

/// Whether it can be put behind a switch at all: what the compiler wants to know cannot,
/// nor two statements of which the second may use what the first brings.
pub fn can_be_switched(change: &Change) -> bool {
    !matches!(change.kind, Kind::Fixed | Kind::Swap)
}
