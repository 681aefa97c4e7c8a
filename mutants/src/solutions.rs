//! Changes our own solutions a little, and asks whether the tests of their exercises
//! notice.
//!
//! A right answer that can be changed without a test turning red has a line in it
//! that no test asks for; somebody will leave it out. So each change must be noticed,
//! or stand in `argued.toml` with the reason why it makes no difference.
//!
//! It changes files, and puts them back: run it on a clone.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use anyhow::{Context, Result};
use clap::Args;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;

use crate::changes::{Change, changes};
use crate::programs::{Crate, Numbered, can_be_switched};

/// Changes solutions, and runs the tests of their exercises.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// So many changes of each solution, drawn by lot; all, if not said.
    #[arg(long)]
    sample: Option<usize>,
    /// Say what would be changed, and change nothing.
    #[arg(long)]
    list: bool,
}

/// Where, of which exercises, and by which lot.
#[derive(Args)]
pub struct Chosen {
    /// A clone of the repository, in which files may be changed.
    pub clone: PathBuf,
    /// Only the exercises with these numbers.
    #[arg(long)]
    only: Vec<String>,
    /// The lot.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Chosen {
    /// The solutions to these exercises, by name. Those whose tests need a server are only
    /// among them if they are named; that it leaves them out, it says.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub fn solutions(&self) -> Result<Vec<Solution>> {
        let mut solutions = solutions(&self.clone)?;
        solutions.retain(|solution| {
            if !self.only.is_empty() {
                return self.only.iter().any(|number| solution.name.starts_with(number));
            }
            if solution.needs_a_server {
                println!("{}: left out, since its tests need a server", solution.name);
            }
            !solution.needs_a_server
        });
        Ok(solutions)
    }

    /// What is drawn with.
    pub fn lot(&self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.seed)
    }
}

/// With these, the stretch tasks are run: they are ignored, and have solutions, too.
const STRETCH_TASKS: [&str; 3] = ["--include-ignored", "--skip", "explore_deeper"];

/// What need not be noticed: where it is, change, and why it makes no difference.
pub type Argued = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    lib: Library,
    #[serde(default)]
    test: Vec<Test>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// What an exercise says of itself, as far as it matters here.
#[derive(Deserialize)]
struct Declared {
    needs: Option<String>,
}

#[derive(Deserialize)]
struct Library {
    name: String,
}

#[derive(Deserialize)]
struct Test {
    name: String,
    path: String,
}

/// A solution, and which tests are those of its exercise.
pub struct Solution {
    /// What its folder is called.
    pub name: String,
    /// Where it is.
    pub directory: PathBuf,
    /// What its library is called.
    pub library: String,
    /// Whether the tests of its exercise need a server.
    pub needs_a_server: bool,
    package: String,
    tests: Vec<String>,
    sources: Vec<PathBuf>,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A test is red.
    Noticed,
    /// It is no program.
    DoesNotCompile,
    /// All tests are green.
    Survived,
}

/// Which of the tests are run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Those that an attendee runs.
    ByTheExercise,
    /// Those of the stretch tasks, too.
    ByItsStretchTasks,
}

/// Tries them, and says what was not noticed.
///
/// # Errors
///
/// When the tests are not green to begin with, or something cannot be read, written
/// or run.
pub fn run_all(arguments: &Arguments) -> Result<ExitCode> {
    let argued: Argued = toml::from_str(include_str!("../argued.toml")).context("argued.toml")?;
    let Chosen { clone, .. } = &arguments.chosen;
    let mut lot = arguments.chosen.lot();
    let (mut tried, mut survivors, mut stale) = (0, Vec::new(), Vec::new());
    for solution in arguments.chosen.solutions()? {
        let excused = argued.get(&solution.name).cloned().unwrap_or_default();
        let mut all = all_changes(&solution)?;
        for known in excused.keys().filter(|known| all.iter().all(|(_, change)| change.what != **known)) {
            stale.push(format!("{}: {known}", solution.name));
        }
        all.retain(|(_, change)| !excused.contains_key(&change.what));
        if let Some(most) = arguments.sample {
            draw(&mut all, most, &mut lot);
        }
        if arguments.list {
            for (_, change) in &all {
                println!("{}: {}", solution.name, change.what);
            }
            continue;
        }
        let switched = try_with_switches(clone, &solution, &all)?;
        let mut counts = [0; 3];
        for (number, (source, change)) in (1..).zip(&all) {
            let outcome = match switched.get(&number) {
                Some(&outcome) => outcome,
                None => try_out(clone, &solution, source, change)?,
            };
            counts[outcome as usize] += 1;
            if outcome == Outcome::Survived {
                println!("  not noticed  {}: {}", solution.name, change.what);
                survivors.push(format!("{}: {}", solution.name, change.what));
            }
        }
        tried += all.len();
        println!(
            "{}: {} tried, {} noticed, {} do not compile, {} argued, {} not noticed",
            solution.name,
            all.len(),
            counts[Outcome::Noticed as usize],
            counts[Outcome::DoesNotCompile as usize],
            excused.len(),
            counts[Outcome::Survived as usize]
        );
    }
    for gone in &stale {
        println!("argued.toml: there is no such change any more: {gone}");
    }
    println!("{tried} changes tried, {} not noticed", survivors.len());
    Ok(if survivors.is_empty() && stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every solution, by name.
fn solutions(root: &Path) -> Result<Vec<Solution>> {
    let folder = root.join("solutions");
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let directory = entry?.path();
        let Ok(manifest) = fs::read_to_string(directory.join("Cargo.toml")) else { continue };
        let manifest: Manifest =
            toml::from_str(&manifest).with_context(|| format!("{}", directory.display()))?;
        let tests = manifest.test.into_iter().filter(|test| test.path.contains("exercises/"));
        let tests: Vec<String> = tests.map(|test| test.name).filter(|name| name != "real").collect();
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let declared = root.join("exercises").join(&name).join("exercise.toml");
        let declared = fs::read_to_string(declared).unwrap_or_default();
        let declared: Declared =
            toml::from_str(&declared).with_context(|| format!("exercise.toml of {name}"))?;
        let sources = sources_in(&directory.join("src"))?;
        found.push(Solution {
            name,
            directory,
            library: manifest.lib.name,
            needs_a_server: declared.needs.is_some(),
            package: manifest.package.name,
            tests,
            sources,
        });
    }
    found.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(found)
}

/// The Rust files in a folder, by name; none, if there is no such folder.
///
/// # Errors
///
/// When it cannot be read.
pub fn sources_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    Ok(paths)
}

