//! Whether a handler depends on what fresh ids are (argument 2 in
//! [`how_it_works`](crate::how_it_works)).
//!
//! Whenever a handler has ended, it is run again with other ids and with the
//! replies that belong to them. What it does then differs or not:
//!
//! - with ids in the **same order**, of which every byte is another: a difference
//!   means that it looks *inside* an id. That is a finding.
//! - with ids in **another order**: a difference means that it compares ids with
//!   each other. That may be right: a map that is sorted by ids is written in
//!   another order, and means the same. So it is only remembered here, and
//!   [`search::other_ids`](crate::search::other_ids) looks at where it leads.

use std::sync::Arc;

use super::call::{Call, Reply};
use super::fault::HandlerFault;
use super::rehearsal::{Ending, History, Pending, Rehearsal, describe_calls};
use super::stage::Stage;
use super::text::{Assignment, Id, Text};

/// How much what a handler does with other ids is like what it does with the usual
/// ones.
enum Likeness {
    /// It is the same, but for the ids.
    Same,
    /// It is the same, in another order.
    Reordered,
    /// It is something else.
    Other { first: String, second: String },
}

/// A call that a history has answered.
struct Answered {
    call: Call,
    reply: Reply,
    done: bool,
}

impl Rehearsal {
    /// Runs a handler that has ended again, with other ids.
    ///
    /// # Errors
    ///
    /// When it looks inside an id.
    pub(super) fn try_other_ids(
        &mut self,
        history: &mut History,
        found: &Pending,
    ) -> Result<(), HandlerFault> {
        /// At first with several, since one look inside may see the same by chance.
        const THOROUGHLY: usize = 12;
        /// A delivery with more ids is not looked at.
        const MOST_IDS: Id = ports::ids::Guise::NUMBERS;
        if !(1..MOST_IDS).contains(&found.known_ids) {
            return Ok(());
        }
        let turn = self.next_turn();
        let naming = self.texts.naming();
        // Where calls fail, it depends on their order which of them are made; and
        // that may be one of ids in another spelling. Such an ending tells nothing.
        let done = matches!(found.ending, Some(Ending::Done(_)));
        let times = match done {
            true if turn < THOROUGHLY && !self.writes_a_lot(history) => 3,
            done => usize::from(done),
        };
        for time in 0..times {
            match self.likeness(history, found, naming.in_the_same_order(3 * turn + time))? {
                Likeness::Same => {}
                Likeness::Reordered => history.compares_ids = true,
                Likeness::Other { first, second } => {
                    return Err(HandlerFault::LooksInsideIds { first, second });
                }
            }
        }
        if !history.compares_ids && found.known_ids > 1 {
            let others = naming.in_another_order(turn);
            history.compares_ids = !matches!(self.likeness(history, found, others)?, Likeness::Same);
        }
        self.compares_ids |= history.compares_ids;
        Ok(())
    }

    /// Whether it takes its time to run the handler again.
    fn writes_a_lot(&self, history: &History) -> bool {
        const A_LOT: usize = 16 << 10;
        let (steps, _) = self.answers_to(history);
        let mut calls = steps.iter().flat_map(|(_, pending)| &pending.calls);
        calls.any(|call| call.texts().iter().any(|text| self.texts.len(text) > A_LOT))
    }

    fn likeness(
        &mut self,
        history: &History,
        found: &Pending,
        others: Assignment,
    ) -> Result<Likeness, HandlerFault> {
        self.texts.try_on(others);
        let mut likeness = self.run_with_other_ids(history, found);
        if matches!(likeness, Ok(Likeness::Other { .. })) && self.texts.guess_again() {
            likeness = self.run_with_other_ids(history, found);
        }
        self.texts.as_usual();
        match likeness {
            Ok(likeness) => Ok(likeness),
            Err(fault @ HandlerFault::StrangeId { .. }) => Err(fault),
            Err(fault) => {
                let first = found.describe(&self.texts, &self.speaker);
                Ok(Likeness::Other { first, second: format!("does not get there: {fault}") })
            }
        }
    }

