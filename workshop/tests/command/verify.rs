//! `cargo workshop verify`: every kind of fault is found, and named, and no
//! other is.

use std::fs;

use crate::support::{Miniature, PAGE, hash, library, workshop};

#[test]
fn a_sound_workshop_is_verified() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.run(&["verify"]).exits(0).says(&[
        "✓ 00-meet",
        "✓ 01-add",
        "2 exercises verified: all as declared",
    ]);
    workshop
        .run(&["verify", "1"])
        .exits(0)
        .says(&["✓ 01-add", "1 exercise verified"])
        .does_not_say("00-meet");
    assert!(!workshop.path(".workshop").exists(), "verifying is no progress");
}

/// One workshop with one exercise for each fault, since that builds in one go.
#[test]
fn every_fault_is_found_and_nothing_else() {
    /// Makes the fault in the exercise of this name.
    type Make = fn(&Miniature, &str);
    let faults: &[(&str, Make, &[&str])] = &[
        ("00-sound", |_, _| {}, &[]),
        (
            "01-undeclared",
            |w, n| w.replace(&toml(n), "\"z_happy_path\" = \"green\"\n", ""),
            &[
                "exercise.toml: the test \"z_happy_path\" is not declared",
                "write \"z_happy_path\" = \"green\" under [tests]",
            ],
        ),
        (
            "02-other-reason",
            |w, n| w.replace(&toml(n), "step 3", "step 4"),
            &[
                "exercise.toml: \"every_schedule\" is red for another reason than \"Not done yet: step 4\"",
                "Not done yet: step 3",
            ],
        ),
        (
            "03-warning",
            |w, n| {
                w.replace(
                    &format!("exercises/{n}/tests/checks.rs"),
                    "#[test]\nfn z_happy_path() {",
                    "#[test]\nfn z_happy_path() {\n    let unused = 1;",
                )
            },
            &[
                "exercises/03-warning/tests/checks.rs:",
                "compiles with a warning: unused variable: `unused`",
                "`cargo check --tests -p ex03-warning`",
            ],
        ),
        (
            "04-wrong-hash",
            |w, n| w.replace(&toml(n), "starter = \"", "starter = \"0"),
            &["exercise.toml: starter is \"0", "the hash of the sources is", "`cargo workshop verify --fix`"],
        ),
        (
            "05-red-solution",
            |w, n| w.write(&format!("solutions/{n}/src/lib.rs"), &library("plain")),
            &[
                "solutions/05-red-solution/src/lib.rs: \"z_happy_path\" is red in the solution",
                "one tea was ordered",
                "-p sol05-red-solution",
            ],
        ),
        (
            "06-green-is-red",
            |w, n| w.replace(&toml(n), "\"z_happy_path\" = \"green\"", "\"z_happy_path\" = \"red: soon\""),
            &["\"z_happy_path\" is declared red, and it passes"],
        ),
        (
            "07-red-is-green",
            |w, n| w.replace(&toml(n), "\"red: Not done yet: step 3\"", "\"green\""),
            &[
                "\"every_schedule\" is declared green, and it fails",
                "`cargo test -p ex07-red-is-green -- --exact every_schedule`",
            ],
        ),
        (
            "08-not-ignored",
            |w, n| w.replace(&toml(n), "\"stretch\" = \"ignored\"", "\"stretch\" = \"green\""),
            // It does not run on the solution either, and there it counts now.
            &["\"stretch\" is declared green, and it is ignored", "\"stretch\" is not run on the solution"],
        ),
        (
            "09-no-such-test",
            |w, n| {
                w.replace(
                    &toml(n),
                    "\"stretch\" = \"ignored\"",
                    "\"stretch\" = \"ignored\"\n\"gone\" = \"ignored\"",
                )
            },
            &["\"gone\" is declared, and there is no such test"],
        ),
        (
            "10-no-hints",
            |w, n| fs::remove_file(w.path(&format!("exercises/{n}/hints.md"))).unwrap(),
            &["exercises/10-no-hints/hints.md: it cannot be read", "write exercises/10-no-hints/hints.md"],
        ),
        (
            "11-empty-page",
            |w, n| w.write(&format!("exercises/{n}/README.md"), " \n"),
            &["exercises/11-empty-page/README.md: it is empty"],
        ),
        (
            "12-no-solution",
            |w, n| fs::remove_dir_all(w.path(&format!("solutions/{n}"))).unwrap(),
            &["solutions/12-no-solution: it is not there", "add the package sol12-no-solution"],
        ),
        (
            "13-unknown-key",
            |w, n| w.replace(&toml(n), "minutes", "level = 1\nminutes"),
            &["exercises/13-unknown-key/exercise.toml: line 2: unknown field `level`"],
        ),
        (
            "14-package-name",
            |w, n| w.replace(&format!("solutions/{n}/Cargo.toml"), "sol14-package-name", "sol14"),
            &["solutions/14-package-name/Cargo.toml: the package is called sol14, not sol14-package-name"],
        ),
        (
            "15-does-not-compile",
            |w, n| {
                let source = library("todo") + "pub fn wrong() -> u8 { \"\" }\n";
                w.ship(n, &source);
            },
            &["exercises/15-does-not-compile/src/lib.rs: the starter does not compile"],
        ),
        (
            "16-solution-does-not-compile",
            |w, n| w.write(&format!("solutions/{n}/src/lib.rs"), "pub fn ("),
            &["solutions/16-solution-does-not-compile/src/lib.rs: the solution does not compile"],
        ),
        (
            "17-dies",
            |w, n| w.ship(n, &library("dies")),
            &["exercises/17-dies/exercise.toml: a test program died: The test program ended early"],
        ),
        (
            "18-test-left-out",
            |w, n| {
                w.replace(
                    &format!("solutions/{n}/tests/checks.rs"),
                    "#[test]\nfn z_happy",
                    "#[allow(dead_code)]\nfn z_happy",
                )
            },
            &["solutions/18-test-left-out/src/lib.rs: \"z_happy_path\" is not run on the solution"],
        ),
        (
            "19-no-predictions",
            |w, n| w.replace(&toml(n), "[tests]", "predictions = \"predictions.txt\"\n[tests]"),
            &["exercises/19-no-predictions/predictions.txt: exercise.toml names it, and it is not there"],
        ),
        (
            "20-twice",
            |w, n| w.write(&format!("exercises/{n}/tests/more.rs"), "#[test]\nfn z_happy_path() {}\n"),
            &["\"z_happy_path\" is the name of several tests"],
        ),
        (
            // The library is compiled twice, and says it twice.
            "21-warns-twice",
            |w, n| {
                let source = library("todo") + "fn unused() {}\n";
                w.ship(n, &source);
                w.replace(&format!("exercises/{n}/Cargo.toml"), "\ntest = false", "");
            },
            &[
                "exercises/21-warns-twice/src/lib.rs:5:4: the starter compiles with a warning: function `unused`",
            ],
        ),
        (
            "22-solution-dies",
            |w, n| w.write(&format!("solutions/{n}/src/lib.rs"), &library("dies")),
            &["solutions/22-solution-dies/src/lib.rs: a test program of the solution died"],
        ),
        (
            "23-other-copy",
            |w, n| w.write(&format!("workshop/starters/{n}/src/lib.rs"), "// old\n"),
            &[
                "workshop/starters/23-other-copy/src/lib.rs: it is not what the exercise has, byte for byte",
                "`cargo workshop verify --fix`",
            ],
        ),
        (
            "24-no-copy",
            |w, n| fs::remove_dir_all(w.path(&format!("workshop/starters/{n}"))).unwrap(),
            &["workshop/starters/24-no-copy: the copy of the starter is not there"],
        ),
        (
            // The hash does not mind; who compares bytes does.
            "25-crlf",
            |w, n| w.write(&format!("exercises/{n}/src/lib.rs"), &library("todo").replace('\n', "\r\n")),
            &["exercises/25-crlf/src/lib.rs: its lines do not end in LF alone"],
        ),
        (
            "26-hints-left-open",
            |w, n| {
                w.replace(&format!("exercises/{n}/hints.md"), "</details></details></details>", "</details>")
            },
            &["exercises/26-hints-left-open/hints.md:20: a question begins, and a <details>"],
        ),
        (
            "27-hints-tell",
            |w, n| {
                let source = library("holds") + "\n/// Ours.\npub fn only_ours() {}\n";
                w.write(&format!("solutions/{n}/src/lib.rs"), &source);
                w.replace(&format!("exercises/{n}/hints.md"), "One.", "One, not `fn only_ours()`.");
                // In the last depth it may be named.
                w.replace(&format!("exercises/{n}/hints.md"), "```\n", "```\n`only_ours`\n");
            },
            &[
                "exercises/27-hints-tell/hints.md:9: depth 2 of \"What is `CASE`?\" names `only_ours`, which only \
                 the solution has",
            ],
        ),
        (
            "28-link-to-nowhere",
            |w, n| {
                w.write(
                    &format!("exercises/{n}/README.md"),
                    &format!("{PAGE}\n[x](hints.md) [y](../29-x#z)\n"),
                )
            },
            &[
                "exercises/28-link-to-nowhere/README.md:5: the link to \"../29-x#z\": exercises/29-x is not there",
            ],
        ),
        (
            "29-link-to-no-heading",
            |w, n| {
                w.write(
                    &format!("exercises/{n}/README.md"),
                    &format!("{PAGE}\n[x](#do-it) [y](hints.md#and-now)\n"),
                )
            },
            &["exercises/29-link-to-no-heading/README.md:5: the link to \"hints.md#and-now\": \
                 exercises/29-link-to-no-heading/hints.md has no heading for #and-now"],
        ),
        (
            "30-no-answers",
            |w, n| fs::remove_file(w.path(&format!("exercises/{n}/answers.md"))).unwrap(),
            &["README.md:3: the link to \"answers.md\": exercises/30-no-answers/answers.md is not there"],
        ),
        (
            "31-answers-on-the-page",
            |w, n| {
                let folded = "<details>\n<summary>Why?</summary>\n\nSo.\n</details>\n";
                w.write(&format!("exercises/{n}/README.md"), &format!("# Do it\n\n{folded}"));
            },
            &[
                "exercises/31-answers-on-the-page/README.md:3: what is folded away on the web lies open",
                "README.md: no link leads to answers.md, beside it",
            ],
        ),
        (
            "32-not-what-is-printed",
            |w, n| {
                w.write(&format!("solutions/{n}/tests/snapshots/page__all.snap"), "HOLDS: 99 schedules\n");
                let block = format!("```text solutions/{n}/tests/snapshots/page__all.snap\nHOLDS\n```\n");
                w.write(&format!("exercises/{n}/answers.md"), &format!("# Answers\n\n{block}"));
            },
            &["answers.md:3: it is not what its source has", "`cargo workshop verify --pages --fix`"],
        ),
        (
            "33-silently-changed",
            |w, n| w.replace(&toml(n), "\n[tests]", "builds_on = \"00\"\n\n[tests]"),
            &[
                "exercises/33-silently-changed/src/lib.rs: \"CASE\" is not what it is in our solution of 00-sound",
                "write there what solutions/00-sound/src/lib.rs has, or declare it under `changed` in \
                 exercises/33-silently-changed/exercise.toml",
            ],
        ),
        (
            "34-not-changed",
            |w, n| {
                let builds = "builds_on = \"00\"\nchanged = [\"CASE\", \"view\"]\n\n[tests]";
                w.replace(&toml(n), "\n[tests]", builds);
            },
            &["exercises/34-not-changed/exercise.toml: it declares \"view\" as changed since 00, and it is \
                 the same, or not in both"],
        ),
        (
            "36-builds-on-nothing",
            |w, n| w.replace(&toml(n), "\n[tests]", "builds_on = \"35\"\n\n[tests]"),
            &["exercises/36-builds-on-nothing/exercise.toml: it builds on 35, and there is no such exercise"],
        ),
    ];
    let names: Vec<&str> = faults.iter().map(|(name, ..)| *name).collect();
    let workshop = Miniature::with(&names);
    for (name, make, _) in faults {
        make(&workshop, name);
    }
    fs::create_dir(workshop.path("exercises/notes")).unwrap();
    workshop
        .write("solutions/77-orphan/Cargo.toml", "[package]\nname = \"sol77-orphan\"\nedition = \"2024\"\n");
    workshop.write("solutions/77-orphan/src/lib.rs", "");
    workshop.write("workshop/starters/78-orphan/src/lib.rs", "");
    workshop.write(
        "README.md",
        "[out](../../x) [in](exercises/00-sound/README.md#do-it) [web](https://x.y/#z)\n",
    );

    let ran = workshop.run(&["verify"]).exits(1);
    let (before, _) = ran.out.split_once("  ✓ 00-sound").unwrap_or_else(|| panic!("{ran}"));
    assert!(before.contains("exercises/notes: it is not called NN-name"), "{ran}");
    assert!(before.contains("solutions/77-orphan: there is no exercise of this name"), "{ran}");
    assert!(before.contains("workshop/starters/78-orphan: there is no exercise of this name"), "{ran}");
    assert!(before.contains("README.md:1: the link to \"../../x\": it leads out of the repository"), "{ran}");
    let mut expected = 4;
    for (place, (name, _, sentences)) in faults.iter().enumerate() {
        // What is said from the line of this exercise to that of the next.
        let start =
            ran.out.find(&format!(" {name}\n")).unwrap_or_else(|| panic!("{name} is not there\n{ran}"));
        let end = names.get(place + 1).map_or(ran.out.find(" exercises verified").unwrap(), |next| {
            ran.out.find(&format!(" {next}\n")).unwrap_or_else(|| panic!("{next} is not there\n{ran}"))
        });
        let said = ran.out[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
        for sentence in *sentences {
            assert!(said.contains(sentence), "{name}: {sentence:?} is not said here:\n{said}");
        }
        // One culprit for each fault; some have two sides.
        let culprits = match *name {
            "00-sound" => 0,
            "08-not-ignored" | "30-no-answers" | "31-answers-on-the-page" => 2,
            _ => 1,
        };
        assert_eq!(said.matches("mend it:").count(), culprits, "{name}: {said}");
        expected += culprits;
    }
    ran.says(&[&format!("{} exercises verified: {expected} culprits", names.len())]);
}

#[test]
fn two_exercises_of_one_number_are_found() {
    let workshop = Miniature::with(&["00-add", "00-meet"]);
    workshop.run(&["verify"]).exits(1).says(&[
        "✗ exercises/00-meet: exercises/00-add has the same number",
        "✓ 00-add",
        "✓ 00-meet",
        "1 culprit",
    ]);
}

#[test]
fn fixing_rewrites_the_hash_and_nothing_else() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.write("exercises/00-meet/src/lib.rs", &(library("todo") + "// A better starter.\n"));
    let before = workshop.read(&toml("00-meet"));
    let other = workshop.read(&toml("01-add"));
    workshop.run(&["verify"]).exits(1).says(&["1 culprit"]);
    assert_eq!(workshop.read(&toml("00-meet")), before, "nothing is fixed unasked");
    workshop.run(&["verify", "--fix"]).exits(0);
    assert!(workshop.read("workshop/starters/00-meet/src/lib.rs").ends_with("// A better starter.\n"));
    let new = hash(&(library("todo") + "// A better starter.\n"));
    assert_eq!(workshop.read(&toml("00-meet")), before.replace(&hash(&library("todo")), &new));
    assert_eq!(workshop.read(&toml("01-add")), other);
    workshop.run(&["verify"]).exits(0);
    // An empty hash, as it is in a new exercise, is filled in.
    workshop.replace(&toml("01-add"), &hash(&library("todo")), "");
    workshop.run(&["verify", "01", "--fix"]).exits(0);
    assert_eq!(workshop.read(&toml("01-add")), other);
}

#[test]
fn the_flags_of_whoever_verifies_change_nothing() {
    let miniature = Miniature::with(&["00-meet"]);
    miniature.replace(
        "exercises/00-meet/tests/checks.rs",
        "fn z_happy_path() {",
        "fn z_happy_path() {\n    let unused = 1;",
    );
    for flags in ["-D warnings", "-A warnings"] {
        let output = workshop()
            .env("RUSTFLAGS", flags)
            .current_dir(miniature.path(""))
            .arg("verify")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("compiles with a warning") && said.contains("1 culprit"), "{flags}: {said}");
    }
}

fn toml(name: &str) -> String {
    format!("exercises/{name}/exercise.toml")
}
