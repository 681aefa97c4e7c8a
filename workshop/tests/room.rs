//! What an instructor and a room need: doctor, agenda, codes and handouts; the
//! real command, driven in workshops in miniature.

#[allow(dead_code)]
#[path = "command/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Miniature, PAGE, Ran, library, workshop};

/// Everything below a folder, what is built left aside.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    fn walk(folder: &Path, shown: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let shown = if shown.is_empty() { name.clone() } else { format!("{shown}/{name}") };
            if path.is_dir() {
                found.insert(format!("{shown}/"), String::new());
                walk(&path, &shown, found);
            } else {
                found.insert(shown, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found.retain(|name, _| !name.starts_with("target/"));
    found
}

fn lock(miniature: &Miniature) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["generate-lockfile", "--offline", "--quiet"]).current_dir(miniature.path(""));
    assert!(command.status().unwrap().success());
}

#[test]
fn a_healthy_machine_is_told_so_and_left_alone() {
    let miniature = Miniature::with(&["00-meet"]);
    lock(&miniature);
    let before = contents(&miniature.path(""));
    miniature.run(&["doctor"]).exits(0).says(&[
        "ok rustc ",
        "ok cargo ",
        "ok every crate is on this machine",
        "GB are free",
        "ok .workshop can be written",
        "ok the target directory can be written",
        "note this goes to no terminal",
        "later parts",
        "All is well. Begin with `cargo workshop`.",
    ]);
    let mut after = contents(&miniature.path(""));
    after.remove(".workshop/");
    assert_eq!(after, before);
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let miniature = Miniature::with(&["00-meet"]);
    miniature.run(&["doctor"]).exits(2).says(&["Cargo.lock does not fit", "One thing to mend"]);
    lock(&miniature);
    fs::remove_dir(miniature.path(".workshop")).unwrap();
    miniature.write(".workshop", "in the way");
    miniature.replace(
        "Cargo.toml",
        "[workspace]\n",
        "[workspace]\npackage = { rust-version = \"9999.1\" }\n",
    );
    miniature.run(&["doctor"]).exits(2).says(&[
        "mend rustc",
        "is too old, 9999.1 is needed: run `rustup update stable`",
        "mend cargo",
        "mend .workshop cannot be written",
        "copy the workshop into a folder of your own",
        "3 things to mend; then run `cargo workshop doctor` again.",
    ]);
    let ran = Ran::of(workshop().current_dir(miniature.path("")).arg("doctor").env("RUSTC", "no-such-rustc"));
    ran.exits(2).says(&["rustc does not run: rustc was not found: install Rust"]);
}

/// Where there is a compiler and no linker, or no place for temporary files, the first
/// build would fail, and say so at length.
#[cfg(unix)]
#[test]
fn what_a_build_needs_besides_is_looked_for() {
    let miniature = Miniature::with(&["00-meet"]);
    lock(&miniature);
    let ran =
        Ran::of(workshop().current_dir(miniature.path("")).arg("doctor").env("TMPDIR", "/no/such/place"));
    ran.exits(2).says(&["mend temporary files cannot be written", "set TMPDIR to a folder of your own"]);
    let nothing = tempfile::tempdir().unwrap();
    let real = |tool: &str| {
        let found = std::process::Command::new("rustup").args(["which", tool]).output().ok()?;
        Some(String::from_utf8(found.stdout).ok()?.trim().to_owned()).filter(|path| !path.is_empty())
    };
    // Without rustup, the compiler is where the linker is.
    let (Some(rustc), Some(cargo)) = (real("rustc"), real("cargo")) else { return };
    let mut command = workshop();
    command.current_dir(miniature.path("")).arg("doctor").env("RUSTC", rustc).env("CARGO", cargo);
    Ran::of(command.env("PATH", nothing.path())).exits(2).says(&["mend no program can be linked (linker"]);
}

