//! A client of server-sent events, byte by byte.

use crate::client::Client;
use crate::http::{self, LIMIT};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An open stream of events.
#[derive(Debug)]
pub struct Events {
    stream: TcpStream,
    raw: Vec<u8>,
    text: String,
    /// The status line and headers of the answer.
    pub head: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An answer.
    Next(Value),
    /// The end of the operation.
    Complete,
    /// The stream ended without that.
    Cut,
}

impl Events {
    /// Posts an operation.
    pub async fn post(client: &Client, document: &str, variables: Value) -> Self {
        let body = json!({"query": document, "variables": variables}).to_string();
        let mut headers = client.headers().to_vec();
        headers.push("Accept: text/event-stream".to_owned());
        Self::send(client.address(), &http::post("/graphql", &headers, body.as_bytes())).await
    }

    /// Sends any request.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(address: SocketAddr, request: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("the server accepts connections");
        stream.write_all(request).await.expect("the server reads");
        let mut events = Self { stream, raw: Vec::new(), text: String::new(), head: String::new() };
        loop {
            if let Some(end) = events.raw.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = events.raw.split_off(end + 4);
                events.head =
                    String::from_utf8_lossy(&std::mem::replace(&mut events.raw, rest)).to_lowercase();
                return events;
            }
            assert!(events.read().await, "the answer has no head");
        }
    }

    async fn read(&mut self) -> bool {
        let mut piece = [0; 4096];
        let read = timeout(LIMIT, self.stream.read(&mut piece)).await.expect("something comes");
        let length = read.unwrap_or(0);
        self.raw.extend_from_slice(&piece[..length]);
        length > 0
    }

    /// Moves whole chunks of the body into the text.
    fn unpack(&mut self) {
        while let Some(end) = self.raw.windows(2).position(|window| window == b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..end]).ok();
            let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else { return };
            if self.raw.len() < end + 2 + size + 2 {
                return;
            }
            let chunk: Vec<u8> = self.raw.drain(..end + 2 + size + 2).collect();
            self.text.push_str(&String::from_utf8_lossy(&chunk[end + 2..end + 2 + size]));
        }
    }

    /// The next event; comments are passed over.
    ///
    /// # Panics
    /// When nothing comes for a minute, or what comes is no event.
    pub async fn next(&mut self) -> Event {
        loop {
            self.unpack();
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let mut lines = block.lines();
                match (lines.next(), lines.next().and_then(|line| line.strip_prefix("data: "))) {
                    (Some("event: next"), Some(data)) => {
                        return Event::Next(serde_json::from_str(data).expect("events are JSON"));
                    }
                    (Some("event: complete"), _) => return Event::Complete,
                    _ => {}
                }
            }
            if !self.read().await {
                return Event::Cut;
            }
        }
    }
}
