//! `cargo workshop watch`: the verdict on an exercise, whenever it is saved.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use notify::{Event, RecursiveMode, Watcher};

use super::attempt::attempt;
use super::next;
use crate::attendee::{Progress, State, current};
use crate::outcome::Outcome;
use crate::render::Detail;
use crate::repository::{Exercise, Repository, fingerprint};
use crate::running::{Cargo, ExerciseResult, Patience, Presses, Unwanted, step_aside};
use crate::terminal;

/// Watches an exercise: the current one, if none is named. Ends with Ctrl-C.
pub fn run(repository: &Repository, name: Option<&str>) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let states = states(&exercises, &Progress::load(repository.root())?);
    let exercise = match (name, current(&states)) {
        (Some(name), _) => Exercise::choose(&exercises, name)?,
        (None, Some(place)) => &exercises[place],
        (None, None) => {
            terminal::show(&next::after_green(&exercises, &states));
            return Ok(Outcome::Green);
        }
    };
    step_aside();
    let (alarm, woken) = channel();
    let presses = Presses::count(ring(&alarm))?;
    let watched = Arc::new(exercise.clone());
    let _eyes = eyes_on(&exercise.directory, &alarm);
    loop {
        let sources = fingerprint(exercise);
        terminal::clear();
        let tested = round(repository, &exercises, &watched, &presses, &sources);
        if presses.at_least(1) {
            break;
        }
        match tested {
            Ok(()) => {}
            Err(error) if error.is::<Unwanted>() => continue,
            Err(error) => terminal::complain(&format!("{error:#}")),
        }
        let watching = format!("Watching exercises/{}; Ctrl-C ends.", exercise.name);
        terminal::show(&format!("\n{}", terminal::paragraph(&watching, "  ")));
        if !news(exercise, &sources, &woken, &presses) {
            break;
        }
    }
    // The terminal has written "^C" where the cursor was.
    terminal::show("\n");
    Ok(Outcome::Green)
}

/// One run of the tests, given up when the sources change meanwhile.
fn round(
    repository: &Repository,
    exercises: &[Exercise],
    exercise: &Arc<Exercise>,
    presses: &Presses,
    sources: &str,
) -> Result<()> {
    let mut progress = Progress::load(repository.root())?;
    let mut cargo = Cargo::at(repository.root());
    let (watched, presses, sources) = (Arc::clone(exercise), presses.clone(), sources.to_owned());
    cargo.patience = Patience {
        notice_after: Duration::ZERO,
        unwanted: Some(Arc::new(move || presses.at_least(1) || fingerprint(&watched) != sources)),
    };
    let result = attempt(&cargo, exercise, &mut progress, Detail::Usual, &[])?;
    terminal::show(&match result {
        ExerciseResult::Green => {
            next::answers(exercise) + &next::after_green(exercises, &states(exercises, &progress))
        }
        _ => next::after_save(exercise, &State::of(exercise, &progress)),
    });
    Ok(())
}

fn states(exercises: &[Exercise], progress: &Progress) -> Vec<State> {
    exercises.iter().map(|exercise| State::of(exercise, progress)).collect()
}

/// Rings the alarm at whatever happens in a folder. Where the system cannot
/// tell, looking now and then has to do.
fn eyes_on(folder: &Path, alarm: &Sender<()>) -> Option<impl Watcher + use<>> {
    let mut ring = ring(alarm);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Looking at the sources is nothing to look at them again for.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            ring();
        }
    })
    .ok()?;
    watcher.watch(folder, RecursiveMode::Recursive).ok()?;
    Some(watcher)
}

fn ring(alarm: &Sender<()>) -> impl FnMut() + Send + 'static + use<> {
    let alarm = alarm.clone();
    // Once nobody listens, there is nothing to ring for.
    move || _ = alarm.send(())
}

/// Waits until what the attendee edits is another than it was, and stays as it
/// is for a moment. `false` is for Ctrl-C.
///
/// What rings is only an alarm: an editor's own files, a save without a change
/// and a build make no difference to the sources.
fn news(exercise: &Exercise, tested: &str, woken: &Receiver<()>, presses: &Presses) -> bool {
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    const MOMENT: Duration = Duration::from_millis(50);
    loop {
        let alarm = woken.recv_timeout(LOOK_EVERY);
        // One look is enough for all that rang so far.
        woken.try_iter().for_each(drop);
        let mut seen = fingerprint(exercise);
        while seen != tested && !presses.at_least(1) {
            thread::sleep(MOMENT);
            let sources = fingerprint(exercise);
            if sources == seen {
                return true;
            }
            seen = sources;
        }
        if presses.at_least(1) || alarm == Err(RecvTimeoutError::Disconnected) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::repository::Name;

    fn exercise(folder: &Path) -> Exercise {
        fs::create_dir(folder.join("src")).unwrap();
        fs::write(folder.join("src").join("lib.rs"), "one").unwrap();
        Exercise {
            name: Name { number: "03".into(), slug: "state".into() },
            directory: folder.to_owned(),
            title: String::new(),
            minutes: 1,
            summary: String::new(),
            starter: String::new(),
            starter_at: 0..0,
            predictions: None,
            builds_on: None,
            edit: vec!["src/lib.rs".to_owned()],
            needs_a_server: false,
            changed: Vec::new(),
            tests: Vec::new(),
        }
    }

    #[test]
    fn only_another_text_is_news() {
        let folder = tempfile::tempdir().unwrap();
        let exercise = exercise(folder.path());
        let tested = fingerprint(&exercise);
        let (alarm, woken) = channel();
        let presses = Presses::default();
        // However often it rings: the same text, and an editor's file, are none.
        fs::write(folder.path().join("src").join("lib.rs"), "one").unwrap();
        fs::write(folder.path().join("src").join(".lib.rs.swp"), "one and a half").unwrap();
        fs::write(folder.path().join("src").join("lib.rs~"), "one and a half").unwrap();
        for _ in 0..9 {
            alarm.send(()).unwrap();
        }
        drop(alarm);
        assert!(!news(&exercise, &tested, &woken, &presses));

        // Nobody rings at all, and the text is found to be another.
        let (_alarm, woken) = channel();
        fs::write(folder.path().join("src").join("lib.rs"), "two").unwrap();
        assert!(news(&exercise, &tested, &woken, &presses));
    }

    #[test]
    fn the_eyes_see_a_save() {
        let folder = tempfile::tempdir().unwrap();
        let exercise = exercise(folder.path());
        let (alarm, woken) = channel();
        let _eyes = eyes_on(folder.path(), &alarm).expect("this system can tell");
        fs::write(exercise.directory.join("src").join("lib.rs"), "two").unwrap();
        woken.recv_timeout(Duration::from_secs(20)).expect("a save rings");
    }
}
