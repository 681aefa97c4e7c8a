//! `cargo workshop hint`: the questions that others had, and the answers, no
//! deeper than one wants.

use anyhow::{Context, Result, bail};

use crate::attendee::{OpenedHints, Progress, State, current};
use crate::outcome::Outcome;
use crate::pages::hints::{self, Question};
use crate::pages::markdown::plain;
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// Lists the questions of an exercise, or opens one more depth of one.
pub fn run(
    repository: &Repository,
    name: Option<&str>,
    question: Option<usize>,
    depth: Option<usize>,
) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = match name {
        Some(name) => Exercise::choose(&exercises, name)?,
        None => &exercises[place(repository, &exercises)?],
    };
    let questions = read(repository, exercise)?;
    let mut opened = OpenedHints::load(repository.root());
    match question {
        None => list(exercise, &questions, &opened),
        Some(number) => open(exercise, &questions, number, depth, &mut opened)?,
    }
    Ok(Outcome::Green)
}

fn place(repository: &Repository, exercises: &[Exercise]) -> Result<usize> {
    let progress = Progress::load(repository.root())?;
    let states: Vec<State> = exercises.iter().map(|exercise| State::of(exercise, &progress)).collect();
    current(&states).with_context(|| {
        let example = format!("cargo workshop hint {}", exercises[0].name.number);
        format!("nothing is left to be solved: name an exercise, as in {}", terminal::code(&example))
    })
}

fn read(repository: &Repository, exercise: &Exercise) -> Result<Vec<Question>> {
    let path = exercise.directory.join("hints.md");
    let shown = repository.show(&path);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{shown} cannot be read"))?;
    match hints::parse(&text) {
        Ok(questions) => Ok(questions),
        Err(fault) => {
            bail!("{shown}, line {}: {}; open the file to read it as it is", fault.line, fault.what)
        }
    }
}

fn list(exercise: &Exercise, questions: &[Question], opened: &OpenedHints) {
    let heading = format!("Hints for {}: {}", exercise.name.number, exercise.title);
    let mut text = format!("  {}\n\n", terminal::paint(terminal::STRONG, &terminal::short(&heading, 78)));
    for (place, question) in questions.iter().enumerate() {
        let depths = question.depths.len();
        let open = match opened.of(&exercise.name, &question.title).min(depths) {
            0 => String::new(),
            open => format!(" ({open} of {depths} open)"),
        };
        let number = format!("{:>2}  ", place + 1);
        text += &terminal::hanging(&number, &format!("{}{open}", question.title), "  ");
    }
    let example = terminal::code(&format!("cargo workshop hint {} 1", exercise.name.number));
    let next = format!("{example} opens the first one, a depth deeper each time.");
    terminal::show(&(text + "\n" + &terminal::paragraph(&next, "  ")));
}

fn open(
    exercise: &Exercise,
    questions: &[Question],
    number: usize,
    depth: Option<usize>,
    opened: &mut OpenedHints,
) -> Result<()> {
    let command = format!("cargo workshop hint {}", exercise.name.number);
    let Some(question) = number.checked_sub(1).and_then(|place| questions.get(place)) else {
        let there_are = match questions.len() {
            1 => "there is 1".to_owned(),
            many => format!("there are {many}"),
        };
        bail!(
            "{} has no question {number}: {there_are}, and {} lists them",
            exercise.name,
            terminal::code(&command)
        );
    };
    let all = question.depths.len();
    let before = opened.of(&exercise.name, &question.title);
    let now = depth.unwrap_or(before + 1).clamp(1, all);
    let mut text = terminal::hanging(&format!("{number}  "), &question.title, "  ");
    for depth in &question.depths[..now] {
        text += &format!("\n  {}\n\n", terminal::paint(terminal::STRONG, &terminal::short(&depth.title, 78)));
        text += &plain(&depth.text, "    ");
    }
    let rest = match question.depths.get(now) {
        Some(next) => {
            let run = match depth {
                Some(_) => format!("{command} {number} --depth {}", now + 1),
                None => format!("{command} {number}"),
            };
            let what = format!("Depth {now} of {all}. Not enough? {} opens the next", terminal::code(&run));
            format!("{what}: {}.", next.title)
        }
        None => format!("All {all} depths are open: this is the last of them."),
    };
    text += &format!("\n{}", terminal::paragraph(&rest, "  "));
    terminal::show(&text);
    if let Err(error) = opened.remember(&exercise.name, &question.title, now) {
        terminal::show(&format!("\n{}", terminal::paragraph(&format!("Note: {error:#}."), "  ")));
    }
    Ok(())
}
