//! The solution: every test passes, and none that counts is left out; and every
//! search comes to the same with other fresh ids, and each story, those of the mistakes
//! included, can be told again by its code.

use std::collections::{BTreeMap, BTreeSet};

use records::Record;

use super::culprit::Culprit;
use super::replays;
use crate::repository::{Declared, Exercise, Repository};
use crate::running::left_records::unwrapped;
use crate::running::{Built, Cargo, Package, TestResult};
use crate::terminal;

/// Builds and runs the solution; returns what the harness recorded, too.
pub fn check(repository: &Repository, cargo: &Cargo, exercise: &Exercise) -> (Vec<Culprit>, Vec<Record>) {
    let name = &exercise.name;
    let package = Package::of_solution(repository, name);
    let file = format!("solutions/{name}/src/lib.rs");
    let mend = format!("see {}", terminal::code(&format!("cargo test --no-fail-fast -p {}", package.name)));
    let blame = |what: String| Culprit::new(&file, what, &mend);
    let tested = match cargo.build(&package) {
        Ok(Built::Done { .. }) => cargo.test(&package, None, &[]),
        Ok(Built::Errors(text)) => {
            terminal::pass_on(&text);
            return (vec![blame("the solution does not compile, see above".to_owned())], Vec::new());
        }
        Err(error) => Err(error),
    };
    let tested = match tested {
        Ok(tested) => tested,
        Err(error) => return (vec![blame(format!("{error:#}"))], Vec::new()),
    };
    let mut culprits = Vec::new();
    for test in &tested.output.tests {
        if test.result == TestResult::Failed {
            let said = terminal::short(&unwrapped(&test.said), 200);
            culprits.push(blame(format!("{:?} is red in the solution: it says {said:?}", test.name)));
        }
    }
    if let Some(crash) = &tested.crash {
        // It took others with it; they are not to blame.
        culprits.push(blame(format!("a test program of the solution died: {}", unwrapped(crash))));
        return (culprits, Vec::new());
    }
    for (name, declared) in &exercise.tests {
        let ran = |test: &crate::running::Test| test.name == *name && test.result != TestResult::Ignored;
        if *declared != Declared::Ignored && !tested.output.tests.iter().any(ran) {
            culprits.push(blame(format!("{name:?} is not run on the solution")));
        }
    }
    let others = with_searches(exercise, &tested.records);
    culprits.extend(compare_with_other_ids(cargo, &package, &tested.records, &others).into_iter().map(blame));
    culprits.extend(replays::check(cargo, &package, &tested.records).into_iter().map(blame));
    (culprits, tested.records)
}

/// Which tests are worth a repetition, where one on a server is not: those with searches, by
/// name. All, where that is no matter.
fn with_searches(exercise: &Exercise, records: &[Record]) -> Vec<String> {
    if !exercise.needs_a_server {
        return Vec::new();
    }
    let tests: BTreeSet<String> = records.iter().map(|record| record.test.clone()).collect();
    tests.into_iter().collect()
}

/// Repeats all searches with other fresh ids, in another order and with other
/// bytes. For a handler that treats them as names, that makes no difference.
fn compare_with_other_ids(
    cargo: &Cargo,
    package: &Package,
    usual: &[Record],
    tests: &[String],
) -> Vec<String> {
    let other = match cargo.with_other_ids().test(package, None, tests) {
        // Golden stories may tell an id, so the tests themselves need not pass.
        Ok(other) => searches(&other.records),
        Err(error) => return vec![format!("{error:#}")],
    };
    let usual = searches(usual);
    let mut found: Vec<String> = usual
        .iter()
        .filter(|(place, told)| other.get(*place) != Some(*told))
        .map(|((test, number), told)| {
            let other = other.get(&(test.clone(), *number)).map_or("nothing", String::as_str);
            format!("search {number} of {test:?} comes to {told:?}, and with other ids to {other:?}")
        })
        .collect();
    if usual.len() != other.len() && found.is_empty() {
        found.push(format!("{} searches are made, and with other ids {}", usual.len(), other.len()));
    }
    found
}

/// What each search came to, by its test and its number in that test.
fn searches(records: &[Record]) -> BTreeMap<(String, usize), String> {
    let mut found: BTreeMap<(String, usize), String> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.single) {
        let number = 1 + found.keys().filter(|(test, _)| *test == record.test).count();
        let told = match record.property {
            // How soon a violation is found depends on what is tried first.
            Some(_) => format!("{:?} with {} faults", record.property, record.faults),
            // The same content may be written in another order, by a map that is
            // sorted by ids, say. So there may be more states or fewer, but not
            // more ways to go through them.
            None => match (record.headline.split_once(" in "), record.headline.split_once("space exhausted"))
            {
                (Some((schedules, _)), Some((_, bounds))) => format!("{schedules}{bounds}"),
                _ => record.headline.clone(),
            },
        };
        found.insert((record.test.clone(), number), told);
    }
    found
}