#[test]
fn crates_that_are_not_here_are_to_be_fetched() {
    let miniature = Miniature::with(&["00-meet"]);
    miniature.replace(
        "exercises/00-meet/Cargo.toml",
        "edition = \"2024\"\n",
        "edition = \"2024\"\n[dependencies]\nanyhow = \"=1.0.104\"\n",
    );
    lock(&miniature);
    miniature.run(&["doctor"]).exits(0);
    let home = tempfile::tempdir().unwrap();
    let mut command = workshop();
    command.current_dir(miniature.path("")).arg("doctor").env("CARGO_HOME", home.path());
    Ran::of(&mut command).exits(2).says(&["not every crate is on this machine: run `cargo fetch --locked`"]);
    // A handout cannot be made of what is not here, and nothing is left of it.
    let place = tempfile::tempdir().unwrap();
    let mut command = workshop();
    command.current_dir(miniature.path("")).arg("handout").arg(place.path().join("room"));
    Ran::of(command.env("CARGO_HOME", home.path()))
        .ends_in_trouble(&["the crates cannot be copied", "`cargo fetch --locked` once, with a network"]);
    assert_eq!(contents(place.path()).len(), 0);
}

const AGENDA: &str = "start = \"09:30\"\nminutes_of_the_day = 45\n\n[[block]]\nkind = \"lecture\"\n\
                      title = \"Why\"\nminutes = 10\n\n[[block]]\nkind = \"exercise\"\nexercise = \"01\"\n\n\
                      [[block]]\nkind = \"break\"\ntitle = \"Tea\"\nminutes = 5\n";

#[test]
fn the_day_has_a_clock() {
    let miniature = Miniature::with(&["00-meet", "01-add"]);
    miniature.run(&["agenda"]).ends_in_trouble(&["agenda.toml cannot be read"]);
    miniature.write("agenda.toml", AGENDA);
    let day = [
        "The day, 09:30 to 10:15",
        "09:30 10 min lecture Why",
        "09:40 30 min exercise 01 Title of 01-add",
        "10:10 5 min break Tea",
        "10:15 the end",
        "45 minutes: exercise 30, lecture 10, break 5.",
    ];
    miniature.run(&["agenda"]).exits(0).says(&day);
    miniature.run(&["agenda", "--start", "23:15"]).exits(0).says(&["23:15 10 min", "24:00 the end"]);
    miniature.run(&["agenda", "--start", "23:16"]).ends_in_trouble(&["does not end before midnight"]);
    for nonsense in ["nine", "9", "25:00", "-1:00", ""] {
        miniature
            .run(&["agenda", "--start", nonsense])
            .ends_in_trouble(&[&format!("{nonsense:?} is no time of day")]);
    }
    miniature.replace("agenda.toml", "\"01\"", "\"07\"");
    miniature.run(&["agenda"]).ends_in_trouble(&[
        "agenda.toml names what is not there",
        "exercise 07",
        "00-meet, 01-add",
    ]);
}

#[test]
fn an_agenda_that_does_not_add_up_is_a_culprit() {
    let miniature = Miniature::with(&["00-meet", "01-add"]);
    miniature.write("agenda.toml", AGENDA);
    miniature.run(&["verify", "--fix"]).exits(0);
    miniature.run(&["verify"]).exits(0);
    for (from, to, culprits) in [
        ("= 45", "= 46", &["agenda.toml: the blocks take 45 minutes, and the day has 46"][..]),
        ("\"break\"", "\"brake\"", &["agenda.toml: line 14: unknown variant `brake`"]),
        (
            "\"01\"",
            "\"03\"",
            &["agenda.toml: exercise 01-add is not in it", "agenda.toml: there is no exercise 03"],
        ),
        (
            "exercise = \"01\"\n",
            "exercise = \"01\"\n[[block]]\nkind = \"exercise\"\nexercise = \"01\"\n",
            &["agenda.toml: exercise 01-add is in it 2 times"],
        ),
    ] {
        miniature.write("agenda.toml", AGENDA);
        miniature.replace("agenda.toml", from, to);
        let ran = miniature.run(&["verify"]).exits(1).says(culprits);
        assert_eq!(ran.out.matches("mend it:").count(), culprits.len(), "{ran}");
    }
}

