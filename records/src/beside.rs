//! The run of a wrong answer, played with the right one: what is shown beside a film.

use serde::{Deserialize, Serialize};

use super::Film;
use super::film::Scene;

/// What came of playing the script of a film with the right answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// `holds`, `violated`, `not-done`, `broken` or `inconclusive`.
    pub verdict: String,
    /// The verdict as the first line of a report.
    pub headline: String,
    /// The run.
    pub film: Film,
    /// For each step of it, the number of the step of the other film that it is the
    /// counterpart of, from 0; none, if that has none. They only ever grow.
    pub counterparts: Vec<Option<usize>>,
    /// What of the script has no counterpart, or goes otherwise, in sentences.
    pub remarks: Vec<String>,
}

impl Beside {
    /// The number of the first step, from 0, in which this and the other film are not
    /// alike: one of them may be over by then. None, if there is no such step. (A step of
    /// which the script says nothing, and that says the same, is alike.)
    #[must_use]
    pub fn parts_at(&self, other: &Film) -> Option<usize> {
        let says = |step: &Scene| {
            let words: Vec<String> = step.lines.iter().map(|line| line.words.clone()).collect();
            (words, step.fault.clone())
        };
        let alike = |number: usize| {
            let both = self.film.steps.get(number).zip(other.steps.get(number));
            self.counterparts.get(number).is_some_and(|it| it.is_none_or(|it| it == number))
                && both.is_some_and(|(one, other)| says(one) == says(other))
        };
        (0..self.film.steps.len().max(other.steps.len())).find(|&number| !alike(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::film::Line;

    fn film(steps: &[&str]) -> Film {
        let step = |words: &&str| Scene {
            lines: vec![Line { words: (*words).to_owned(), ..Line::default() }],
            ..Scene::default()
        };
        Film { steps: steps.iter().map(step).collect(), ..Film::default() }
    }

    fn beside(steps: &[&str], counterparts: &[Option<usize>]) -> Beside {
        Beside { film: film(steps), counterparts: counterparts.to_vec(), ..Beside::default() }
    }

    #[test]
    fn they_part_where_something_else_is_said_or_one_is_over() {
        let of_a_script = film(&["reads", "stores", "publishes"]);
        let all = [Some(0), Some(1), Some(2)];
        let parts = |steps: &[&str], counterparts: &[Option<usize>]| {
            beside(steps, counterparts).parts_at(&of_a_script)
        };
        assert_eq!(parts(&["reads", "stores", "publishes"], &all), None);
        assert_eq!(parts(&["reads", "deletes", "publishes"], &all), Some(1));
        assert_eq!(parts(&["reads", "stores", "publishes"], &[Some(0), None, Some(2)]), None);
        assert_eq!(parts(&["reads", "stores", "publishes"], &[Some(0), Some(2), None]), Some(1));
        assert_eq!(parts(&["reads", "stores"], &all[..2]), Some(2));
        assert_eq!(
            parts(&["reads", "stores", "publishes", "rests"], &[Some(0), Some(1), Some(2), None]),
            Some(3)
        );
        let mut faulty = beside(&["reads", "stores", "publishes"], &all);
        faulty.film.steps[2].fault = Some("a crash".to_owned());
        assert_eq!(faulty.parts_at(&of_a_script), Some(2));
    }
}
