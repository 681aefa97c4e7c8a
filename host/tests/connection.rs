//! Getting to a server, and not getting there.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use host::{Address, Connection};
use ports::real::NatsServer;

/// What is said to whoever cannot get in, having been patient for so long.
async fn refusal(url: &str, token: &str, patience: Duration) -> String {
    let address = Address { url: url.to_owned(), token: Some(token.to_owned()) };
    match Connection::open_within(&address, patience).await {
        Ok(_) => panic!("it let us in with {token:?}"),
        Err(error) => format!("{error:#}"),
    }
}

/// A port of the loopback interface on which nobody listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

#[tokio::test]
async fn nobody_tries_a_wrong_secret_again() {
    // It says so on standard error where it is missing.
    let Some(_) = NatsServer::for_test() else { return };
    let Some(binary) = NatsServer::find() else { return };
    let port = free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let mut server = Command::new(binary)
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "--auth", "right"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server");
    let patience = Duration::from_secs(60);
    let right = Address { url: url.clone(), token: Some("right".to_owned()) };
    let opened = Connection::open_within(&right, patience).await;
    let began = Instant::now();
    let refused = refusal(&url, "wrong", patience).await;
    let took = began.elapsed();
    server.kill().expect("an end");
    server.wait().expect("an end");
    opened.expect("with the right secret it lets us in, once it listens");
    assert_eq!(refused, format!("the server at {url} does not let us in: it has another secret"));
    assert!(took < patience / 2, "it took {took:?} to say so");
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_connection() {
    let url = format!("nats://127.0.0.1:{}", free_port());
    let said = refusal(&url, "any", Duration::from_millis(100)).await;
    assert!(said.starts_with(&format!("no connection to {url}: ")), "{said}");
}
