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
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::Value;

use crate::changes::{Change, Kind, all_changes};
use crate::solutions::{Argued, draw};
use crate::switches::{MODULE, switched};

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

/// A test program, and how much of a processor's time it takes when nothing is changed.
struct Tests {
    name: String,
    program: PathBuf,
    usual: Duration,
}

/// Tries them, and says what was not noticed.
///
/// # Errors
///
/// When the tests are not green to begin with, or something cannot be read, written
/// or run.
pub fn run_all(arguments: &Arguments) -> Result<ExitCode> {
    let argued: Argued = toml::from_str(include_str!("../engine.toml")).context("engine.toml")?;
    let source = arguments.clone.join("chaos/src");
    let mutants = mutants(&source, &arguments.files)?;
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
    let left_out = build(&arguments.clone, &source, &mutants)?;
    let mut tests = tests(&arguments.clone)?;
    tests.retain(|test| !arguments.leave_out.contains(&test.name));
    for test in &mut tests {
        let (end, took) = run(&arguments.clone, test, 0, Duration::from_secs(600))?;
        ensure!(end == End::Green, "{} is not green as it is, so it says nothing", test.name);
        test.usual = took;
    }
    tests.sort_by_key(|test| test.usual);
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
        if left_out.contains(&mutant.number) || matches!(mutant.change.kind, Kind::Fixed | Kind::Swap) {
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
                let by = by_whom(&arguments.clone, &tests, mutant.number)?;
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

fn cargo(clone: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(clone).args(arguments).env("INSTA_UPDATE", "no").stderr(Stdio::null());
    command
}

fn target(clone: &Path) -> Result<PathBuf> {
    let out = cargo(clone, &["metadata", "--locked", "--no-deps", "--format-version", "1"]).output()?;
    let told: Value = serde_json::from_slice(&out.stdout).context("what cargo metadata says")?;
    let target = PathBuf::from(told["target_directory"].as_str().context("no target directory")?);
    fs::create_dir_all(&target)?;
    Ok(target)
}

/// Puts all changes behind switches, but for those that then do not compile. Says
/// which those are.
fn build(clone: &Path, source: &Path, mutants: &[Mutant]) -> Result<BTreeSet<usize>> {
    const ROUNDS: usize = 30;
    let mut originals: BTreeMap<&str, String> = BTreeMap::new();
    for mutant in mutants {
        if !originals.contains_key(mutant.file.as_str()) {
            originals.insert(&mutant.file, fs::read_to_string(source.join(&mutant.file))?);
        }
    }
    let root = source.join("lib.rs");
    fs::write(source.join("mutant.rs"), MODULE)?;
    let mut without = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut places = BTreeMap::new();
        for (&file, text) in &originals {
            let of_file: Vec<(usize, &Change)> = mutants
                .iter()
                .filter(|mutant| mutant.file == file)
                .map(|mutant| (mutant.number, &mutant.change))
                .collect();
            let switched = switched(text, &of_file, &without);
            fs::write(source.join(file), switched.text)?;
            places.insert(format!("chaos/src/{file}"), switched.places);
        }
        let text = fs::read_to_string(&root)?;
        if !text.contains("mod mutant;") {
            fs::write(&root, format!("{text}\nmod mutant;\n"))?;
        }
        let errors = errors(clone)?;
        if errors.is_empty() {
            println!("{} of {} changes cannot be put behind a switch", without.len(), mutants.len());
            return Ok(without);
        }
        let before = without.len();
        for (file, from, to) in errors {
            let places = places.get(&file.replace('\\', "/")).map_or(&[][..], Vec::as_slice);
            // The smallest change the error lies in; or all that lie in the error.
            let around = places.iter().filter(|(_, range)| range.start <= from && to <= range.end);
            match around.min_by_key(|(_, range)| range.len()) {
                Some((number, _)) => _ = without.insert(*number),
                None => {
                    let within = places.iter().filter(|(_, range)| from <= range.start && range.end <= to);
                    let before = without.len();
                    without.extend(within.map(|(number, _)| *number));
                    // A statement nearby may now be left out, such as `continue`, and
                    // what is used or borrowed here was safe only because of it: the
                    // nearest goes, one a round.
                    if without.len() == before {
                        let far = |range: &Range<usize>| {
                            from.saturating_sub(range.end).max(range.start.saturating_sub(to))
                        };
                        let nearest = places.iter().min_by_key(|(_, range)| far(range));
                        without.extend(nearest.map(|(number, _)| *number));
                    }
                }
            }
        }
        ensure!(without.len() > before, "the engine does not compile, and not because of a change");
    }
    bail!("after {ROUNDS} rounds the engine still does not compile with the changes in it")
}

/// Where the compiler finds errors: file and bytes.
fn errors(clone: &Path) -> Result<Vec<(String, usize, usize)>> {
    let out = cargo(clone, &["check", "--locked", "--package", "chaos", "--lib", "--message-format", "json"])
        .output()?;
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

/// The engine's test programs, built.
fn tests(clone: &Path) -> Result<Vec<Tests>> {
    let out = cargo(
        clone,
        &[
            "test",
            "--locked",
            "--package",
            "chaos",
            "--lib",
            "--tests",
            "--no-run",
            "--message-format",
            "json",
        ],
    )
    .output()?;
    ensure!(out.status.success(), "the engine's tests do not compile with the changes in it");
    let mut found = Vec::new();
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        let Ok(told) = serde_json::from_str::<Value>(line) else { continue };
        if let Some(program) = told["executable"].as_str()
            && told["profile"]["test"] == true
            && told["target"]["src_path"].as_str().is_some_and(|path| path.contains("chaos"))
        {
            let name = told["target"]["name"].as_str().unwrap_or_default().to_owned();
            found.push(Tests { name, program: program.into(), usual: Duration::ZERO });
        }
    }
    ensure!(!found.is_empty(), "there are no test programs");
    Ok(found)
}

/// Which test program notices it: fails, or takes far too long.
fn by_whom<'a>(clone: &Path, tests: &'a [Tests], number: usize) -> Result<Option<&'a str>> {
    for test in tests {
        let patience = test.usual * 5 + Duration::from_secs(5);
        let noticed = match run(clone, test, number, patience)?.0 {
            End::Green => false,
            // On a busy machine a test may fail once by itself, but hardly twice.
            End::Red => run(clone, test, number, patience)?.0 != End::Green,
            End::TooLong => true,
        };
        if noticed {
            return Ok(Some(&test.name));
        }
    }
    Ok(None)
}

