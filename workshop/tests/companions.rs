//! The commands for those who are at it: `watch`, `explore`, `story`, `predict`.

#[allow(dead_code, reason = "the other tests of the command use the rest")]
#[path = "command/support.rs"]
mod support;

use std::fs;

use support::Miniature;

const NAME: &str = "03-state";

// ---- explore ----------------------------------------------------------------

/// A test that does in each case what a search might do. It holds the lock on
/// `started` for as long as it lives.
const DEEPER: &str = r###"//! The search.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[ignore = "for cargo workshop explore"]
fn explore_deeper() {
    let variable = |name: &str| PathBuf::from(std::env::var_os(name).unwrap());
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if let (Some(plan), true) = (std::env::var_os("CHAOS_PLAN"), ex03_state::CASE != "silent") {
        let plan_text = r##"{"endpoints":["orders"],"messages":["tea","cake","milk","rice"],
            "weak":true,"workers_range":[1,8],"most_faults":32}"##;
        std::fs::write(plan, plan_text).unwrap();
        return;
    }
    let (stop, alive) = (variable("CHAOS_STOP"), File::open(variable("CHAOS_ALIVE")).unwrap());
    let started = File::create(file("starting")).unwrap();
    started.lock().unwrap();
    let abandoned = || alive.try_lock_shared().is_ok();
    assert!(!abandoned() && !stop.exists());
    let wait = || std::fs::rename(file("starting"), file("started")).unwrap();
    let bounds = std::env::var("CHAOS_DEEPER").unwrap();
    let (verdict, text) = match ex03_state::CASE {
        "waits" => {
            wait();
            until(|| stop.exists());
            ("inconclusive", "INCONCLUSIVE\n\nThe search was stopped. Until then it found 7 states.".to_owned())
        }
        "stuck" => {
            wait();
            until(|| stop.exists());
            File::create(file("asked")).unwrap();
            loop {
                std::thread::park();
            }
        }
        "abandoned" => {
            wait();
            until(abandoned);
            return;
        }
        "silent" => return,
        "violated" => ("violated", "VIOLATED: NoLostMessages, with 3 faults\n\nThe story.".to_owned()),
        _ => ("holds", format!("HOLDS: {bounds}")),
    };
    let directory = variable("CHAOS_REPORTS");
    let json = format!(
        "{{\"package\":\"ex03-state\",\"test\":\"explore_deeper\",\"verdict\":{verdict:?},\
         \"headline\":{text:?},\"text\":{text:?},\"story\":\"\",\"coverage\":[\"the lock expires\"],\
         \"states\":9,\"single\":false,\"replay\":null}}"
    );
    std::fs::write(directory.join("1-explore_deeper-0.json"), json).unwrap();
    assert!(verdict == "holds");
}
"###;

fn with_a_search(case: &str) -> Miniature {
    let workshop = Miniature::with(&["00-meet", NAME]);
    workshop.write(&format!("exercises/{NAME}/tests/deeper.rs"), DEEPER);
    let (from, to) = ("\"stretch\" =", "\"explore_deeper\" = \"ignored\"\n\"stretch\" =");
    workshop.replace(&format!("exercises/{NAME}/exercise.toml"), from, to);
    workshop.solve(NAME, case);
    workshop
}

#[test]
fn a_search_is_run_alone_and_within_these_bounds() {
    let workshop = with_a_search("holds");
    workshop
        .run(&["explore", "3", "--messages", "4", "--faults", "0", "--stale", "1"])
        .exits(0)
        .says(&[
            "Exploring 03-state: orders, sent tea, cake, milk and rice; 2 workers, at most 0",
            "faults, at most 1 stale read. Ctrl-C ends it with what is known by then.",
            "HOLDS: messages=4 workers=2 faults=0 stale=1 states=5000000",
            "Struck with work in flight: the lock expires.",
        ])
        .does_not_say("99 schedules");
    workshop.run(&["explore", "3"]).exits(0).says(&["messages=3 workers=2 faults=2 states"]);
    // What it comes to is no verdict on the exercise.
    workshop.run(&["status"]).says(&["03 state", "in progress"]);
    workshop.solve(NAME, "violated");
    workshop.run(&["explore", "3"]).exits(1).says(&["VIOLATED: NoLostMessages, with 3 faults", "The story."]);
    workshop.write(&format!("exercises/{NAME}/src/lib.rs"), "pub fn (");
    workshop.run(&["explore", "3"]).exits(1).says(&["it does not compile yet, see above"]);
}

