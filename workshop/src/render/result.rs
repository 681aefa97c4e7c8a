//! The verdict on an exercise: first in a line, then test by test, then the one
//! story that tells most.

use anstyle::Style;

use crate::repository::Exercise;
use crate::running::left_records::own_name;
use crate::running::{ExerciseResult, ExerciseRun, ExplainedResult, ExplainedTest, Reason};
use crate::terminal::{BAD, FAINT, GOOD, STRONG, UNSURE, columns, lines, paint, paragraph, short, width};

/// What is shown next to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What tells most of what failed.
    Usual,
    /// That, and what each run and search looked at.
    Coverage,
    /// That, and a story even if nothing that failed has one.
    Story,
}

/// The verdict, the tests, and the story.
pub fn exercise_run(exercise: &Exercise, run: &ExerciseRun, detail: Detail) -> String {
    let counted = plural(run.counted(), "test");
    let failed = run.failed();
    let (style, verdict) = match run.result {
        ExerciseResult::Green => (GOOD, format!("GREEN: {counted}")),
        ExerciseResult::Red => (BAD, format!("RED: {failed} of {counted}")),
        ExerciseResult::Inconclusive => (UNSURE, format!("INCONCLUSIVE: {failed} of {counted} cannot tell")),
    };
    let name = short(&exercise.name.to_string(), 40);
    let mut text = format!("  {}  {}\n", paint(STRONG, &name), paint(style, &verdict));
    let mut missing = Vec::new();
    let mut rest = run.tests.as_slice();
    while let Some(test) = rest.first() {
        let usual = if detail == Detail::Coverage { 0 } else { as_it_should_be(run.result, rest) };
        if usual >= WORTH_FOLDING {
            text += &folded(&rest[..usual]);
            rest = &rest[usual..];
            continue;
        }
        rest = &rest[1..];
        // The same thing is not done for many tests; it is told once.
        let words = match foreseen(run.result, test) {
            Some(what) => what,
            None => test.in_short(),
        };
        let told = words.to_lowercase().starts_with("not done yet") && missing.contains(&words);
        text += &one_line(test, if told { "the same" } else { &words });
        missing.push(words);
        if detail == Detail::Coverage {
            text += &what_was_covered(test);
        }
    }
    if detail == Detail::Story
        && let Some((test, story)) = run.some_story()
    {
        let source = short(&format!("From the test {test}, which is green:"), width());
        text += &format!("\n{}\n\n{}", paint(FAINT, &source), record(&story.text));
        text += &look_at_test(exercise, test);
    }
    if let Some(crash) = &run.crash {
        text += &format!("\n{}", lines(crash, ""));
    } else if let Some(telling) = run.most_telling() {
        let source = short(&format!("From the test {}:", telling.test), width());
        text += &format!("\n{}\n", paint(FAINT, &source));
        text += &format!("\n{}", record(telling.text));
        if telling.story {
            text += &look_at_test(exercise, telling.test);
            text += &others_to_look_at(exercise, run, telling.test);
        }
    } else if let Some((test, found)) = run.foreseen() {
        let source = short(&format!("From the test {test}, which has found what was foreseen:"), width());
        text += &format!("\n{}\n\n{}", paint(FAINT, &source), record(&found.text));
        text += &look_at_test(exercise, test);
    } else if run.result == ExerciseResult::Green
        && detail != Detail::Coverage
        && let Some(widest) = run.widest_search()
    {
        text += &format!("\n{}", paragraph(&widest.headline, "  "));
    }
    text
}

/// So many green tests in a row are one line.
const WORTH_FOLDING: usize = 4;

/// How many tests at the beginning of these have nothing to say but that they are green.
fn as_it_should_be(result: ExerciseResult, tests: &[ExplainedTest]) -> usize {
    let usual = |test: &&ExplainedTest| {
        matches!(test.result, ExplainedResult::Green) && foreseen(result, test).is_none()
    };
    tests.iter().take_while(usual).count()
}

/// That something is wrong, as it should be.
fn foreseen(result: ExerciseResult, test: &ExplainedTest) -> Option<String> {
    let record = test.violation().filter(|_| result == ExerciseResult::Green)?;
    Some(format!("foreseen: {}", record.property.as_deref().unwrap_or("a violation")))
}

/// `t03_a_conflict` and all up to `t12_a_crash`: one line.
fn folded(tests: &[ExplainedTest]) -> String {
    let (Some(first), Some(last)) = (tests.first(), tests.last()) else { return String::new() };
    let short_name = |test: &ExplainedTest| match test.name.split_once('_') {
        Some((number, _)) if number.ends_with(|last: char| last.is_ascii_digit()) => number.to_owned(),
        _ => test.name.clone(),
    };
    let names = format!("{} to {}", short_name(first), short_name(last));
    let words = paint(FAINT, &format!("{} tests, green", tests.len()));
    format!("  {} {}  {words}\n", paint(GOOD, "✓"), short(&names, width() - 24))
}