/// A workshop with a deck, a sheet and all kinds of agendas.
fn with_pages() -> Miniature {
    let miniature = Miniature::with(&["00-meet", "01-add"]);
    let deck = "---\nmarp: true\ntheme: workshop\npaginate: true\ntitle: Why\nminutes: 10\n\
                block: \"lecture\"\n---\n\n# Why\n\nSo.\n\n<!-- Say: so. -->\n\n---\n\n## How\n\n\
                ```rust solutions/01-add/src/lib.rs#CASE\n```\n\n<!-- Demo: `cargo workshop test 01` -->\n";
    miniature.write("slides/01-why.md", deck);
    let sheet = "---\ntitle: What now?\nminutes: 5\n---\n\n# What now?\n\nSee [the page](../exercises/01-add/README.md).\n";
    miniature.write("brainstorms/1-now.md", sheet);
    let pages = AGENDA
        .replace("title = \"Why\"\nminutes = 10", "deck = \"01-why\"")
        .replace("\"break\"\ntitle = \"Tea\"\nminutes = 5", "\"brainstorm\"\nsheet = \"1-now\"");
    miniature.write("agenda.toml", &pages);
    miniature.write(
        "agendas/half.toml",
        "title = \"Half\"\nstart = \"13:00\"\nminutes_at_most = 20\nblock = [\n\
         { kind = \"lecture\", deck = \"01-why\" },\n{ kind = \"lunch\", title = \"Late\", minutes = 10 },\n]\n",
    );
    miniature.write(
        "agendas/self-study.toml",
        "sitting = [\n{ title = \"One\", read = [\"01-why\"], exercises = [\"00\"] },\n\
         { title = \"Two\", think = [\"1-now\"], exercises = [\"01\"] },\n]\n",
    );
    let marks = ["agenda.toml", "agendas/half.toml", "agendas/self-study.toml"];
    let marks = marks.map(|file| format!("<!-- agenda: {file} -->\n<!-- end -->\n"));
    miniature.write("AGENDA.md", &format!("# Agenda\n\n{}", marks.join("\n")));
    miniature
}

