//! How a PostgreSQL is started: a cluster of its own, which nobody can reach but over the
//! loopback interface, with the secret of the run.
//!
//! It refuses to run as root, so where we are root, it runs as the user `postgres`, whom
//! its package has made, or as `nobody`; the directory is theirs then.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, bail};
use nix::unistd::{User, geteuid};
use tokio::process::Command;

use super::guardian::{Place, free_port};

/// The user of the database; its name is that of the database, too.
pub const USER: &str = "postgres";

/// Where `postgres` is: what `POSTGRES_SERVER` says, on the `PATH`, or where Debian puts the
/// newest, which is on no path.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(found) = super::program("POSTGRES_SERVER", "postgres") {
        return Some(found);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(version);
    versions.into_iter().rev().map(|path| path.join("bin/postgres")).find(|file| file.is_file())
}

/// Makes a cluster, unless there is one.
pub(super) async fn prepare(place: &mut Place) -> anyhow::Result<()> {
    let data = data(place);
    if data.is_dir() {
        return Ok(());
    }
    let port = place.wanted.port.map_or_else(free_port, Ok)?;
    place.wanted.port = Some(port);
    // Links lead to it, from the path; what belongs to it is where it really is.
    let binary = place.wanted.binary.canonicalize();
    let binary = binary.with_context(|| format!("no file {}", place.wanted.binary.display()))?;
    let initdb = binary.with_file_name("initdb");
    if !initdb.is_file() {
        bail!("there is no initdb beside {}, and a database cannot be made without", binary.display());
    }
    place.wanted.binary = binary;
    let secret = place.directory.join("secret");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secret)?;
    file.write_all(place.secret.as_bytes())?;
    if let Some(user) = stand_in()? {
        for path in [&place.directory, &secret] {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
    }
    let mut command = as_somebody(place, Command::new(initdb))?;
    command.arg("--pgdata").arg(&data).arg("--pwfile").arg(&secret);
    command.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale"]);
    // What an empty cluster consists of need not outlast the machine: nobody pulls its plug here.
    // What is written to it later is synced, always.
    command.arg("--no-sync");
    let made = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let made = made.context("initdb cannot be started")?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr);
        bail!("initdb makes no database: {}", why(&said));
    }
    Ok(())
}

/// With what it is started.
pub(super) fn command(place: &Place) -> anyhow::Result<Command> {
    let mut command = as_somebody(place, Command::new(&place.wanted.binary))?;
    command.arg("-D").arg(data(place));
    let port = place.wanted.port.unwrap_or_default().to_string();
    for (setting, value) in [
        ("port", port.as_str()),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        // What it says is committed, is on the disk: its own default, and no place for a slip.
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        // As many as 64 workers of two endpoints need, with eight slots each.
        ("max_connections", "1100"),
        ("log_line_prefix", ""),
    ] {
        command.arg("-c").arg(format!("{setting}={value}"));
    }
    Ok(command)
}

/// On which port it listens, once it does: it writes down that it is ready.
pub(super) fn listens(place: &Place, process: Option<u32>) -> Option<u16> {
    let written = fs::read_to_string(data(place).join("postmaster.pid")).ok()?;
    let mut lines = written.lines();
    let is_its_own = lines.next()?.trim().parse().ok() == process;
    let is_ready = lines.nth(6)?.trim() == "ready";
    place.wanted.port.filter(|_| is_its_own && is_ready)
}

/// Why it does not, of all that it has said.
pub(super) fn why(said: &str) -> &str {
    let first = |word: &str| said.lines().find(|line| line.contains(word));
    let why = first("could not bind").or_else(|| first("FATAL:")).or_else(|| first("rror:"));
    let why = why.or_else(|| said.lines().last()).unwrap_or("it does not say why");
    ["LOG:", "FATAL:"].iter().find_map(|word| why.strip_prefix(word)).unwrap_or(why).trim()
}

/// Whether that passes by itself: of one that was killed, some process is still there.
pub(super) fn passes(said: &str) -> bool {
    said.contains("pre-existing shared memory block") || said.contains("lock file \"postmaster.pid\" already")
}

fn data(place: &Place) -> PathBuf {
    place.directory.join("data")
}

/// It works in its directory, as somebody who may, and hears of nothing but what we tell it.
fn as_somebody(place: &Place, mut command: Command) -> anyhow::Result<Command> {
    command.current_dir(&place.directory).env("LC_ALL", "C");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG")) {
            command.env_remove(name);
        }
    }
    if let Some(user) = stand_in()? {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Ok(command)
}

/// As whom it runs; none, if as ourselves.
fn stand_in() -> anyhow::Result<Option<User>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!("PostgreSQL does not run as root, and there is no user postgres or nobody here")
}
