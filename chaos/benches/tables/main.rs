//! The speed tables: `cargo bench -p chaos`.
//!
//! Every row runs in a process of its own, so that its peak memory is its own.
//! Nothing is asserted here: a slow machine is no failure.

#[path = "../../tests/support/mod.rs"]
mod support;

mod outside;
mod rows;
mod solutions;
mod tokio_loop;

use std::process::Command;
use std::time::Instant;

use chaos::Verdict;
use rows::{Row, Work};

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let rows = rows::all();
    if let Some(name) = arguments.first() {
        match rows.iter().find(|row| row.name == name) {
            Some(row) => measure(row),
            None => {
                eprintln!("there is no row named {name:?}");
                std::process::exit(2);
            }
        }
        return;
    }
    println!("Searches (one core)\n");
    println!("{:<50} {:>9} {:>11} {:>8} {:>8}", "", "states", "transitions", "time", "memory");
    for row in rows.iter().filter(|row| matches!(row.work, Work::Search(_))) {
        again(row.name);
    }
    println!("\nRandom runs: 20 messages, 3 workers, 3 % faults (one core)\n");
    for row in rows.iter().filter(|row| matches!(row.work, Work::Runs(_))) {
        again(row.name);
    }
}

/// Measures a row in a process of its own.
fn again(name: &str) {
    let program = std::env::current_exe().expect("a running program has a path");
    let status = Command::new(program).arg(name).status().expect("what runs once can be run again");
    if !status.success() {
        println!("{name:<50} failed");
    }
}

fn measure(row: &Row) {
    let from = Instant::now();
    match &row.work {
        Work::Search(search) => {
            let report = search().run();
            let time = from.elapsed();
            let verdict = match (report.violated(), &report.verdict) {
                (Some(property), _) => format!("   {property:?}"),
                (None, Verdict::Holds) => String::new(),
                (None, other) => format!("   {other:?}"),
            };
            println!(
                "{:<50} {:>9} {:>11} {:>6.0}ms {:>8}{verdict}",
                row.name,
                report.counts.states,
                report.counts.transitions,
                time.as_secs_f64() * 1e3,
                peak_memory()
            );
        }
        Work::Runs(runs) => {
            let (count, steps, note) = runs();
            let seconds = from.elapsed().as_secs_f64();
            let steps = if steps == 0 {
                String::new()
            } else {
                format!("{:.1} M steps/s", steps as f64 / seconds / 1e6)
            };
            println!("{:<50} {:>8.0} runs/s   {steps:<16} {note}", row.name, count as f64 / seconds);
        }
    }
}

/// The most memory this process has had, where the system tells.
fn peak_memory() -> String {
    let kilobytes = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| format!("{:.0} MB", kilobytes / 1024.0))
}