    /// Runs the handler and answers its calls as this history has answered the same
    /// calls, in whatever order they come.
    fn run_with_other_ids(&mut self, history: &History, found: &Pending) -> Result<Likeness, HandlerFault> {
        let (steps, mut answers) = self.answers_to(history);
        let mut stage = self.stage(history)?;
        let mut reordered = false;
        for (place, (first_new_id, known)) in steps.iter().enumerate() {
            stage.poll(*first_new_id)?;
            let mut waiting = Vec::new();
            for (raw, line) in stage.switchboard.waiting() {
                // Where replies come in another order, ids do.
                let known_ids = stage.known_ids().max(found.known_ids);
                let call = self.intern_call(history.endpoint, known_ids, &raw)?;
                waiting.push((call, raw, line));
            }
            reordered |= waiting.len() != known.calls.len()
                || !known.calls.iter().all(|call| waiting.iter().any(|(other, ..)| other == call));
            let Some((answer, call)) = self.next_answer(&answers, waiting.iter().map(|(call, ..)| call))
            else {
                return Ok(self.otherwise(known, found, &stage));
            };
            reordered |= answer != place || answers[answer].call != waiting[call].0;
            answers[answer].done = true;
            let (_, raw, line) = &waiting[call];
            stage.switchboard.answer(*line, answers[answer].reply.answer(raw, &self.texts));
        }
        stage.poll(history.first_new_id)?;
        self.compare_endings(found, &mut stage, reordered)
    }

    /// What was known on the way to a history, and what was answered.
    fn answers_to(&self, history: &History) -> (Vec<(Id, Arc<Pending>)>, Vec<Answered>) {
        let (mut steps, mut answers) = (Vec::new(), Vec::new());
        let mut follower = history;
        while let (Some(parent), Some((call, reply))) = (follower.parent, &follower.reply) {
            let parent = &self.histories[parent as usize];
            steps.push((parent.first_new_id, Arc::clone(&parent.pending)));
            let call = parent.pending.calls[usize::from(*call)].clone();
            answers.push(Answered { call, reply: reply.clone(), done: false });
            follower = parent;
        }
        steps.reverse();
        answers.reverse();
        (steps, answers)
    }

    /// The first answer that is still to be given, and that one of the calls waits
    /// for: one that is the same, or else one that says the same in another order.
    fn next_answer<'a>(
        &self,
        answers: &[Answered],
        waiting: impl Iterator<Item = &'a Call> + Clone,
    ) -> Option<(usize, usize)> {
        let first = |like: &dyn Fn(&Call, &Call) -> bool| {
            let open = answers.iter().enumerate().filter(|(_, answered)| !answered.done);
            open.into_iter().find_map(|(answer, answered)| {
                waiting.clone().position(|call| like(&answered.call, call)).map(|call| (answer, call))
            })
        };
        first(&|one, other| one == other).or_else(|| first(&|one, other| self.alike(one, other)))
    }

    fn alike(&self, one: &Call, other: &Call) -> bool {
        one.shape() == other.shape() && self.texts.bag(one.texts()) == self.texts.bag(other.texts())
    }

    fn compare_endings(
        &mut self,
        found: &Pending,
        stage: &mut Stage,
        mut reordered: bool,
    ) -> Result<Likeness, HandlerFault> {
        let outputs = stage.context.take_outputs();
        match (&found.ending, &stage.ended) {
            // What an error says is not part of the world.
            (Some(Ending::Failed(_)), Some(Err(_))) => {}
            (Some(Ending::Done(usual)), Some(Ok(()))) if usual.len() == outputs.len() => {
                let others = self.intern_outputs(stage.known_ids(), &outputs)?;
                let sorted = |texts: &[Text]| {
                    let mut bags: Vec<_> = texts.iter().map(|text| self.texts.bag([text])).collect();
                    bags.sort();
                    bags
                };
                reordered |= others != *usual;
                if reordered && sorted(&others) != sorted(usual) {
                    return Ok(self.ended_otherwise(found, Ending::Done(others)));
                }
            }
            (_, Some(Ok(()))) => {
                let others = self.intern_outputs(stage.known_ids(), &outputs)?;
                return Ok(self.ended_otherwise(found, Ending::Done(others)));
            }
            _ => return Ok(self.otherwise(found, found, stage)),
        }
        Ok(if reordered { Likeness::Reordered } else { Likeness::Same })
    }

    fn ended_otherwise(&self, found: &Pending, ending: Ending) -> Likeness {
        let other = Pending { ending: Some(ending), ..found.clone() };
        Likeness::Other {
            first: found.describe(&self.texts, &self.speaker),
            second: other.describe(&self.texts, &self.speaker),
        }
    }

    /// Where the handler was to be at `known`, it is somewhere else.
    fn otherwise(&self, known: &Pending, found: &Pending, stage: &Stage) -> Likeness {
        let calls = stage.switchboard.waiting();
        let second = match &stage.ended {
            Some(Ok(())) => "returned Ok".to_owned(),
            Some(Err(error)) => format!("returned the error {error:?}"),
            None => describe_calls(calls.iter().map(|(call, _)| call), &self.speaker),
        };
        let known = if known.calls.is_empty() { found } else { known };
        Likeness::Other { first: known.describe(&self.texts, &self.speaker), second }
    }
}
