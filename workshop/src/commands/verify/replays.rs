//! The line under a story: whoever runs it is told that story, and no other.

use std::collections::BTreeMap;

use records::Record;

use crate::running::{Cargo, Package, Test};

/// Runs every line that the tests of a package have printed, and says which tell
/// another story than the one they stand under.
pub fn check(cargo: &Cargo, package: &Package, records: &[Record]) -> Vec<String> {
    // Several tests may find the same run; each of them can tell it.
    let mut told: BTreeMap<&str, &Record> = BTreeMap::new();
    for record in records {
        if let Some(code) = &record.replay {
            told.entry(code).or_insert(record);
        }
    }
    told.into_iter().filter_map(|(code, record)| wrong(cargo, package, code, record)).collect()
}

fn wrong(cargo: &Cargo, package: &Package, code: &str, record: &Record) -> Option<String> {
    let test = &record.test;
    let filter = ["--exact", test].map(str::to_owned);
    let run = match cargo.test(package, Some(code), &filter) {
        Ok(run) => run,
        Err(error) => return Some(format!("{error:#}")),
    };
    let again = run.records.iter().find(|again| again.single && again.replay.as_deref() == Some(code));
    match again {
        None => Some(format!("{test:?} does not know the code {code}, which stands under its own story")),
        Some(again) if without_signs(&again.story) != without_signs(&record.story) => {
            Some(format!("{code} stands under a story of {test:?}, and tells another"))
        }
        Some(again) if again.property != record.property || again.verdict != record.verdict => Some(format!(
            "{code} stands under {:?} of {test:?}, and when it is told again, it is {:?}",
            record.headline, again.headline
        )),
        // What is printed is what the test says in the end.
        Some(_) => {
            let printed = |test: &Test| without_signs(&test.said).contains(&without_signs(&record.story));
            (!run.output.tests.iter().any(printed))
                .then(|| format!("{test:?} knows the code {code}, and does not tell the story"))
        }
    }
}

/// A story without the point of no return: it is looked for within a limit, and a search
/// knows more of the handler than one run does.
fn without_signs(story: &str) -> String {
    let told = story.lines().take_while(|line| !line.starts_with("  ┃ ") && !line.starts_with("  ◆ "));
    let told = told.take_while(|line| !line.starts_with("  ◇ ") && !line.starts_with("  no ◆"));
    told.map(|line| line.replace(['◆', '◇'], " ").trim_end().to_owned() + "\n")
        .collect::<String>()
        .trim()
        .to_owned()
}
