//! A way from the workers to the server that can be cut.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::Address;

/// Carries what workers and server say to each other, over a port of its own of the
/// loopback interface. Whoever comes in that way still needs the server's secret.
/// Dropping it lets nobody in any more.
pub struct Proxy {
    url: String,
    open: Connections,
    accepting: Vec<AbortHandle>,
}

type Connections = Arc<Mutex<Open>>;

#[derive(Default)]
struct Open {
    /// How many have come so far.
    come: u64,
    /// Those that there are, in the order in which they came; and where one says that it is
    /// to be cut, and for how long nothing comes back before it breaks.
    lines: BTreeMap<u64, oneshot::Sender<Duration>>,
}

impl Proxy {
    /// Opens the way to a server.
    ///
    /// # Errors
    ///
    /// When the system has no port for it.
    pub async fn open(server: &Address) -> anyhow::Result<Self> {
        let mut proxy = Self { url: String::new(), open: Connections::default(), accepting: Vec::new() };
        let port = proxy.lead_to(server.url.trim_start_matches("nats://").to_owned()).await?;
        proxy.url = format!("nats://{}:{port}", Ipv4Addr::LOCALHOST);
        Ok(proxy)
    }

    /// Opens a way to another server, too, which listens on this port of the loopback
    /// interface. Says over which port one goes there.
    ///
    /// # Errors
    ///
    /// When the system has no port for it.
    pub async fn also(&mut self, port: u16) -> anyhow::Result<u16> {
        self.lead_to(format!("{}:{port}", Ipv4Addr::LOCALHOST)).await
    }

    async fn lead_to(&mut self, server: String) -> anyhow::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the proxy")?;
        let port = listener.local_addr()?.port();
        let accepting = tokio::spawn(accept(listener, server, Arc::clone(&self.open)));
        self.accepting.push(accepting.abort_handle());
        Ok(port)
    }

    /// The address of the server, for whoever is to go this way.
    pub fn address(&self, server: &Address) -> Address {
        Address { url: self.url.clone(), ..server.clone() }
    }

    /// Cuts one of the connections that there are, whichever the lot falls on: what the
    /// worker says still arrives, but nothing comes back; and after so long it breaks. Says
    /// whether there was any.
    pub fn cut(&self, lot: u64, silence: Duration) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = lot.checked_rem(open.lines.len() as u64) else { return false };
        let number = open.lines.keys().nth(place as usize).copied();
        let cut = number.and_then(|number| open.lines.remove(&number));
        cut.is_some_and(|cut| cut.send(silence).is_ok())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for accepting in &self.accepting {
            accepting.abort();
        }
    }
}

async fn accept(listener: TcpListener, server: String, open: Connections) {
    loop {
        let Ok((worker, _)) = listener.accept().await else {
            // No file for it, say: the worker comes again.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (cut, is_cut) = oneshot::channel();
        let number = {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            open.come += 1;
            let number = open.come;
            open.lines.insert(number, cut);
            number
        };
        let (server, open) = (server.clone(), Arc::clone(&open));
        tokio::spawn(async move {
            // Where the server is gone, the worker finds out by this connection's end.
            let _ = carry(worker, &server, is_cut).await;
            open.lock().unwrap_or_else(PoisonError::into_inner).lines.remove(&number);
        });
    }
}

/// Carries both ways until one side ends the connection, or it is cut.
async fn carry(
    mut worker: TcpStream,
    server: &str,
    is_cut: oneshot::Receiver<Duration>,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    for side in [&worker, &server] {
        side.set_nodelay(true)?;
    }
    let (mut from_worker, mut to_worker) = worker.split();
    let (mut from_server, mut to_server) = server.split();
    let back = async {
        tokio::select! {
            biased;
            Ok(silence) = is_cut => tokio::time::sleep(silence).await,
            _ = copy(&mut from_server, &mut to_worker) => {}
        }
    };
    tokio::select! {
        _ = copy(&mut from_worker, &mut to_server) => {}
        () = back => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What is asked for arrives, the reply does not, and the connection breaks; the next
    /// one is as good as new.
    #[tokio::test]
    async fn a_cut_loses_the_reply_and_not_the_request() {
        /// Longer than what is between here takes on a busy machine.
        const SILENCE: Duration = Duration::from_secs(3);
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("nats://{}", server.local_addr().expect("its number"));
        let address = Address { url, token: Some("secret".to_owned()) };
        let proxy = Proxy::open(&address).await.expect("a proxy");
        let way = proxy.address(&address);
        assert_eq!(way.token, address.token);
        let way = way.url.trim_start_matches("nats://").to_owned();
        for is_cut in [false, true, false] {
            let mut worker = TcpStream::connect(&way).await.expect("the proxy");
            let (mut there, _) = server.accept().await.expect("a connection");
            let mut said = [0; 3];
            there.write_all(b"one").await.expect("written");
            worker.read_exact(&mut said).await.expect("it comes through");
            if is_cut {
                assert!(proxy.cut(7, SILENCE), "there was nothing to be cut");
            }
            worker.write_all(b"two").await.expect("written");
            there.read_exact(&mut said).await.expect("what is asked for arrives");
            assert_eq!(&said, b"two");
            there.write_all(b"yes").await.expect("written");
            let mut heard = Vec::new();
            if is_cut {
                // An error is an end as well.
                let _ = worker.read_to_end(&mut heard).await;
                assert!(heard.is_empty(), "the reply came back although the way was cut");
            } else {
                worker.read_exact(&mut said).await.expect("it comes back");
            }
        }
        assert!(!Proxy::open(&address).await.expect("another").cut(7, Duration::ZERO), "it has cut nothing");
    }
}