#[test]
fn decks_sheets_and_agendas_are_one() {
    let miniature = with_pages();
    let page = "slides/01-why.md:20: it is not what its source has";
    miniature.run(&["verify", "--pages"]).exits(1).says(&[page, "AGENDA.md:4: a table is not", "2 culprits"]);
    miniature.run(&["verify", "--pages", "--fix"]).exits(0).says(&["all as declared"]);
    miniature.run(&["verify"]).exits(0);
    assert!(miniature.read("slides/01-why.md").contains("pub const CASE"));
    let agenda = miniature.read("AGENDA.md");
    for line in [
        "| 09:30 | 10 | lecture | [Why](slides/01-why.md) |",
        "| 09:40 | 30 | exercise | [01 Title of 01-add](exercises/01-add/README.md) |",
        "| 10:10 | 5 | brainstorm | [What now?](brainstorms/1-now.md) |",
        "45 minutes: exercise 30, lecture 10, brainstorm 5.",
        "| 13:20 | | the end | |",
        "**2 · Two** (35 minutes)",
        "- Do: [01 Title of 01-add](exercises/01-add/README.md), `cargo workshop test 01`",
        "2 sittings, 75 minutes.",
    ] {
        assert!(agenda.contains(line), "{line:?} is not here:\n{agenda}");
    }
    miniature.run(&["agenda", "half"]).exits(0).says(&["Half, 13:00 to 13:20", "13:10 10 min lunch Late"]);
    miniature.run(&["agenda", "whole"]).ends_in_trouble(&["there is no cut \"whole\"", "there are half"]);
    miniature.run(&["slides"]).exits(0).says(&["10 min 01-why Why", "`bash .ci/slides` makes pages"]);
    miniature.run(&["slides", "1"]).exits(0).says(&["Read slides/01-why.md"]);
    miniature.write("target/slides/01-why.html", "");
    miniature.run(&["slides", "01"]).exits(0).says(&["target/slides/01-why.html in a browser"]);
    // By a part of its name; and exercise 01 is what it leads to.
    miniature.run(&["slides", "wh"]).exits(0).says(&["01-why.html in a browser"]).does_not_say("leads to");
    miniature.run(&["slides", "01-add"]).exits(0).says(&["What leads to exercise 01:", "01-why.html"]);
    miniature.run(&["slides", "2"]).ends_in_trouble(&["there is no deck \"2\"; there are 01-why"]);

    for (file, from, to, culprits) in [
        ("slides/01-why.md", "test 01", "test 07", &["slides/01-why.md:24: `cargo workshop test 07`"][..]),
        ("slides/01-why.md", "So.", "[So](no.md).", &["slides/01-why.md:12: the link to \"no.md\""]),
        (
            "slides/01-why.md",
            "minutes: 10",
            "minutes: 11",
            &[
                "agenda.toml: the blocks take 46 minutes",
                "half.toml: the blocks take 21 minutes, and the day has 20",
            ],
        ),
        ("slides/01-why.md", "title: Why", "title: Why?", &["AGENDA.md:6: a table is not"]),
        ("brainstorms/1-now.md", "minutes: 5", "minutes: 6", &["agenda.toml: the blocks take 46 minutes"]),
        (
            "brainstorms/1-now.md",
            "title: What now?\n",
            "",
            &[
                "brainstorms/1-now.md: its front matter has no title",
                "agenda.toml: brainstorms/1-now.md",
                "self-study.toml: \"Two\"",
            ],
        ),
        ("brainstorms/1-now.md", "01-add", "02-add", &["1-now.md:8: the link to \"../exercises/02-add"]),
        ("brainstorms/1-now.md", "See", "See `cargo workshop sea`,", &["1-now.md:8: `cargo workshop sea`"]),
        (
            "agenda.toml",
            "01-why",
            "02-why",
            &["agenda.toml: there is no deck 02-why: slides/02-why.md is not"],
        ),
        ("agenda.toml", "1-now", "../1-now", &["agenda.toml: there is no sheet ../1-now"]),
        (
            "agendas/half.toml",
            "\"lunch\", title = \"Late\", minutes = 10",
            "\"lecture\", deck = \"01-why\"",
            &["half.toml: 01-why is in it twice"],
        ),
        ("agendas/half.toml", "13:00", "1300", &["half.toml: start: \"1300\" is no time"]),
        (
            "agendas/self-study.toml",
            ", exercises = [\"00\"]",
            "",
            &["\"One\" takes 10 minutes", "exercise 00 is in no"],
        ),
        ("agendas/self-study.toml", "\"1-now\"", "\"1-now\", \"1-now\"", &["sheet 1-now is in it twice"]),
        ("agendas/self-study.toml", "think =", "dream =", &["self-study.toml: line 3: unknown field"]),
        ("AGENDA.md", "| Late |", "| Early |", &["AGENDA.md:18: a table is not"]),
        ("AGENDA.md", "# Agenda", "# [Agenda](gone.md)", &["AGENDA.md:1: the link to \"gone.md\""]),
        ("AGENDA.md", "# Agenda", "# `cargo test -p sol09-x`", &["AGENDA.md:1: `cargo test -p sol09-x`"]),
    ] {
        let before = miniature.read(file);
        miniature.replace(file, from, to);
        let ran = miniature.run(&["verify", "--pages"]).exits(1).says(culprits);
        assert_eq!(ran.out.matches("mend it:").count(), culprits.len(), "{ran}");
        miniature.write(file, &before);
    }
    miniature.run(&["verify", "--pages"]).exits(0);
    miniature.write("slides/1-why.md", "");
    miniature.write("slides/01-twin.md", &miniature.read("slides/01-why.md"));
    miniature.run(&["verify", "--pages"]).exits(1).says(&[
        "slides/01-why.md: slides/01-twin.md has the same number",
        "slides/1-why.md: it is not called NN-name.md",
    ]);
}

/// The code that the command shows.
fn code(miniature: &Miniature, arguments: &[&str]) -> String {
    let ran = miniature.run(&[&["code"], arguments].concat()).exits(0);
    ran.out.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_room_is_added_up() {
    let miniature = Miniature::with(&["00-meet", "01-add", "02-first"]);
    let fresh = code(&miniature, &[]);
    miniature.solve("00-meet", "silent");
    miniature.run(&["test", "00"]).exits(0);
    miniature.solve("01-add", "todo");
    miniature.write("exercises/01-add/src/lib.rs", &(library("todo") + "// edited\n"));
    let cy = code(&miniature, &["--name", "Cy"]);
    miniature.run(&["test", "01"]).exits(1);
    let ada = code(&miniature, &["--name", "Ada"]);
    miniature.solve("01-add", "holds");
    miniature.run(&["test", "01"]).exits(0);
    miniature.solve("02-first", "holds");
    let done = code(&miniature, &["--name", "Zoë"]);

    let ran = miniature.run(&["room", &fresh, &cy, &ada, &fresh, &done]).exits(0);
    let lines: Vec<String> =
        ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "The room: 5 codes",
            "",
            "green ours red in progress untouched",
            "00 meet 3 - - - 2",
            "01 add - 1 1 1 2",
            "02 first - 1 - - 4",
            "",
            "Who is where",
            "",
            "00 meet",
            "about to begin: 2 without a name",
            "01 add",
            "red: Ada",
            "in progress: Cy",
            "through with everything: Zoë",
        ],
        "{ran}"
    );
    // Comments, line ends of any kind, and a later code of the same person.
    let later = code(&miniature, &["--name", "ada"]);
    miniature.write("room.txt", &format!("# the room\r\n{ada} # left\r\n\r\n{fresh}\r\n{later}"));
    miniature
        .run(&["room", "room.txt"])
        .exits(0)
        .says(&["The room: 2 codes", "There are two codes of ada; the later one counts."])
        .does_not_say("red: Ada");
}

