//! `cargo workshop new handler`: the crate that it makes is really built and run, with
//! what this repository has built already.

#[allow(dead_code, reason = "the other tests of the command use the rest")]
#[path = "command/support.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Ran, workshop};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Cargo in the crate, as whoever made it calls it, without a network; what it builds
/// goes to where everything else is.
fn cargo(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(directory).args(arguments).arg("--offline");
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_NET_OFFLINE", "true");
    let asked = std::env::vars_os().map(|(name, _)| name);
    for name in asked.filter(|name| name.to_string_lossy().starts_with("CHAOS_")) {
        command.env_remove(name);
    }
    command
}

/// What the tests of the crate say, on both streams, and whether they are green.
fn tests(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// (`.ci/handout` asks the same of a crate that is made out of a handout.)
#[test]
#[ignore = "builds the engine once more, for another workspace: a minute"]
fn it_is_red_for_a_reason_worth_reading_and_green_after_one_line() {
    let place = tempfile::tempdir().unwrap();
    let made = place.path().join("my-handler");
    let ran = Ran::of(workshop().current_dir(root()).args(["new", "handler"]).arg(&made)).exits(0);
    ran.says(&["my-handler is made", "cargo test", "marked with ▶"]);
    let readme = fs::read_to_string(made.join("README.md")).unwrap();
    assert!(readme.lines().count() <= 12, "{readme}");

    // Red, each for its reason, and the first one green: nothing goes wrong there.
    let (green, said) = tests(&mut cargo(&made, &["test", "--no-fail-fast"]));
    assert!(!green, "{said}");
    for (test, outcome) in [
        ("t1_on_a_quiet_day", "ok"),
        ("t2_the_broker_is_gone_for_a_moment", "FAILED"),
        ("t3_every_schedule", "FAILED"),
    ] {
        assert!(said.contains(&format!("test {test} ... {outcome}")), "{test} is to be {outcome}:\n{said}");
    }
    assert!(!said.contains("warning"), "{said}");
    for words in ["VIOLATED: NoLostMessages", "taken_by: ann", "waits for ever"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }

    // The line under the story plays it again, and is the only one there.
    assert!(!said.contains("cargo workshop replay"), "{said}");
    let line =
        said.lines().find(|line| line.starts_with("CHAOS_REPLAY=") && line.ends_with("t3_every_schedule"));
    let line = line.unwrap_or_else(|| panic!("no line to play it again in:\n{said}"));
    let (code, call) = line.split_once(' ').unwrap();
    let call: Vec<&str> = call.split(' ').skip(1).collect();
    let replayed =
        tests(cargo(&made, &call).env("CHAOS_REPLAY", code.strip_prefix("CHAOS_REPLAY=").unwrap()));
    assert!(!replayed.0 && replayed.1.contains("taken_by: ann"), "{}", replayed.1);
    assert!(!replayed.1.contains("was recorded"), "{}", replayed.1);

    // One line, and it is green.
    let file = made.join("src").join("lib.rs");
    let source = fs::read_to_string(&file).unwrap();
    let mended = source.replace("runner::as_at_work::<", "runner::with_an_outbox::<");
    assert_eq!(source.lines().zip(mended.lines()).filter(|(old, new)| old != new).count(), 1);
    fs::write(file, mended).unwrap();
    let (green, said) = tests(&mut cargo(&made, &["test"]));
    assert!(green, "{said}");
}

#[test]
fn nothing_is_made_where_something_is() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("notes.txt"), "mine").unwrap();
    let path = place.path().to_str().unwrap();
    let new = |path: &str| Ran::of(workshop().current_dir(root()).args(["new", "handler", path]));
    let name = place.path().join("Seats");
    new(name.to_str().unwrap()).ends_in_trouble(&["\"Seats\" is no name for a crate"]);
    let inside = root().join("exercises").join("seats");
    new(inside.to_str().unwrap()).ends_in_trouble(&["is inside of the repository"]);
    let taken = place.path().join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("notes.txt"), "mine").unwrap();
    new(taken.to_str().unwrap()).ends_in_trouble(&["is there already"]);
    assert!(!inside.exists() && fs::read_dir(path).unwrap().count() == 2);
}
