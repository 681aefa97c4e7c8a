//! Hints, diffs, and versions that are put aside: nothing an attendee has
//! written is ever lost.

#[path = "command/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod support;

use std::fs;
use std::thread;

use support::{Miniature, library, workshop};

const SOURCE: &str = "exercises/00-meet/src/lib.rs";

/// What is in `.workshop/saved`, in order.
fn saved(workshop: &Miniature) -> Vec<String> {
    let folder = workshop.path(".workshop/saved");
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".lock");
    names.sort();
    names
}

/// A command that builds nothing, as on a machine without cargo.
fn without_cargo(miniature: &Miniature, arguments: &[&str]) -> support::Ran {
    support::Ran::of(
        workshop()
            .current_dir(miniature.path(""))
            .env("CARGO", miniature.path("no/such/cargo"))
            .args(arguments),
    )
}

#[test]
fn what_was_reset_can_be_restored_byte_by_byte() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    let mine = b"// \xff\xfe neither text\r\n\0 nor Rust";
    fs::write(workshop.path(SOURCE), mine).unwrap();
    fs::create_dir_all(workshop.path("exercises/00-meet/src/more/deep")).unwrap();
    fs::write(workshop.path("exercises/00-meet/src/more/deep/notes.bin"), [0, 159, 146, 150]).unwrap();
    workshop.write("exercises/00-meet/src/.lib.rs.swp", "an editor's");
    workshop.write("exercises/00-meet/tests/mine.rs", "// a test of my own");

    workshop.run(&["reset", "0"]).exits(0).says(&[
        "00-meet is as it was shipped; what was there is saved as version 1.",
        "To have it back, run `cargo workshop restore 1`.",
        "Next: open exercises/00-meet/README.md",
    ]);
    assert_eq!(workshop.read(SOURCE), library("todo"));
    assert!(!workshop.path("exercises/00-meet/src/more").exists());
    assert!(workshop.path("exercises/00-meet/src/.lib.rs.swp").exists());
    assert!(workshop.path("exercises/00-meet/tests/mine.rs").exists());
    assert_eq!(saved(&workshop), ["1-00-meet"]);
    workshop.run(&["status"]).says(&["00 meet", "untouched"]);
    let why = workshop.read(".workshop/saved/1-00-meet/why.json");
    assert!(why.contains("\"when\": \"20") && why.contains("\"why\": \"before a reset\""), "{why}");
    workshop.run(&["restore"]).exits(0).says(&["1 00-meet 20", "UTC before a reset"]);

    workshop.run(&["reset", "0"]).exits(0).says(&["as it was shipped: there is nothing to reset"]);
    assert_eq!(saved(&workshop), ["1-00-meet"], "the starter is no version");
    workshop.run(&["restore", "1"]).exits(0).says(&["00-meet is version 1 again.", "Next: run"]);
    assert_eq!(fs::read(workshop.path(SOURCE)).unwrap(), mine);
    let notes = fs::read(workshop.path("exercises/00-meet/src/more/deep/notes.bin")).unwrap();
    assert_eq!(notes, [0, 159, 146, 150]);
    workshop.run(&["restore", "1"]).exits(0).says(&["is version 1 already"]);
    assert_eq!(workshop.read("exercises/01-add/src/lib.rs"), library("todo"));
}

#[test]
fn versions_count_up_and_none_is_saved_twice() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.run(&["restore"]).exits(0).says(&["Nothing is saved yet"]);
    workshop.solve("00-meet", "violated");
    workshop.run(&["reset", "00"]).exits(0);
    workshop.solve("01-add", "plain");
    workshop.run(&["reset", "01"]).exits(0).says(&["version 2"]);
    workshop.solve("00-meet", "holds");
    workshop
        .run(&["restore", "1"])
        .exits(0)
        .says(&["is version 1 again; what was there is saved as version 3"]);
    assert_eq!(workshop.read(SOURCE), library("violated"));
    workshop
        .run(&["restore", "3"])
        .exits(0)
        .says(&["is version 3 again; what was there is saved as version 4"]);
    assert_eq!(workshop.read(SOURCE), library("holds"));
    // The newest version of this exercise is 4, and that is another one.
    workshop.run(&["reset", "0"]).exits(0).says(&["saved as version 5"]);
    workshop.run(&["restore", "5"]).exits(0);
    workshop.run(&["reset", "0"]).exits(0).says(&["what was there is version 5, saved before"]);
    assert_eq!(saved(&workshop), ["1-00-meet", "2-01-add", "3-00-meet", "4-00-meet", "5-00-meet"]);
    workshop.run(&["restore"]).exits(0).says(&[
        "5 00-meet",
        "4 00-meet",
        "3 00-meet",
        "2 01-add",
        "1 00-meet",
    ]);
    // A gap is no reason to use a number again.
    fs::remove_dir_all(workshop.path(".workshop/saved/2-01-add")).unwrap();
    workshop.solve("01-add", "silent");
    workshop.run(&["reset", "01"]).exits(0).says(&["version 6"]);
    workshop
        .run(&["restore", "2"])
        .ends_in_trouble(&["there is no saved version 2", "`cargo workshop restore`"]);
}

