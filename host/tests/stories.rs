//! Stories of the engine, played on a real server as a user meets them.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ports::real::NatsServer;

/// Runs `live` with its temporary files in a directory of its own. Gives the exit code
/// and all that was said, once the directory is empty again. None, if there is no server
/// here; `NATS_REQUIRED` says that there must be.
fn live(name: &str, arguments: &[&str], strike: impl FnOnce(u32)) -> Option<(Option<i32>, String)> {
    // It says so on standard error where it is missing.
    drop(NatsServer::for_test()?);
    let directory = std::env::temp_dir().join(format!("stories-test-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let live = Command::new(env!("CARGO_BIN_EXE_live"))
        .args(arguments)
        .env("TMPDIR", &directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the live run");
    let is_empty = || std::fs::read_dir(&directory).expect("the directory").next().is_none();
    strike(live.id());
    // Workers inherit standard error, so it is open for as long as there is any.
    let ended = live.wait_with_output().expect("an end");
    let began = Instant::now();
    while !is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "the directory of the server is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::fs::remove_dir_all(&directory).expect("nothing in it");
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    Some((ended.status.code(), said))
}

/// Plays stories, and demands that all is as it should be, and these sentences.
fn plays(name: &str, arguments: &[&str], sentences: &[&str]) {
    let Some((code, said)) = live(name, arguments, |_| {}) else { return };
    assert!(code == Some(0), "it ended with {code:?}\n{said}");
    for sentence in sentences {
        assert!(said.contains(sentence), "{sentence:?} is not in\n{said}");
    }
}

#[test]
fn a_lost_reply_and_an_expired_lock() {
    plays(
        "reply-and-lock",
        &["--story", "06/marks-before-it-sends", "--story", "06/looks_into_the_inbox_first"],
        &[
            "server    violated: NoLostMessages",
            "server    violated: ConsistentOutputs",
            "2 stories played: model and server agree on 2, step for step on 2; the solution holds under 2",
        ],
    );
}

#[test]
fn a_conflict_that_nobody_made_up() {
    plays("conflict", &["--story", "06/swallows_the_conflict"], &["server    violated: BoundedStorage"]);
}

#[test]
fn duplicates_and_days_are_played_in_disguise() {
    plays(
        "disguise",
        &["--story", "09/keeps_an_inbox_for_seven_days"],
        &[
            "in disguise: a copy from nowhere of ItemAdded to loyalty: it was published a second time",
            "in disguise: a time to live that is over",
            "server    violated: NoDuplicatedProcessing",
        ],
    );
}

#[test]
fn a_worker_that_is_killed_and_a_message_that_is_refused_for_ever() {
    plays(
        "rest",
        &["--story", "08/waits_for_whoever_opened_the_transaction"],
        &["server    Settles: not at rest after 12 deliveries of one message", "solution  holds"],
    );
}

/// The answer to 06 that its starter is: the ids stay in the state. What a reader has of it
/// is the code under a story of its tests.
#[cfg(feature = "mine06")]
#[test]
fn a_red_run_of_ones_own() {
    // A code begins with the number of the exercise whose tests are running.
    let as_in_06 = Command::new(std::env::current_exe().expect("this program"))
        .args(["says_the_code_of_a_red_run", "--exact", "--ignored", "--nocapture"])
        .env("CARGO_PKG_NAME", "ex06-inbox")
        .output();
    let said = String::from_utf8(as_in_06.expect("it runs").stdout).expect("text");
    let code = said.split_whitespace().find(|word| word.starts_with("06-")).expect("a code");
    plays(
        "mine",
        &["--story", "06/mine", "--replay", code],
        &[
            "server    violated: BoundedStorage",
            "2 stories played: model and server agree on 2, step for step on 2; the solution holds under 2",
        ],
    );
    for (exercise, sentence) in [
        ("06", "belongs to none of the searches of 06 that a server can play"),
        ("x", "it is none of an exercise's tests"),
        ("07", "reads that are old"),
    ] {
        let other = chaos::ReplayCode::new(exercise, "of another test", vec![0]).to_string();
        let Some((code, said)) = live("other", &["--replay", &other], |_| {}) else { return };
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}

#[cfg(feature = "mine06")]
#[test]
#[ignore = "for another test, as if it were one of 06"]
fn says_the_code_of_a_red_run() {
    use chaos::{System, specifications};
    use closing::{Closing, Dialogue};
    let orders = |_: &[_]| {
        System::of(mine06::orders()).judged_by(specifications::orders_with_welcome()).stores_at_most(
            "the number of message ids in the state document",
            0,
            |all| all.documents().filter(|(_, body)| String::from_utf8_lossy(body).contains("0-")).count(),
        )
    };
    let failure = Closing::of(Dialogue::ORDERS, orders).shortest_failure().expect("a red run");
    println!(" {} ", failure.replay.expect("its code"));
}

/// The starter of 05 is a `todo!()`.
#[cfg(feature = "mine05")]
#[test]
fn an_answer_of_ones_own_that_does_nothing_yet() {
    let Some((code, said)) = live("nothing", &["--story", "05/mine"], |_| {}) else { return };
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("05/mine: the engine has no run that could be played: "), "{said}");
}

#[test]
fn trouble_is_a_sentence() {
    for (arguments, sentence) in [
        (&["--story", "06"][..], "it is an exercise and a mistake"),
        (&["--story", "06/x"], "  06/marks_before_it_sends"),
        (&["--stories", "07"], "reads that are old"),
        (&["--stories", "10"], "those of 05, 06, 08, 09 can"),
        (&["--story", "06/marks_before_it_sends", "--server", "/nowhere"], "/nowhere is no file"),
        (&["play"], "a worker is started by `live`, not by hand"),
    ] {
        let Some((code, said)) = live("trouble", arguments, |_| {}) else { return };
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn a_conductor_that_is_killed_leaves_nobody_behind() {
    let kill = |process: u32| {
        std::thread::sleep(Duration::from_secs(3));
        let kill = Command::new("kill").args(["-KILL", &process.to_string()]).status();
        assert!(kill.expect("kill").success());
    };
    let Some((code, said)) = live("killed", &["--stories", "06"], kill) else { return };
    assert_eq!(code, None, "{said}");
    assert!(!said.contains("played: "), "{said}");
}
