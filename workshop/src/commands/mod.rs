//! The commands, each in a file, or in a folder if it has many parts. What several
//! share is in `attempt` (one run of an exercise's tests), `exchange` (other files
//! in place of the attendee's), `written` (a file that is asked for), `folder` (a folder
//! that is) and `next` (the one next thing to do).
//!
//! This is the highest room: it may import all others, and none imports it.

mod agenda;
mod attempt;
mod book;
mod catch_up;
mod code;
mod debug;
mod diff;
mod doctor;
mod exchange;
mod explore;
mod folder;
mod graph;
mod handout;
mod hint;
mod live;
mod new;
mod next;
mod predict;
mod replay;
mod report;
mod reset;
mod restore;
mod room;
mod slides;
mod status;
mod story;
mod test;
mod tour;
mod verify;
mod watch;
mod written;

use anyhow::Result;

use crate::args::{Arguments, Command, New};
use crate::outcome::Outcome;
use crate::repository::Repository;

/// Does what the user asked for.
pub fn run(arguments: Arguments) -> Result<Outcome> {
    let repository = Repository::find()?;
    match arguments.command {
        None => tour::run(&repository),
        Some(Command::Status) => status::run(&repository),
        Some(Command::Test { exercise, tests, coverage, filter }) => {
            let filter = [tests, filter].concat();
            test::run(&repository, exercise.as_deref(), coverage, &filter)
        }
        Some(Command::Watch { exercise }) => watch::run(&repository, exercise.as_deref()),
        Some(Command::Explore { exercise, bounds, solution }) => {
            explore::run(&repository, &exercise, bounds, solution)
        }
        Some(Command::Graph { exercise, test, mistake, bounds, solution, out, open, force }) => {
            let of = match (test, mistake) {
                (Some(test), _) => graph::Of::Test(test),
                (_, Some(mistake)) => graph::Of::Mistake(mistake),
                _ => graph::Of::Bounds(bounds, solution),
            };
            graph::run(&repository, &exercise, &graph::Wanted { of, out, open, force })
        }
        Some(Command::Story { exercise, test, mistake, code, save, html, open, force }) => {
            let wanted = story::Wanted { test, mistake, code, save, html, open, force };
            story::run(&repository, &exercise, &wanted)
        }
        Some(Command::Predict { exercise }) => predict::run(&repository, &exercise),
        Some(Command::Replay { code }) => replay::run(&repository, &code),
        Some(Command::Debug { code }) => debug::run(&repository, &code),
        Some(Command::Report { exercise, save, force }) => {
            report::run(&repository, &exercise, save.as_deref(), force)
        }
        Some(Command::Hint { exercise, question, depth }) => {
            hint::run(&repository, exercise.as_deref(), question, depth)
        }
        Some(Command::Diff { exercise, step, all, mistake, spoil }) => {
            let with = match &mistake {
                Some(mistake) => diff::With::Mistake(mistake),
                None if step => diff::With::OneBefore,
                None => diff::With::OurSolution,
            };
            diff::run(&repository, exercise.as_deref(), with, all, spoil)
        }
        Some(Command::Reset { exercise }) => reset::run(&repository, &exercise),
        Some(Command::Restore { version }) => restore::run(&repository, version),
        Some(Command::CatchUp { exercise }) => catch_up::run(&repository, &exercise),
        Some(Command::Verify { pages: true, fix, .. }) => verify::pages(&repository, fix),
        Some(Command::Verify { exercise, fix, .. }) => verify::run(&repository, exercise.as_deref(), fix),
        Some(Command::Slides { deck }) => slides::run(&repository, deck.as_deref()),
        Some(Command::Doctor) => doctor::run(&repository),
        Some(Command::Agenda { cut, start }) => agenda::run(&repository, cut.as_deref(), start.as_deref()),
        Some(Command::Live { arguments }) => live::run(&repository, &arguments),
        Some(Command::New { what: New::Handler { path } }) => new::handler(&repository, &path),
        Some(Command::New { what: New::Mistake { exercise, name } }) => {
            new::mistake(&repository, &exercise, &name)
        }
        Some(Command::New { what: New::Exercise { name, like } }) => {
            new::exercise(&repository, &name, like.as_deref())
        }
        Some(Command::Code { name }) => code::run(&repository, name.as_deref()),
        Some(Command::Room { codes }) => room::run(&repository, &codes),
        Some(Command::Book { directory, story }) => book::run(&repository, &directory, story.as_deref()),
        Some(Command::Handout { directory, unlock: Some(number), mistakes, .. }) => {
            handout::unlock(&repository, &directory, &number, mistakes)
        }
        Some(Command::Handout { directory, no_slides, whole_slides, .. }) => {
            let slides = match (no_slides, whole_slides) {
                (true, _) => handout::Slides::None,
                (_, true) => handout::Slides::Whole,
                _ => handout::Slides::ForAttendees,
            };
            handout::run(&repository, &directory, slides)
        }
    }
}
