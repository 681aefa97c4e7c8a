//! What each worker did, as a picture: a line for each, from the beginning of the run to
//! its end.

use std::time::{Duration, Instant};

use crate::live::figures::short;

/// Who did what, and when.
pub struct Timeline {
    began: Instant,
    happened: Vec<Happened>,
}

struct Happened {
    after: Duration,
    /// The number of the worker; none, if it happened to a server.
    worker: Option<usize>,
    what: What,
}

/// What happened to a worker or a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A message was processed and acknowledged.
    Done,
    /// It was killed.
    Killed,
    /// It was frozen.
    Frozen,
    /// It goes on after that, or another one does in its place.
    Back,
}

/// In so many pieces the time is cut.
const COLUMNS: usize = 60;
/// So many workers of an endpoint are shown.
const MOST_SHOWN: usize = 8;
/// From few messages to many.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Timeline {
    /// Nothing has happened yet; from now on it does.
    pub fn begin() -> Self {
        Self { began: Instant::now(), happened: Vec::new() }
    }

    /// How long it is since the beginning.
    pub fn so_far(&self) -> Duration {
        self.began.elapsed()
    }

    /// Takes note of what has just happened to the worker of this number, or to a server.
    pub fn add(&mut self, worker: Option<usize>, what: What) {
        self.happened.push(Happened { after: self.began.elapsed(), worker, what });
    }

    /// The picture, in lines of at most 80 columns, of a run that took so long. `endpoints`
    /// has the name of each and how many workers it has; workers are numbered in this order.
    pub fn draw(&self, took: Duration, endpoints: &[(&str, usize)]) -> String {
        let column = |after: Duration| {
            let share = after.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON);
            ((share * COLUMNS as f64) as usize).min(COLUMNS - 1)
        };
        let mut lanes: Vec<Lane> = Vec::new();
        for (name, workers) in endpoints {
            let first = lanes.len();
            lanes.extend(
                (0..*workers).map(|number| Lane::new(format!("{name} {}", number + 1), first + number)),
            );
        }
        for lane in &mut lanes {
            let worker = Some(lane.worker);
            for happened in self.happened.iter().filter(|it| it.worker == worker) {
                lane.add(column(happened.after), happened.what);
            }
            lane.end();
        }
        let most = lanes.iter().flat_map(|lane| lane.done).max().unwrap_or_default();
        let struck: Vec<usize> = self
            .happened
            .iter()
            .filter(|it| it.worker.is_none() && it.what == What::Killed)
            .map(|it| column(it.after))
            .collect();

        let each = short(took / COLUMNS as u32);
        let mut picture = format!(
            "  messages done by each worker, in {COLUMNS} pieces of {each}: from ▁ to █, which is {most};\n  \
             ✗ killed, · gone, ~ frozen\n"
        );
        let width = lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or_default().max(7);
        let mut first = 0;
        for (name, workers) in endpoints {
            for lane in &lanes[first..first + (*workers).min(MOST_SHOWN)] {
                let drawn: String = (0..COLUMNS).map(|column| lane.cell(column, most)).collect();
                picture.push_str(&line(&lane.name, width, &drawn));
            }
            if *workers > MOST_SHOWN {
                picture.push_str(&format!("  and {} more of {name}\n", workers - MOST_SHOWN));
            }
            first += workers;
        }
        if !struck.is_empty() {
            let drawn: String =
                (0..COLUMNS).map(|column| if struck.contains(&column) { '✗' } else { ' ' }).collect();
            picture.push_str(&line("servers", width, &drawn));
        }
        picture
    }
}

fn line(name: &str, width: usize, drawn: &str) -> String {
    format!("  {}\n", format!("{name:width$}  {drawn}").trim_end())
}

/// What one worker did.
struct Lane {
    name: String,
    worker: usize,
    done: [u32; COLUMNS],
    /// `✗` where it was killed; what it is while nothing can be heard of it.
    marks: [Option<char>; COLUMNS],
    /// Since when it is away, and as what.
    away: Option<(usize, char)>,
}

impl Lane {
    fn new(name: String, worker: usize) -> Self {
        Self { name, worker, done: [0; COLUMNS], marks: [None; COLUMNS], away: None }
    }

    fn add(&mut self, column: usize, what: What) {
        match what {
            What::Done => self.done[column] += 1,
            What::Killed => {
                self.marks[column] = Some('✗');
                self.away = Some((column + 1, '·'));
            }
            What::Frozen => self.away = Some((column, '~')),
            What::Back => self.back(column),
        }
    }

    /// It is back, or it never will be.
    fn back(&mut self, column: usize) {
        if let Some((since, mark)) = self.away.take() {
            for place in self.marks.iter_mut().take(column + 1).skip(since) {
                place.get_or_insert(mark);
            }
        }
    }

    fn end(&mut self) {
        self.back(COLUMNS - 1);
    }

    fn cell(&self, column: usize, most: u32) -> char {
        match (self.marks[column], self.done[column]) {
            (Some('✗'), _) => '✗',
            (mark, 0) => mark.unwrap_or(' '),
            (_, done) => BLOCKS[(done as usize * BLOCKS.len()).div_ceil(most.max(1) as usize) - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(happened: &[(u64, Option<usize>, What)]) -> Timeline {
        let happened = happened.iter().map(|&(second, worker, what)| Happened {
            after: Duration::from_secs(second),
            worker,
            what,
        });
        Timeline { began: Instant::now(), happened: happened.collect() }
    }

    /// Of a minute, a piece is a second.
    fn drawn(happened: &[(u64, Option<usize>, What)], endpoints: &[(&str, usize)]) -> String {
        let picture = timeline(happened).draw(Duration::from_secs(60), endpoints);
        assert!(picture.lines().all(|line| line.chars().count() <= 80), "{picture}");
        picture.lines().skip(2).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn who_does_more_is_drawn_higher_and_who_is_away_is_seen_to_be() {
        use What::{Back, Done, Frozen, Killed};
        let mut happened = vec![
            (0, Some(0), Done),
            (1, Some(0), Killed),
            (4, Some(0), Back),
            (5, Some(0), Done),
            (0, Some(1), Frozen),
            (3, Some(1), Back),
            (4, Some(1), Done),
            (2, None, Killed),
            (60, Some(2), Done),
        ];
        happened.extend([(6, Some(2), Done); 8]);
        assert_eq!(
            drawn(&happened, &[("orders", 2), ("loyalty", 1)]),
            "  orders 1   ▁✗···▁\n  orders 2   ~~~~▁\n".to_owned()
                + &format!("  loyalty 1        █{}▁\n", " ".repeat(52))
                + "  servers      ✗"
        );
    }

    #[test]
    fn who_dies_and_does_not_come_back_is_gone_to_the_end() {
        let picture = drawn(&[(57, Some(0), What::Killed)], &[("orders", 1)]);
        assert_eq!(picture, format!("  orders 1  {}✗··", " ".repeat(57)));
    }

    #[test]
    fn of_many_workers_some_are_drawn() {
        let picture = drawn(&[], &[("orders", 64), ("loyalty", 2)]);
        assert_eq!(picture.lines().count(), 8 + 1 + 2, "{picture}");
        assert!(picture.contains("  and 56 more of orders\n"), "{picture}");
    }
}
