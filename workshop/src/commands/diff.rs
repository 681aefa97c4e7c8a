//! `cargo workshop diff`: an attendee's version and our solution; or two of our
//! solutions, which is the story of the later one; or our solution and a mistake,
//! which shows what is wrong with it.

use anyhow::{Context, Result, bail};

use crate::attendee::{Progress, State, current};
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Compared, Exercise, Files, Mistake, Repository, solutions};
use crate::terminal;

/// What an attendee's version, or our solution, is compared with.
#[derive(Clone, Copy)]
pub enum With<'a> {
    /// Theirs with our solution.
    OurSolution,
    /// Our solution with the one that it builds on.
    OneBefore,
    /// Our solution with this mistake.
    Mistake(&'a str),
}

/// Shows what differs: the code of the task, or with `all` the rest as well. Our
/// solution is for those who have one, or insist.
pub fn run(
    repository: &Repository,
    name: Option<&str>,
    with: With<'_>,
    all: bool,
    spoil: bool,
) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let progress = Progress::load(repository.root())?;
    let states: Vec<State> = exercises.iter().map(|exercise| State::of(exercise, &progress)).collect();
    let chosen = match name {
        Some(name) => Exercise::choose(&exercises, name)?,
        None => &exercises[usual(&states, spoil)],
    };
    let place = exercises.iter().position(|exercise| exercise.name == chosen.name).unwrap_or(0);
    if !spoil && !states[place].is_done() {
        let number = &chosen.name.number;
        let more = match with {
            With::OurSolution => String::new(),
            With::OneBefore => " --step".to_owned(),
            With::Mistake(mistake) => format!(" --mistake {}", plain(mistake)),
        };
        bail!(
            "{} is not green yet, and this would show you our solution: solve it first ({}), or insist with {}",
            chosen.name,
            terminal::code(&format!("cargo workshop test {number}")),
            terminal::code(&format!("cargo workshop diff {number}{more} --spoil"))
        );
    }
    let text = match with {
        With::Mistake(mistake) => what_is_wrong(repository, chosen, mistake)?,
        With::OneBefore => {
            let previous = chosen.leads_on_from(&exercises)?.with_context(|| {
                format!("{} is the first exercise: there is no step that leads to it", chosen.name)
            })?;
            let from = solutions::written(repository, previous)?;
            let to = solutions::written(repository, chosen)?;
            let heading =
                format!("From our solution of {} (-) to that of {} (+)", previous.name, chosen.name);
            told(&heading, &from, &to, all)
        }
        With::OurSolution => {
            let mine = Files::read(&chosen.directory, chosen.predictions.as_deref())?;
            let heading = format!("From your version of {} (-) to our solution (+)", chosen.name);
            told(&heading, &mine, &solutions::of(repository, chosen)?, all)
        }
    };
    terminal::show(&text);
    Ok(Outcome::Green)
}

/// What changes from some files to others: the code first, and the rest with `all`.
fn told(heading: &str, from: &Files, to: &Files, all: bool) -> String {
    let heading = terminal::paragraph(heading, "");
    let mut text = terminal::paint(terminal::STRONG, heading.trim_end()) + "\n";
    let changes = render::changes(from, to, all);
    if changes.text.is_empty() && changes.left_out.is_empty() {
        text += "\nThere is no difference.\n";
    }
    text += &changes.text;
    if !changes.left_out.is_empty() {
        let more = format!(
            "Not shown, and different as well: {}. With --all, they are.",
            changes.left_out.join(", ")
        );
        text += &format!("\n{}", terminal::paragraph(&more, ""));
    }
    text
}

/// A mistake in its own words, and how its code differs from ours.
fn what_is_wrong(repository: &Repository, exercise: &Exercise, name: &str) -> Result<String> {
    let mistake = Mistake::choose(repository, exercise, name)?;
    let Compared { ours, theirs } = mistake.compared(repository, exercise)?;
    let sentence = mistake.name.replace('_', " ");
    let heading = format!("From our solution of {} (-) to a mistake (+): it {sentence}", exercise.name);
    let heading = terminal::paragraph(&heading, "");
    let mut text = terminal::paint(terminal::STRONG, heading.trim_end()) + "\n";
    for paragraph in mistake.comment() {
        text += &format!("\n{}", terminal::paragraph(&paragraph, "  "));
    }
    let path = terminal::paragraph(&repository.show(&mistake.path), "");
    let (go, come) = render::changed_lines(&ours, &theirs);
    let count = terminal::paragraph(&format!("lines of code that go: {go}, that come: {come}"), "");
    text += &format!("\n{}\n", terminal::paint(terminal::STRONG, path.trim_end()));
    text += &format!("{}\n", terminal::paint(terminal::FAINT, count.trim_end()));
    text += &render::changed_code(&ours, &theirs);
    Ok(text)
}

/// What a user has typed, as one word of a command.
fn plain(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

/// Where nothing is named: the last exercise that is solved; the current one for
/// those who insist.
fn usual(states: &[State], spoil: bool) -> usize {
    let solved = states.iter().rposition(State::is_green);
    let current = current(states);
    let (first, second) = if spoil { (current, solved) } else { (solved, current) };
    first.or(second).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// How many lines that go or come one takes in without counting.
    const SEEN_AT_A_GLANCE: usize = 15;

    /// What is wrong with a mistake is seen at a glance, or it is not seen. Printed
    /// for each exercise (with `-- --nocapture`): by how many lines of code half of
    /// its mistakes differ from the solution at most, and by how many the last one,
    /// as `diff --mistake` counts them. `EACH_MISTAKE=1` prints each. A mistake that
    /// is another design altogether may differ by as much as it does.
    #[test]
    fn a_mistake_differs_by_few_lines() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let repository = Repository::at(root);
        for exercise in Exercise::all(&repository).unwrap() {
            let mistakes = Mistake::all(&repository, &exercise).unwrap();
            let mut counts: Vec<(usize, String)> = mistakes
                .iter()
                .map(|mistake| {
                    let Compared { ours, theirs } = mistake.compared(&repository, &exercise).unwrap();
                    let (go, come) = render::changed_lines(&ours, &theirs);
                    (go + come, mistake.name.clone())
                })
                .collect();
            counts.sort();
            // A copy of the workshop may have no mistakes.
            let (Some((median, _)), Some((most, name))) = (counts.get(counts.len() / 2), counts.last())
            else {
                continue;
            };
            let number = &exercise.name.number;
            let (median, most) = (*median, *most);
            println!("{number}: {} mistakes, median {median}, at most {most} ({name})", counts.len());
            if std::env::var_os("EACH_MISTAKE").is_some() {
                counts.iter().for_each(|(lines, name)| println!("    {lines:3} {name}"));
            }
            assert!(
                median <= SEEN_AT_A_GLANCE,
                "half of the mistakes of {number} differ from the solution by {median} lines or more: write them \
                 as the solution with what is wrong changed, as CONTRIBUTING.md asks for"
            );
        }
    }
}