fn all_changes(solution: &Solution) -> Result<Vec<(PathBuf, Change)>> {
    let mut all = Vec::new();
    for source in &solution.sources {
        let text = fs::read_to_string(source)?;
        let found = changes(&text).with_context(|| format!("{}", source.display()))?;
        all.extend(found.into_iter().map(|change| (source.clone(), change)));
    }
    Ok(all)
}

/// Keeps so many of them, in their order.
pub fn draw<T>(all: &mut Vec<T>, most: usize, lot: &mut Xoshiro256PlusPlus) {
    while all.len() > most {
        all.remove(lot.random_range(0..all.len()));
    }
}

/// Tries those that can be put behind switches, with one build for all of them: what
/// became of each, by its number, from 1.
fn try_with_switches(
    clone: &Path,
    solution: &Solution,
    all: &[(PathBuf, Change)],
) -> Result<BTreeMap<usize, Outcome>> {
    let mut originals = Vec::new();
    for source in &solution.sources {
        originals.push((source, fs::read_to_string(source)?));
    }
    let folder = format!("solutions/{}", solution.name);
    let of_solution = Crate { clone, folder: &folder, package: &solution.package };
    let tried = try_them_all(&of_solution, &solution.tests, all);
    for (source, text) in originals {
        fs::write(source, text)?;
    }
    fs::remove_file(of_solution.source().join("mutant.rs"))?;
    tried
}

fn try_them_all(
    of_solution: &Crate<'_>,
    tests: &[String],
    all: &[(PathBuf, Change)],
) -> Result<BTreeMap<usize, Outcome>> {
    let numbered: Vec<Numbered<'_>> = (1..)
        .zip(all)
        .map(|(number, (source, change))| {
            let file = source.file_name().and_then(OsStr::to_str).unwrap_or_default();
            Numbered { number, file, change }
        })
        .collect();
    let without = of_solution.put_behind_switches(&numbered)?;
    let options: Vec<&str> = tests.iter().flat_map(|test| ["--test", test]).collect();
    let mut programs = of_solution.programs(&options, &STRETCH_TASKS)?;
    of_solution.take_the_time(&mut programs)?;
    let mut became = BTreeMap::new();
    for Numbered { number, change, .. } in &numbered {
        if can_be_switched(change) && !without.contains(number) {
            let noticed = of_solution.noticed_by(&programs, *number)?.is_some();
            became.insert(*number, if noticed { Outcome::Noticed } else { Outcome::Survived });
        }
    }
    Ok(became)
}

fn try_out(root: &Path, solution: &Solution, source: &Path, change: &Change) -> Result<Outcome> {
    let text = fs::read_to_string(source)?;
    fs::write(source, change.apply(&text))?;
    let ended = run(root, solution, Asked::ByItsStretchTasks);
    fs::write(source, text)?;
    Ok(ended?.0)
}

/// Runs the tests of the exercise on the solution as it stands, and listens to what the
/// compiler, or the tests, say to that.
///
/// # Errors
///
/// When cargo cannot be run.
pub fn run(root: &Path, solution: &Solution, asked: Asked) -> Result<(Outcome, String)> {
    let cargo = |last: &[&str]| -> Result<Output> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(root).args(["test", "--locked", "--package", &solution.package]);
        for test in &solution.tests {
            command.args(["--test", test]);
        }
        command.args(last).env("INSTA_UPDATE", "no").stdin(Stdio::null());
        command.output().context("cannot run cargo")
    };
    let built = cargo(&["--no-run"])?;
    if !built.status.success() {
        return Ok((Outcome::DoesNotCompile, String::from_utf8_lossy(&built.stderr).into_owned()));
    }
    let tested = cargo(match asked {
        Asked::ByTheExercise => &[],
        Asked::ByItsStretchTasks => &["--", STRETCH_TASKS[0], STRETCH_TASKS[1], STRETCH_TASKS[2]],
    })?;
    let outcome = if tested.status.success() { Outcome::Survived } else { Outcome::Noticed };
    Ok((outcome, String::from_utf8_lossy(&tested.stdout).into_owned()))
}
