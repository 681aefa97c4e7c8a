//! Handlers that do not come back, that take their time, and that end the process:
//! what each of them is told, and that none of them is told it wrongly.
//!
//! Most of these handlers are no good company for other tests, so each runs in a
//! process of its own: `cases` starts this program again, for one test.

#![allow(missing_docs, reason = "a test")]

mod support;

use std::hint::black_box;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use chaos::{Report, System, Verdict, explore, specifications};
use shared::order::Order;
use shared::{Context, Endpoint, Message, Ports, Snapshot};
use support::add_item;
use support::handlers::{point_in_time, stream_view};

fn system(endpoint: Endpoint) -> System {
    System::of(endpoint).judged_by(specifications::orders_with_welcome())
}

/// Explores two items on one order with one fault.
fn explored(endpoint: Endpoint) -> Report {
    explore(|| system(endpoint)).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).run()
}

/// What a handler does before it does what is right.
async fn after(oddity: impl Fn(), message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    oddity();
    point_in_time(message, ports, context).await
}

fn loops() {
    let mut turns = 0u64;
    while black_box(turns) < u64::MAX {
        turns = turns.wrapping_add(2);
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurses(depth: u64) -> u64 {
    let here = [depth; 16];
    black_box(recurses(depth + 1)) + black_box(here)[3]
}

/// Computes for so long, whatever else the machine does.
fn computes(turns: u64) {
    for turn in 0..turns {
        black_box(turn);
    }
}

static LOCK: Mutex<()> = Mutex::new(());

async fn keeps_the_lock(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let _guard = LOCK.lock();
    point_in_time(message, ports, context).await
}

/// The handlers, by name. A plain `fn` for each: they are told apart by their type.
fn endpoint(case: &str) -> Endpoint {
    const NAME: &str = "orders";
    match case {
        "loops" => Endpoint::new(NAME, async |m, p, c| after(loops, m, p, c).await),
        "waits" => Endpoint::new(NAME, async |m, p, c| {
            let wait = || loop {
                std::thread::park();
            };
            after(wait, m, p, c).await
        }),
        "sleeps" => Endpoint::new(NAME, async |m, p, c| {
            after(|| std::thread::sleep(Duration::from_millis(60)), m, p, c).await
        }),
        "computes" => Endpoint::new(NAME, async |m, p, c| after(|| computes(300_000_000), m, p, c).await),
        "computes a little" => {
            Endpoint::new(NAME, async |m, p, c| after(|| computes(10_000_000), m, p, c).await)
        }
        "recurses" => Endpoint::new(NAME, async |m, p, c| after(|| _ = recurses(1), m, p, c).await),
        "exits" => Endpoint::new(NAME, async |m, p, c| after(|| std::process::exit(0), m, p, c).await),
        "aborts" => Endpoint::new(NAME, async |m, p, c| after(|| std::process::abort(), m, p, c).await),
        "keeps a lock" => Endpoint::new(NAME, keeps_the_lock),
        "keeps an async lock" => Endpoint::new(NAME, async |m, p, c| {
            static LOCK: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
            let _guard = LOCK.lock().await;
            point_in_time(m, p, c).await
        }),
        "exits after a conflict" => Endpoint::new(NAME, async |m, p, c| {
            let result = point_in_time(m, p, c).await;
            if result.is_err() {
                std::process::exit(0);
            }
            result
        }),
        _ => Endpoint::new(NAME, point_in_time),
    }
}

/// Two tests of a program whose handler is a case.
#[test]
#[ignore = "run by the tests of this file"]
fn stubborn_one() {
    run_case();
}

#[test]
#[ignore = "run by the tests of this file"]
fn stubborn_two() {
    run_case();
}

fn run_case() {
    let case = std::env::var("STUBBORN").unwrap_or_default();
    let start = Instant::now();
    let exits = |_: &Snapshot, _: &str| -> anyhow::Result<Order> { std::process::exit(0) };
    let report = explored(match case.as_str() {
        "exits in its view" => endpoint(&case).view(exits),
        _ => endpoint(&case).view(stream_view),
    });
    let verdict = match report.verdict {
        Verdict::Holds => "holds",
        Verdict::Violated(_) => "violated",
        Verdict::Inconclusive(_) => "inconclusive",
    };
    let text = report.to_string().replace('\n', " ");
    println!("verdict: {verdict} after {} s: {text}", start.elapsed().as_secs());
    report.assert_exactly_once();
}

/// Runs both tests with a case, one after the other or at once.
fn cases(case: &str, patience: &str, more: &[&str]) -> Output {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["stubborn_", "--include-ignored", "--nocapture"]).args(more);
    command.env("STUBBORN", case).env("CHAOS_WATCHDOG_SECONDS", patience).output().unwrap()
}

/// The verdicts, in the order in which they were found.
fn verdicts(output: &Output) -> Vec<(String, u64, String)> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdicts = text.lines().filter_map(|line| {
        let (_, line) = line.split_once("verdict: ")?;
        let (verdict, rest) = line.split_once(" after ")?;
        let (seconds, told) = rest.split_once(" s: ")?;
        Some((verdict.to_owned(), seconds.parse().ok()?, told.to_owned()))
    });
    let verdicts: Vec<_> = verdicts.collect();
    assert_eq!(verdicts.len(), 2, "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    verdicts
}

/// The test that asked is told; the other one is told that it was asked before.
#[track_caller]
fn told_once(case: &str, words: &[&str]) {
    let output = cases(case, "1", &[]);
    assert!(!output.status.success());
    let mut verdicts = verdicts(&output);
    verdicts.sort();
    let [(earlier, _, again), (found, _, told)] = &verdicts[..] else { unreachable!() };
    if told.contains("so much else to do") && again.contains("so much else to do") {
        // A loop that gets a quarter of a processor, or less, is not condemned.
        return;
    }
    assert_eq!((earlier.as_str(), found.as_str()), ("inconclusive", "violated"), "{verdicts:?}");
    assert!(again.contains("That was in the test stubborn_"), "{again}");
    for word in words {
        assert!(told.contains(word) && again.contains(word), "{word:?} is not in {told}\nor not in {again}");
    }
}

#[test]
fn a_loop_is_told_from_a_wait() {
    told_once("loops", &["The handler has not come back for 1 s", "an endless loop, or a computation"]);
    told_once("waits", &["The handler has not come back for 1 s", "it waits for something that never comes"]);
}

#[test]
fn what_would_end_the_process_ends_another() {
    told_once("recurses", &["The handler's stack overflows while it processes AddItem", "a recursion"]);
    told_once("exits", &["ends its process while it processes AddItem", "std::process::exit"]);
    told_once("aborts", &["ends its process while it processes AddItem", "std::process::abort"]);
    told_once("exits in its view", &["ends its process while its view is asked", "std::process::exit"]);
}

#[test]
fn a_lock_that_is_kept_across_an_await_is_noticed() {
    told_once("keeps a lock", &["With two deliveries in progress at once", "a std lock", "across an .await"]);
    // In a program that cannot be tried in another process first, too.
    let output = cases("keeps a lock", "1", &["--test-threads=1"]);
    let verdicts = verdicts(&output);
    assert!(verdicts[0].2.contains("across an .await"), "{verdicts:?}");
    assert!(verdicts[1].2.contains("That was in the test"), "{verdicts:?}");
    // A lock that is awaited blocks nobody.
    assert!(cases("keeps an async lock", "1", &[]).status.success());
}

#[test]
fn what_sleeps_is_told_from_what_computes() {
    for (verdict, _, told) in verdicts(&cases("sleeps", "1", &[])) {
        // Windows does not tell, so there is no verdict.
        if cfg!(unix) {
            assert_eq!(verdict, "violated", "{told}");
            assert!(told.contains("blocks its thread for about") && told.contains("thread::sleep"), "{told}");
        }
    }
    for (verdict, _, told) in verdicts(&cases("computes", "1", &[])) {
        assert_eq!(verdict, "inconclusive", "{told}");
        assert!(!told.contains("sleeps") || !cfg!(unix), "{told}");
    }
    // The usual patience is more than enough for this.
    let output = cases("computes a little", "5", &[]);
    assert!(verdicts(&output).iter().all(|(verdict, ..)| verdict != "violated"));
}

#[test]
fn to_end_the_process_later_is_not_green_either() {
    let output = cases("exits after a conflict", "5", &[]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Most systems let the last thread have a last word.
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        assert!(said.contains("The handler ended the process in the test stubborn_"), "{said}");
    }
}

#[test]
fn nobody_else_is_told_anything() {
    let output = cases("innocent", "1", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
