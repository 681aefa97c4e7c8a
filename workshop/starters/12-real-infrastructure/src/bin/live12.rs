//! The live run, with the consumer loop and the documents of this crate; and a process that
//! makes ids, for a test.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let answer = ex12_real_infrastructure::ours();
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
