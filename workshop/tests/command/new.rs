//! What maintainers begin with: a mistake, an exercise.

use super::support::{Miniature, library};

#[test]
fn a_mistake_begins_as_our_solution_with_a_test_like_the_first() {
    let miniature = Miniature::with(&["00-meet"]);
    let manifest = "[[test]]\nname = \"mistakes\"\npath = \"tests/mistakes.rs\"\n\n[lib]\n";
    miniature.replace("solutions/00-meet/Cargo.toml", "[lib]\n", manifest);
    miniature.write(
        "solutions/00-meet/mistakes/is_one.rs",
        "//! The mistake: it is one.\n\npub const CASE: &str = \"\";\n",
    );
    let tests = "//! Wrong answers.\n\n#[path = \"../mistakes/is_one.rs\"]\nmod is_one;\n\n#[test]\nfn is_one() {\n    \
                 assert_eq!(is_one::CASE, \"\", \"is-one\");\n}\n";
    miniature.write("solutions/00-meet/tests/mistakes.rs", tests);
    miniature.run(&["new", "mistake", "0", "looks_away"]).exits(0).says(&[
        "1. solutions/00-meet/mistakes/looks_away.rs is our solution without its comments",
        "3. `cargo test -p sol00-meet --test mistakes looks_away` shows the story",
        "5. Then keep the story (`INSTA_UPDATE=always`), and run `cargo fmt --all` and `cargo workshop verify --fix`.",
    ]);
    let mistake = miniature.read("solutions/00-meet/mistakes/looks_away.rs");
    assert_eq!(
        mistake,
        "//! The mistake: …\n//!\n//! Why it is tempting: …\n\npub const CASE: &str = \"holds\";\n"
    );
    let tests = miniature.read("solutions/00-meet/tests/mistakes.rs");
    assert!(tests.contains("mod looks_away;\n#[path = \"../mistakes/is_one.rs\"]\nmod is_one;"), "{tests}");
    assert!(
        tests.ends_with("fn looks_away() {\n    assert_eq!(looks_away::CASE, \"\", \"looks-away\");\n}\n")
    );
    for (name, sentence) in [
        ("looks_away", "solutions/00-meet/mistakes/looks_away.rs is there already"),
        ("LooksAway", "is no name for a mistake"),
        ("../x", "is no name for a mistake"),
    ] {
        miniature.run(&["new", "mistake", "0", name]).ends_in_trouble(&[sentence]);
    }
    let other = Miniature::with(&["00-meet"]);
    other.run(&["new", "mistake", "0", "looks_away"]).exits(2);
    other.write("solutions/00-meet/tests/mistakes.rs", "//! None yet.\n");
    other
        .run(&["new", "mistake", "0", "looks_away"])
        .ends_in_trouble(&["there is no test of a mistake yet: write the first one by hand"]);
    assert!(!other.path("solutions/00-meet/mistakes").exists(), "nothing is left of it");
}

#[test]
fn an_exercise_begins_as_another_one_and_is_as_declared() {
    let miniature = Miniature::with(&["00-meet", "01-add"]);
    miniature.write("solutions/01-add/mistakes/is_one.rs", "");
    miniature
        .write("exercises/01-add/README.md", "# 01 · Add\n\nThe answers are in [answers.md](answers.md).\n");
    miniature.run(&["new", "exercise", "07-sagas", "--like", "1"]).exits(0).says(&[
        "1. exercises/07-sagas and solutions/07-sagas are those of 01-add",
        "`cargo test -p ex07-sagas` is red",
        "then `cargo workshop verify 07 --fix` says what is left.",
    ]);
    assert!(miniature.read("exercises/07-sagas/README.md").starts_with("# 07 · Add\n"));
    assert_eq!(miniature.read("workshop/starters/07-sagas/src/lib.rs"), library("todo"));
    assert!(miniature.read("solutions/07-sagas/tests/checks.rs").contains("use sol07_sagas::CASE;"));
    assert!(!miniature.path("solutions/07-sagas/mistakes").exists());
    // It is red as declared, and its solution is green.
    miniature.run(&["verify", "07"]).exits(0).says(&["1 exercise verified: all as declared"]);
    for (name, sentence) in [
        ("01-more", "exercises/01-add has this number already"),
        ("sagas", "\"sagas\" is no name for an exercise"),
        ("08-Sagas", "is no name for an exercise"),
    ] {
        miniature.run(&["new", "exercise", name]).ends_in_trouble(&[sentence]);
    }
    // A half of one is not made.
    miniature.write("solutions/09-sagas/notes.md", "mine");
    miniature.run(&["new", "exercise", "09-sagas"]).ends_in_trouble(&["solutions/09-sagas is there already"]);
    assert!(!miniature.path("exercises/09-sagas").exists());
}
