//! The consumer loop, question by question, on a real server.

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{self, DiscardPolicy};
use ex12_real_infrastructure::Answer;
use host::desk::{Outcome, Work};
use host::worker::Rules;
use shared::StoreError;
use tokio::time::{sleep, timeout};

use crate::bench::{Bench, in_time};

/// The server gives a message to somebody else when it hears nothing for so long: short,
/// where somebody must die first, and long, where nobody does.
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(20);

/// What takes a moment may take so long on a busy machine.
const A_MOMENT: Duration = Duration::from_secs(8);

fn rules(ack_wait: Duration) -> Rules {
    Rules { slots: 1, ack_wait, delay: Duration::from_millis(400), most_attempts: 2 }
}

async fn fails() -> anyhow::Result<()> {
    anyhow::bail!("the door is locked")
}

/// What is said to be published is in the stream.
pub fn what_is_published_is_stored(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(LONG)).await;
        assert!(
            bench.publish("mail.door", "tea").await,
            "there is a stream for mail.door, and `publish` says that it cannot be stored"
        );
        let stored = bench.last("mail.door").await;
        assert!(
            stored.as_deref() == Some("tea"),
            "`publish` has said that \"tea\" is stored under mail.door, and there is {stored:?}"
        );
    });
}

/// Where no stream takes a message, it is an error.
pub fn what_no_stream_takes_is_an_error(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(LONG)).await;
        assert!(
            !bench.publish("nowhere.door", "tea").await,
            "no stream takes what is published under nowhere.door, and `publish` says Ok: it came back \
             before anybody has said that the message is stored"
        );
    });
}

/// Where the stream has no room left, it is an error.
pub fn what_does_not_fit_is_an_error(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(LONG)).await;
        let small = stream::Config {
            name: "small".to_owned(),
            subjects: vec!["small.*".to_owned()],
            max_messages: 1,
            discard: DiscardPolicy::New,
            ..stream::Config::default()
        };
        bench.connection.context().create_stream(small).await.expect("a stream");
        assert!(bench.publish("small.door", "tea").await, "the first message fits, and `publish` says no");
        assert!(
            !bench.publish("small.door", "cake").await,
            "the stream is full and has refused the message, and `publish` says Ok: it did not wait for \
             the acknowledgement, or did not look at it"
        );
    });
}

/// A handler that is done is the end of a message.
pub fn what_is_done_does_not_come_again(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(SHORT)).await;
        bench.send("tea").await;
        let delivery = bench.first().await;
        let outcome = bench.deliver(&delivery, async { Ok(()) }).await;
        assert!(matches!(outcome, Outcome::Done), "the handler is done, and the outcome is {outcome:?}");
        let again = bench.next(3 * SHORT).await;
        assert!(
            again.is_none(),
            "the handler was done, and the message came again: nobody has acknowledged it"
        );
    });
}

/// Whoever dies in the middle of the work has not acknowledged.
pub fn a_worker_that_dies_leaves_its_message(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(SHORT)).await;
        bench.send("tea").await;
        let delivery = bench.first().await;
        // It begins, and gets no further. Then nobody goes on with it: that is how a death looks.
        let worked = timeout(SHORT / 2, bench.deliver(&delivery, std::future::pending())).await;
        assert!(worked.is_err(), "the handler was not done, and the outcome is {:?}", worked.ok());
        let again = bench.next(A_MOMENT).await;
        assert!(
            again.is_some(),
            "the worker died in the middle of its work, and the message does not come again: it was \
             acknowledged before the work was done, and is lost"
        );
    });
}

async fn is_too_late() -> anyhow::Result<()> {
    Err(StoreError::Conflict { key: "door".to_owned() }.into())
}

