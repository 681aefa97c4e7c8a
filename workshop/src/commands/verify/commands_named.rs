//! The commands that a page or a note tells somebody to type: there are such.

use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use super::culprit::Culprit;
use crate::args::Arguments;
use crate::repository::Repository;
use crate::running::left_records::own_name;

/// Checks the commands of a page, its notes included.
pub fn check(repository: &Repository, page: &Path) -> Vec<Culprit> {
    let Ok(text) = std::fs::read_to_string(page) else { return Vec::new() };
    let mut culprits = Vec::new();
    for (line, command) in commands(&text) {
        if let Some(what) = fault(repository.root(), &command) {
            let file = format!("{}:{line}", repository.show(page));
            culprits.push(Culprit::new(file, format!("`{command}`: {what}"), "mend the command"));
        }
    }
    culprits
}

/// What stands in backticks, or on a line of its own in a block of code, and
/// begins with `cargo`, with the line it is on.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut block = false;
    for (place, line) in text.lines().enumerate() {
        let mut take = |part: &str| {
            let plain = part.split(" #").next().unwrap_or(part).trim();
            let is_set = |word: &&str| word.contains('=') && !word.starts_with('-');
            let words: Vec<&str> = plain.split_whitespace().skip_while(is_set).collect();
            if words.first() == Some(&"cargo") {
                found.push((place + 1, words.join(" ")));
            }
        };
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if block {
            take(line.trim_start().trim_start_matches("$ "));
        } else {
            line.split('`').skip(1).step_by(2).for_each(take);
        }
    }
    found
}

fn fault(root: &Path, command: &str) -> Option<String> {
    // What is left to the reader is not looked at: `[NN]`, `…`.
    let all = command.split_whitespace().take_while(|word| !word.contains('…'));
    let words: Vec<&str> = all.filter(|word| !word.starts_with('[')).collect();
    match words[..] {
        ["cargo", "workshop", ..] if words.len() > 2 => workshop(root, &words),
        ["cargo", "test" | "bench", ..] => package(root, &words),
        _ => None,
    }
}

/// Help is help; and a command may be spoken of without what it needs.
const FINE: [ErrorKind; 3] =
    [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion, ErrorKind::MissingRequiredArgument];

fn workshop(root: &Path, words: &[&str]) -> Option<String> {
    if let Err(error) = Arguments::try_parse_from(&words[1..])
        && !FINE.contains(&error.kind())
    {
        let said = error.to_string();
        let said = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
        return Some(said.to_owned());
    }
    let takes =
        ["test", "watch", "explore", "story", "predict", "hint", "diff", "reset", "catch-up", "verify"];
    let exercise = words.get(3).filter(|_| takes.contains(&words[2]));
    let number = exercise.filter(|word| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_digit()))?;
    let start = format!("{number}-");
    let there = folders(&root.join("exercises")).any(|(name, _)| name.starts_with(&start));
    if !there {
        return Some(format!("there is no exercise {number}"));
    }
    let place = words.iter().position(|word| *word == "--mistake")?;
    let mistake = words.get(place + 1).filter(|name| !name.chars().any(char::is_uppercase))?;
    let (_, solution) = folders(&root.join("solutions")).find(|(name, _)| name.starts_with(&start))?;
    let file = solution.join("mistakes").join(format!("{mistake}.rs"));
    (!file.is_file()).then(|| format!("exercise {number} has no mistake {mistake}"))
}

/// Whether there are such a package, and a test of such a name in it.
fn package(root: &Path, words: &[&str]) -> Option<String> {
    let place = words.iter().position(|word| *word == "-p")?;
    let name = words.get(place + 1)?;
    let (folder, slug) = match (name.strip_prefix("sol"), name.strip_prefix("ex")) {
        (Some(slug), _) => ("solutions", slug),
        (_, Some(slug)) => ("exercises", slug),
        _ => ("", *name),
    };
    let home = root.join(folder).join(slug);
    if !home.join("Cargo.toml").is_file() {
        return Some(format!("there is no package {name}"));
    }
    let valued = ["-p", "--test", "--features", "--bench"];
    let ours = words.iter().take_while(|word| **word != "--").enumerate().skip(2);
    let mut plain = ours
        .filter(|(place, word)| !word.starts_with('-') && !valued.contains(&words[place - 1]))
        .map(|(_, word)| *word);
    let filter = plain.next()?;
    let test = own_name(filter);
    // A solution has tests of its own, and those of its exercise.
    let places = [home, root.join("exercises").join(slug)];
    let has = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut names = text.lines().filter_map(|line| line.split_once("fn ").map(|(_, rest)| rest));
        names.any(|rest| rest.split('(').next().is_some_and(|name| name.contains(test)))
    };
    let found = places.iter().flat_map(|place| sources(place)).any(|path| has(&path));
    (!found).then(|| format!("{name} has no test {filter}"))
}

fn folders(path: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
}

/// The Rust sources below a folder, but for what was built there.
pub(super) fn sources(path: &Path) -> Vec<PathBuf> {
    let inner = folders(path).flat_map(|(name, path)| match path.is_dir() {
        true if name == "target" => Vec::new(),
        true => sources(&path),
        false => vec![path],
    });
    inner.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_backticks_and_blocks() {
        let text = "Run `cargo workshop test 01`, or `X=1 cargo test -p a -- --nocapture`.\n\n```sh\n$ cargo run # the tour\nls\n```\n";
        let found: Vec<String> =
            commands(text).into_iter().map(|(line, command)| format!("{line} {command}")).collect();
        assert_eq!(found, ["1 cargo workshop test 01", "1 cargo test -p a -- --nocapture", "4 cargo run"]);
    }

    #[test]
    fn a_command_that_is_none_is_found() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("solutions/01-a");
        std::fs::create_dir_all(home.join("tests")).unwrap();
        std::fs::create_dir_all(root.path().join("exercises/01-a")).unwrap();
        std::fs::write(home.join("Cargo.toml"), "").unwrap();
        std::fs::write(home.join("tests/mistakes.rs"), "#[test]\nfn forgets_it() {}\n").unwrap();
        for good in [
            "cargo run",
            "cargo workshop",
            "cargo workshop test 01",
            "cargo workshop test NN",
            "cargo workshop verify [NN] [--fix]",
            "cargo workshop test --help",
            "cargo workshop catch-up",
            "cargo workshop diff --step 01 --spoil",
            "cargo test -p sol01-a",
            "cargo test -p sol01-a forgets -- --nocapture",
            "cargo test -p sol01-a --test mistakes forgets_it",
            "cargo test -p ex01-… -- --nocapture",
        ] {
            assert_eq!(fault(root.path(), good), None, "{good}");
        }
        for (bad, sentence) in [
            ("cargo workshop tset 01", "unrecognized subcommand"),
            ("cargo workshop test 01 --deeply", "unexpected argument"),
            ("cargo workshop test 02", "no exercise 02"),
            ("cargo test -p sol02-a", "no package sol02-a"),
            ("cargo test -p sol01-a remembers", "no test remembers"),
        ] {
            let what = fault(root.path(), bad).unwrap_or_default();
            assert!(what.contains(sentence), "{bad}: {what:?} does not say {sentence:?}");
        }
    }
}
