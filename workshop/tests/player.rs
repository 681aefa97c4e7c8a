//! `cargo workshop story --html`: from a red test to the page that shows its run.

#[allow(dead_code, reason = "the other tests of the command use the rest")]
#[path = "command/support.rs"]
mod support;

use records::Film;
use records::film::{Line, Scene};
use support::Miniature;

const NAME: &str = "03-state";

/// Tests that leave records with the film that lies beside them, if they are asked for
/// one. Two fail; what `t02` found has no film.
const TESTS: &str = r#"//! The checks.

fn record(test: &str, verdict: &str, film: bool) {
    let Ok(directory) = std::env::var("CHAOS_REPORTS") else { return };
    let film = match std::env::var("CHAOS_FILMS") {
        Ok(_) if film => std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/film.json")).unwrap(),
        _ => "null".to_owned(),
    };
    let (package, text) = (env!("CARGO_PKG_NAME"), format!("VIOLATED: It\n\n  the story of {test}"));
    let json = format!(
        "{{\"package\":{package:?},\"test\":{test:?},\"verdict\":{verdict:?},\"headline\":\"VIOLATED: It\",\
         \"text\":{text:?},\"story\":{text:?},\"coverage\":[],\"states\":1,\"single\":false,\"replay\":null,\
         \"film\":{film}}}"
    );
    std::fs::write(std::path::Path::new(&directory).join(format!("1-{test}-0.json")), json).unwrap();
    if verdict != "holds" {
        eprintln!("\n{text}");
        std::panic::resume_unwind(Box::new("told"));
    }
}

#[test]
fn t01_first() {
    record("t01_first", "violated", true);
}

#[test]
fn t02_second() {
    record("t02_second", "violated", false);
}

#[test]
fn t03_third() {
    record("t03_third", "holds", true);
}

#[test]
fn t04_fourth() {}
"#;

/// An exercise with these tests, and a mistake that has a story, too.
fn with_films() -> Miniature {
    let place = Miniature::with(&[NAME]);
    let words = "</script><img src=x onerror=alert(1)>".to_owned();
    let line = Line { words, ..Line::default() };
    let film = Film { steps: vec![Scene { lines: vec![line], ..Scene::default() }], ..Film::default() };
    let film = serde_json::to_string(&film).unwrap();
    let tests = "\"t01_first\" = \"green\"\n\"t02_second\" = \"green\"\n\"t03_third\" = \"green\"\n\
                 \"t04_fourth\" = \"green\"\n";
    let toml = place.read(&format!("exercises/{NAME}/exercise.toml"));
    let (head, _) = toml.split_once("[tests]").unwrap();
    place.write(&format!("exercises/{NAME}/exercise.toml"), &format!("{head}[tests]\n{tests}"));
    place.write(&format!("exercises/{NAME}/tests/checks.rs"), TESTS);
    place.write(&format!("solutions/{NAME}/mistakes/forgets_it.rs"), "//! It forgets.\n");
    place.write(&format!("solutions/{NAME}/mistakes/says_no_word.rs"), "//! It is silent.\n");
    let mistakes = TESTS.replace("t01_first", "forgets_it").replace("t04_fourth", "says_no_word");
    place.write(&format!("solutions/{NAME}/tests/mistakes.rs"), &mistakes);
    for folder in ["exercises", "solutions"] {
        place.write(&format!("{folder}/{NAME}/film.json"), &film);
    }
    place
}

#[test]
fn every_red_test_leads_to_its_player() {
    let place = with_films();
    place.run(&["test", "3"]).exits(1).says(&[
        "From the test t01_first:",
        "the story of t01_first",
        "look at it: cargo workshop story 03 --test t01 --html story.html --open",
        "or, in the same way, at t02",
        "Next:",
    ]);
    let ran = place.run(&["story", "03", "--test", "t01", "--html", "story.html"]).exits(1).says(&[
        "From the test t01_first of 03-state:",
        "the story of t01_first",
        "To be gone through step by step in a browser: story.html",
    ]);
    assert!(!ran.out.contains("look at it"), "{ran}");
    let page = place.read("story.html");
    assert!(
        page.starts_with("<!doctype html>") && page.contains("03 Title of 03-state: t01 first"),
        "{page}"
    );
    assert!(page.contains("\\u003cimg src=x onerror=alert(1)\\u003e") && !page.contains("<img"), "{page}");
    // It is made anew, whatever it shows now.
    place.run(&["story", "03", "--test", "third", "--html", "story.html"]).exits(0);
    assert!(place.read("story.html").contains("t03 third"));
    // The most telling one, where none is named; and how to get to it.
    place.run(&["story", "3"]).exits(1).says(&["03-state is red", "look at it:", "--test t01 --html"]);
}

