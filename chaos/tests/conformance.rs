//! The simulated ports keep the promises of the real ones: the suite that every
//! adapter must pass runs here as a handler, each of its calls a choice of the
//! engine.

use chaos::{Chaos, Report, StoreKind, System};
use shared::{Endpoint, Message, MessageId};

/// One run without faults. (All orders of the suite's many concurrent calls
/// would be too many.)
fn run(endpoint: Endpoint, kind: StoreKind) -> Report {
    let name = endpoint.name().to_owned();
    Chaos::on(|| System::of(endpoint).store(name, kind))
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