#[test]
fn a_bad_code_does_not_spoil_the_others() {
    let miniature = Miniature::with(&["00-meet"]);
    let good = code(&miniature, &["--name", "Ada"]);
    miniature.write("room.txt", &format!("{good}\nBob{}\n", &good[3..]));
    let ran = miniature.run(&["room", "room.txt", "hello", &good[..good.len() - 1]]);
    let ran = ran.exits(2).says(&["The room: 1 code", "about to begin: Ada"]);
    let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        "error: line 2 of room.txt: \"Bob@",
        "is no code: its last two characters do not fit",
        "error: \"hello\" is no code: it has 5 characters where its first one announces",
        "ask for it again.",
    ] {
        assert!(said.contains(sentence), "{sentence:?} is not said here:\n{ran}");
    }
    assert_eq!(said.matches("error: ").count(), 3, "{ran}");
    miniature.write("empty.txt", "# nobody yet\n");
    miniature.run(&["room", "empty.txt"]).ends_in_trouble(&["there is no code in empty.txt"]);
    miniature.run(&["room", "nobody.txt"]).ends_in_trouble(&["there is no file nobody.txt"]);
    miniature.run(&["room"]).exits(2);
    miniature.run(&["code", "--name", "A da"]).ends_in_trouble(&["a name has 1 to 16 letters"]);
}

fn run_for(miniature: &Miniature, arguments: &[&str], directory: &Path, more: &[&str]) -> Ran {
    Ran::of(workshop().current_dir(miniature.path("")).args(arguments).arg(directory).args(more))
}

#[test]
fn a_handout_has_the_starters_and_no_answers() {
    let miniature = Miniature::with(&["00-meet", "01-add"]);
    miniature
        .write("README.md", "# The workshop\n\n[01](exercises/01-add/README.md), [the day](AGENDA.md)\n");
    miniature.write("AGENDA.md", "# Agenda\n");
    miniature.write("prices/Cargo.toml", "what it costs");
    miniature.write("exercises/00-meet/src/.lib.rs.swp", "an editor's");
    miniature.write(".workshop/progress.json", "{}");
    let before = contents(&miniature.path(""));
    let place = tempfile::tempdir().unwrap();
    let room = place.path().join("deep").join("room");
    run_for(&miniature, &["handout"], &room, &[]).exits(0).says(&["is complete", "HANDOUT.md"]);
    assert_eq!(contents(&miniature.path("")), before, "the repository is left alone");

    let handout = contents(&room);
    let top: Vec<&str> = handout.keys().map(String::as_str).filter(|name| !name.contains("s/")).collect();
    assert_eq!(
        top,
        [
            ".cargo/",
            ".cargo/config.toml",
            ".gitattributes",
            "Cargo.lock",
            "Cargo.toml",
            "HANDOUT.md",
            "README.md",
            "vendor/",
            "workshop/"
        ]
    );
    assert!(!handout.contains_key("exercises/00-meet/src/.lib.rs.swp"));
    // No answers, and no link to what is not there.
    assert!(!handout.contains_key("exercises/01-add/answers.md"));
    let page = "# Do it\n\nThe answers are in `answers.md`, which comes with our solution.\n";
    assert_eq!(handout["exercises/01-add/README.md"], page);
    assert_eq!(handout["README.md"], "# The workshop\n\n[01](exercises/01-add/README.md), the day\n");
    assert_eq!(handout["exercises/00-meet/src/lib.rs"], library("todo"));
    assert!(handout["Cargo.toml"].contains("members = [\"exercises/[0-9]*\"]"), "{}", handout["Cargo.toml"]);
    assert!(handout[".cargo/config.toml"].contains("directory = \"vendor\""));
    assert_eq!(fs::read_dir(room.parent().unwrap()).unwrap().count(), 1, "nothing temporary is left");
    Ran::of(workshop().current_dir(&room).args(["test", "01"])).exits(1).says(&["RED"]);
    Ran::of(workshop().current_dir(&room).arg("handout").arg(place.path().join("other")))
        .ends_in_trouble(&["this copy is a handout itself"]);
}

