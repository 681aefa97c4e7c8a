//! The suite that every document store must pass, against a server that speaks
//! S3. Whether a server honours conditional writes is the first thing to find
//! out about it: there are some that answer "written", and have ignored the
//! condition.
//!
//! `S3_ENDPOINT=http://127.0.0.1:5000 S3_BUCKET=… cargo test -p ports
//! --features s3 --test s3_server`, with a bucket that is empty.

#![allow(missing_docs)]

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use ports::conformance;
use ports::real::{ObjectDocumentStore, system_clock};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("set {name}: see the top of ports/tests/s3_server.rs"))
}

#[tokio::test]
async fn an_s3_server_conforms() {
    let store = AmazonS3Builder::new()
        .with_endpoint(variable("S3_ENDPOINT"))
        .with_bucket_name(variable("S3_BUCKET"))
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_access_key_id("nobody")
        .with_secret_access_key("nothing")
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .build()
        .expect("a complete description of the server");
    let store = ObjectDocumentStore::new(Arc::new(store), system_clock());
    conformance::document_store(&store, "suite").await;
}
