//! A small live run, as a test.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::process::{Command, Output, Stdio};

use crate::bench::guarded;

/// What the monkey does in it.
const RUN: &str = "06 --orders 20 --workers 2 --kills 6 --freezes 1 --duplicates 6";

/// What came of a live run of this program, with a mistake if it knows of any: its exit code,
/// and what it has said.
pub fn run(program: &str, arguments: &str, mistake: Option<&str>) -> (Option<i32>, String) {
    drop(guarded::binary());
    // When this process ends, the pipe does, and with it everybody who was started.
    let mut live = Command::new(program);
    live.args(arguments.split(' ')).env("MISTAKE", mistake.unwrap_or_default()).stdin(Stdio::null());
    let Output { status, stdout, stderr } = live.output().expect("the program");
    let said = [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    (status.code(), said)
}

/// It holds.
pub fn holds(program: &str) {
    let (code, said) = run(program, RUN, None);
    assert!(
        code == Some(0),
        "{}, and this is what was found (again: cargo run -p ex12-real-infrastructure -- {RUN}):\n{said}",
        match code {
            Some(1) => "VIOLATED on a real server",
            Some(3) => "it does not come to rest",
            _ => "the live run could not be made",
        }
    );
}
