//! One run of the handlers, for whoever looks on: each delivery is one future, kept
//! alive from its start to its end, and polled once for each reply.
//!
//! A [`Rehearsal`] runs a handler from its start for each reply, so what it prints is
//! printed again and again, and a breakpoint is met at every run. Here nothing is known
//! beforehand and nothing is run again: a world that only ever goes forward asks for
//! each history once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Ending, History, HistoryId, Pending, Rehearsal};
use crate::handler::call::Reply;
use crate::handler::fault::HandlerFault;
use crate::handler::stage::Stage;

/// The deliveries that are in progress, each waiting for what it waits for.
#[derive(Default)]
pub(super) struct Live(FxHashMap<HistoryId, Stage>);

impl Rehearsal {
    /// From now on, handlers run once, and say on standard error where they are.
    pub(crate) fn go_live(&mut self) {
        self.live = Some(Live::default());
    }

    /// Ends the deliveries that nobody is at any more: their worker is dead, or done.
    pub(crate) fn keep_alive(&mut self, in_progress: impl Fn(HistoryId) -> bool) {
        if let Some(Live(stages)) = &mut self.live {
            stages.retain(|&history, _| in_progress(history));
        }
    }

    /// Lets a delivery begin, or go on from its last reply.
    pub(super) fn go_on_live(&mut self, history: &History) -> Result<(Pending, Stage), HandlerFault> {
        let mut stage = match (history.parent, &history.reply) {
            (Some(parent), Some((call, reply))) => {
                let stage = self.live.as_mut().and_then(|Live(stages)| stages.remove(&parent));
                let stage = stage.ok_or(HandlerFault::Stuck)?;
                let waiting = stage.switchboard.waiting();
                let (raw, line) = &waiting[usize::from(*call)];
                eprintln!(
                    "» {}: {} → {}",
                    self.who(history),
                    raw.in_words(&self.speaker),
                    self.in_words(reply)
                );
                stage.switchboard.answer(*line, reply.answer(raw, &self.texts));
                stage
            }
            _ => {
                eprintln!("» {} is delivered", self.who(history));
                self.stage(history)?
            }
        };
        let pending = self.next(history, &mut stage)?;
        for note in &pending.notes {
            eprintln!("» {}: \u{201c}{note}\u{201d}", self.who(history));
        }
        match &pending.ending {
            Some(Ending::Done(_)) => eprintln!("» {}: returns Ok", self.who(history)),
            Some(Ending::Failed(error)) => eprintln!("» {}: returns the error {error}", self.who(history)),
            None => {}
        }
        Ok((pending, stage))
    }

    /// Keeps a delivery alive, for as long as it has not ended.
    pub(super) fn keep_live(&mut self, id: HistoryId, pending: &Arc<Pending>, stage: Stage) {
        if let (Some(Live(stages)), None) = (&mut self.live, &pending.ending) {
            stages.insert(id, stage);
        }
    }

    fn who(&self, history: &History) -> String {
        let endpoint = self.endpoints[usize::from(history.endpoint)].name();
        format!("{endpoint}, {}", self.speaker.message(&self.texts.bytes(&history.message)))
    }

    fn in_words(&self, reply: &Reply) -> String {
        match reply {
            Reply::Unavailable => "unavailable".to_owned(),
            Reply::Silence => "no reply".to_owned(),
            Reply::Conflict => "conflict".to_owned(),
            Reply::TooLarge { size, limit } => format!("too large: {size} bytes, at most {limit}"),
            Reply::Absent => "not there".to_owned(),
            Reply::Found { body, .. } => self.texts.string(body),
            Reply::Events(events) if events.is_empty() => "empty".to_owned(),
            Reply::Events(events) => {
                events.iter().map(|event| self.texts.string(event)).collect::<Vec<_>>().join(", ")
            }
            Reply::Stored { .. } | Reply::Deleted | Reply::Appended(_) | Reply::Published => {
                "done".to_owned()
            }
            Reply::Answered { refused: true, .. } => "refused".to_owned(),
            Reply::Answered { .. } => "answered".to_owned(),
            Reply::Deadline(_) => "a deadline".to_owned(),
            Reply::Passed(true) => "it has passed".to_owned(),
            Reply::Passed(false) => "not yet".to_owned(),
            Reply::NotADeadline => "that is no deadline".to_owned(),
        }
    }
}
