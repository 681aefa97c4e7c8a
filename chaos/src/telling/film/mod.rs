//! A run as a film: what a player shows of it, step by step.
//!
//! The words are those of the story, all of them: nothing is folded. What there is
//! after each step is read off the worlds of the trace, as it is stored.

mod clock;
mod contents;
mod copies;
mod known;
mod reel;
#[cfg(test)]
mod tests;

use ports::words;
use records::Film;
use records::film::{
    Busy as FilmBusy, Change, Closing, CopyOf, Lane, LaneKind, Place, Published, Scene, State,
};

use self::reel::{About, Reel};
use super::story::{BROKER, Teller, sign_of};
use crate::handler::call::ObjectKey;
use crate::handler::text::Text;
use crate::search::no_return::NoReturn;
use crate::world::state::{Busy, Due, Phase, World};

impl Teller<'_> {
    /// The run as a film, with this under it.
    pub(crate) fn film(mut self, closing: Closing) -> Film {
        let mut lines = self.lines(Vec::new()).into_iter().peekable();
        let trace = self.trace;
        let first = trace.taken().first().map_or(trace.end(), |taken| &taken.before);
        let worlds = || std::iter::once(first).chain((0..trace.len()).map(|step| trace.after(step)));
        let mut reel = Reel::of(&self, worlds());
        let mut state = self.state(&mut reel, first);
        let start = state.clone();
        let mut steps = Vec::new();
        for (number, taken) in trace.taken().iter().enumerate() {
            let before = state;
            let fails = number + 1 == trace.len() && trace.handler_fault().is_some();
            let told = if fails {
                // What the world was about to become is of no interest.
                state = before.clone();
                About::default()
            } else {
                let after = trace.after(number);
                let about = reel.follow(&mut self, taken, after);
                state = self.state(&mut reel, after);
                about
            };
            let lines = std::iter::from_fn(|| lines.next_if(|(after, _)| *after == number));
            steps.push(Scene {
                lines: told.lines(lines.map(|(_, line)| line)),
                fault: taken.fault.map(|fault| fault.to_string()),
                change: Change::between(&before, &state),
            });
        }
        let (turns, remark) = match self.no_return {
            Some(NoReturn::After(step)) => (Some(step), None),
            other => (None, other.map(sign_of)),
        };
        let endpoints = self.transitions.endpoints().iter();
        Film {
            lanes: self.film_lanes(),
            endpoints: endpoints.map(|endpoint| endpoint.name().to_owned()).collect(),
            places: reel.places.iter().map(|place| self.film_place(place)).collect(),
            messages: reel.messages,
            texts: reel.texts,
            start,
            steps,
            followed: self.followed.as_ref().map(|followed| followed.name.clone()),
            turns,
            remark,
            loops_from: trace.loop_start(),
            closing,
        }
    }

    fn film_lanes(&self) -> Vec<Lane> {
        let workers = &self.world().workers;
        let titles = (0..self.lanes.len()).map(|lane| {
            if lane == BROKER {
                return ("the broker, with all queues".to_owned(), LaneKind::Broker);
            }
            if let Some(worker) = workers.get(lane - 1) {
                let of_endpoint = workers[..lane].iter().filter(|other| other.endpoint == worker.endpoint);
                let endpoint = self.transitions.endpoints()[usize::from(worker.endpoint)].name();
                return (format!("worker {} of {endpoint}", of_endpoint.count()), LaneKind::Worker);
            }
            let (store, key) = &self.objects[lane - 1 - workers.len()];
            let title = match key {
                Some(key) => self.object_name(&ObjectKey { store: *store, key: key.clone() }),
                None => self.transitions.stores.label(*store).to_owned(),
            };
            (title, LaneKind::Store)
        });
        let names = self.lanes.iter().cloned();
        names.zip(titles).map(|(name, (title, kind))| Lane { name, title, kind }).collect()
    }

    fn film_place(&self, object: &ObjectKey) -> Place {
        let (store, stores) = (object.store, &self.transitions.stores);
        let is_stream =
            (0..self.transitions.endpoints().len() as u8).any(|endpoint| stores.events(endpoint) == store);
        let kind = match stores.outside(store) {
            Some(_) => "outside",
            None if is_stream => "stream",
            None => "document",
        };
        let first = 1 + self.world().workers.len();
        let in_lane = |(of, key): &(u8, Option<Text>)| {
            *of == store && key.as_ref().is_none_or(|key| *key == object.key)
        };
        Place {
            store: stores.label(store).to_owned(),
            name: if self.text(&object.key).is_empty() { String::new() } else { self.key_name(object) },
            kind: kind.to_owned(),
            lane: self.objects.iter().position(in_lane).map(|place| first + place),
        }
    }

    /// Everything there is in a world that the reel has come to.
    fn state(&mut self, reel: &mut Reel, world: &World) -> State {
        let mut queues = vec![Vec::new(); self.transitions.endpoints().len()];
        for (place, waiting) in world.queue.iter().enumerate() {
            let (message, copy) = (reel.message(self, &waiting.message), reel.copies.queue()[place]);
            queues[usize::from(waiting.endpoint)].push(CopyOf { message, copy });
        }
        let workers = (0..world.workers.len()).map(|worker| {
            let busy = world.workers[worker].busy.as_ref()?;
            let copy =
                CopyOf { message: reel.message(self, &busy.message), copy: reel.copies.at_worker(worker) };
            let knows = reel.known[worker].clone();
            Some(FilmBusy { copy, locked: busy.holds_lock, phase: self.phase(world, busy), knows })
        });
        let workers = workers.collect();
        let mut contents = vec![None; reel.places.len()];
        for object in &world.objects {
            let Some(place) = reel.place(&object.key) else { continue };
            contents[place] = self.content(reel, object);
        }
        let published = world.published.iter().map(|copy| Published {
            endpoint: usize::from(copy.endpoint),
            message: reel.message(self, &copy.message),
        });
        let published = published.collect();
        let under_way = world.in_flight.iter().map(|late| {
            let request = self.request(world, &late.call);
            format!("{request}, at {}", self.message(&late.message))
        });
        let under_way = under_way.collect();
        let deadlines = world.timers.iter().map(|timer| {
            let after = words::duration(timer.time_to_live);
            match &timer.due {
                Due::Memory { of, what, .. } => {
                    format!("{} after {after}", self.outside(of).say_forgotten(&self.text(what)))
                }
                Due::Document(key) => {
                    format!("{after} after it was stored: {} is deleted", self.object_name(key))
                }
                Due::Deadline(id) => format!("{after} after it was set: {} passes", self.deadline(*id)),
            }
        });
        let deadlines = deadlines.collect();
        let (now, know) = (reel.clock.now(), self.who_knows(world));
        State { now, queues, workers, contents, published, under_way, deadlines, know }
    }

    /// What a worker is doing.
    fn phase(&mut self, world: &World, busy: &Busy) -> String {
        const LONGEST: usize = 90;
        match busy.phase {
            Phase::Handling => {
                let calls = 0..self.transitions.pending_calls(busy).len() as u8;
                let calls = calls.map(|call| {
                    let call = self.transitions.pending_call(busy, call);
                    words::short(&self.request(world, &call), LONGEST)
                });
                let calls: Vec<String> = calls.collect();
                format!("next: {}", calls.join(" or "))
            }
            Phase::Dispatching(index) => {
                format!("next: publishes {}", self.message(&self.transitions.next_output(busy, index)))
            }
            Phase::Acking if busy.holds_lock => format!("next: acknowledges {}", self.message(&busy.message)),
            Phase::Acking => "done, but its lock is gone".to_owned(),
        }
    }
}
