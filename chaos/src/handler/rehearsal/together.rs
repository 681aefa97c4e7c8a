//! Two deliveries in progress at once, in one thread.
//!
//! A [`Rehearsal`] runs one delivery at a time, from its start to where it is
//! wanted, and drops it. So whatever two deliveries have in common, a lock in a
//! static for instance, is never held by one while the other runs. Real workers
//! are tasks on the same threads: a std lock that is kept across an `.await` blocks
//! them all. So two deliveries are kept alive together, once, and polled in turns.

use super::{Ending, HistoryId, Rehearsal};
use crate::handler::fault::HandlerFault;
use crate::handler::stage::Stage;

/// One of the two deliveries.
struct Delivery {
    stage: Stage,
    /// Where it is in its history.
    at: usize,
    over: bool,
}

impl Rehearsal {
    /// Keeps two copies of one delivery in progress at once, at each endpoint: the
    /// first one found that ends well. If they block each other, this does not come
    /// back; the watchdog says so.
    ///
    /// It looks for nothing else. What one of them sees of the other without being
    /// blocked is memory, and that is found by running them one after the other.
    pub(crate) fn keep_two_in_progress(&mut self) {
        self.pulse.keeps_two_at_once(true);
        for endpoint in 0..self.endpoints.len() as u8 {
            let well = |id: &HistoryId| {
                let history = &self.histories[*id as usize];
                history.endpoint == endpoint && matches!(history.pending.ending, Some(Ending::Done(_)))
            };
            if let Some(last) = (0..self.histories.len() as HistoryId).find(well) {
                // How they end is of no interest.
                _ = self.keep_two_of(&self.way_to(Some(last)));
            }
        }
        self.pulse.keeps_two_at_once(false);
    }

    fn keep_two_of(&self, way: &[HistoryId]) -> Result<(), HandlerFault> {
        let mut two = [self.delivery(way)?, self.delivery(way)?];
        // Each step may wait for the other's.
        for _ in 0..4 * way.len() {
            for delivery in &mut two {
                self.go_on(delivery, way)?;
            }
        }
        Ok(())
    }

    fn delivery(&self, way: &[HistoryId]) -> Result<Delivery, HandlerFault> {
        let stage = self.stage(&self.histories[way[0] as usize])?;
        Ok(Delivery { stage, at: 0, over: false })
    }

    /// Polls one of the two, and answers its call as it was answered before.
    fn go_on(&self, delivery: &mut Delivery, way: &[HistoryId]) -> Result<(), HandlerFault> {
        if delivery.over {
            return Ok(());
        }
        match delivery.stage.poll(self.histories[way[delivery.at] as usize].first_new_id) {
            // It waits for the other one, and not on its thread: that is allowed.
            Err(HandlerFault::Stuck) => return Ok(()),
            polled => polled?,
        }
        let waiting = delivery.stage.switchboard.waiting();
        let known = &self.histories[way[delivery.at] as usize].pending.raw_calls;
        let same = waiting.iter().map(|(call, _)| call).eq(known);
        let next = way.get(delivery.at + 1).map(|&id| &self.histories[id as usize]);
        match next.and_then(|next| next.reply.as_ref()) {
            Some((call, reply)) if same && delivery.stage.ended.is_none() => {
                let (raw, line) = &waiting[usize::from(*call)];
                delivery.stage.switchboard.answer(*line, reply.answer(raw, &self.texts));
                delivery.at += 1;
            }
            _ => delivery.over = true,
        }
        Ok(())
    }
}
