use chaos::{System, explore, specifications};
use ex11_durable_conversation::{STEPS, endpoint};
use shared::checkout::check_out;
use shared::conversation::Record;

fn checkouts() -> System {
    System::of(endpoint()).judged_by(specifications::checkouts())
}
fn forgetful() -> System {
    (0u32..).zip(STEPS).fold(checkouts(), |system, (step, service)| {
        system.forgetful(service, move |snapshot, message| {
            STEPS.len() > 0 && ["ann"].iter().any(|name| snapshot.log(name).iter().any(|record| {
                matches!(Record::decode(record), Ok(Record::StepCompleted { message: m, step: s, .. }) if m == message.id && s == step)
            }))
        })
    })
}

#[test]
fn probe() {
    use chaos::Fault::*;
    let mail = [check_out("ann", "tea", 300), check_out("ann", "cake", 400)];
    for faults in [1, 2] {
        let start = std::time::Instant::now();
        let report = explore(checkouts).send(mail.clone()).workers(2).faults(faults).limit_states(20_000_000).run();
        let peak = std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l| l.starts_with("VmHWM")).unwrap().to_owned();
        println!("plain {faults}: {:?} {} {peak}", start.elapsed(), report.headline());
    }
    for faults in [0, 1, 2] {
        let start = std::time::Instant::now();
        let report = explore(forgetful).send(mail.clone()).workers(2).faults(faults).only([TimeToLiveExpires, CrashAfterWrite, AckFails, WriteReplyLost, Duplicate]).limit_states(20_000_000).run();
        println!("forgetful {faults}: {:?} {}", start.elapsed(), report.headline());
    }
}
