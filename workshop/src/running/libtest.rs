//! Reads what `cargo test` prints: the outcome of each test, and what it said.
//!
//! Only the words for people are stable, so those are read.

/// What the tests of a package came to.
#[derive(Debug, Default)]
pub struct Output {
    /// Every test that was started, in the order of the output.
    pub tests: Vec<Test>,
    /// How many test programs ended before they had run all their tests.
    pub unfinished: usize,
}

/// One test.
#[derive(Debug)]
pub struct Test {
    /// Its name, with its modules.
    pub name: String,
    /// How it ended.
    pub result: TestResult,
    /// What it printed, if it failed.
    pub said: String,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestResult {
    /// It passed.
    Ok,
    /// It failed, or its process ended with it.
    Failed,
    /// It was not run.
    Ignored,
}

/// Reads the standard output of `cargo test`.
pub fn parse(text: &str) -> Output {
    let mut output = Output::default();
    // Where the tests of the running program begin, until its result is seen.
    let mut program: Option<usize> = None;
    // Whose words are being read.
    let mut saying: Option<usize> = None;
    // The tests that printed something into the line that tells their result.
    let mut unclear: Vec<usize> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if is_start(line) {
            output.unfinished += usize::from(program.is_some());
            program = Some(output.tests.len());
            saying = None;
            unclear.clear();
            continue;
        }
        let Some(start) = program else { continue };
        if line.starts_with("test result: ") {
            // Every failed test was listed; the others passed.
            for place in unclear.drain(..) {
                output.tests[place].result = TestResult::Ok;
            }
            program = None;
            saying = None;
        } else if let Some(place) = section(line, &output.tests[start..]) {
            saying = Some(start + place);
        } else if line == "failures:" && lines.peek().is_some_and(|next| next.starts_with("    ")) {
            // The list of names: what was said is over, and these failed.
            saying = None;
            for name in lines.clone().map_while(|name| name.strip_prefix("    ")) {
                unclear.retain(|&place| output.tests[place].name != name);
            }
        } else if let Some(place) = saying {
            output.tests[place].said.push_str(line);
            output.tests[place].said.push('\n');
        } else if let Some((name, result)) = outcome(line) {
            if result.is_none() {
                unclear.push(output.tests.len());
            }
            let result = result.unwrap_or(TestResult::Failed);
            output.tests.push(Test { name: name.to_owned(), result, said: String::new() });
        }
    }
    output.unfinished += usize::from(program.is_some());
    for test in &mut output.tests {
        test.said = test.said.trim_end().trim_start_matches('\n').to_owned();
    }
    output
}

/// `running 3 tests`.
fn is_start(line: &str) -> bool {
    line.strip_prefix("running ")
        .and_then(|rest| rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test")))
        .is_some_and(|number| number.parse::<usize>().is_ok())
}

/// `test name ... ok`. Where the test's own words got in between, the result is
/// not on this line.
fn outcome(line: &str) -> Option<(&str, Option<TestResult>)> {
    let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    let result = match result {
        "ok" => Some(TestResult::Ok),
        "FAILED" => Some(TestResult::Failed),
        _ if result == "ignored" || result.starts_with("ignored, ") => Some(TestResult::Ignored),
        _ => None,
    };
    Some((name, result))
}

/// `---- name stdout ----`: the place of that test.
fn section(line: &str, tests: &[Test]) -> Option<usize> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    let name = name.strip_suffix(" stdout").or_else(|| name.strip_suffix(" stderr"))?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    tests.iter().position(|test| test.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(output: &Output) -> Vec<(&str, TestResult)> {
        output.tests.iter().map(|test| (test.name.as_str(), test.result)).collect()
    }

    #[test]
    fn outcomes_and_words_are_read() {
        let output = parse(
            "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed\n\n\nrunning 5 tests\n\
             test b::err ... FAILED\ntest ign ... ignored, stretch: x\ntest ok ... ok\n\
             test bad ... FAILED\ntest sp - should panic ... ok\n\nfailures:\n\n\
             ---- b::err stdout ----\nError: \"no\"\n\n---- bad stdout ----\n\n  indented\n\
             test fake ... ok\nfailures:\n\nmore\n\n\nfailures:\n    b::err\n    bad\n\n\
             test result: FAILED. 2 passed\n\n",
        );
        use TestResult::{Failed, Ignored, Ok};
        assert_eq!(
            results(&output),
            [("b::err", Failed), ("ign", Ignored), ("ok", Ok), ("bad", Failed), ("sp", Ok)]
        );
        assert_eq!(output.tests[0].said, "Error: \"no\"");
        assert_eq!(output.tests[3].said, "  indented\ntest fake ... ok\nfailures:\n\nmore");
        assert_eq!(output.unfinished, 0);
    }

    #[test]
    fn results_are_known_though_tests_print_into_the_line() {
        let output = parse(
            "running 2 tests\ntest bad ... thread 'bad' panicked\nFAILED\ntest good ... hello\nok\n\n\
             failures:\n\nfailures:\n    bad\n\ntest result: FAILED. 1 passed\n",
        );
        assert_eq!(results(&output), [("bad", TestResult::Failed), ("good", TestResult::Ok)]);
    }

    #[test]
    fn a_program_that_died_is_noticed() {
        let output =
            parse("running 2 tests\ntest a ... ok\n\nrunning 1 test\ntest b ... ok\n\ntest result: ok.\n");
        assert_eq!(output.unfinished, 1);
        assert_eq!(parse("running 1 test\n").unfinished, 1);
    }
}