/// What has failed comes again: soon, but not at once. Whoever was too late has failed, too.
pub fn what_fails_comes_again_after_a_while(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(LONG)).await;
        let failures: [(&str, Work); 2] =
            [("has failed", Box::pin(fails())), ("was too late", Box::pin(is_too_late()))];
        for (what, work) in failures {
            bench.send("tea").await;
            let delivery = bench.first().await;
            let outcome = bench.deliver(&delivery, work).await;
            assert!(
                matches!(outcome, Outcome::GivenBack(_)),
                "the handler {what}, and the outcome is {outcome:?}"
            );
            let given_back = Instant::now();
            let again = bench.next(A_MOMENT).await;
            let after = given_back.elapsed();
            let Some(again) = again else {
                panic!(
                    "the handler {what}, and after {} s the message is not back: the server has heard \
                     nothing, and waits until the ack wait of {} s is over; or it was told that all is well",
                    A_MOMENT.as_secs(),
                    LONG.as_secs()
                );
            };
            let delay = bench.rules.delay;
            // A delay may vary, so that two do not meet again.
            assert!(
                after >= delay / 3,
                "the message was back after {} ms, and `rules.delay` is {} ms: what has failed just now \
                 fails again, and a store that is overloaded gets no rest",
                after.as_millis(),
                delay.as_millis()
            );
            again.double_ack().await.expect("the server takes what nobody needs any more");
        }
    });
}

/// A handler that takes longer than the ack wait keeps its message.
pub fn a_slow_handler_keeps_its_message(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(SHORT)).await;
        bench.send("tea").await;
        let delivery = bench.first().await;
        let through = Rc::new(Cell::new(false));
        let work = {
            let through = Rc::clone(&through);
            async move {
                sleep(SHORT * 7 / 2).await;
                through.set(true);
                Ok(())
            }
        };
        let (outcome, other) = tokio::join!(bench.deliver(&delivery, work), bench.next(SHORT * 5));
        assert!(
            through.get(),
            "the handler needs longer than the ack wait, and was ended in the middle (the outcome is \
             {outcome:?}): whoever is slow is never done, however often it is tried"
        );
        assert!(
            other.is_none(),
            "the handler took longer than the ack wait, and the server gave the message to somebody else \
             meanwhile: it heard no sign of life of the worker"
        );
        assert!(matches!(outcome, Outcome::Done), "the handler was done, and the outcome is {outcome:?}");
    });
}

/// After so many attempts, a message is put aside.
pub fn what_fails_too_often_is_put_aside(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(LONG)).await;
        let most = bench.rules.most_attempts;
        bench.send("tea").await;
        let mut outcome = None;
        for attempt in 1..=most {
            let delivery = bench.next(A_MOMENT).await;
            let delivery = delivery.unwrap_or_else(|| panic!("attempt {attempt} of {most} never comes"));
            let came_of_it = bench.deliver(&delivery, fails()).await;
            // Whoever knows that this was the last one may put it aside at once.
            if attempt == most && matches!(came_of_it, Outcome::DeadLetter) {
                outcome = Some(came_of_it);
                break;
            }
            assert!(
                matches!(came_of_it, Outcome::GivenBack(_)),
                "attempt {attempt} of {most} has failed, and the outcome is {came_of_it:?}"
            );
        }
        if outcome.is_none() {
            let delivery = bench.next(A_MOMENT).await;
            let delivery = delivery.expect(
                "the last attempt has failed, and the message is not delivered any more: who puts it aside?",
            );
            let run = Rc::new(Cell::new(false));
            let work = {
                let run = Rc::clone(&run);
                async move {
                    run.set(true);
                    fails().await
                }
            };
            outcome = Some(bench.deliver(&delivery, work).await);
            assert!(
                !run.get(),
                "{most} attempts have failed, `rules.most_attempts` is {most}, and the handler was run once \
                 more: a message that nobody can process goes round for ever, and the others wait for it"
            );
        }
        assert!(
            matches!(outcome, Some(Outcome::DeadLetter)),
            "{most} attempts have failed, and the outcome of the next delivery is {outcome:?}"
        );
        let letter = bench.last("dead.door").await;
        assert!(
            letter.as_deref() == Some("tea"),
            "the message is given up, and under `desk.dead_letters` there is {letter:?}: nobody will ever \
             know what it said"
        );
        let again = bench.next(2 * SHORT).await;
        assert!(again.is_none(), "the message is put aside, and was delivered once more");
        let (_, waited_for) = bench.deliveries().await;
        assert!(
            waited_for == 0,
            "the message is put aside, and the server still waits for an answer about it: it comes again \
             when the ack wait is over"
        );
    });
}

