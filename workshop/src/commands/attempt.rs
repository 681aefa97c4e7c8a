//! One run of an exercise's tests, shown and remembered. The tour and `test`
//! share it.

use anyhow::{Result, bail};

use crate::attendee::{Progress, Tested};
use crate::render::{self, Detail};
use crate::repository::{Exercise, fingerprint};
use crate::running::tool::{HOW_TO_GET_A_SERVER, is_there_a_server};
use crate::running::{Built, Cargo, ExerciseResult, ExerciseRun, Package};
use crate::terminal;

/// Builds and runs an exercise, shows verdict and story, and remembers the
/// verdict if all tests were run.
pub fn attempt(
    cargo: &Cargo,
    exercise: &Exercise,
    progress: &mut Progress,
    detail: Detail,
    filter: &[String],
) -> Result<ExerciseResult> {
    if exercise.needs_a_server && !is_there_a_server() {
        let note = format!(
            "note: most tests of {} need a nats-server, and there is none here: {HOW_TO_GET_A_SERVER}.",
            exercise.name
        );
        terminal::pass_on(&terminal::paragraph(&note, ""));
    }
    // Before anything runs: what is edited meanwhile was not tested.
    let sources = fingerprint(exercise);
    let package = Package::of(exercise);
    let (result, failed, tests) = match cargo.build(&package)? {
        Built::Errors(text) => {
            terminal::pass_on(&text);
            terminal::show(&render::compile_errors(exercise));
            (ExerciseResult::Red, 0, 0)
        }
        Built::Done { warnings, .. } => {
            let run = cargo.test(&package, None, filter)?;
            // One that was started, and did not come to its first test, is another matter.
            let none = run.output.tests.is_empty() && run.output.unfinished == 0;
            if let (false, true, Some(why)) = (filter.is_empty(), none, &run.crash) {
                bail!("the tests of {} did not start: {why}", exercise.name);
            }
            let run = ExerciseRun::of(exercise, run, !filter.is_empty());
            if !filter.is_empty() && run.crash.is_none() && run.counted() == 0 {
                bail!(
                    "no test of {} was run: none has a name with {:?} in it",
                    exercise.name,
                    filter.join(" ")
                );
            }
            terminal::show(&render::exercise_run(exercise, &run, detail));
            if !warnings.is_empty() {
                let check = terminal::code(&format!("cargo check --tests -p {}", package.name));
                let hint = format!("The compiler has warnings: {check} shows them.");
                terminal::show(&format!("\n{}", terminal::paragraph(&hint, "  ")));
            }
            (run.result, run.failed(), run.counted())
        }
    };
    // Part of the tests is no verdict on the exercise.
    if filter.is_empty()
        && let Err(error) = progress.remember(&exercise.name, Tested { sources, result, failed, tests })
    {
        let notice = format!("Note: {error:#}. Everything else works.");
        terminal::show(&format!("\n{}", terminal::paragraph(&notice, "  ")));
    }
    Ok(result)
}
