//! Each report is found as it says, its repair holds, and its story is kept. What
//! README.md shows of all of them is kept here as well.

#![allow(missing_docs)]

use std::fmt::Write as _;
use std::path::Path;

use chaos::Report;
use gallery::{Case, reports};

/// What is found of a report, once all that is said of it was seen to be so.
#[track_caller]
fn checked(name: &str) -> Report {
    let case = reports::all().into_iter().find(|case| case.name == name).expect("a report of this name");
    case.check();
    case.story()
}

/// The golden file of a report, beside README.md.
fn golden(case: &Case) -> String {
    format!("tests/snapshots/reports__{}.snap", case.name.replace('_', "-"))
}

#[test]
fn claim_without_an_end() {
    let report = checked("claim_without_an_end");
    chaos::assert_golden!("claim-without-an-end", report);
}

#[test]
fn claim_that_runs_out() {
    let report = checked("claim_that_runs_out");
    chaos::assert_golden!("claim-that-runs-out", report);
}

#[test]
fn lock_that_runs_out() {
    let report = checked("lock_that_runs_out");
    chaos::assert_golden!("lock-that-runs-out", report);
}

#[test]
fn stale_claim_taken_twice() {
    let report = checked("stale_claim_taken_twice");
    chaos::assert_golden!("stale-claim-taken-twice", report);
}

#[test]
fn recovery_of_the_living() {
    let report = checked("recovery_of_the_living");
    chaos::assert_golden!("recovery-of-the-living", report);
}

#[test]
fn numbered_before_the_commit() {
    let report = checked("numbered_before_the_commit");
    chaos::assert_golden!("numbered-before-the-commit", report);
}

#[test]
fn noted_before_it_is_stored() {
    let report = checked("noted_before_it_is_stored");
    chaos::assert_golden!("noted-before-it-is-stored", report);
}

#[test]
fn retried_under_its_old_id() {
    let report = checked("retried_under_its_old_id");
    chaos::assert_golden!("retried-under-its-old-id", report);
}

#[test]
fn stored_just_in_case() {
    let report = checked("stored_just_in_case");
    chaos::assert_golden!("stored-just-in-case", report);
}

#[test]
fn collector_between_two_stores() {
    let report = checked("collector_between_two_stores");
    chaos::assert_golden!("collector-between-two-stores", report);
}

#[test]
fn request_merged_into_a_running_job() {
    let report = checked("request_merged_into_a_running_job");
    chaos::assert_golden!("request-merged-into-a-running-job", report);
}

#[test]
fn event_for_the_last_generation() {
    let report = checked("event_for_the_last_generation");
    chaos::assert_golden!("event-for-the-last-generation", report);
}

#[test]
fn late_timeout() {
    let report = checked("late_timeout");
    chaos::assert_golden!("late-timeout", report);
}

#[test]
fn called_off_too_late() {
    let report = checked("called_off_too_late");
    chaos::assert_golden!("called-off-too-late", report);
}

#[test]
fn two_recoveries() {
    let report = checked("two_recoveries");
    chaos::assert_golden!("two-recoveries", report);
}

#[test]
fn request_known_to_its_run() {
    let report = checked("request_known_to_its_run");
    chaos::assert_golden!("request-known-to-its-run", report);
}

#[test]
fn overwritten_file() {
    let report = checked("overwritten_file");
    chaos::assert_golden!("overwritten-file", report);
}

#[test]
fn write_behind_the_abort() {
    let report = checked("write_behind_the_abort");
    chaos::assert_golden!("write-behind-the-abort", report);
}

#[test]
fn offset_above_what_is_at_work() {
    let report = checked("offset_above_what_is_at_work");
    chaos::assert_golden!("offset-above-what-is-at-work", report);
}

#[test]
fn older_event_comes_last() {
    let report = checked("older_event_comes_last");
    chaos::assert_golden!("older-event-comes-last", report);
}

#[test]
fn every_report_has_a_file_a_test_and_its_three_paragraphs() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = reports::all();
    let mut files: Vec<String> = std::fs::read_dir(package.join("src/reports"))
        .expect("the folder of the reports")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().replace(".rs", ""))
        .filter(|name| name != "mod")
        .collect();
    files.sort();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    names.sort_unstable();
    assert_eq!(names, files, "every file in src/reports is named in its mod.rs");
    for case in &cases {
        let golden = golden(case);
        assert!(package.join(&golden).is_file(), "{golden} is not there: {} has no test", case.name);
        assert!(!case.title().is_empty(), "{} begins with its title", case.name);
        for word in ["Reported", "Repaired", "Teaches"] {
            assert!(case.paragraph(word).is_some(), "{} has a paragraph that begins *{word}:*", case.name);
        }
        let reported = case.paragraph("Reported").unwrap_or_default();
        assert!(!cited(&reported).is_empty(), "{} says where it was reported", case.name);
    }
}

/// The citations of a paragraph that name their repository: `owner/repository#number`.
fn cited(reported: &str) -> Vec<(&str, &str)> {
    let citation = |word| {
        let (repository, rest) = str::split_once(word, '#')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        (repository.contains('/') && digits > 0).then(|| (repository, &rest[..digits]))
    };
    reported.split([' ', '(']).filter_map(citation).collect()
}

#[test]
fn table() {
    let mut table =
        "| report | what it teaches | found as | by | steps |\n|---|---|---|---|---|\n".to_owned();
    for case in reports::all() {
        let (report, name, title, golden) = (case.story(), case.name, case.title(), golden(&case));
        let reported = case.paragraph("Reported").expect("where it was reported");
        let citation = |&(repository, number): &(&str, &str)| {
            format!("[{repository}#{number}](https://github.com/{repository}/issues/{number})")
        };
        let citations: Vec<String> = cited(&reported).iter().map(citation).collect();
        let citations = citations.join(", ");
        let teaches = case.paragraph("Teaches").expect("what it teaches");
        let property = report.violated().expect("it is found");
        let faults: Vec<String> = report.struck.iter().map(|fault| format!("`{fault:?}`")).collect();
        let faults = if faults.is_empty() { "no fault".to_owned() } else { faults.join(", ") };
        _ = writeln!(
            table,
            "| **[{title}](src/reports/{name}.rs)**: \
             {citations} | {} | `{property:?}` | {faults} | [{}]({golden}) |",
            teaches.trim_end_matches('.'),
            report.steps,
        );
    }
    insta::assert_snapshot!("table", table);
}
