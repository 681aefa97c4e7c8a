//! `.workshop/progress.json`: kept, and never lost.

use std::fs;
use std::thread;

use crate::support::{Miniature, Ran, workshop};

#[test]
fn a_corrupted_file_is_set_aside_and_said_to_be() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "holds");
    workshop.run(&["test"]).exits(0);
    let good = workshop.read(".workshop/progress.json");
    let newer = good.replace("\"version\": 1", "\"version\": 7");
    assert_ne!(good, newer);
    let source = workshop.read("exercises/00-meet/src/lib.rs");

    let (half, _) = good.split_at(good.len() / 2);
    for (number, bad) in [half, "", "[]", &newer, "null"].into_iter().enumerate() {
        workshop.write(".workshop/progress.json", bad);
        let name = format!(".workshop/progress.json.broken-{}", number + 1);
        let command: &[&str] = [&["status"][..], &[], &["test"]][number % 3];
        workshop.run(command).ends_in_trouble(&[
            ".workshop/progress.json cannot be understood",
            &name,
            "the ladder starts anew",
            "run the command again",
        ]);
        assert_eq!(workshop.read(&name), bad, "nothing is lost");
        workshop.run(&["status"]).exits(0).says(&["00 meet", "in progress"]);
    }
    assert_eq!(workshop.read("exercises/00-meet/src/lib.rs"), source);
    workshop.run(&["test"]).exits(0);
    assert_eq!(workshop.read(".workshop/progress.json"), good);
    workshop.run(&["status"]).exits(0).says(&["✓ 00 meet"]);
}

#[test]
fn a_file_that_cannot_be_read_is_set_aside_too() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.write(".workshop/progress.json/inner", "a directory in its place");
    workshop.run(&["status"]).ends_in_trouble(&["cannot be understood", ".workshop/progress.json.broken-1"]);
    assert_eq!(workshop.read(".workshop/progress.json.broken-1/inner"), "a directory in its place");
    workshop.run(&["status"]).exits(0);
}

#[test]
fn the_tour_works_where_progress_cannot_be_saved() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "holds");
    // Nothing can be written into a directory that is a file: on any platform,
    // and for any user.
    workshop.write(".workshop", "in the way");
    for arguments in [&[][..], &["test"]] {
        workshop.run(arguments).exits(0).says(&[
            "GREEN: 3 tests",
            "Note: your progress cannot be saved in .workshop/progress.json",
            "Next: every exercise is green",
        ]);
    }
    workshop.run(&["status"]).exits(0).says(&["in progress"]);
    assert_eq!(workshop.read(".workshop"), "in the way");
}

#[test]
fn the_tour_works_in_a_folder_that_is_read_only() {
    let miniature = Miniature::with(&["00-meet"]);
    let target = tempfile::tempdir().unwrap();
    let tour = || {
        Ran::of(workshop().env("CARGO_TARGET_DIR", target.path()).current_dir(miniature.path("")).arg("test"))
            .exits(1)
    };
    // Cargo writes its lock file, once.
    tour();
    fs::remove_dir_all(miniature.path(".workshop")).unwrap();
    let writable = fs::metadata(miniature.path("")).unwrap().permissions();
    let mut read_only = writable.clone();
    read_only.set_readonly(true);
    fs::set_permissions(miniature.path(""), read_only).unwrap();
    let still_writable = fs::write(miniature.path("probe"), "").is_ok();
    let ran = (!still_writable).then(tour);
    fs::set_permissions(miniature.path(""), writable).unwrap();
    match ran {
        Some(ran) => {
            drop(ran.says(&["your progress cannot be saved", "Next: open exercises/00-meet/README.md"]))
        }
        None => println!("skipped: this user may write into a read-only folder"),
    }
}

#[test]
fn two_commands_at_once_lose_nothing() {
    let names = ["00-a", "01-b", "02-c"];
    let workshop = Miniature::with(&names);
    for name in names {
        workshop.solve(name, "holds");
    }
    thread::scope(|scope| {
        for name in names {
            let workshop = &workshop;
            scope.spawn(move || workshop.run(&["test", name]).exits(0));
        }
    });
    workshop.run(&["status"]).exits(0).says(&["✓ 00 a", "✓ 01 b", "✓ 02 c"]).does_not_say("▸");
    let left: Vec<_> =
        fs::read_dir(workshop.path(".workshop")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the file and its lock, and nothing temporary: {left:?}");
}