#[test]
fn a_mistake_has_a_player() {
    let place = with_films();
    let name = "forgets it";
    place.run(&["story", "3", "--mistake", name]).exits(0).says(&[
        "A mistake in 03-state: it forgets it.",
        "the story of forgets_it",
        "look at it: cargo workshop story 03 --mistake forgets_it --html story.html --open",
    ]);
    place.run(&["story", "3", "--mistake", name, "--html", "story.html"]).exits(0);
    assert!(place.read("story.html").contains("03 Title of 03-state: a mistake that forgets it"));
    place
        .run(&["story", "3", "--mistake", "says_no_word"])
        .ends_in_trouble(&["the mistake says_no_word of 03-state has no story to tell"]);
    place.run(&["story", "3", "--mistake", "nonsense"]).ends_in_trouble(&["has no mistake \"nonsense\""]);
}

#[test]
fn where_no_player_can_be_made_a_sentence_says_why() {
    let place = with_films();
    let html = |test: &str, file: &str| place.run(&["story", "3", "--test", test, "--html", file]);
    html("t01", "no/such/story.html")
        .ends_in_trouble(&["the story cannot be written to no/such/story.html: there is no folder"]);
    html("t01", "exercises").ends_in_trouble(&["cannot be written to exercises: that is a folder"]);
    html("t02", "story.html").ends_in_trouble(&["the run of 03-state left no film to be shown"]);
    html("t04", "story.html").ends_in_trouble(&["the test t04_fourth of 03-state has no story to tell"]);
    html("t", "story.html").ends_in_trouble(&["03-state has no one test \"t\"; there are t01_first,"]);
    html("t99", "story.html").ends_in_trouble(&["03-state has no one test \"t99\"; there are t01_first,"]);
    assert!(!place.path("story.html").exists());
    place.write("notes.html", "<!doctype html>\n<title>My notes</title>\n");
    html("t01", "notes.html").ends_in_trouble(&["notes.html exists, and is left as it is", "--force"]);
    assert!(place.read("notes.html").contains("My notes"));
    place.run(&["story", "3", "--test", "t01", "--html", "notes.html", "--force"]).exits(1);
    assert!(!place.read("notes.html").contains("My notes"));
    for usage in [&["--open"][..], &["--force"], &["--test", "t01", "--mistake", "forgets_it"]] {
        assert_eq!(place.run(&[&["story", "3"], usage].concat()).code, 2, "{usage:?}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = place.path("locked");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).unwrap();
        // Whoever may do anything may write there, too.
        if std::fs::write(folder.join("probe"), "").is_err() {
            html("t01", "locked/story.html").ends_in_trouble(&["cannot be written to locked/story.html"]);
        }
    }
}

/// What opens files on a desktop is a program that is looked for by name.
#[cfg(target_os = "linux")]
#[test]
fn the_page_is_opened_where_there_is_a_browser() {
    use std::os::unix::fs::PermissionsExt;

    use support::{Ran, workshop};

    let place = with_films();
    let openers = ["xdg-open", "gio", "gnome-open", "kde-open", "kde-open5", "kde-open6", "wslview"];
    let with_openers = |script: &str| {
        for name in openers {
            place.write(&format!("bin/{name}"), script);
            std::fs::set_permissions(place.path(&format!("bin/{name}")), PermissionsExt::from_mode(0o755))
                .unwrap();
        }
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", place.path("bin").display());
        let arguments = ["story", "3", "--test", "t01", "--html", "story.html", "--open"];
        Ran::of(workshop().current_dir(place.path("")).args(arguments).env("PATH", path))
    };
    with_openers("#!/bin/sh\nfor last; do :; done\nprintf %s \"$last\" >opened\n").exits(1);
    let opened = std::fs::canonicalize(place.read("opened")).unwrap();
    assert_eq!(opened, std::fs::canonicalize(place.path("story.html")).unwrap());
    std::fs::remove_file(place.path("story.html")).unwrap();
    with_openers("#!/bin/sh\nexit 3\n")
        .ends_in_trouble(&["no browser could be started here", "open story.html in one yourself"]);
    assert!(place.path("story.html").is_file(), "it is there all the same");
}