#[test]
fn predictions_are_part_of_it_and_so_are_deleted_files() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.write("exercises/00-meet/predictions.txt", "what = ?\n");
    workshop.replace(
        "exercises/00-meet/exercise.toml",
        "[tests]",
        "predictions = \"predictions.txt\"\n[tests]",
    );
    without_cargo(&workshop, &["verify", "0", "--fix"]);
    assert_eq!(workshop.read("workshop/starters/00-meet/predictions.txt"), "what = ?\n");
    workshop.run(&["reset", "0"]).exits(0).says(&["nothing to reset"]);

    workshop.write("exercises/00-meet/predictions.txt", "what = lost\n");
    fs::remove_dir_all(workshop.path("exercises/00-meet/src")).unwrap();
    workshop.run(&["reset", "0"]).exits(0).says(&["version 1"]);
    assert_eq!(workshop.read("exercises/00-meet/predictions.txt"), "what = ?\n");
    assert_eq!(workshop.read(SOURCE), library("todo"));
    workshop.run(&["restore", "1"]).exits(0);
    assert_eq!(workshop.read("exercises/00-meet/predictions.txt"), "what = lost\n");
    assert!(!workshop.path(SOURCE).exists());

    // With nothing there, there is nothing to be saved.
    fs::remove_file(workshop.path("exercises/00-meet/predictions.txt")).unwrap();
    workshop.run(&["reset", "0"]).exits(0).does_not_say("version");
    assert_eq!(workshop.read("exercises/00-meet/predictions.txt"), "what = ?\n");
}

#[cfg(unix)]
#[test]
fn permissions_come_back_and_links_are_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "plain");
    fs::set_permissions(workshop.path(SOURCE), fs::Permissions::from_mode(0o751)).unwrap();
    let mode = || fs::metadata(workshop.path(SOURCE)).unwrap().permissions().mode() & 0o777;
    workshop.run(&["reset", "0"]).exits(0);
    assert_ne!(mode(), 0o751);
    workshop.run(&["restore", "1"]).exits(0);
    assert_eq!((mode(), workshop.read(SOURCE)), (0o751, library("plain")));

    workshop.write("precious.rs", "mine");
    std::os::unix::fs::symlink(workshop.path("precious.rs"), workshop.path("exercises/00-meet/src/link.rs"))
        .unwrap();
    workshop.run(&["reset", "0"]).ends_in_trouble(&["link.rs is a link", "move it elsewhere"]);
    assert_eq!((workshop.read("precious.rs"), workshop.read(SOURCE)), ("mine".into(), library("plain")));
}

/// A command that is killed leaves the exercise as it was, or half changed with
/// its version saved. Both are made here by hand.
#[test]
fn a_reset_that_was_interrupted_can_be_repeated() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "violated");
    workshop.write("exercises/00-meet/src/extra.rs", "// extra");
    // Killed while it saved.
    workshop.write(".workshop/saved/.unfinished-x1/files/src/lib.rs", "half of");
    workshop.run(&["restore"]).exits(0).says(&["Nothing is saved yet"]);
    workshop.run(&["reset", "0"]).exits(0).says(&["version 1"]);
    assert_eq!(saved(&workshop), ["1-00-meet"], "what is unfinished is swept away");
    // Killed between the first file and the second, with the third half written.
    workshop.run(&["restore", "1"]).exits(0);
    workshop.write(SOURCE, &library("todo"));
    workshop.write("exercises/00-meet/src/.workshop-x2.tmp", "//! half");
    workshop.run(&["reset", "0"]).exits(0).says(&["version 2"]);
    let left: Vec<_> = fs::read_dir(workshop.path("exercises/00-meet/src")).unwrap().collect();
    assert_eq!((left.len(), workshop.read(SOURCE)), (1, library("todo")));
    workshop.run(&["restore", "1"]).exits(0);
    assert_eq!(workshop.read(SOURCE), library("violated"));
    assert_eq!(workshop.read("exercises/00-meet/src/extra.rs"), "// extra");
}