/// What the harness or a test has to say, in the lines that it has. Colours only
/// repeat what signs and words say.
pub fn record(text: &str) -> String {
    const OLD: &str = "an old version!";
    let coloured = |line: &str| {
        let bad = ["✗", "=> ", "VIOLATED", "THE HANDLER CANNOT", "NOT DONE"];
        let style = match line {
            _ if bad.iter().any(|start| line.starts_with(start)) => BAD,
            _ if line.starts_with("HOLDS") => GOOD,
            _ if line.starts_with("INCONCLUSIVE") => UNSURE,
            _ => {
                let line = line.replace(OLD, &paint(UNSURE, OLD));
                return line.replace('◆', &paint(UNSURE, "◆")).replace('┃', &paint(STRONG, "┃"));
            }
        };
        paint(style, line)
    };
    lines(text, "").lines().map(|line| coloured(line) + "\n").collect()
}

/// How a story is looked at step by step: what the command is told for it.
pub fn look_at_it(number: &str, arguments: &str) -> String {
    // To be copied, so it stays whole, however long it is.
    let command = format!("cargo workshop story {number} {arguments} --html story.html --open");
    let gap = if columns(&command) + 12 > width() { '\n' } else { ' ' };
    format!("\nlook at it:{gap}{command}\n")
}

fn look_at_test(exercise: &Exercise, test: &str) -> String {
    look_at_it(&exercise.name.number, &format!("--test {}", short_test(exercise, test)))
}

/// The other tests that failed with a story.
fn others_to_look_at(exercise: &Exercise, run: &ExerciseRun, told: &str) -> String {
    let others = run.tests.iter().filter(|test| match &test.result {
        ExplainedResult::Red(Reason::Record(record)) => test.name != told && !record.story.is_empty(),
        _ => false,
    });
    let others: Vec<&str> = others.map(|test| short_test(exercise, &test.name)).collect();
    if others.is_empty() {
        return String::new();
    }
    paragraph(&format!("or, in the same way, at {}", others.join(", ")), "")
}

/// The name of a test in short: `t13`, if it begins so, wherever it stands, and no other
/// does.
pub fn short_test<'a>(exercise: &Exercise, test: &'a str) -> &'a str {
    let short = beginning(test);
    let number = short.strip_prefix('t').is_some_and(|rest| rest.parse::<u32>().is_ok());
    let begins = |(name, _): &&(String, _)| beginning(name) == short;
    if number && exercise.tests.iter().filter(begins).count() == 1 { short } else { test }
}

fn beginning(test: &str) -> &str {
    let name = own_name(test);
    name.split('_').next().unwrap_or(name)
}

/// The verdict on sources that do not compile. What the compiler says was
/// passed on before.
pub fn compile_errors(exercise: &Exercise) -> String {
    let name = short(&exercise.name.to_string(), 40);
    format!("  {}  {}\n", paint(STRONG, &name), paint(BAD, "RED: it does not compile yet, see above"))
}

fn one_line(test: &ExplainedTest, words: &str) -> String {
    let (style, mark) = match test.result {
        ExplainedResult::Green => (GOOD, "✓"),
        ExplainedResult::Red(_) | ExplainedResult::Missing => (BAD, "✗"),
        ExplainedResult::Inconclusive(_) => (UNSURE, "?"),
        ExplainedResult::Ignored => (FAINT, "-"),
    };
    let name = short(&test.name, width() - 4);
    // Where next to the name is too little room, the name alone has to do.
    let room = (width() - 4).saturating_sub(columns(&name) + 2);
    let words = if room >= 20.min(columns(words)) { short(words, room) } else { String::new() };
    let line = format!("{name}  {}", paint(if test.result.is_red() { Style::new() } else { FAINT }, &words));
    format!("  {} {}\n", paint(style, mark), line.trim_end())
}

fn what_was_covered(test: &ExplainedTest) -> String {
    let mut text = String::new();
    for record in &test.records {
        text += &paragraph(&record.headline, "      ");
        if !record.coverage.is_empty() {
            text += &paragraph(
                &format!("struck with work in flight: {}", record.coverage.join("; ")),
                "        ",
            );
        }
    }
    text
}

fn plural(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::repository::Name;

    #[test]
    fn a_test_is_named_by_its_number_wherever_it_stands() {
        let text = "title = \"Runner\"\nminutes = 30\nsummary = \"x\"\nstarter = \"0123456789abcdef\"\n[tests]\n\
                    \"t01_one\" = \"green\"\n\"of_04::t03_three\" = \"green\"\n\
                    \"t04_four\" = \"green\"\n\"of_04::t04_four\" = \"green\"\n\"s30_more\" = \"green\"\n";
        let name = Name { number: "05".into(), slug: "runner".into() };
        let exercise = Exercise::parse(name, PathBuf::new(), text).expect("an exercise");
        let short = |test| short_test(&exercise, test);
        assert_eq!((short("t01_one"), short("of_04::t03_three")), ("t01", "t03"));
        assert_eq!((short("of_04::t04_four"), short("s30_more")), ("of_04::t04_four", "s30_more"));
    }
}
