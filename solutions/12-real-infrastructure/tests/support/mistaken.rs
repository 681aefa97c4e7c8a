//! The live run with a mistake, which the variable `MISTAKE` names; and a process that makes
//! ids, for a test.

use std::process::ExitCode;

#[path = "mod.rs"]
mod support;

#[cfg(unix)]
fn main() -> ExitCode {
    let name = std::env::var("MISTAKE").unwrap_or_default();
    // Who only watches over the server makes no mistakes.
    let answer = support::named(&name).unwrap_or_else(ex12_real_infrastructure::ours);
    if std::env::args().nth(1).as_deref() == Some("ids") {
        for _ in 0..3 {
            println!("{}", (answer.new_id)());
        }
        return ExitCode::SUCCESS;
    }
    host::live::run(&ex12_real_infrastructure::seam_of(answer))
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("Exercise 12 is for Unix only: it ends its processes by signals and by pipes that close.");
    ExitCode::from(2)
}