#[test]
fn a_handout_has_slides_or_says_why_not() {
    let miniature = with_pages();
    miniature.run(&["verify", "--pages", "--fix"]).exits(0);
    let place = tempfile::tempdir().unwrap();
    let made = |name: &str, more: &[&str]| {
        let room = place.path().join(name);
        let ran = run_for(&miniature, &["handout"], &room, more).exits(0).says(&["is complete"]);
        (ran, contents(&room))
    };
    // A page of each deck, as it is written: those that it is told to take, or ours.
    let script = "test \"$1\" = --html && mkdir -p \"$2\" && echo made >\"$2/index.html\"\n\
                  from=${4-slides}; echo '<title>Why &amp; how</title>' >\"$2/01-why.html\"\n\
                  cat \"$from/01-why.md\" >>\"$2/01-why.html\"\n";
    miniature.write(".ci/slides", script);
    let (ran, handout) = made("with", &[]);
    assert_eq!(handout["slides/index.html"], "made\n");
    ran.does_not_say("no slides");
    // No note, and no code of ours, unless they are asked for.
    let (ours, note) = ("pub const CASE", "Demo: `cargo workshop test 01`");
    let deck = &handout["slides/01-why.html"];
    assert!(!deck.contains(ours) && !deck.contains(note) && deck.contains("it comes in `solutions/01-add`."));
    let (_, whole) = made("whole", &["--whole-slides"]);
    assert!(whole["slides/01-why.html"].contains(ours) && whole["slides/01-why.html"].contains(note));
    run_for(&miniature, &["handout"], Path::new("x"), &["--whole-slides", "--no-slides"]).exits(2);
    // The decks and sheets stay behind, and the agenda knows what they say.
    assert!(!handout.contains_key("slides/01-why.md") && !handout.contains_key("brainstorms/"));
    let in_room =
        |arguments: &[&str]| Ran::of(workshop().current_dir(place.path().join("with")).args(arguments));
    in_room(&["agenda"]).exits(0).says(&["09:30 10 min lecture Why", "10:10 5 min brainstorm What now?"]);
    in_room(&["agenda", "half"]).exits(0).says(&["Half, 13:00 to 13:20", "13:00 10 min lecture Why"]);
    assert!(!handout.contains_key("agendas/self-study.toml"), "it leads through decks");
    in_room(&["slides"]).exits(0).says(&["01-why Why & how", "Open slides/index.html in a browser"]);
    in_room(&["slides", "01-add"])
        .exits(0)
        .says(&["What leads to exercise 01:", "slides/01-why.html in a browser."]);
    in_room(&["verify", "--pages"]).exits(0);

    miniature.write(".ci/slides", "mkdir -p \"$2\"; echo 'there is no Node' >&2; exit 3\n");
    let (ran, handout) = made("without", &[]);
    // Not to be copied by hand: what the script builds for the teacher has notes and our code.
    ran.says(&[
        "This handout has no slides (there is no Node): install Node 20",
        "make the handout again, into another folder",
    ]);
    assert!(!handout.contains_key("slides/"));
    let (ran, handout) = made("unwanted", &["--no-slides"]);
    ran.does_not_say("no slides");
    assert!(!handout.contains_key("slides/"));
    Ran::of(workshop().current_dir(place.path().join("unwanted")).args(["slides", "01"]))
        .ends_in_trouble(&["This copy of the workshop has no slides."]);
}

