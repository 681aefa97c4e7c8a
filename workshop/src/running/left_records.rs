//! The records that the test harness leaves of its runs and searches.

use std::fs;
use std::path::Path;

use records::Record;

/// The records in a directory, in the order in which each process left them.
/// What is no record is none of ours.
pub fn read(directory: &Path) -> Vec<Record> {
    let mut found: Vec<((u64, u64), Record)> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path()).ok()?;
            let record = serde_json::from_str(&text).ok()?;
            Some((order(&entry.file_name().to_string_lossy()), record))
        })
        .collect();
    found.sort_by_key(|(order, _)| *order);
    found.into_iter().map(|(_, record)| record).collect()
}

/// The name of a test without the modules that it is in.
pub fn own_name(test: &str) -> &str {
    test.rsplit("::").next().unwrap_or(test)
}

/// The tests that were at a run or a search when their process ended: each leaves a
/// mark meanwhile, with its name in it.
pub fn running(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let marks = entries.filter(|path| path.extension().is_some_and(|extension| extension == "running"));
    let mut tests: Vec<String> = marks.filter_map(|mark| fs::read_to_string(mark).ok()).collect();
    tests.sort_unstable();
    tests.dedup();
    tests
}

/// A file is called `<process>-<test>-<serial>.json`.
fn order(name: &str) -> (u64, u64) {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
    (number(stem.split('-').next()), number(stem.rsplit('-').next()))
}

/// The text with every run of white space as one space, for finding words in
/// what was wrapped.
pub fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sentence in which a record says what is the matter: the last paragraph
/// of its text but for the replay code.
pub fn sentence(record: &Record) -> String {
    let text = record.text.replace("\r\n", "\n");
    let says = |words: &String| {
        !words.is_empty() && !words.starts_with("cargo workshop ") && !words.starts_with("CHAOS_REPLAY=")
    };
    let last = text.split("\n\n").skip(1).map(unwrapped).filter(says).last();
    last.unwrap_or_else(|| record.headline.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_of_a_record_is_found() {
        let mut record = Record {
            package: "ex03-x".into(),
            test: "every_schedule".into(),
            verdict: "not-done".into(),
            headline: "NOT DONE YET".into(),
            text: "NOT DONE YET\n\nNot done yet: step 2\n(src/lib.rs:4).\n\ncargo workshop replay 03-1\n"
                .into(),
            ..Record::default()
        };
        assert_eq!(sentence(&record), "Not done yet: step 2 (src/lib.rs:4).");
        record.text = "NOT DONE YET\n".into();
        assert_eq!(sentence(&record), "NOT DONE YET");
    }

    #[test]
    fn records_are_ordered_by_number() {
        assert!(order("12-a-b-9.json") < order("12-a-10.json"));
        assert!(order("9-z-7.json") < order("12-a-1.json"));
    }
}
