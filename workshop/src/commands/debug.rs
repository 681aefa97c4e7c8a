//! `cargo workshop debug`: one recorded run, live: each handler runs once, and what it
//! prints is printed once.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use records::ReplayCode;

use super::replay::{Known, exercise_of, known};
use crate::outcome::Outcome;
use crate::repository::{Exercise, Repository};
use crate::running::{Cargo, ask_nothing};
use crate::terminal;

/// Runs the handlers of one recorded run once, with the terminal as theirs.
pub fn run(repository: &Repository, text: &str) -> Result<Outcome> {
    let code: ReplayCode = text.parse()?;
    let exercises = Exercise::all(repository)?;
    let exercise = exercise_of(&exercises, &code)?;
    let cargo = Cargo::at(repository.root());
    let Some(Known { package, programs, record }) = known(&cargo, exercise, &code)? else {
        return Ok(Outcome::Red);
    };
    let program = programs.iter().find(|program| has_test(program, &record.test));
    let program =
        program.with_context(|| format!("no test program of {} has {}", package.name, record.test))?;
    let code = code.to_string();
    let environment = [("CHAOS_REPLAY", code.as_str()), ("CHAOS_LIVE", "1"), ("CHAOS_WATCHDOG_SECONDS", "0")];
    let arguments = ["--exact", record.test.as_str(), "--nocapture", "--include-ignored"];
    let told = format!(
        "The run {code} of {}, live: each delivery runs once, dbg! prints once, and nothing is in a hurry. \
         Lines with » are the workshop's. What comes before the first of them is of a search that the test \
         makes before.",
        record.test
    );
    terminal::show(&format!("{}\n", terminal::paragraph(&told, "  ")));
    let mut command = Command::new(program);
    ask_nothing(&mut command);
    command.current_dir(&package.directory).args(arguments).envs(environment);
    command.env("CARGO_PKG_NAME", &package.name).env("CARGO_MANIFEST_DIR", &package.directory);
    // What the test program says of its tests is not of interest; what it prints on
    // standard error is all that the handlers say, and ours.
    let status = command.stdin(Stdio::inherit()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("{} cannot be started", program.display()))?;
    if status.success() {
        bail!(
            "the test {} has not run this time: run {} again",
            record.test,
            terminal::code("cargo workshop debug")
        );
    }
    terminal::show("\n  In a debugger:\n\n");
    terminal::show(&format!("    cd {}\n", repository.show(&package.directory)));
    for (name, value) in environment {
        terminal::show(&format!("    export {name}={value}\n"));
    }
    // Each line is to be copied, so it ends where it ends.
    let place = match program.strip_prefix(repository.root()) {
        Ok(inside) => Path::new("..").join("..").join(inside),
        Err(_) => program.clone(),
    };
    terminal::show(&format!("    {} \\\n", place.display()));
    terminal::show(&format!("      {} \\\n", arguments[..2].join(" ")));
    terminal::show(&format!("      {}\n", arguments[2..].join(" ")));
    let replay =
        format!("{} tells the run as a story.", terminal::code(&format!("cargo workshop replay {code}")));
    terminal::show(&format!("\n{}", terminal::paragraph(&replay, "  ")));
    Ok(Outcome::Red)
}

fn has_test(program: &Path, test: &str) -> bool {
    let listed = Command::new(program).args(["--list", "--format", "terse"]).stdin(Stdio::null()).output();
    let line = format!("{test}: test");
    listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).lines().any(|listed| listed == line))
}