#[test]
fn a_handout_is_refused_where_it_would_do_harm() {
    let miniature = Miniature::with(&["00-meet"]);
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine"), "precious").unwrap();
    run_for(&miniature, &["handout"], place.path(), &[]).ends_in_trouble(&["not an empty folder"]);
    run_for(&miniature, &["handout"], &place.path().join("mine"), &[])
        .ends_in_trouble(&["not an empty folder"]);
    for inside in ["room", "exercises/../room", "."] {
        run_for(&miniature, &["handout"], Path::new(inside), &[])
            .ends_in_trouble(&["is inside of the repository"]);
    }
    // Whatever was edited, the attendees get the starter.
    miniature.solve("00-meet", "holds");
    fs::remove_dir_all(miniature.path("workshop/starters/00-meet")).unwrap();
    let room = place.path().join("room");
    run_for(&miniature, &["handout"], &room, &[]).ends_in_trouble(&["exercises/00-meet was edited"]);
    assert_eq!(contents(place.path()).keys().collect::<Vec<_>>(), ["mine"], "nothing is left of it");
    miniature.write("workshop/starters/00-meet/src/lib.rs", &library("todo"));
    fs::create_dir(&room).unwrap();
    run_for(&miniature, &["handout"], &room, &[]).exits(0);
    assert_eq!(fs::read_to_string(room.join("exercises/00-meet/src/lib.rs")).unwrap(), library("todo"));
}

