//! A tap on the wire between a server and its PostgreSQL: it counts statements as the database gets them, so that no
//! setting and no cache of either side can hide one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What a client sends before its first message: a request for encryption, which the server refuses here, and the
/// start-up itself (PostgreSQL's documentation, "Message Formats"). Neither has a letter before its length.
const SSL_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;

/// What begins and ends transactions; a `BEGIN` may set whose rows are meant in the same message.
const BRACKETS: [&str; 3] = ["BEGIN", "COMMIT", "ROLLBACK"];

#[derive(Debug, Default)]
struct Counts {
    statements: AtomicU64,
    brackets: AtomicU64,
}

/// A tap; it ends when it is dropped.
#[derive(Debug)]
pub struct Wiretap {
    address: SocketAddr,
    counts: Arc<Counts>,
    accepting: AbortHandle,
}

impl Wiretap {
    /// Listens in front of the PostgreSQL server at `target`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn on(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let counts = Arc::<Counts>::default();
        let counter = Arc::clone(&counts);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, Arc::clone(&counter)));
            }
        });
        Self { address, counts, accepting: accepting.abort_handle() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many statements were executed so far, what only begins and ends transactions not counted.
    pub fn statements(&self) -> u64 {
        self.counts.statements.load(Ordering::Relaxed)
    }

    /// How many messages began or ended a transaction.
    pub fn brackets(&self) -> u64 {
        self.counts.brackets.load(Ordering::Relaxed)
    }
}

impl Drop for Wiretap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, target: SocketAddr, counts: Arc<Counts>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::select! {
        _ = copy(&mut from_server, &mut to_client) => {}
        _ = requests(&mut from_client, &mut to_server, &counts) => {}
    }
}

/// Hands on what the client sends, message by message.
async fn requests(
    client: &mut OwnedReadHalf,
    server: &mut OwnedWriteHalf,
    counts: &Counts,
) -> std::io::Result<()> {
    loop {
        let body = hand_on(client, server).await?;
        let code = body.first_chunk().map(|code| i32::from_be_bytes(*code));
        if !matches!(code, Some(SSL_REQUEST | GSS_REQUEST)) {
            break;
        }
    }
    loop {
        let kind = client.read_u8().await?;
        server.write_u8(kind).await?;
        let body = hand_on(client, server).await?;
        let is_bracket = |word: &&str| body.starts_with(word.as_bytes());
        // Execute of the extended protocol, and the simple Query.
        let count = match kind {
            b'Q' if BRACKETS.iter().any(is_bracket) => &counts.brackets,
            b'E' | b'Q' => &counts.statements,
            _ => continue,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Hands on a length and what it counts; returns what it counted.
async fn hand_on(client: &mut OwnedReadHalf, server: &mut OwnedWriteHalf) -> std::io::Result<Vec<u8>> {
    let length = client.read_u32().await?;
    let mut body = vec![0; (length as usize).saturating_sub(4)];
    client.read_exact(&mut body).await?;
    server.write_u32(length).await?;
    server.write_all(&body).await?;
    Ok(body)
}
