//! Changes the engine a little, and asks whether its own tests notice.
//!
//! All changes are built in at once, behind [switches](crate::switches); then each is
//! switched on and the engine's test programs are run, the quickest first, until one
//! fails. What survives them all must get a test, or stand in `engine.toml` with the
//! reason why it makes no difference.
//!
//! Lists of what was noticed and what was not are kept beside the build: who runs it
//! again goes on where it stopped, but for files that have changed since, and begins
//! with what was not noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use clap::Args;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::Value;

use crate::changes::{Change, all_changes};
use crate::programs::{Crate, Numbered, can_be_switched, cargo};
use crate::solutions::{Argued, draw};

/// What is changed, and how many of it.
#[derive(Args)]
pub struct Arguments {
    /// A clone of the repository, in which files are changed for good.
    clone: PathBuf,
    /// Only these files of the engine (search/liveness.rs); all, if none is named.
    files: Vec<String>,
    /// So many changes of each file, drawn by lot; all, if not said.
    #[arg(long)]
    sample: Option<usize>,
    /// The lot.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many to try at a time.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Test programs to leave out.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Say what would be changed, and change nothing.
    #[arg(long)]
    list: bool,
}

/// A change to a file of the engine.
struct Mutant {
    /// From 1; no change has the number 0.
    number: usize,
    file: String,
    /// A name for the text of the file, without its tests, so that one sees when it is
    /// another.
    version: u64,
    change: Change,
}

impl Mutant {
    fn numbered(&self) -> Numbered<'_> {
        Numbered { number: self.number, file: &self.file, change: &self.change }
    }

    fn line(&self) -> String {
        format!("{:016x} {}: {}", self.version, self.file, self.change.what)
    }
}

/// Changes of this and of earlier runs, kept beside the build.
struct List {
    lines: BTreeSet<String>,
    file: fs::File,
}

impl List {
    fn open(path: &Path) -> Result<Self> {
        let lines = fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect();
        let file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { lines, file })
    }

    fn add(&mut self, mutant: &Mutant) -> Result<()> {
        let line = mutant.line();
        if !self.lines.contains(&line) {
            writeln!(self.file, "{line}")?;
            self.lines.insert(line);
        }
        Ok(())
    }
}

