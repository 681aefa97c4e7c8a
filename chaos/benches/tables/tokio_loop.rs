//! The yardstick: the same handler on a paused-clock tokio runtime, every await
//! a random sleep, as one would write it without an engine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use shared::Message;

use crate::support::counter_mail;

#[derive(Default)]
struct World {
    queue: VecDeque<Arc<Message>>,
    counter: u64,
    version: u64,
    published: Vec<shared::MessageId>,
    in_flight: usize,
}

struct Broken;

/// A pause, and perhaps a failure.
async fn step(rng: &Mutex<Xoshiro256PlusPlus>) -> Result<(), Broken> {
    let (pause, fails) = {
        let mut rng = rng.lock().expect("no one panics while holding it");
        (rng.random_range(1..20), rng.random_bool(0.03))
    };
    tokio::time::sleep(Duration::from_millis(pause)).await;
    if fails { Err(Broken) } else { Ok(()) }
}

async fn handle(
    world: &Mutex<World>,
    rng: &Mutex<Xoshiro256PlusPlus>,
    message: &Message,
) -> Result<(), Broken> {
    let lock = || world.lock().expect("no one panics while holding it");
    step(rng).await?;
    let (number, version) = {
        let world = lock();
        (world.counter, world.version)
    };
    step(rng).await?;
    {
        let mut world = lock();
        if world.version != version {
            return Err(Broken);
        }
        (world.counter, world.version) = (number + 1, version + 1);
    }
    step(rng).await?;
    lock().published.push(message.id.derive("Counted"));
    step(rng).await
}

async fn consume(
    world: Arc<Mutex<World>>,
    rng: Arc<Mutex<Xoshiro256PlusPlus>>,
    idle: Arc<tokio::sync::Notify>,
) {
    loop {
        let next = {
            let mut world = world.lock().expect("no one panics while holding it");
            let next = world.queue.pop_front();
            world.in_flight += usize::from(next.is_some());
            if next.is_none() && world.in_flight == 0 {
                idle.notify_waiters();
                return;
            }
            next
        };
        let Some(message) = next else {
            idle.notified().await;
            continue;
        };
        let result = handle(&world, &rng, &message).await;
        let mut world = world.lock().expect("no one panics while holding it");
        world.in_flight -= 1;
        if result.is_err() {
            world.queue.push_back(message);
        }
        idle.notify_waiters();
    }
}

pub fn counter() -> (u64, u64, String) {
    const RUNS: u64 = 20_000;
    let mail: Vec<Arc<Message>> = counter_mail(20).into_iter().map(Arc::new).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be built");
    let rng = Arc::new(Mutex::new(Xoshiro256PlusPlus::seed_from_u64(1)));
    for _ in 0..RUNS {
        runtime.block_on(async {
            let world =
                Arc::new(Mutex::new(World { queue: mail.iter().cloned().collect(), ..World::default() }));
            let idle = Arc::new(tokio::sync::Notify::new());
            let consumer = || consume(Arc::clone(&world), Arc::clone(&rng), Arc::clone(&idle));
            tokio::join!(consumer(), consumer(), consumer());
            let world = world.lock().expect("no one panics while holding it");
            assert!(world.queue.is_empty() && world.counter >= 20);
        });
    }
    (RUNS, 0, "no exploration, no crash, no lock expiry".to_owned())
}
