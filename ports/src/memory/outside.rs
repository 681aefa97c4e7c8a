//! What is outside, kept in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

use super::LOCK;
use crate::Snapshot;
use crate::outside::{Model, NoAnswer, Wire};

/// A [`Model`] with its states, by key, and a clock that is moved by hand.
#[derive(Clone)]
pub struct MemoryOutside {
    model: Arc<dyn Model>,
    states: Arc<Mutex<States>>,
}

#[derive(Default)]
struct States {
    by_key: BTreeMap<String, Vec<u8>>,
    now: Duration,
    /// Until when what is remembered, by key.
    remembered: Vec<(Duration, String, String)>,
}

impl MemoryOutside {
    /// A model in which nothing has happened.
    #[must_use]
    pub fn new(model: impl Model + 'static) -> Self {
        Self::of_model(Arc::new(model))
    }

    pub(super) fn of_model(model: Arc<dyn Model>) -> Self {
        Self { model, states: Arc::default() }
    }

    fn states(&self) -> MutexGuard<'_, States> {
        self.states.lock().expect(LOCK)
    }

    /// The states, by key.
    #[must_use]
    pub fn states_by_key(&self) -> BTreeMap<String, Vec<u8>> {
        self.states().by_key.clone()
    }

    /// Puts all of it into a snapshot.
    pub(super) fn show(&self, snapshot: &mut Snapshot, name: &str) {
        for (key, state) in &self.states().by_key {
            self.model.show(snapshot, name, key, state);
        }
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let mut states = self.states();
        states.now += time;
        let States { by_key, now, remembered } = &mut *states;
        remembered.retain(|(until, key, what)| {
            let over = until <= now;
            if over && let Some(state) = by_key.get_mut(key) {
                *state = self.model.forget(state, what);
            }
            !over
        });
    }
}

#[async_trait]
impl Wire for MemoryOutside {
    async fn ask(&self, key: &str, request: Vec<u8>, _writes: bool) -> Result<Vec<u8>, NoAnswer> {
        let mut states = self.states();
        let turn = self.model.answer(states.by_key.get(key).map_or(&[], Vec::as_slice), &request);
        if let Some(state) = turn.state {
            states.by_key.insert(key.to_owned(), state);
        }
        if let Some((what, time)) = turn.remembers {
            let until = states.now + time;
            states.remembered.push((until, key.to_owned(), what));
        }
        Ok(turn.reply)
    }
}

impl std::fmt::Debug for MemoryOutside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MemoryOutside").finish_non_exhaustive()
    }
}