#[test]
fn a_search_that_cannot_be_run_is_explained() {
    let workshop = with_a_search("silent");
    workshop
        .run(&["explore", "0"])
        .ends_in_trouble(&["00-meet has no search that could go further; those that have one: 03."]);
    workshop.run(&["explore", "3"]).ends_in_trouble(&["the test explore_deeper of 03-state makes no search"]);
    let workshop = with_a_search("holds");
    let refused = "--workers 9 is not possible here: give 1 to 8";
    workshop.run(&["explore", "3", "--workers", "9"]).ends_in_trouble(&[refused]);
    workshop
        .run(&["explore", "3", "--messages", "5"])
        .ends_in_trouble(&["--messages 5 is not possible here: give 1 to 4"]);
}

#[cfg(unix)]
mod at_a_terminal {
    use std::fs::File;
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Stdio};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::Pid;

    use super::*;
    use crate::support::workshop;

    /// The command, in a process group of its own, as a shell starts it.
    struct Running(Child);

    impl Running {
        fn start(place: &Miniature, arguments: &[&str]) -> Self {
            let mut command = workshop();
            command.current_dir(place.path("")).args(arguments).process_group(0);
            let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
            Self(child.unwrap())
        }

        fn id(&self) -> Pid {
            Pid::from_raw(self.0.id().try_into().unwrap())
        }

        /// What a terminal does at Ctrl-C: it tells all the group.
        fn press_ctrl_c(&self) {
            killpg(self.id(), Signal::SIGINT).unwrap();
        }

        /// The exit code, and what was said.
        fn end(mut self) -> (Option<i32>, String) {
            let (mut out, mut err) = (String::new(), String::new());
            self.0.stdout.take().map(|mut stdout| stdout.read_to_string(&mut out));
            self.0.stderr.take().map(|mut stderr| stderr.read_to_string(&mut err));
            (self.0.wait().unwrap().code(), out + &err)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            _ = self.0.kill();
        }
    }

    /// Waits for a file; so long that only something broken takes longer.
    #[track_caller]
    fn wait_for(place: &Miniature, file: &str) {
        let start = Instant::now();
        while !place.path(&format!("exercises/{NAME}/{file}")).exists() {
            assert!(start.elapsed() < Duration::from_secs(120), "{file} never came");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until the search is no more: its lock goes with it.
    fn wait_for_its_end(place: &Miniature) {
        File::open(place.path(&format!("exercises/{NAME}/started"))).unwrap().lock().unwrap();
    }

    #[test]
    fn ctrl_c_ends_a_search_with_what_is_known() {
        let place = with_a_search("waits");
        let running = Running::start(&place, &["explore", "3"]);
        wait_for(&place, "started");
        running.press_ctrl_c();
        let (code, said) = running.end();
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("The search was stopped. Until then it found 7 states."), "{said}");
    }

    #[test]
    fn a_second_ctrl_c_ends_it_for_good() {
        let place = with_a_search("stuck");
        let running = Running::start(&place, &["explore", "3"]);
        wait_for(&place, "started");
        running.press_ctrl_c();
        wait_for(&place, "asked");
        running.press_ctrl_c();
        let (code, said) = running.end();
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("Stopped, and nothing is known."), "{said}");
        wait_for_its_end(&place);
    }

    #[test]
    fn a_search_does_not_outlive_the_command() {
        let place = with_a_search("abandoned");
        let running = Running::start(&place, &["explore", "3"]);
        wait_for(&place, "started");
        kill(running.id(), Signal::SIGKILL).unwrap();
        wait_for_its_end(&place);
        assert_eq!(running.end().0, None);
    }

    /// What the command says, line by line.
    fn lines_of(running: &mut Running) -> Receiver<String> {
        let (sender, lines) = channel();
        let out = BufReader::new(running.0.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        lines
    }

    /// Reads until a line ends like this; what is read.
    #[track_caller]
    fn read_until(lines: &Receiver<String>, end: &str) -> String {
        let mut read = String::new();
        while !read.trim_end().ends_with(end) {
            match lines.recv_timeout(Duration::from_secs(120)) {
                Ok(line) => read += &(line + "\n"),
                Err(error) => panic!("{error}, after {read}"),
            }
        }
        read
    }

    #[test]
    fn every_save_has_its_verdict() {
        let place = Miniature::with(&["00-meet", NAME]);
        place.solve(NAME, "violated");
        let mut running = Running::start(&place, &["watch", "3"]);
        let out = lines_of(&mut running);
        const DONE: &str = "Watching exercises/03-state; Ctrl-C ends.";
        let first = read_until(&out, DONE);
        assert!(first.contains("RED: 3 of 3 tests") && first.contains("the monkey's story"), "{first}");
        assert!(first.contains("Next: edit exercises/03-state/src/lib.rs"), "{first}");
        assert!(!first.contains('\x1b'), "no screen to clear: {first}");

        // A save without a change, and files of others, are none.
        place.solve(NAME, "violated");
        place.write(&format!("exercises/{NAME}/src/.lib.rs.swp"), "");
        place.write(&format!("exercises/{NAME}/src/lib.rs"), "pub fn (");
        let second = read_until(&out, DONE);
        assert!(second.contains("RED: it does not compile yet"), "{second}");

        place.solve(NAME, "holds");
        let third = read_until(&out, DONE);
        assert!(
            third.contains("GREEN: 3 tests") && third.contains("Next: open exercises/00-meet"),
            "{third}"
        );
        place.run(&["status"]).says(&["✓ 03 state"]);

        running.press_ctrl_c();
        assert_eq!(running.end().0, Some(0));
        assert_eq!(out.iter().collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_save_ends_the_run_that_is_out_of_date() {
        let place = Miniature::with(&["00-meet", NAME]);
        let stuck = "#[test]\nfn stuck() {\n    let file = std::path::Path::new(env!(\"CARGO_MANIFEST_DIR\"));\n    \
                     if ex03_state::CASE != \"holds\" {\n        let started = std::fs::File::create(file.join(\"starting\")).unwrap();\n        \
                     started.lock().unwrap();\n        std::fs::rename(file.join(\"starting\"), file.join(\"started\")).unwrap();\n        \
                     loop {\n            std::thread::park();\n        }\n    }\n}\n";
        place.write(&format!("exercises/{NAME}/tests/stuck.rs"), stuck);
        place.solve(NAME, "violated");
        let mut running = Running::start(&place, &["watch", "3"]);
        let out = lines_of(&mut running);
        wait_for(&place, "started");
        place.solve(NAME, "holds");
        let said = read_until(&out, "Ctrl-C ends.");
        assert!(said.contains("GREEN: 4 tests") && !said.contains("RED"), "{said}");
        wait_for_its_end(&place);
        running.press_ctrl_c();
        assert_eq!(running.end().0, Some(0));
    }
}

// ---- story ------------------------------------------------------------------

#[test]
fn the_story_is_that_of_what_failed_or_of_the_monkey_of_the_day() {
    let workshop = Miniature::with(&[NAME]);
    workshop.run(&["story", "3"]).exits(1).says(&["03-state is red: 2 of 3 tests.", "NOT DONE YET"]);
    workshop.solve(NAME, "violated");
    workshop
        .run(&["story", "3"])
        .exits(1)
        .says(&["03-state is red: 3 of 3 tests. From the test", "VIOLATED: NoLostMessages", "story"])
        .does_not_say("Next:");
    // Where all is green, what was foreseen and is wrong goes first.
    workshop.solve(NAME, "silent");
    workshop.run(&["story", "3"]).exits(0).says(&["VIOLATED: NoGhostMessages"]);
    workshop.solve(NAME, "holds");
    workshop
        .run(&["story", "3"])
        .exits(0)
        .says(&["03-state is green. From the test a_monkey:", "a story of all that is well"]);
    // The test that all exercises have in common goes before others.
    let checks = format!("exercises/{NAME}/tests/checks.rs");
    let test = "#[test]\nfn t09_while_acking_fails() {\n    record(\"t09_while_acking_fails\", \"holds\", true, \"HOLDS\\n\\nThe story of the day.\", \"\");\n}\n";
    workshop.write(&checks, &(workshop.read(&checks) + test));
    workshop.run(&["story", "3"]).exits(0).says(&["t09_while_acking_fails:", "The story of the day."]);
}

#[test]
fn a_story_is_saved_whole_and_replaces_nothing_by_itself() {
    let workshop = Miniature::with(&[NAME]);
    workshop.solve(NAME, "holds");
    let ran = workshop.run(&["story", "3", "--save", "notes/story.txt"]);
    ran.ends_in_trouble(&["the story cannot be written to notes/story.txt"]);
    let ran = workshop.run(&["story", "3", "--save", "story.txt"]).exits(0).says(&["Saved as story.txt."]);
    let saved = workshop.read("story.txt");
    assert_eq!(ran.out, format!("{saved}\nSaved as story.txt.\n"));
    assert!(saved.starts_with("03-state is green. From the test a_monkey:\n\nHOLDS in this run"), "{saved}");

    workshop.solve(NAME, "violated");
    let left = "story.txt exists, and is left as it is: choose another name, or add --force to replace it";
    workshop.run(&["story", "3", "--save", "story.txt"]).ends_in_trouble(&[left]);
    assert_eq!(workshop.read("story.txt"), saved);
    workshop.run(&["story", "3", "--save", "story.txt", "--force"]).exits(1);
    assert!(workshop.read("story.txt").starts_with("03-state is red"));
    let names = fs::read_dir(workshop.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(
        names.into_iter().all(|name| !name.to_string_lossy().ends_with(".tmp")),
        "something is left over"
    );
    assert_eq!(workshop.run(&["story", "3", "--force"]).code, 2);
}

// ---- predict ----------------------------------------------------------------

/// The tests of the predictions: two questions in one, one in the other. What is
/// observed is `yes`, `no` and `2`.
const PREDICTED: &str = r#"//! The predictions.

fn check(questions: &[(&str, &str)]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/predictions.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let answer = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap_or("missing")
    };
    let mut wrong = String::new();
    for (key, observed) in questions {
        let predicted = answer(key);
        match predicted {
            "?" => fail(&format!("`{key}` is not predicted yet: replace the ?.")),
            "nonsense" => fail("predictions.txt, line 3: `nonsense` is no answer to it."),
            "panic" => panic!("for a reason of its own"),
            _ if predicted != *observed => {
                wrong += &format!("`{key}`: you predicted {predicted}, and\nit is {observed}.\n");
            }
            _ => {}
        }
    }
    if !wrong.is_empty() {
        fail(&wrong);
    }
}

fn fail(answer: &str) -> ! {
    eprintln!("\n{answer}\n");
    std::panic::resume_unwind(Box::new("told"))
}

#[test]
fn p1_heard() {
    check(&[("ItemAdded(tea)", "yes"), ("ItemAdded(cake)", "no")]);
}

#[test]
fn p2_faults() {
    check(&[("faults", "2")]);
}
"#;

#[test]
fn predictions_are_compared_once_all_are_made() {
    let workshop = Miniature::with(&["00-meet", NAME]);
    let toml = format!("exercises/{NAME}/exercise.toml");
    workshop.replace(&toml, "[tests]\n", "predictions = \"predictions.txt\"\n[tests]\n\"p1_heard\" = \"red: `ItemAdded(tea)` is not predicted yet\"\n\"p2_faults\" = \"red: `faults` is not predicted yet\"\n");
    workshop.write(&format!("exercises/{NAME}/tests/predicted.rs"), PREDICTED);
    let predict = |tea: &str, cake: &str, faults: &str| {
        let text =
            format!("# What?\nItemAdded(tea) = {tea}\nItemAdded(cake) = {cake}\n\nfaults = {faults}\n");
        workshop.write(&format!("exercises/{NAME}/predictions.txt"), &text);
        workshop.run(&["predict", "3"])
    };
    predict("no", "yes", "?")
        .exits(1)
        .says(&[
            "03-state 1 of 3 predictions are open",
            "question predicted ItemAdded(tea) no ItemAdded(cake) yes",
            "? faults open",
            "once every ? in exercises/03-state/predictions.txt is replaced",
        ])
        .does_not_say("observed yes");
    predict("yes", "yes", "2").exits(1).says(&[
        "2 of 3 predictions are right",
        "question predicted observed",
        "✓ ItemAdded(tea) yes as predicted",
        "✗ ItemAdded(cake) yes no",
        "✓ faults 2 as predicted",
        "`cargo workshop test 03` tells the story",
    ]);
    // A test that fails for a reason of its own is no observation.
    predict("yes", "no", "panic").exits(1).says(&["✓ ItemAdded(cake)", "? faults", "the test does not tell"]);
    predict("yes", "no", "nonsense").ends_in_trouble(&["predictions.txt, line 3: `nonsense` is no answer"]);
    predict("yes", "no", "2").exits(0).says(&["3 of 3 predictions are right"]);

    workshop.run(&["predict", "0"]).ends_in_trouble(&["00-meet asks for no predictions; those that do: 03."]);
    workshop.write(&format!("exercises/{NAME}/predictions.txt"), "nothing\n");
    workshop.run(&["predict", "3"]).ends_in_trouble(&["has no line of the form `key = value`"]);
}