#[test]
fn where_nothing_can_be_saved_nothing_is_changed() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.solve("00-meet", "plain");
    workshop.write(".workshop/saved", "in the way");
    for arguments in [["reset", "0"], ["catch-up", "1"]] {
        workshop
            .run(&arguments)
            .ends_in_trouble(&["nothing can be saved in .workshop/saved", "nothing was changed"]);
    }
    assert_eq!(workshop.read(SOURCE), library("plain"));
    assert_eq!(workshop.read(".workshop/saved"), "in the way");

    // Nor where the starter is not the one that was shipped.
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "plain");
    workshop.write("workshop/starters/00-meet/src/lib.rs", "// another\n");
    workshop.run(&["reset", "0"]).ends_in_trouble(&["workshop/starters/00-meet was changed", "a fresh copy"]);
    fs::remove_dir_all(workshop.path("workshop/starters")).unwrap();
    workshop.run(&["reset", "0"]).ends_in_trouble(&["workshop/starters/00-meet is not there"]);
    assert_eq!(workshop.read(SOURCE), library("plain"));
    assert!(!workshop.path(".workshop").exists());
}

#[test]
fn a_version_without_its_note_or_its_exercise_is_not_lost() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.write(".workshop/saved/7-00-meet/files/src/lib.rs", &library("silent"));
    workshop.write(".workshop/saved/7-00-meet/why.json", "{");
    workshop.write(".workshop/saved/8-55-gone/files/src/lib.rs", "");
    workshop.write(".workshop/saved/9-00-meet/why.json", "");
    workshop.write(".workshop/saved/notes/x", "not ours");
    workshop.run(&["restore"]).exits(0).says(&[
        "9 00-meet",
        "8 55-gone",
        "7 00-meet when and why is not known",
    ]);
    workshop
        .run(&["restore", "8"])
        .ends_in_trouble(&["version 8 is of 55-gone, which is no exercise any more"]);
    workshop.run(&["restore", "9"]).ends_in_trouble(&["version 9 has lost its files"]);
    workshop.run(&["restore", "7"]).exits(0);
    assert_eq!(workshop.read(SOURCE), library("silent"));
    workshop.run(&["restore", "x"]).exits(2);
}

