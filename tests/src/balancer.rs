//! A plain TCP balancer, as it stands in front of replicas: it knows nothing of HTTP, hands connections out in turn, and
//! passes over who does not accept. It can also cut what it carries, as a network does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A running balancer; it ends with all connections when it is dropped.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    targets: Mutex<Targets>,
    /// Counts the cuts: who sees it change closes its connection.
    cuts: watch::Sender<u64>,
}

#[derive(Debug)]
struct Targets {
    addresses: Vec<SocketAddr>,
    next: usize,
}

impl Balancer {
    /// Starts a balancer in front of these addresses.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(targets: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            targets: Mutex::new(Targets { addresses: targets.to_vec(), next: 0 }),
            cuts: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Self { address, shared, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands new connections to these addresses from now on; to nobody when there is none.
    ///
    /// # Panics
    /// Never: nobody panics while holding the list.
    pub fn send_to(&self, targets: &[SocketAddr]) {
        self.shared.targets.lock().expect("nobody panics while holding the list").addresses =
            targets.to_vec();
    }

    /// Closes every connection.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let mut cut = shared.cuts.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = cut.changed() => {}
                () = carry(client, &shared) => {}
            }
        });
    }
}

async fn carry(mut client: TcpStream, shared: &Shared) {
    for address in in_turn(shared) {
        if let Ok(mut server) = TcpStream::connect(address).await {
            let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
            // However it ends, both sides are closed.
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}

/// The addresses, beginning with the one whose turn it is.
fn in_turn(shared: &Shared) -> Vec<SocketAddr> {
    let mut targets = shared.targets.lock().expect("nobody panics while holding the list");
    targets.next = targets.next.wrapping_add(1);
    let mut addresses = targets.addresses.clone();
    let count = addresses.len().max(1);
    addresses.rotate_left(targets.next % count);
    addresses
}
