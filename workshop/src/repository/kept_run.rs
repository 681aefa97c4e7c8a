//! The run of a mistake whose story its golden file keeps.

use records::Record;

use super::exercise::Exercise;
use super::paths::Repository;

/// What that run comes to, as the facts beside the story have it. That is enough to find it
/// again among all that the test of the mistake has found.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptRun {
    /// The first property that is violated; none, if it is no property.
    property: Option<String>,
    faults: usize,
    steps: usize,
}

impl KeptRun {
    /// The one that is kept of a mistake, if one is.
    pub fn of(repository: &Repository, exercise: &Exercise, mistake: &str) -> Option<Self> {
        let snapshots = repository.solution(&exercise.name).join("tests").join("snapshots");
        let file = format!("mistakes__{}.facts.snap", mistake.replace('_', "-"));
        Self::parse(&std::fs::read_to_string(snapshots.join(file)).ok()?.replace("\r\n", "\n"))
    }

    fn parse(facts: &str) -> Option<Self> {
        let after = |what: &str| facts.lines().find_map(|line| line.strip_prefix(what)).map(str::trim);
        let list = |what: &str| -> Option<Vec<&str>> {
            let words = after(what)?.split(' ').filter(|word| *word != "none" && !word.is_empty());
            Some(words.collect())
        };
        Some(Self {
            property: list("properties:")?.first().map(|&property| property.to_owned()),
            faults: list("faults:")?.len(),
            steps: after("steps:")?.parse().ok()?,
        })
    }

    /// Whether this is a record of it.
    pub fn is_in(&self, record: &Record) -> bool {
        let property = record.property.clone();
        *self == Self { property, faults: record.faults, steps: record.steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_run_is_found_again() {
        let facts = |faults: &str| {
            format!(
                "---\nsource: x\n---\nverdict: violated\nproperties: NoLostMessages NoGarbage\nfaults: {faults}\n\
                 steps: 14\nchoices:\n  d0>0 c0.0\n"
            )
        };
        let record = |faults, steps| Record {
            property: Some("NoLostMessages".into()),
            faults,
            steps,
            ..Record::default()
        };
        let kept = KeptRun::parse(&facts("LockExpires WriteReplyLost")).expect("facts");
        assert!(kept.is_in(&record(2, 14)));
        for other in [record(1, 14), record(2, 13), Record { property: None, ..record(2, 14) }] {
            assert!(!kept.is_in(&other), "{other:?}");
        }
        assert!(KeptRun::parse(&facts("none")).expect("facts").is_in(&record(0, 14)));
        assert_eq!(KeptRun::parse("verdict: holds"), None);
    }
}
