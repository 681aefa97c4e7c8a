//! The same code and bounds give the same report, byte for byte, in every
//! process; the same seed gives the same runs.

mod support;

use chaos::{Fault, explore, soak};
use support::add_item;
use support::handlers::{naive_orders, outbox_orders, point_in_time_orders};

/// Everything that a search and a random run say.
fn transcript() -> String {
    let mail = || [add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "pie")];
    let found = explore(naive_orders).send(mail()).run();
    let held = explore(outbox_orders).send(mail()).faults(1).run();
    let fewer = explore(naive_orders).send(mail()).only([Fault::AckFails, Fault::PublishFails]).run();
    let soaked = soak(point_in_time_orders).send(mail()).seed(7).runs(20).run();
    let unlucky = soak(naive_orders).send(mail()).seed(7).fault_rate(0.1).runs(500).run();
    let mut text = String::new();
    for report in [found, held, fewer, soaked, unlucky] {
        // The command that replays it names the test that runs.
        let (told, code) = (report.diagnosis(), &report.replay);
        text += &format!("{told}\n{code:?}\n{:?}\n{}\n", report.counts, report.coverage());
    }
    text
}

#[test]
fn searches_say_the_same_every_time() {
    let first = transcript();
    assert!(first.contains("VIOLATED") && first.contains("HOLDS"));
    for _ in 0..20 {
        assert_eq!(transcript(), first);
    }
}

#[test]
fn two_thousand_runs_of_one_seed_are_the_same_run() {
    let run = || {
        let mail = [add_item("order-1", "tea"), add_item("order-1", "cake")];
        let report = soak(outbox_orders).send(mail).seed(42).fault_rate(0.2).runs(1).run();
        format!("{report} {:?} {} {}", report.counts, report.faults, report.coverage())
    };
    let first = run();
    for _ in 0..2_000 {
        assert_eq!(run(), first);
    }
}

#[test]
fn other_seeds_give_other_runs() {
    let run = |seed| {
        let mail = [add_item("order-1", "tea"), add_item("order-1", "cake")];
        soak(outbox_orders).send(mail).seed(seed).fault_rate(0.2).runs(20).run().counts.transitions
    };
    let lengths: std::collections::BTreeSet<usize> = (0..20).map(run).collect();
    assert!(lengths.len() > 5, "{lengths:?}");
}

#[test]
fn other_processes_say_the_same() {
    let child = || {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "print_transcript", "--nocapture", "--include-ignored"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let from = text.find("<<<").expect("the child prints its transcript");
        text[from..text.rfind(">>>").unwrap()].to_owned()
    };
    let first = child();
    assert_eq!(child(), first);
    assert_eq!(first, format!("<<<{}", transcript()));
}

#[test]
#[ignore = "run by other_processes_say_the_same"]
fn print_transcript() {
    println!("<<<{}>>>", transcript());
}
