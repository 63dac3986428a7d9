//! HTTP/1.1 byte by byte, because half of the tests send what no proper client would. Every wait has an end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer of a test takes longer; a server that is still silent then has failed.
pub const LIMIT: Duration = Duration::from_mins(1);

/// What came back over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The head, lower case, without the status line.
    pub head: String,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A connection whose bytes the test writes itself.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address).await.expect("the server accepts connections")
    }

    /// Opens a connection, if somebody listens.
    pub async fn try_open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        Some(Self { stream, received: Vec::new() })
    }

    /// Sends bytes; false when the server has closed the connection.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(LIMIT, self.stream.write_all(bytes)).await.is_ok_and(|sent| sent.is_ok())
    }

    /// Whether nothing has come since the last answer, not even the end of the connection. What has come is lost by
    /// this.
    pub fn is_silent(&self) -> bool {
        let more = self.stream.try_read(&mut [0]);
        self.received.is_empty() && matches!(more, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Ends the sending side: nothing more will come.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The next answer; nothing when the server closed the connection instead.
    ///
    /// # Panics
    /// When the answer does not come within [`LIMIT`].
    pub async fn receive(&mut self) -> Option<Answer> {
        timeout(LIMIT, self.read_answer()).await.expect("the server answers or closes in time")
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = position(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length: Option<usize> =
            head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let body = match length {
            Some(length) => {
                while self.received.len() < end + length {
                    self.read_more().await?;
                }
                self.received[end..end + length].to_vec()
            }
            None if head.contains("transfer-encoding: chunked") => {
                return self.read_chunked(status, head, end).await;
            }
            None => Vec::new(),
        };
        self.received.drain(..end + body.len());
        Some(Answer { status, head, body })
    }

    async fn read_chunked(&mut self, status: u16, head: String, mut at: usize) -> Option<Answer> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                if let Some(step) = position(&self.received[at..], b"\r\n") {
                    break at + step;
                }
                self.read_more().await?;
            };
            let size =
                usize::from_str_radix(std::str::from_utf8(&self.received[at..line_end]).ok()?.trim(), 16)
                    .ok()?;
            at = line_end + 2;
            while self.received.len() < at + size + 2 {
                self.read_more().await?;
            }
            body.extend_from_slice(&self.received[at..at + size]);
            at += size + 2;
            if size == 0 {
                self.received.drain(..at);
                return Some(Answer { status, head, body });
            }
        }
    }

    async fn read_more(&mut self) -> Option<()> {
        matches!(self.stream.read_buf(&mut self.received).await, Ok(1..)).then_some(())
    }
}

/// Sends one request on a connection of its own. Nothing when the server closed instead of answering.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Option<Answer> {
    let mut connection = Connection::open(address).await;
    // A refusal may come, and the connection close, before everything is sent: the answer counts.
    connection.send(request).await;
    connection.receive().await
}

/// A POST of JSON with further headers, whole lines without line ends.
pub fn post(path: &str, headers: &[String], body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    [request.as_bytes(), body].concat()
}

fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}
