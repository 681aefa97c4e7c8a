//! The story that a golden file keeps of a mistake is one that its test records: the
//! commands look for it there.

use records::Record;

use super::culprit::Culprit;
use crate::repository::{Exercise, KeptRun, Repository};
use crate::running::left_records::own_name;
use crate::terminal;

/// Whether, for each mistake that keeps a story, what its test records has it.
pub fn check(repository: &Repository, exercise: &Exercise, records: &[Record]) -> Vec<Culprit> {
    let mut mistakes: Vec<&str> = records.iter().map(|record| own_name(&record.test)).collect();
    mistakes.sort_unstable();
    mistakes.dedup();
    let culprits = mistakes.into_iter().filter_map(|name| {
        let kept = KeptRun::of(repository, exercise, name)?;
        let mut told =
            records.iter().filter(|record| own_name(&record.test) == name && !record.story.is_empty());
        (!told.any(|record| kept.is_in(record))).then(|| {
            let golden = name.replace('_', "-");
            let file = format!("solutions/{}/tests/snapshots/mistakes__{golden}.snap", exercise.name);
            let number = &exercise.name.number;
            let command = terminal::code(&format!("cargo workshop story {number} --mistake {name}"));
            let what = format!("no run that its test records comes to the same, so {command} tells another");
            Culprit::new(file, what, "keep the story in the test that has the name of the mistake")
        })
    });
    culprits.collect()
}