#[test]
fn two_resets_at_once_save_what_was_there() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    for name in ["00-meet", "01-add"] {
        workshop.solve(name, "violated");
    }
    thread::scope(|scope| {
        for name in ["0", "1", "0", "1"] {
            let workshop = &workshop;
            scope.spawn(move || workshop.run(&["reset", name]).exits(0));
        }
    });
    let names = saved(&workshop);
    for name in ["00-meet", "01-add"] {
        assert_eq!(workshop.read(&format!("exercises/{name}/src/lib.rs")), library("todo"));
        let folder = names.iter().find(|folder| folder.ends_with(name)).unwrap();
        let source = workshop.read(&format!(".workshop/saved/{folder}/files/src/lib.rs"));
        assert_eq!(source, library("violated"));
    }
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn catching_up_puts_our_solutions_in_and_saves_what_was_there() {
    let workshop = Miniature::with(&["00-meet", "01-add", "02-state", "03-last"]);
    let mine = library("holds") + "// mine\n";
    workshop.write(SOURCE, &mine);
    workshop.run(&["test", "0"]).exits(0);
    workshop.solve("01-add", "violated");
    workshop.solve("03-last", "plain");
    workshop
        .run(&["catch-up", "3"])
        .exits(0)
        .says(&[
            "01-add has our solution now; what was there is saved as version 1.",
            "02-state has our solution now.",
            "03-last has the starter now; what was there is saved as version 2.",
            "Next: open exercises/03-last/README.md",
        ])
        .does_not_say("00-meet");
    assert_eq!(workshop.read(SOURCE), mine, "who has solved it keeps it");
    assert_eq!(workshop.read("exercises/02-state/src/lib.rs"), library("holds"));
    let ladder =
        ["✓ 00 meet 30 min green 01 add", "30 min our solution 02 state 30 min our solution ▸ 03 last"];
    workshop.run(&["status"]).says(&ladder).does_not_say("✓ 01");
    // Once more: there is nothing left to do, and nothing is saved.
    workshop
        .run(&["catch-up", "03"])
        .exits(0)
        .says(&["03-last has the starter now."])
        .does_not_say("version");
    assert_eq!(saved(&workshop).len(), 2);

    // It never becomes the attendee's, neither by a test nor by way of a version.
    workshop.run(&["test", "1"]).exits(0);
    workshop.run(&["status"]).says(&ladder);
    workshop.run(&["restore", "1"]).exits(0).says(&["what was there is saved as version 3"]);
    assert_eq!(workshop.read("exercises/01-add/src/lib.rs"), library("violated"));
    workshop.run(&["status"]).says(&["01 add 30 min in progress"]);
    workshop.run(&["restore", "3"]).exits(0);
    workshop.run(&["status"]).says(&["01 add 30 min our solution"]);

    // Edited, it is in progress; reset and solved, it is the attendee's.
    workshop.write("exercises/01-add/src/lib.rs", &(library("holds") + "// more\n"));
    workshop.run(&["status"]).says(&["▸ 01 add 30 min in progress"]);
    workshop.run(&["reset", "1"]).exits(0);
    workshop.solve("01-add", "holds");
    workshop.run(&["test", "1"]).exits(0);
    workshop.run(&["status"]).says(&["✓ 01 add", "green", "02 state", "our solution"]);
    workshop.solve("03-last", "holds");
    workshop.run(&["test"]).exits(0).says(&["Next: every exercise is green or has our solution in it"]);
    workshop.run(&["catch-up", "0"]).exits(0).says(&["00-meet has the starter now; what was there is saved"]);
}

#[test]
fn catching_up_needs_all_the_solutions_before_it_changes_anything() {
    let workshop = Miniature::with(&["00-meet", "01-add", "02-state"]);
    workshop.solve("00-meet", "plain");
    fs::remove_dir_all(workshop.path("solutions/01-add")).unwrap();
    let sentence = ["this handout has no solution for 01", "ask the instructor to unlock it", "handout"];
    workshop.run(&["catch-up", "2"]).ends_in_trouble(&sentence);
    workshop.run(&["diff", "1", "--spoil"]).ends_in_trouble(&sentence);
    assert_eq!(workshop.read(SOURCE), library("plain"));
    assert!(!workshop.path(".workshop/saved").exists());
    workshop.run(&["catch-up", "1"]).exits(0);
    fs::remove_dir_all(workshop.path("solutions")).unwrap();
    workshop.run(&["reset", "0"]).exits(0);
    // All of them at once, not one more at each attempt.
    let both = ["this handout has no solutions for 00, 01", "unlock each of them"];
    workshop.run(&["catch-up", "2"]).ends_in_trouble(&both);
    workshop.run(&["catch-up", "0"]).exits(0).says(&["00-meet has the starter now"]);
}

/// A solution may include what the exercise provides, and may be nothing else.
#[test]
fn a_solution_that_includes_files_of_the_exercise_fits_in_there() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    let path = |file: &str| format!("#[path = \"../../../exercises/00-meet/src/{file}\"]\nmod x;\n");
    workshop.write("exercises/00-meet/src/naive.rs", "// naive\n");
    workshop.write("exercises/00-meet/src/gone.rs", "// to be deleted\n");
    workshop.write("solutions/00-meet/src/lib.rs", &(library("holds") + &path("naive.rs")));
    without_cargo(&workshop, &["verify", "0", "--fix"]);
    workshop.write("exercises/00-meet/src/naive.rs", "// changed\n");
    workshop.run(&["catch-up", "1"]).exits(0);
    assert_eq!(workshop.read("exercises/00-meet/src/naive.rs"), "// naive\n");
    assert_eq!(workshop.read(SOURCE), library("holds") + &path("naive.rs"));
    assert!(!workshop.path("exercises/00-meet/src/gone.rs").exists());

    workshop.write("solutions/00-meet/src/lib.rs", &path("lib.rs"));
    workshop.run(&["reset", "0"]).exits(0);
    workshop.write(SOURCE, "// changed\n");
    workshop.run(&["catch-up", "1"]).exits(0);
    assert_eq!(workshop.read(SOURCE), library("todo"));
}