/// Tries them, and says what was not noticed.
///
/// # Errors
///
/// When the tests are not green to begin with, or something cannot be read, written
/// or run.
pub fn run_all(arguments: &Arguments) -> Result<ExitCode> {
    let argued: Argued = toml::from_str(include_str!("../engine.toml")).context("engine.toml")?;
    let engine = Crate { clone: &arguments.clone, folder: "chaos", package: "chaos" };
    let mutants = mutants(&engine.source(), &arguments.files)?;
    let excused = |mutant: &Mutant| {
        argued.get(&mutant.file).is_some_and(|changes| changes.contains_key(&mutant.change.what))
    };
    let gone = no_longer_there(&argued, &mutants);
    if arguments.list {
        for mutant in &mutants {
            println!("{}: {}", mutant.file, mutant.change.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let target = target(&arguments.clone)?;
    let left_out = engine.put_behind_switches(&mutants.iter().map(Mutant::numbered).collect::<Vec<_>>())?;
    println!("{} of {} changes cannot be put behind a switch", left_out.len(), mutants.len());
    let mut tests = engine.programs(&["--lib", "--tests"], &[])?;
    tests.retain(|test| !arguments.leave_out.contains(&test.name));
    engine.take_the_time(&mut tests)?;
    for test in &tests {
        println!("{:.1} s  {}", test.usual.as_secs_f64(), test.name);
    }

    let noticed_before = List::open(&target.join("mutants-noticed.txt"))?;
    let survived_before = List::open(&target.join("mutants-not-noticed.txt"))?;
    let mut lot = Xoshiro256PlusPlus::seed_from_u64(arguments.seed);
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut to_try: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in &mutants {
        let count = counts.entry(&mutant.file).or_default();
        if left_out.contains(&mutant.number) || !can_be_switched(&mutant.change) {
            continue;
        }
        count[0] += 1;
        if excused(mutant) {
            count[1] += 1;
        } else if noticed_before.lines.contains(&mutant.line()) {
            count[2] += 1;
        } else {
            to_try.entry(&mutant.file).or_default().push(mutant);
        }
    }
    if let Some(most) = arguments.sample {
        for of_file in to_try.values_mut() {
            draw(of_file, most, &mut lot);
        }
    }
    let mut to_try: Vec<&Mutant> = to_try.into_values().flatten().collect();
    to_try.sort_by_key(|mutant| !survived_before.lines.contains(&mutant.line()));
    println!("{} changes to try", to_try.len());

    let next = AtomicUsize::new(0);
    let results = Mutex::new((noticed_before, survived_before, Vec::new()));
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            while let Some(mutant) = to_try.get(next.fetch_add(1, Ordering::Relaxed)) {
                let by = engine.noticed_by(&tests, mutant.number)?;
                let mut results = results.lock().expect("nobody panics with it");
                if by.is_some() {
                    results.0.add(mutant)?;
                } else {
                    println!("  not noticed  {}: {}", mutant.file, mutant.change.what);
                    results.1.add(mutant)?;
                }
                results.2.push((mutant, by));
            }
            Ok(())
        };
        let workers: Vec<_> = (0..arguments.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("it does not panic"))
    })?;
    let (.., results) = results.into_inner().expect("nobody panics with it");
    let mut survived = 0;
    for (mutant, by) in &results {
        let count = counts.entry(&mutant.file).or_default();
        count[if by.is_some() { 2 } else { 3 }] += 1;
        survived += usize::from(by.is_none());
    }
    for (file, [all, argued, noticed, survived]) in &counts {
        println!("{file}: {all} changes, {noticed} noticed, {argued} argued, {survived} not noticed");
    }
    for gone in &gone {
        println!("engine.toml: there is no such change any more: {gone}");
    }
    Ok(if survived == 0 && gone.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All changes to the files that are asked for, numbered.
fn mutants(source: &Path, only: &[String]) -> Result<Vec<Mutant>> {
    let mut files = Vec::new();
    rust_files(source, &mut files)?;
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let file = path.strip_prefix(source)?.to_string_lossy().replace('\\', "/");
        if !only.is_empty() && !only.contains(&file) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let version = version(&text);
        for change in all_changes(&text).with_context(|| file.clone())? {
            all.push(Mutant { number: all.len() + 1, file: file.clone(), version, change });
        }
    }
    for asked in only {
        ensure!(all.iter().any(|mutant| mutant.file == *asked), "there is nothing to change in {asked}");
    }
    Ok(all)
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// FNV-1a (Fowler, Noll, Vo): stable from one Rust to the next. A new test is no new
/// version: what was noticed before is noticed still.
fn version(text: &str) -> u64 {
    let until = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..until]
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn no_longer_there(argued: &Argued, mutants: &[Mutant]) -> Vec<String> {
    let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    let there: BTreeSet<(&str, &str)> =
        mutants.iter().map(|mutant| (mutant.file.as_str(), mutant.change.what.as_str())).collect();
    let all = argued.iter().flat_map(|(file, changes)| changes.keys().map(move |what| (file, what)));
    all.filter(|(file, what)| files.contains(file.as_str()) && !there.contains(&(file, what)))
        .map(|(file, what)| format!("{file}: {what}"))
        .collect()
}

fn target(clone: &Path) -> Result<PathBuf> {
    let out = cargo(clone, &["metadata", "--locked", "--no-deps", "--format-version", "1"]).output()?;
    let told: Value = serde_json::from_slice(&out.stdout).context("what cargo metadata says")?;
    let target = PathBuf::from(told["target_directory"].as_str().context("no target directory")?);
    fs::create_dir_all(&target)?;
    Ok(target)
}
