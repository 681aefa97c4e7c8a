//! `cargo workshop new mistake`: our solution under the name of a mistake, and its test.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::outcome::Outcome;
use crate::repository::{Exercise, Mistake, Repository, write_whole};
use crate::terminal;

/// What stands at the top of a mistake.
const HEAD: &str = "//! The mistake: …\n//!\n//! Why it is tempting: …\n";

/// Makes the mistake of an exercise that has this name.
pub fn run(repository: &Repository, exercise: &str, name: &str) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, exercise)?;
    let sound =
        name.split('_').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    ensure!(
        sound,
        "{name:?} is no name for a mistake: it is a sentence without a subject, in small letters, as in \
         looks_into_the_inbox_first"
    );
    let solution = repository.solution(&exercise.name);
    let library = solution.join("src").join("lib.rs");
    let ours = fs::read_to_string(&library)
        .with_context(|| format!("{} cannot be read", repository.show(&library)))?;
    let place = solution.join("mistakes").join(format!("{name}.rs"));
    ensure!(!place.exists(), "{} is there already", repository.show(&place));
    let tests = solution.join("tests").join("mistakes.rs");
    let known: Vec<String> =
        Mistake::all(repository, exercise)?.into_iter().map(|mistake| mistake.name).collect();
    let text =
        fs::read_to_string(&tests).with_context(|| format!("{} cannot be read", repository.show(&tests)))?;
    let with_it =
        with_a_test(&text.replace("\r\n", "\n"), name, &known).with_context(|| repository.show(&tests))?;
    fs::create_dir_all(solution.join("mistakes"))?;
    write_whole(&place, format!("{HEAD}\n{}", without_comments(&ours.replace("\r\n", "\n"))).as_bytes())?;
    write_whole(&tests, with_it.as_bytes())?;

    let (shown, package) = (repository.show(&place), exercise.name.solution_package());
    let steps = [
        format!(
            "{shown} is our solution without its comments. Change what is wrong, and nothing else; say \
                 what it is, and why it is tempting."
        ),
        format!(
            "{} has its test, made as the first one there: the property is that one's, and whether \
                 the search finds it is not known.",
            repository.show(&tests)
        ),
        format!(
            "{} shows the story, and is red.",
            terminal::code(&format!("cargo test -p {package} --test mistakes {name}"))
        ),
        format!(
            "{} shows what one sees of it.",
            terminal::code(&format!("cargo workshop diff {} --mistake {name} --spoil", exercise.name.number))
        ),
        format!(
            "Then keep the story ({}), and run {} and {}.",
            terminal::code("INSTA_UPDATE=always"),
            terminal::code("cargo fmt --all"),
            terminal::code("cargo workshop verify --fix")
        ),
    ];
    super::show_steps(&steps);
    Ok(Outcome::Green)
}

/// The code alone: whoever reads a mistake finds what is wrong by themselves.
fn without_comments(source: &str) -> String {
    let mut kept = String::new();
    for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
        // A comment that goes leaves no gap.
        if line.is_empty() && (kept.is_empty() || kept.ends_with("\n\n")) {
            continue;
        }
        kept += line;
        kept.push('\n');
    }
    kept
}

/// The tests with one more, which asks of the new mistake what the first of them asks of
/// its own.
fn with_a_test(tests: &str, name: &str, known: &[String]) -> Result<String> {
    let lines: Vec<&str> = tests.lines().collect();
    let module = |name: &str| [format!("#[path = \"../mistakes/{name}.rs\"]"), format!("mod {name};")];
    let Some((like, start)) = lines.iter().enumerate().find_map(|(place, line)| {
        let like = known.iter().find(|known| **line == format!("fn {known}() {{"))?;
        Some((like, place))
    }) else {
        bail!("there is no test of a mistake yet: write the first one by hand, as that of 06 is");
    };
    let end = lines[start..].iter().position(|line| *line == "}").context("a test does not end")? + start;
    let dashed = |name: &str| name.replace('_', "-");
    let test: Vec<String> = lines[start..=end]
        .iter()
        .map(|line| line.replace(&**like, name).replace(&dashed(like), &dashed(name)))
        .collect();
    let path = &module(like)[0];
    let modules = lines.iter().position(|line| *line == path).context("a mistake has no module")?;
    let mut new: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    new.extend([String::new(), "#[test]".to_owned()].into_iter().chain(test));
    // rustfmt puts it into its place.
    new.splice(modules..modules, module(name));
    Ok(new.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_no_comments_below_its_head() {
        let ours = "//! Ours.\n\nuse x;\n\n/// What it does.\npub fn a() {\n    // Why.\n    b(); // here\n\n    // More.\n\n    c();\n}\n";
        assert_eq!(without_comments(ours), "use x;\n\npub fn a() {\n    b(); // here\n\n    c();\n}\n");
    }

    #[test]
    fn a_test_is_made_as_the_first_one() {
        let tests = "//! Tests.\n\n#[path = \"../mistakes/is_one.rs\"]\nmod is_one;\n\nfn found() {}\n\n#[test]\nfn is_one() {\n    \
                     let report = found(is_one::endpoint);\n    chaos::assert_golden!(\"is-one\", report);\n}\n";
        let known = ["is_one".to_owned(), "is_two".to_owned()];
        let new = with_a_test(tests, "looks_away", &known).unwrap();
        assert!(new.contains(
            "#[path = \"../mistakes/looks_away.rs\"]\nmod looks_away;\n#[path = \"../mistakes/is_one.rs\"]"
        ));
        assert!(new.ends_with(
            "}\n\n#[test]\nfn looks_away() {\n    let report = found(looks_away::endpoint);\n    \
             chaos::assert_golden!(\"looks-away\", report);\n}\n"
        ));
        assert!(with_a_test("fn found() {}\n", "looks_away", &known).is_err());
    }
}