#[test]
fn hints_open_one_depth_at_a_time() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.run(&["hint"]).exits(0).says(&[
        "Hints for 00: Title of 00-meet",
        "1 What is `CASE`?",
        "2 And then?",
        "`cargo workshop hint 00 1` opens the first one",
    ]);
    assert!(!workshop.path(".workshop").exists(), "looking opens nothing");
    let ran = workshop.run(&["hint", "0", "1"]).exits(0).does_not_say("One.");
    ran.says(&["Where to look", "In `src/lib.rs`.", "Depth 1 of 3", "opens the next: Which rule."]);
    workshop.run(&["hint", "0", "1"]).exits(0).says(&["In `src/lib.rs`.", "Which rule", "One."]);
    workshop.run(&["hint", "0"]).exits(0).says(&["`CASE`? (2 of 3 open)", "And then?"]);
    for _ in 0..2 {
        let ran = workshop.run(&["hint", "0", "1"]).exits(0).does_not_say("```").does_not_say("details>");
        ran.says(&["Where to look", "Code", "pub const CASE: &str = \"holds\";", "this is the last of them"]);
    }
    // The other question, and the other exercise, are as they were.
    workshop.run(&["hint", "0"]).says(&["And then?"]).does_not_say("of 1 open");
    workshop.run(&["hint", "1", "1"]).says(&["Depth 1 of 3"]);
    workshop.run(&["hint", "1", "1", "--depth", "3"]).exits(0).says(&["pub const", "the last of them"]);
    workshop
        .run(&["hint", "1", "1", "--depth", "1"])
        .exits(0)
        .says(&["Depth 1 of 3"])
        .does_not_say("pub const");
    workshop.run(&["hint", "1"]).says(&["(3 of 3 open)"]);
    workshop.run(&["hint", "1", "2", "--depth", "99"]).exits(0).says(&["At the next one."]);

    workshop.run(&["hint", "1", "3"]).ends_in_trouble(&["01-add has no question 3: there are 2"]);
    workshop.run(&["hint", "1", "0"]).ends_in_trouble(&["01-add has no question 0"]);
    workshop.run(&["hint", "7"]).ends_in_trouble(&["there is no exercise \"7\""]);
    for arguments in [&["hint", "0", "x"][..], &["hint", "0", "--depth", "2"]] {
        workshop.run(arguments).exits(2);
    }
}

#[test]
fn hints_that_cannot_be_read_or_remembered_are_no_disaster() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.write(".workshop/hints.json", "{ half");
    workshop.run(&["hint", "0", "1"]).exits(0).says(&["Depth 1 of 3"]);
    workshop.run(&["hint", "0", "1"]).exits(0).says(&["Depth 2 of 3"]);
    fs::remove_dir_all(workshop.path(".workshop")).unwrap();
    workshop.write(".workshop", "in the way");
    for _ in 0..2 {
        let note = "Note: which hints are open cannot be saved in .workshop/hints.json";
        workshop.run(&["hint", "0", "1"]).exits(0).says(&["Depth 1 of 3", note]);
    }
    workshop.write("exercises/00-meet/hints.md", "# Hints\n\n## Why?\n\n<details>\n");
    workshop
        .run(&["hint", "0"])
        .ends_in_trouble(&["exercises/00-meet/hints.md, line 6: the file ends", "open the file"]);
}

#[test]
fn two_hints_at_once_are_both_remembered() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    thread::scope(|scope| {
        for number in ["0", "1"] {
            let workshop = &workshop;
            scope.spawn(move || workshop.run(&["hint", number, "1"]).exits(0));
        }
    });
    for number in ["0", "1"] {
        workshop.run(&["hint", number]).says(&["(1 of 3 open)"]);
    }
}