/// How a test program ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Green,
    Red,
    TooLong,
}

/// Runs a test program with this change on, for at most so much of a processor's time:
/// how it ends, and what it took. A machine that is busy with something else makes it no
/// slower.
fn run(clone: &Path, test: &Tests, number: usize, patience: Duration) -> Result<(End, Duration)> {
    /// Whoever computes nothing waits for something that does not come.
    const WAITS: u32 = 20;
    let mut child = Command::new(&test.program)
        .current_dir(clone.join("chaos"))
        .env("MUTANT", number.to_string())
        .env("INSTA_UPDATE", "no")
        .env("RUST_BACKTRACE", "0")
        .env("RUST_LIB_BACKTRACE", "0")
        .env("CARGO_MANIFEST_DIR", clone.join("chaos"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {}", test.program.display()))?;
    let from = Instant::now();
    let mut took = Duration::ZERO;
    loop {
        let computed = computed(child.id());
        if let Some(status) = child.try_wait()? {
            return Ok((if status.success() { End::Green } else { End::Red }, took));
        }
        took = computed.unwrap_or(from.elapsed());
        if took > patience || from.elapsed() > patience * WAITS {
            child.kill()?;
            child.wait()?;
            return Ok((End::TooLong, took));
        }
        std::thread::sleep(Duration::from_millis(5));
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