/// Who cannot put a message aside has not put it aside.
pub fn a_letter_that_is_not_stored_is_not_the_end(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, Rules { most_attempts: 0, ..rules(SHORT) }).await;
        bench.send("tea").await;
        let delivery = bench.first().await;
        let mut desk = bench.desk();
        desk.dead_letters = "nowhere.door".to_owned();
        let outcome = bench.deliver_at(desk, &delivery, fails()).await;
        assert!(
            !matches!(outcome, Outcome::DeadLetter),
            "no stream takes what is published under nowhere.door, and the outcome is DeadLetter"
        );
        let again = bench.next(A_MOMENT).await;
        assert!(
            again.is_some(),
            "the dead letter was not stored, and the message does not come again: it is nowhere now"
        );
    });
}

/// Nobody has confirmed what a server that is gone was told.
pub fn what_nobody_has_confirmed_is_not_done(answer: Answer) {
    in_time(async move || {
        let mut bench = Bench::new(answer, rules(LONG)).await;
        bench.send("tea").await;
        let delivery = bench.first().await;
        // For longer than anybody waits for an answer.
        bench.server.restart(Duration::from_secs(600)).expect("the server is killed");
        bench.connection_is_lost().await;
        let (outcome, published) =
            tokio::join!(bench.deliver(&delivery, async { Ok(()) }), bench.publish("mail.door", "cake"));
        assert!(
            matches!(outcome, Outcome::NotConfirmed),
            "the server was gone when the handler was done, and the outcome is {outcome:?}: the message \
             comes again, and whoever counts what is done, or ends the process now, is told otherwise"
        );
        assert!(
            !published,
            "the server is gone, and `publish` says Ok: nobody has said that the message is stored, and \
             whoever believes it forgets what is still to be said"
        );
    });
}

/// A worker that stood still for longer than the ack wait is told nothing about it, and what
/// it says afterwards is heard all the same.
pub fn who_stood_still_does_no_harm(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, rules(SHORT)).await;
        bench.send("tea").await;
        let first = bench.first().await;
        // Nobody says anything: the process is frozen.
        let second = bench.first().await;
        // It wakes, and its handler fails, since somebody else has written meanwhile. Then the
        // other one is done.
        let outcome = bench.deliver(&first, fails()).await;
        assert!(
            matches!(outcome, Outcome::GivenBack(_) | Outcome::NotConfirmed),
            "the handler has failed, and the outcome is {outcome:?}"
        );
        let outcome = bench.deliver(&second, async { Ok(()) }).await;
        assert!(matches!(outcome, Outcome::Done), "the handler is done, and the outcome is {outcome:?}");
    });
}

/// The ids of one process, and of the next one.
pub fn the_next_process_makes_other_ids(program: &str, mistake: Option<&str>) {
    let ids = || {
        let output = Command::new(program).arg("ids").env("MISTAKE", mistake.unwrap_or_default()).output();
        let output = output.expect("the program");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let ids = String::from_utf8_lossy(&output.stdout);
        ids.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, after) = (ids(), ids());
    let again: Vec<_> = before.iter().filter(|id| after.contains(id)).collect();
    assert!(
        again.is_empty(),
        "a worker was killed and another one took its place, and both have made the id {}: what the second \
         one says under it is taken for what the first one has said",
        again.first().map_or("", |id| id.as_str())
    );
    for ids in [before, after] {
        assert!(
            ids.len() == 3 && ids[0] != ids[1] && ids[1] != ids[2],
            "of three ids, two are alike: {ids:?}"
        );
    }
}