#[test]
fn our_solution_is_shown_to_those_who_have_one() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.run(&["diff"]).ends_in_trouble(&[
        "00-meet is not green yet",
        "`cargo workshop test 00`",
        "`cargo workshop diff 00 --spoil`",
    ]);
    workshop.run(&["diff", "0", "--spoil"]).exits(0).says(&[
        "From your version of 00-meet (-) to our solution (+)",
        "src/lib.rs",
        "@@ -1,4 +1,4 @@",
        "4 -pub const CASE: &str = \"todo\";",
        "4 +pub const CASE: &str = \"holds\";",
    ]);
    workshop.write(SOURCE, &(library("holds") + "// mine\n"));
    workshop.write("exercises/00-meet/src/extra.rs", "// mine too\n");
    workshop.run(&["diff", "0"]).ends_in_trouble(&["not green yet"]);
    workshop.run(&["test", "0"]).exits(0);
    let short = workshop.run(&["diff"]).exits(0).does_not_say("// mine");
    short.says(&["src/extra.rs (gone)", "Not shown, and different as well: 1 line of comment."]);
    let ran = workshop.run(&["diff", "--all"]).exits(0).does_not_say("mine too");
    ran.does_not_say("Not shown").says(&["00-meet", "src/extra.rs (gone)", "src/lib.rs", "5 -// mine"]);
    workshop.run(&["diff", "--spoil"]).exits(0).says(&["From your version of 01-add"]);
    workshop.run(&["catch-up", "1"]).exits(0);
    fs::write(workshop.path("exercises/01-add/src/lib.rs"), b"\xff").unwrap();
    workshop.run(&["diff", "1", "--spoil"]).exits(0).says(&["It differs, and is no text."]);
}

#[test]
fn a_step_leads_from_one_solution_to_the_next() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.write("solutions/01-add/src/lib.rs", &(library("holds") + "// the idea of 01\n"));
    workshop.write("solutions/01-add/src/new.rs", "// all new\n");
    workshop.run(&["diff", "--step", "1"]).ends_in_trouble(&["`cargo workshop diff 01 --step --spoil`"]);
    let ran = workshop.run(&["diff", "--step", "1", "--all", "--spoil"]).exits(0);
    ran.does_not_say("todo").says(&[
        "From our solution of 00-meet (-) to that of 01-add (+)",
        "src/lib.rs",
        "5 +// the idea of 01",
        "src/new.rs (new)",
        "1 +// all new",
    ]);
    workshop.write("solutions/01-add/src/stretch/more.rs", "pub const MORE: u8 = 1;\n");
    let ran = workshop.run(&["diff", "--step", "1", "--spoil"]).exits(0).does_not_say("MORE");
    ran.says(&["Not shown, and different as well: src/stretch/more.rs, 2 lines of comment."]);
    fs::remove_dir_all(workshop.path("solutions/01-add/src/stretch")).unwrap();
    workshop.run(&["diff", "0", "--step", "--spoil"]).ends_in_trouble(&["00-meet is the first exercise"]);
    workshop.write("solutions/01-add/src/lib.rs", &library("holds"));
    fs::remove_file(workshop.path("solutions/01-add/src/new.rs")).unwrap();
    workshop.run(&["diff", "--step", "1", "--spoil"]).exits(0).says(&["There is no difference."]);

    // What it builds on need not be the one before it.
    workshop.add("02-state");
    workshop.write("solutions/01-add/src/lib.rs", "// another matter\n");
    workshop.replace("exercises/02-state/exercise.toml", "\n[tests]", "builds_on = \"00\"\n\n[tests]");
    workshop
        .run(&["diff", "2", "--step", "--spoil"])
        .exits(0)
        .says(&["From our solution of 00-meet (-) to that of 02-state (+)", "There is no difference."]);
    workshop.replace("exercises/02-state/exercise.toml", "builds_on = \"00\"", "builds_on = \"02\"");
    workshop.run(&["diff", "2", "--step", "--spoil"]).ends_in_trouble(&["builds_on is \"02\""]);
}

/// A mistake, made of a solution of some length.
fn with_a_mistake(workshop: &Miniature) {
    let ours = "//! Ours.\n\nuse std::fmt::Debug;\n\n/// What it does.\npub const CASE: &str = \"holds\";\n\n\
                /// Counts.\n#[must_use]\npub fn count(it: u8) -> u8 {\n    // One more.\n    helped(it) + 1\n}\n\n\
                fn helped(it: u8) -> u8 {\n    it\n}\n\n/// Nobody asks the mistake for this.\npub fn other() {}\n";
    let theirs = "//! The mistake: it counts one too few,\n//! always.\n//!\n//! Why it is tempting: one less to do.\n\n\
                  fn count(it: u8) -> u8 {\n    helped(it)\n}\n\nfn helped(it: u8) -> u8 {\n    it\n}\n";
    workshop.write("solutions/00-meet/src/lib.rs", ours);
    workshop.write("solutions/00-meet/mistakes/counts_too_few.rs", theirs);
    workshop.write("solutions/00-meet/mistakes/is_a_prediction.txt", "what = lost\n");
}

