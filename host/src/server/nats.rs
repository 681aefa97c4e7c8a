//! How a nats-server is started.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::guardian::Place;

/// Writes its configuration.
pub(super) fn prepare(place: &Place) -> anyhow::Result<()> {
    let directory = &place.directory;
    for left_by_one_before in files_with_ports(directory) {
        fs::remove_file(left_by_one_before)?;
    }
    // JSON is a configuration, too. Every write is on the disk before it is
    // acknowledged: what the server says it has, it has.
    let mut jetstream =
        serde_json::json!({ "store_dir": directory.join("store"), "sync_interval": "always" });
    if let Some(room) = place.wanted.room {
        jetstream["max_file_store"] = room.into();
    }
    let settings = serde_json::json!({
        "host": "127.0.0.1",
        "port": place.wanted.port.map_or(-1, i64::from),
        "ports_file_dir": directory,
        "authorization": { "token": place.secret },
        "jetstream": jetstream,
    });
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(configuration(place))?;
    file.write_all(settings.to_string().as_bytes())?;
    Ok(())
}

/// With what it is started.
pub(super) fn command(place: &Place) -> Command {
    let mut command = Command::new(&place.wanted.binary);
    command.arg("-c").arg(configuration(place));
    command
}

/// On which port it listens, once it does.
pub(super) fn listens(place: &Place) -> Option<u16> {
    let file = files_with_ports(&place.directory).next()?;
    // `{"nats": ["nats://127.0.0.1:4222"]}`
    let ports: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}

/// Why it does not, of all that it has said.
pub(super) fn why(said: &str) -> &str {
    let last = said.lines().rfind(|line| line.contains("[FTL]") || line.contains("[ERR]"));
    let why = last.or_else(|| said.lines().last()).unwrap_or("it does not say why");
    // Without the number of its process, and the time.
    why.split_once("] ").map_or(why, |(_, why)| why)
}

fn configuration(place: &Place) -> PathBuf {
    place.directory.join("configuration")
}

/// The files in which it writes down where it listens.
fn files_with_ports(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "ports"))
}
