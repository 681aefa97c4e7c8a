//! The machine: disk, terminal, and programs that later parts want.

use std::io::IsTerminal;
use std::path::Path;

use super::finding::Finding;
use crate::running::tool::is_on_the_path;
use crate::terminal;

/// What a day of builds takes, and some room to breathe.
const NEEDED: u64 = 2_000_000_000;
/// What everything that is printed fits into.
const COLUMNS: u16 = 80;

/// Whether there is room for what is built.
pub fn disk(target: &Path) -> Finding {
    let there = target.ancestors().find(|directory| directory.is_dir()).unwrap_or(target);
    match fs4::available_space(there) {
        Ok(free) => room(free),
        Err(error) => Finding::Note(format!("how much room the disk has cannot be told: {error}")),
    }
}

fn room(free: u64) -> Finding {
    let words = |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10);
    if free < NEEDED {
        let what = format!("{} are free where the workshop is built", words(free));
        return Finding::mend(what, format!("make room, {} are needed", words(NEEDED)));
    }
    Finding::Fine(format!("{} are free; {} are needed", words(free), words(NEEDED)))
}

/// Whether files can be written into a folder of the workshop's own.
pub fn writable(shown: &str, directory: &Path) -> Finding {
    const MEND: &str = "copy the workshop into a folder of your own";
    match std::fs::create_dir_all(directory) {
        Ok(()) => takes_files(shown, directory, MEND),
        Err(error) => Finding::mend(format!("{shown} cannot be written ({error})"), MEND),
    }
}

/// Whether temporary files can be written, where they are to be.
pub fn temporary() -> Finding {
    let variable = if cfg!(windows) { "TMP" } else { "TMPDIR" };
    let mend = format!("set {variable} to a folder of your own");
    takes_files("temporary files", &std::env::temp_dir(), &mend)
}

/// Whether a file can be written there; what to do, if not.
fn takes_files(shown: &str, directory: &Path, mend: &str) -> Finding {
    match tempfile::Builder::new().prefix("doctor").suffix(".tmp").tempfile_in(directory) {
        Ok(_) => Finding::Fine(format!("{shown} can be written")),
        Err(error) => Finding::mend(format!("{shown} cannot be written ({error})"), mend),
    }
}

/// Whether a line of the workshop fits into a line of the terminal.
pub fn terminal_width() -> Finding {
    if !std::io::stdout().is_terminal() {
        return Finding::Note(format!("this goes to no terminal; one of {COLUMNS} columns is best"));
    }
    match terminal_size::terminal_size() {
        Some((width, _)) => columns(width.0),
        None => Finding::Note(format!("the terminal does not tell its width; {COLUMNS} columns are best")),
    }
}

fn columns(width: u16) -> Finding {
    match width >= COLUMNS {
        true => Finding::Fine(format!("the terminal has {width} columns")),
        false => Finding::Note(format!(
            "the terminal has {width} columns: make it {COLUMNS} wide, for the stories"
        )),
    }
}

/// Whether the lines and arrows of a story come out as such.
pub fn unicode() -> Finding {
    // Windows takes Unicode from a program whatever the code page is.
    let value = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if cfg!(windows) { charset(Some("UTF-8")) } else { charset(value.as_deref()) }
}

fn charset(locale: Option<&str>) -> Finding {
    let locale = locale.unwrap_or("not set");
    let plain = locale.to_lowercase().replace('-', "");
    match plain.contains("utf8") {
        true => Finding::Fine("the terminal takes UTF-8: ●───▶ ✓".to_owned()),
        false => Finding::Note(format!(
            "the locale is {}, not one of UTF-8: if this is no arrow, ●───▶, set LANG to C.UTF-8",
            terminal::short(locale, 40)
        )),
    }
}

/// What later parts of the workshop want, and nothing before them needs.
pub fn for_later() -> String {
    let browsers = ["chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "microsoft-edge"];
    let browser = browsers.into_iter().find(|name| is_on_the_path(name));
    let nats = is_on_the_path("nats-server");
    match (nats, browser) {
        (true, Some(browser)) => format!("nats-server and {browser} are here, for later parts"),
        (true, None) => "nats-server is here; a browser for later parts is not on the PATH".to_owned(),
        (false, Some(browser)) => format!("{browser} is here; nats-server, for later parts, is not"),
        (false, None) => {
            "neither nats-server nor a browser is on the PATH; only later parts want them".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_to_be_mended() {
        let Finding::Mend(what, mend) = room(1_999_999_999) else { panic!("there is no room") };
        assert_eq!(what, "1.9 GB are free where the workshop is built");
        assert_eq!(mend, "make room, 2.0 GB are needed");
        assert_eq!(room(2_000_000_000), Finding::Fine("2.0 GB are free; 2.0 GB are needed".to_owned()));
    }

    #[test]
    fn a_terminal_may_be_narrow_or_plain() {
        assert!(matches!(columns(79), Finding::Note(what) if what.contains("79 columns: make it 80")));
        assert!(matches!(columns(80), Finding::Fine(_)));
        assert!(matches!(charset(Some("en_GB.UTF-8")), Finding::Fine(_)));
        assert!(matches!(charset(Some("C.utf8")), Finding::Fine(_)));
        assert!(matches!(charset(Some("POSIX")), Finding::Note(_)));
        assert!(matches!(charset(None), Finding::Note(what) if what.contains("not set")));
    }
}