#[test]
fn a_solution_is_unlocked_in_a_handout_and_nowhere_else() {
    let miniature = Miniature::with(&["00-meet", "01-add"]);
    let tests = "[[test]]\nname = \"mistakes\"\npath = \"tests/mistakes.rs\"\n\n\
                 [[test]]\nname = \"page\"\npath = \"tests/page.rs\"\n\n[lib]\n";
    miniature.replace("solutions/01-add/Cargo.toml", "[lib]\n", tests);
    for file in ["mistakes/a.rs", "tests/mistakes.rs", "tests/page.rs", "tests/snapshots/mistakes__a.snap"] {
        miniature.write(&format!("solutions/01-add/{file}"), "");
    }
    let place = tempfile::tempdir().unwrap();
    let room = place.path().join("room");
    let unlock = |more: &[&str]| run_for(&miniature, &["handout"], &room, &[&["--unlock"], more].concat());
    unlock(&["01"]).ends_in_trouble(&["is no handout, it has no HANDOUT.md"]);
    run_for(&miniature, &["handout"], &room, &[]).exits(0);
    unlock(&["07"]).ends_in_trouble(&["there is no exercise \"07\""]);
    run_for(&miniature, &["handout"], &room, &["--mistakes"]).exits(2);

    let unlocked = || -> Vec<String> {
        let folder = room.join("solutions").join("01-add");
        contents(&folder).into_keys().filter(|name| !name.ends_with('/')).collect()
    };
    unlock(&["1"]).exits(0).says(&[
        "solutions/01-add, without its mistakes",
        "the answers to the questions of its page are in exercises/01-add/answers.md",
        "cargo test -p sol01-add",
    ]);
    assert_eq!(fs::read_to_string(room.join("exercises/01-add/README.md")).unwrap(), PAGE);
    assert!(room.join("exercises/01-add/answers.md").is_file());
    assert!(!room.join("exercises/00-meet/answers.md").exists(), "only those that were asked for");
    assert_eq!(unlocked(), ["Cargo.toml", "src/lib.rs", "tests/checks.rs"]);
    let manifest = fs::read_to_string(room.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("members = [\"exercises/[0-9]*\", \"solutions/01-add\"]"), "{manifest}");
    // Once more, with the mistakes: nothing is there twice.
    unlock(&["01", "--mistakes"]).exits(0);
    assert_eq!(
        unlocked(),
        [
            "Cargo.toml",
            "mistakes/a.rs",
            "src/lib.rs",
            "tests/checks.rs",
            "tests/mistakes.rs",
            "tests/snapshots/mistakes__a.snap"
        ]
    );
    assert_eq!(fs::read_to_string(room.join("Cargo.toml")).unwrap(), manifest);
    // What needs a crate that the handout has not is refused, and nothing is left of it.
    miniature.replace("solutions/00-meet/Cargo.toml", "[lib]\n", "[dependencies]\nanyhow = \"1\"\n\n[lib]\n");
    let ran = unlock(&["00"]).exits(2);
    assert!(ran.err.contains("error: the handout does not hold together, see above"), "{ran}");
    assert_eq!(fs::read_to_string(room.join("Cargo.toml")).unwrap(), manifest);
    assert!(!room.join("solutions").join("00-meet").exists());
    assert_eq!(contents(&room.join("solutions")).keys().filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn a_book_has_every_page_and_hides_what_is_for_later() {
    let miniature = with_pages();
    miniature.write("README.md", "# The workshop\n\nSee [01](exercises/01-add), [code](Cargo.toml#x).\n");
    miniature.write(
        "exercises/01-add/answers.md",
        "# Answers to 01\n\n## One\n\nAs [it looks](../../solutions/01-add/mistakes/looks_away.rs) shows ([its \
         story](../../solutions/01-add/tests/snapshots/mistakes__looks-away.snap)).\n",
    );
    miniature.write(
        "solutions/01-add/mistakes/looks_away.rs",
        "//! The mistake: it looks away.\n\n/// What it does.\npub const CASE: &str = \"away\";\n",
    );
    let snapshots = "solutions/01-add/tests/snapshots";
    miniature
        .write(&format!("{snapshots}/mistakes__looks-away.snap"), "---\nsource: x\n---\nVIOLATED: it.\n");
    miniature.write("solutions/01-add/alternatives/looks_twice.rs", "//! Right, and slower.\n");
    let place = tempfile::tempdir().unwrap();
    let book = place.path().join("book");
    run_for(&miniature, &["book"], &book, &[])
        .exits(0)
        .says(&["chapters are in", "`bash .ci/book` does both"]);
    let book_has = |file: &str, texts: &[&str]| {
        let text = fs::read_to_string(book.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for wanted in texts {
            assert!(text.contains(wanted), "{file} does not have {wanted:?}:\n{text}");
        }
        text
    };
    book_has(
        "src/SUMMARY.md",
        &[
            "# Summary [The workshop](index.md) # Exercises",
            "(exercises/01-add/index.md) - [Hints](exercises/01-add/hints.md) # Once you are green",
            "- [Answers to 01](exercises/01-add/answers.md)",
            "- [It looks away](solutions/01-add/mistakes/looks_away.md)",
            "- [Also right: it looks twice](solutions/01-add/alternatives/looks_twice.md)",
            "# Slides, to be read - [Why](slides/01-why.md) # For whoever teaches",
            "# Code - [Cargo.toml](Cargo.toml.md)",
        ],
    );
    book_has("src/index.md", &["See [01](exercises/01-add/index.md), [code](Cargo.toml.md)."]);
    book_has(
        "src/exercises/01-add/answers.md",
        &[
            "<details> <summary> ## One </summary>",
            "[it looks](../../solutions/01-add/mistakes/looks_away.md) shows ([its \
             story](../../solutions/01-add/mistakes/looks_away.md)).",
        ],
    );
    book_has(
        "src/solutions/01-add/mistakes/looks_away.md",
        &[
            "# It looks away A mistake in [01 · Title of 01-add](../../../exercises/01-add/index.md).",
            "The mistake: it looks away. ## What it comes to ```text VIOLATED: it. ```",
            "lines that go: 1, that come: 1</summary> ```diff @@ CASE @@ -const CASE: &str = \"holds\";",
            "cargo workshop diff 01 --mistake looks_away --spoil",
        ],
    );
    let deck = book_has("src/slides/01-why.md", &["# Why So. --- ## How ```rust"]);
    assert!(!deck.contains("Say:") && !deck.contains("marp"), "{deck}");
    let settings = book_has("book.toml", &["\"exercises/01-add/answers.md\" = { enable = false }"]);
    assert!(settings.contains("\"solutions/01-add/mistakes/looks_away.md\" = { enable"), "{settings}");
    assert!(!settings.contains("\"exercises/01-add/index.md\""), "{settings}");

    run_for(&miniature, &["book"], &book, &[]).ends_in_trouble(&["is there already and not an empty folder"]);
    miniature.write("README.md", "# The workshop\n\n[Gone](gone.md).\n");
    run_for(&miniature, &["book"], &place.path().join("another"), &[])
        .ends_in_trouble(&["index.md: the link to \"gone.md\"", "gone.md is not there"]);
}
