//! The socket: binding, accepting, and letting connections end.
//!
//! Our own loop instead of `axum::serve`, because the stock client opens a connection per request and
//! strangers open connections and say nothing: we need the backlog, a time limit for headers, a bound on
//! the number of connections, and a drain that has an end.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Connections that wait for `accept`. Hundreds can arrive within one turn of the loop.
const BACKLOG: u32 = 4096;
/// How long a connection may take to send its headers, or be idle between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest head of a request.
const HEAD_BYTES: usize = 32 << 10;
/// Most headers of a request.
const HEADERS: usize = 64;
/// What is read from a connection at once, at most. Bodies arrive in pieces of this size.
const BUFFER_BYTES: usize = 128 << 10;
/// The pause when the process has no file descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// A socket that is bound and does not listen yet.
pub(crate) struct Bound {
    socket: TcpSocket,
}

/// A listening server.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    cut: watch::Sender<bool>,
    /// Yields, when accepting has ended, what is closed when the last connection has.
    accepting: JoinHandle<watch::Sender<()>>,
}

/// Takes the address, so that a port in use is known before anything else is done.
pub(crate) fn bind(host: IpAddr, port: u16) -> io::Result<Bound> {
    let socket = if host.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the connections of the process before it.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(host, port))?;
    Ok(Bound { socket })
}

impl Bound {
    /// Begins to serve.
    pub fn serve(self, router: Router, most_connections: usize) -> io::Result<Listener> {
        let listener = self.socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let (cut, cuts) = watch::channel(false);
        let accepting = tokio::spawn(accept_all(listener, router, most_connections, stopped, cuts));
        Ok(Listener { address, stop, cut, accepting })
    }
}

impl Listener {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and waits for the requests in flight. Whether all of them ended in time; the others
    /// are cut off.
    pub async fn drain(self, patience: Duration) -> bool {
        self.stop.send_replace(true);
        let Ok(open) = self.accepting.await else { return false };
        let ended = timeout(patience, open.closed()).await.is_ok();
        self.cut.send_replace(true);
        ended
    }
}

async fn accept_all(
    listener: TcpListener,
    router: Router,
    most_connections: usize,
    mut stopped: watch::Receiver<bool>,
    cuts: watch::Receiver<bool>,
) -> watch::Sender<()> {
    let open = watch::Sender::new(());
    let places = Arc::new(Semaphore::new(most_connections.min(Semaphore::MAX_PERMITS)));
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .max_header_size(HEAD_BYTES)
        .max_headers(HEADERS);
    loop {
        let next = async {
            // Nobody closes the semaphore.
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((place, listener.accept().await))
        };
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return open,
            accepted = next => accepted,
        };
        let Some((place, accepted)) = accepted else { return open };
        let stream: TcpStream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                if !is_of_the_client(&error) {
                    tracing::warn!(%error, "cannot accept connections just now");
                    sleep(EXHAUSTED).await;
                }
                continue;
            }
        };
        // Answers are written in one piece; waiting to join small packets only delays them.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let connection = http.serve_connection(TokioIo::new(stream), service.clone()).with_upgrades();
        let mut cut = cuts.clone();
        let mut stop = stopped.clone();
        let here = open.subscribe();
        tokio::spawn(async move {
            let (_place, _here) = (place, here);
            tokio::pin!(connection);
            let mut asked_to_end = false;
            loop {
                tokio::select! {
                    biased;
                    ended = &mut connection => {
                        // Clients that hang up or speak no HTTP are everyday life.
                        if let Err(error) = ended {
                            tracing::trace!(%error, "connection ended");
                        }
                        return;
                    }
                    _ = cut.wait_for(|cut| *cut) => return,
                    _ = stop.wait_for(|stopped| *stopped), if !asked_to_end => {
                        asked_to_end = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        });
    }
}

/// Whether the client went away between the handshake and `accept`.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
