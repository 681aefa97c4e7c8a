//! What people write and programs print, as nobody would: whatever it is, it is read or
//! refused in words, and nobody panics. The texts are made from a seed, and so are
//! the same every time.

use std::path::{Path, PathBuf};

use crate::attendee::{Mark, RoomCode, predictions};
use crate::pages::agenda::Agenda;
use crate::pages::excerpt::{self, Source};
use crate::pages::front_matter::FrontMatter;
use crate::pages::inline_links::inline_links;
use crate::pages::{hints, markdown};
use crate::repository::{Exercise, Name};
use crate::running::libtest;

#[path = "../../records/tests/support/mangled.rs"]
mod mangled;
use mangled::mangled;

/// How many short texts each is given, and how many pages.
const TEXTS: usize = 3_000;
const PAGES: usize = 150;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An error says something.
fn refused(error: &anyhow::Error) {
    let said = format!("{error:#}");
    assert!(!said.trim().is_empty(), "an error without a word");
}

#[test]
fn room_codes() {
    let marks = vec![Mark::Green, Mark::Ours, Mark::Red, Mark::Untouched];
    let [plain, named] =
        [None, Some("Zoë-2")].map(|name| RoomCode::new(name, marks.clone()).unwrap().to_string());
    let mut read = 0;
    for text in mangled(1, &[&plain, &named, ""], TEXTS) {
        match text.parse::<RoomCode>() {
            Ok(code) => {
                assert_eq!(code.to_string().parse::<RoomCode>().unwrap(), code, "{text:?}");
                read += 1;
            }
            Err(error) => refused(&error),
        }
    }
    assert!((TEXTS / 10..TEXTS).contains(&read), "{read} were read");
}

#[test]
fn front_matter() {
    let deck =
        "---\nmarp: true\n\ntitle: \"The: outbox\"\nminutes: 5\nblock: 'lecture'\n---\n\n# The outbox\n";
    for text in mangled(2, &[deck, "---\n---\n"], TEXTS) {
        match FrontMatter::parse(&text) {
            Ok(front) => {
                assert!(front.lines <= text.lines().count(), "{text:?}");
                for read in [front.title().map(drop), front.minutes().map(drop)] {
                    _ = read.inspect_err(refused);
                }
            }
            Err(error) => refused(&error),
        }
    }
}

#[test]
fn hints_of_an_exercise() {
    let (one, other) = (file("exercises/06-inbox/hints.md"), file("exercises/00-meet-the-monkeys/hints.md"));
    for text in mangled(3, &[&one, &other], PAGES) {
        match hints::parse(&text) {
            Ok(questions) => assert!(questions.iter().all(|question| !question.depths.is_empty())),
            Err(fault) => {
                assert!(fault.line <= text.lines().count() + 1 && !fault.what.is_empty(), "{fault:?}")
            }
        }
    }
}

#[test]
fn excerpts_and_links_of_a_page() {
    let page = file("exercises/04-outbox/README.md");
    let short = "# A\n\n~~~text a.snap from=\"b\" to=\"c\"\nb\n~~~\n\n[excerpt]: ../../README.md \"from=| a to=| b\"\n\n\
                 | a |\n|---|\n| [`b`](c.md#d) ![e](f.svg) |\n\n<!--\nSay: no.\n-->\n\n    text\n";
    for text in mangled(4, &[&page, short, short], PAGES) {
        let lines: Vec<&str> = text.lines().collect();
        for block in excerpt::blocks(&lines) {
            assert!(block.shown.end <= lines.len(), "{block:?} of {text:?}");
            match block.source("exercises/04-outbox", &lines) {
                Ok(source) => _ = source.map(|source| source.lines(root()).inspect_err(refused)),
                Err(error) => refused(&error),
            }
        }
        let fixed = excerpt::fixed(root(), "exercises/04-outbox", &text);
        excerpt::without_sources("exercises/04-outbox", &fixed, |_| true);
        for link in inline_links(&text) {
            assert!(text.get(link.range).is_some() && text.get(link.words).is_some(), "{text:?}");
            assert!(text.get(link.to).is_some(), "{text:?}");
        }
        markdown::without_comments(&text);
        assert!(markdown::plain(&text, "  ").lines().all(|line| !line.contains('\n')));
    }
}

#[test]
fn sources_of_excerpts() {
    let block = "rust solutions/04-outbox/src/lib.rs#handle from=\"let document\" to=\"await?;\"";
    let table = "[excerpt]: ../README.md \"from=| variant | to=| tokens\"";
    for text in mangled(5, &[block, table], TEXTS) {
        for source in [Source::of_block(&text), Source::of_table(&text, "slides")] {
            match source.and_then(|source| source.map(|source| source.lines(root())).transpose()) {
                Ok(lines) => assert!(lines.is_none_or(|lines| !lines.is_empty())),
                Err(error) => refused(&error),
            }
        }
    }
}

#[test]
fn descriptions_and_agendas() {
    let (exercise, agenda) = (file("exercises/09-tokens/exercise.toml"), file("agenda.toml"));
    let name = Name::parse("09-tokens").unwrap();
    for text in mangled(6, &[&exercise, &agenda], PAGES) {
        _ = Exercise::parse(name.clone(), PathBuf::new(), &text).inspect_err(refused);
        _ = Agenda::parse(&text).inspect_err(refused);
    }
}

#[test]
fn what_cargo_prints_and_attendees_predict() {
    let printed = "\nrunning 3 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... ignored\n\nfailures:\n\n\
                   ---- b stdout ----\nit is red\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed; \
                   1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n";
    let predicted = "# Which?\nItemAdded(tea) = yes # surely\nviolated = ?\n";
    for text in mangled(7, &[printed, predicted], TEXTS) {
        let output = libtest::parse(&text);
        assert!(output.tests.len() <= text.lines().count());
        let predictions = predictions::parse(&text);
        assert!(predictions.len() <= text.lines().count());
    }
}
