//! The simulated ports keep the promises of the real ones: the suite that every
//! adapter must pass runs here as a handler, each of its calls a choice of the
//! engine.

use chaos::{Chaos, Report, StoreKind, System};
use shared::outside::{CheckFirst, StreamModel};
use shared::{Endpoint, Message, MessageId};

fn run(endpoint: Endpoint, kind: StoreKind) -> Report {
    let name = endpoint.name().to_owned();
    run_system(System::of(endpoint).store(name, kind))
}

/// One run without faults. (All orders of the suite's many concurrent calls
/// would be too many.)
fn run_system(system: System) -> Report {
    Chaos::on(|| system)
        .send([Message::new(MessageId::named("go"), &"Go")])
        .calls_per_delivery(5_000)
        .run()
        .report()
        .clone()
}

#[track_caller]
fn assert_conforms(endpoint: Endpoint, kind: StoreKind) {
    let report = run(endpoint, kind);
    assert!(report.holds(), "{}", report.headline());
}

#[test]
fn the_event_store_conforms() {
    let endpoint = Endpoint::new("suite", async |_, ports, _| {
        shared::conformance::event_store(&*ports.events, "suite").await;
        Ok(())
    });
    assert_conforms(endpoint, StoreKind::default());
}

#[test]
fn the_document_store_conforms_strong_and_weak() {
    let endpoint = || {
        Endpoint::new("suite", async |_, ports, _| {
            shared::conformance::document_store(&*ports.documents, "suite").await;
            Ok(())
        })
    };
    assert_conforms(endpoint(), StoreKind::default());
    // A weak store that happens to have no lag is as good as a strong one.
    assert_conforms(endpoint(), StoreKind { weak: true, limit: None });
}

#[test]
fn a_further_store_conforms() {
    let endpoint = Endpoint::new("suite", async |_, ports, _| {
        shared::conformance::document_store(ports.store("inbox"), "suite").await;
        Ok(())
    });
    assert_conforms(endpoint.with_store("inbox"), StoreKind::default());
}

#[test]
fn the_size_limit_conforms() {
    const LIMIT: usize = 409_600;
    let endpoint = || {
        Endpoint::new("suite", async |_, ports, _| {
            shared::conformance::size_limit(&*ports.documents, "suite", LIMIT).await;
            Ok(())
        })
    };
    assert_conforms(endpoint(), StoreKind { weak: false, limit: Some(LIMIT) });
    // And the suite would notice a limit that is off by one.
    let report = run(endpoint(), StoreKind { weak: false, limit: Some(LIMIT - 1) });
    assert!(!report.holds() && report.to_string().contains("broken rule"), "{report}");
}

#[test]
fn the_logs_conform() {
    let endpoint = Endpoint::new("suite", async |_, ports, _| {
        shared::conformance::record_log(&*ports.log, "suite").await;
        Ok(())
    });
    assert_conforms(endpoint, StoreKind::default());
}

#[test]
fn a_service_conforms() {
    let endpoint = Endpoint::new("suite", async |_, ports, _| {
        shared::conformance::service(ports.service("post"), "suite").await;
        Ok(())
    });
    let endpoint = endpoint.with_service("post");
    assert_conforms(endpoint.clone(), StoreKind::default());
    // One that may forget is as good, as long as it does not.
    let report = run_system(System::of(endpoint).forgetful("post", |_, _| true));
    assert!(report.holds(), "{}", report.headline());
}

#[test]
fn the_clock_conforms() {
    let endpoint = Endpoint::new("suite", async |_, ports, _| {
        shared::conformance::clock(&*ports.clock).await;
        Ok(())
    });
    assert_conforms(endpoint, StoreKind::default());
}

#[test]
fn a_stream_conforms_whatever_it_looks_at_first() {
    for check_first in [CheckFirst::MessageId, CheckFirst::Expectation] {
        let endpoint = Endpoint::new("suite", async move |_, ports, _| {
            shared::conformance::subject_stream(ports.stream("subjects"), "suite").await;
            shared::conformance::last_of_filter(ports.stream("subjects"), "suite").await;
            shared::conformance::retry(ports.stream("subjects"), "suite", check_first).await;
            Ok(())
        });
        let kind = StreamModel { check_first, ..StreamModel::default() };
        let report = run_system(System::of(endpoint.with_stream("subjects")).stream("subjects", kind));
        assert!(report.holds(), "{check_first:?}: {}", report.headline());
    }
}
