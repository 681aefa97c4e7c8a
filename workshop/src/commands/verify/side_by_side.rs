//! Several things at a time, and what comes of them in the order in which they stand.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// More than these would wait for each other's builds.
const AT_MOST: usize = 4;

/// As many as this machine can do.
pub fn as_many_as_can_be() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(AT_MOST)
}

/// Does `work` for each item, so many at a time, and `then` with what came of each: in
/// the order of the items, and as soon as all before it are done.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    at_a_time: usize,
    work: impl Fn(&T) -> R + Sync,
    mut then: impl FnMut(&T, R),
) {
    let next = AtomicUsize::new(0);
    let (done, finished) = channel();
    thread::scope(|scope| {
        for _ in 0..at_a_time.min(items.len()) {
            let (next, work, done) = (&next, &work, done.clone());
            scope.spawn(move || {
                while let Some((number, item)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    items.get(number).map(|item| (number, item))
                } {
                    // Nobody listens any more once `then` has panicked.
                    _ = done.send((number, work(item)));
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut turn = 0;
        for (number, result) in finished {
            early.insert(number, result);
            while let Some(result) = early.remove(&turn) {
                then(&items[turn], result);
                turn += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::each;

    #[test]
    fn results_come_in_order_whoever_is_done_first() {
        // The first is done only once the second is.
        let together = Barrier::new(2);
        let mut told = Vec::new();
        each(
            &[1, 2, 3, 4],
            2,
            |item| {
                if *item <= 2 {
                    together.wait();
                }
                item * 10
            },
            |item, result| told.push((*item, result)),
        );
        assert_eq!(told, [(1, 10), (2, 20), (3, 30), (4, 40)]);
    }

    #[test]
    fn nothing_is_no_work_and_one_worker_does_all() {
        let mut told = Vec::new();
        each(&[] as &[u8], 3, |_| (), |_, ()| told.push(0));
        assert!(told.is_empty());
        each(&[1, 2], 1, |item| item * 2, |_, result| told.push(result));
        assert_eq!(told, [2, 4]);
    }
}