#[test]
fn a_mistake_shows_what_is_wrong_with_it() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    with_a_mistake(&workshop);
    workshop.run(&["diff", "0", "--mistake", "counts too few"]).ends_in_trouble(&[
        "00-meet is not green yet, and this would show you our solution",
        "`cargo workshop diff 00 --mistake counts_too_few --spoil`",
    ]);
    for name in ["counts_too_few", "counts-too-few", "Counts too few", "counts_too_few.rs"] {
        let ran = workshop.run(&["diff", "0", "--mistake", name, "--spoil"]).exits(0);
        let ran = ran.does_not_say("pub").does_not_say("One more").does_not_say("other").does_not_say("CASE");
        ran.says(&[
            "From our solution of 00-meet (-) to a mistake (+): it counts too few",
            "The mistake: it counts one too few, always.",
            "Why it is tempting: one less to do.",
            "solutions/00-meet/mistakes/counts_too_few.rs",
            "lines of code that go: 1, that come: 1",
            "@@ count @@",
            "6  fn count(it: u8) -> u8 {",
            "12 -    helped(it) + 1",
            "7 +    helped(it)",
            "8  }",
        ]);
    }
    // What is said about the code, and who may see it, is no difference.
    let same = workshop.read("solutions/00-meet/src/lib.rs").replace("//! Ours", "//! The mistake: none");
    workshop.write("solutions/00-meet/mistakes/does_nothing_wrong.rs", &same.replace("// One more.", ""));
    let ran = workshop.run(&["diff", "0", "--mistake", "does_nothing_wrong", "--spoil"]).exits(0);
    ran.says(&["lines of code that go: 0, that come: 0"]);

    let no_such = workshop.run(&["diff", "0", "--mistake", "counts", "--spoil"]);
    no_such.ends_in_trouble(&[
        "00-meet has no mistake \"counts\"; there are counts_too_few, does_nothing_wrong",
    ]);
    workshop.run(&["diff", "0", "--mistake", "counts_too_few", "--step"]).exits(2);
    workshop.solve("00-meet", "holds");
    workshop.run(&["test", "0"]).exits(0);
    workshop
        .run(&["diff", "--mistake", "counts_too_few"])
        .exits(0)
        .says(&["a mistake (+): it counts too few"]);
}

#[test]
fn what_a_mistake_takes_from_our_library_is_not_missing_in_it() {
    let workshop = Miniature::with(&["00-meet"]);
    with_a_mistake(&workshop);
    let theirs = "//! The mistake: it helps itself.\n\nuse ex00_meet::helped;\n\nfn count(it: u8) -> u8 {\n    \
                  helped(it) + 2\n}\n";
    workshop.write("solutions/00-meet/mistakes/helps_itself.rs", theirs);
    let ran = workshop.run(&["diff", "0", "--mistake", "helps-itself", "--spoil"]).exits(0);
    ran.does_not_say("fn helped").says(&["-    helped(it) + 1", "+    helped(it) + 2"]);
    // Where it is written in several files, the other is seen as well.
    workshop.replace("solutions/00-meet/src/lib.rs", "fn helped(it: u8) -> u8 {\n    it\n}\n", "mod help;\n");
    workshop.write("solutions/00-meet/src/help.rs", "pub fn helped(it: u8) -> u8 {\n    it + 0\n}\n");
    let ran = workshop.run(&["diff", "0", "--mistake", "counts-too-few", "--spoil"]).exits(0);
    ran.says(&["-    it + 0", "+    it"]);
}

#[test]
fn mistakes_that_a_handout_does_not_have_are_asked_for() {
    let workshop = Miniature::with(&["00-meet"]);
    let diff = ["diff", "0", "--mistake", "counts_too_few", "--spoil"];
    workshop.run(&diff).ends_in_trouble(&[
        "there are no mistakes of 00-meet here",
        "`cargo workshop handout DIR --unlock 00 --mistakes`",
    ]);
    fs::remove_dir_all(workshop.path("solutions")).unwrap();
    workshop.run(&diff).ends_in_trouble(&["this handout has no solution for 00", "ask the instructor"]);
}
