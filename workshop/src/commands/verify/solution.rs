//! The solution: every test passes, and none that counts is left out.

use super::Culprit;
use crate::cargo::{Built, Cargo, Package};
use crate::exercise::{Declared, Exercise};
use crate::libtest::TestResult;
use crate::records::unwrapped;
use crate::render;
use crate::repository::Repository;

/// Builds and runs the solution.
pub fn check(repository: &Repository, cargo: &Cargo, exercise: &Exercise) -> Vec<Culprit> {
    let name = &exercise.name;
    let package = Package { name: name.solution_package(), directory: repository.solution(name) };
    let file = format!("solutions/{name}/src/lib.rs");
    let mend = format!("see {}", render::code(&format!("cargo test --no-fail-fast -p {}", package.name)));
    let blame = |what: String| Culprit::new(&file, what, &mend);
    let tested = match cargo.build(&package) {
        Ok(Built::Done(_)) => cargo.test(&package, None, &[]),
        Ok(Built::Errors(text)) => {
            render::pass_on(&text);
            return vec![blame("the solution does not compile, see above".to_owned())];
        }
        Err(error) => Err(error),
    };
    let tested = match tested {
        Ok(tested) => tested,
        Err(error) => return vec![blame(format!("{error:#}"))],
    };
    let mut culprits = Vec::new();
    for test in &tested.output.tests {
        if test.result == TestResult::Failed {
            let said = render::short(&unwrapped(&test.said), 200);
            culprits.push(blame(format!("{:?} is red in the solution: it says {said:?}", test.name)));
        }
    }
    if let Some(crash) = &tested.crash {
        // It took others with it; they are not to blame.
        culprits.push(blame(format!("a test program of the solution died: {}", unwrapped(crash))));
        return culprits;
    }
    for (name, declared) in &exercise.tests {
        let ran = |test: &crate::libtest::Test| test.name == *name && test.result != TestResult::Ignored;
        if *declared != Declared::Ignored && !tested.output.tests.iter().any(ran) {
            culprits.push(blame(format!("{name:?} is not run on the solution")));
        }
    }
    culprits
}
