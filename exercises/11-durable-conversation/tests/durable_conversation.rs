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
    for (name, system) in [("forgetful", forgetful as fn() -> System), ("plain", checkouts)] {
        for (n, faults) in [(1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (2, 2), (2, 3)] {
            if name == "forgetful" && n == 2 && faults == 2 { continue }
            if name == "forgetful" && n == 2 && faults == 3 { continue }
            let mail = [check_out("ann", "tea", 300), check_out("ann", "cake", 400)];
            let start = std::time::Instant::now();
            let report = explore(system).send(mail[..n].to_vec()).workers(2).faults(faults).limit_states(20_000_000).run();
            let peak = std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l| l.starts_with("VmHWM")).unwrap().to_owned();
            println!("{name} {n} {faults}: {:?} {} {peak}", start.elapsed(), report.headline());
            if !report.holds() { println!("{report}"); return; }
        }
    }
}
