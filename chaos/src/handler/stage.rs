//! One run of a handler, from its start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Poll, Wake, Waker};

use ports::endpoint::HandlerFuture;
use ports::{Context, Endpoint, Message};

use super::fault::HandlerFault;
use super::given_up::Place;
use super::panics::catching_panics;
use super::rehearsal::last;
use super::switchboard::Switchboard;
use super::text::{Id, Texts};
use super::watchdog::Pulse;

/// One run of a handler.
pub(super) struct Stage {
    future: Option<HandlerFuture>,
    pub(super) context: Arc<Context>,
    pub(super) switchboard: Switchboard,
    next_id: Arc<AtomicU32>,
    pub(super) ended: Option<Result<(), String>>,
    woken: Arc<Woken>,
    pulse: Arc<Pulse>,
    place: Arc<Place>,
}

impl Drop for Stage {
    /// That a run breaks off here is the engine's doing, not the world's, so
    /// nothing that the handler's destructors say is of interest.
    fn drop(&mut self) {
        let future = self.future.take();
        _ = catching_panics(|| drop(future));
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stage {
    pub(super) fn new(endpoint: &Endpoint, message: Message, texts: &Texts, pulse: Arc<Pulse>) -> Self {
        last::drop_it();
        let switchboard = Switchboard::default();
        let next_id = Arc::new(AtomicU32::new(0));
        let (ids, assignment) = (Arc::clone(&next_id), texts.assignment());
        let context = Arc::new(Context::new(move || assignment.id(ids.fetch_add(1, Ordering::Relaxed))));
        let ports = switchboard.ports(endpoint);
        let place = Arc::new(Place::handling(endpoint, &message));
        let future = endpoint.handle(Arc::new(message), ports, Arc::clone(&context));
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        Self { future: Some(future), context, switchboard, next_id, ended: None, woken, pulse, place }
    }

    /// How many ids are known by now.
    pub(super) fn known_ids(&self) -> Id {
        self.next_id.load(Ordering::Relaxed)
    }

    /// Polls the handler until it waits for a port or has ended.
    pub(super) fn poll(&mut self, first_new_id: Id) -> Result<(), HandlerFault> {
        const MOST_YIELDS: u32 = 10_000;
        self.next_id.store(first_new_id, Ordering::Relaxed);
        let Some(future) = &mut self.future else { return Ok(()) };
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = std::task::Context::from_waker(&waker);
        for _ in 0..MOST_YIELDS {
            self.woken.0.store(false, Ordering::Relaxed);
            let poll = || catching_panics(|| future.as_mut().poll(&mut context));
            let polled = self.pulse.inside(&self.place, poll);
            match polled {
                Err(panic) => {
                    return Err(panic.into_fault());
                }
                Ok(Poll::Ready(result)) => {
                    self.future = None;
                    self.ended = Some(result.map_err(|error| format!("{error:#}")));
                    return Ok(());
                }
                Ok(Poll::Pending) if self.woken.0.load(Ordering::Relaxed) => {}
                Ok(Poll::Pending) if self.switchboard.waiting().is_empty() => {
                    if !self.pulse.is_woken_by_others(&self.woken.0, &self.place) {
                        return Err(HandlerFault::Stuck);
                    }
                }
                Ok(Poll::Pending) => return Ok(()),
            }
        }
        Err(HandlerFault::Spins { polls: MOST_YIELDS })
    }
}
