//! What `cargo workshop` asks of the searches of a test run, through the
//! environment: see [`environment`](crate::environment).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use records::ProgressRecord;

use crate::environment;
use crate::search::counts::{Observer, Progress};

/// Other bounds than those of the test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deeper {
    pub(crate) messages: Option<usize>,
    pub(crate) workers: Option<u8>,
    pub(crate) faults: Option<u8>,
    pub(crate) stale: Option<u8>,
    /// Whether calls may take effect late.
    pub(crate) late: bool,
    pub(crate) states: Option<usize>,
}

impl Deeper {
    /// What the environment asks for, if anything; an error in words if that
    /// makes no sense.
    pub(crate) fn asked_for() -> Option<Result<Self, String>> {
        Some(Self::parse(&std::env::var(environment::DEEPER).ok()?))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut deeper = Self::default();
        for word in text.split_whitespace() {
            let nonsense = || {
                format!(
                    "CHAOS_DEEPER has {word:?}, and knows messages=, workers=, faults=, stale=, late=, states="
                )
            };
            let (name, number) = word.split_once('=').ok_or_else(nonsense)?;
            if name == "states" {
                deeper.states = Some(number.parse().map_err(|_| nonsense())?);
                continue;
            }
            let number: u8 = number.parse().map_err(|_| nonsense())?;
            match name {
                "messages" => deeper.messages = Some(number.into()),
                "workers" => deeper.workers = Some(number),
                "faults" => deeper.faults = Some(number),
                "stale" => deeper.stale = Some(number),
                "late" => deeper.late = number > 0,
                _ => return Err(nonsense()),
            }
        }
        Ok(deeper)
    }
}

/// Whether the handlers of a recorded run are to be run once, for whoever looks on.
pub(crate) fn live() -> bool {
    std::env::var_os(environment::LIVE).is_some()
}

/// Where to write what would be searched, if that is all that is asked for.
pub(crate) fn plan_asked_for() -> Option<PathBuf> {
    std::env::var_os(environment::PLAN).map(PathBuf::from)
}

/// Reports progress and looks for the wish to stop, if the environment asks for
/// either.
pub(crate) fn observer() -> Option<Observer> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (progress, stop, alive) =
        (path(environment::PROGRESS), path(environment::STOP), path(environment::ALIVE));
    if progress.is_none() && stop.is_none() && alive.is_none() {
        return None;
    }
    Some(Arc::new(move |Progress { states, frontier }| {
        if let Some(path) = &progress
            && let Ok(text) = serde_json::to_string(&ProgressRecord { states, frontier })
        {
            // Somebody may read it half written, and will look again.
            _ = std::fs::write(path, text);
        }
        stop.as_ref().is_none_or(|stop| !stop.exists()) && !alive.as_deref().is_some_and(abandoned)
    }))
}

/// Whether a file is gone, or nobody holds it locked. Where files cannot be
/// locked, nobody can tell.
fn abandoned(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => file.try_lock_shared().is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_tells_that_somebody_is_there() {
        let path = std::env::temp_dir().join(format!("chaos-alive-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        assert!(!abandoned(&path));
        drop(file);
        assert!(abandoned(&path), "the lock went with the file");
        std::fs::remove_file(&path).unwrap();
        assert!(abandoned(&path));
    }

    #[test]
    fn bounds_are_read_and_nonsense_is_refused() {
        let all = Deeper {
            messages: Some(3),
            workers: Some(2),
            faults: Some(4),
            stale: Some(1),
            late: true,
            states: Some(900),
        };
        assert_eq!(Deeper::parse("messages=3 workers=2 faults=4 stale=1 late=1 states=900"), Ok(all));
        assert_eq!(Deeper::parse(""), Ok(Deeper::default()));
        for nonsense in ["messages", "messages=x", "message=3", "faults=300"] {
            assert!(Deeper::parse(nonsense).unwrap_err().contains(nonsense));
        }
    }
}
