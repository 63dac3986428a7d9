//! The cheapest HTTP/1.1 client that tells the truth: rendered once, sent whole, answers read to their end.
//! It shares the machine's cores with the server it measures, so it parses only what it must.

use std::io::Read;
use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READ_CHUNK: usize = 16 * 1024;

/// A place in a rendered request that is overwritten before each sending; its length never changes.
#[derive(Debug, Clone)]
pub struct Slot(Range<usize>);

/// A whole request as bytes, head and body.
#[derive(Debug, Clone)]
pub struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A GraphQL request with the headers and the double-encoded variables of Prefect 1.4.1's client
    /// (`variables` is JSON *text*, `"null"` when there are none). `headers` are whole lines without line ends.
    pub fn graphql(
        target: SocketAddr,
        headers: &[String],
        document: &str,
        variables: &serde_json::Value,
    ) -> Self {
        let body = serde_json::json!({ "query": document, "variables": variables.to_string() }).to_string();
        let mut head = format!(
            "POST / HTTP/1.1\r\nHost: {target}\r\nUser-Agent: python-requests/2.32.5\r\n\
             Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n\
             X-PREFECT-CORE-VERSION: 1.4.1\r\n"
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        let tail = format!("Content-Length: {}\r\nContent-Type: application/json\r\n\r\n{body}", body.len());
        Self { bytes: (head + &tail).into_bytes() }
    }

    /// A GET of `path`.
    pub fn get(target: SocketAddr, path: &str) -> Self {
        Self {
            bytes: format!("GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n").into_bytes(),
        }
    }

    /// Where the text `marker` stands; it must occur exactly once.
    pub fn slot(&self, marker: &str) -> Result<Slot> {
        let at =
            find(&self.bytes, marker.as_bytes()).with_context(|| format!("no {marker} in the request"))?;
        let end = at + marker.len();
        ensure!(
            find(&self.bytes[end..], marker.as_bytes()).is_none(),
            "{marker} occurs twice in the request"
        );
        Ok(Slot(at..end))
    }

    /// Puts text of exactly the slot's length there.
    pub fn fill(&mut self, slot: &Slot, text: &str) {
        self.bytes[slot.0.clone()].copy_from_slice(text.as_bytes());
    }

    /// Puts a decimal number there, with leading zeros when the slot is wider than the number.
    pub fn fill_number(&mut self, slot: &Slot, mut number: u64) {
        for digit in self.bytes[slot.0.clone()].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    }

    /// What goes over the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// One answer: the status and the body, decompressed.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// Whether this is a GraphQL answer without errors.
    pub fn is_success(&self) -> bool {
        self.status == 200
            && find(self.body, b"\"data\"").is_some()
            && find(self.body, b"\"errors\"").is_none()
    }

    /// Whether the body holds this text.
    pub fn has(&self, text: &str) -> bool {
        find(self.body, text.as_bytes()).is_some()
    }
}

/// A connection with the buffers it reads into.
#[derive(Debug)]
pub struct Connection {
    target: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    /// A connection that is opened by the first request.
    pub fn to(target: SocketAddr) -> Self {
        Self { target, stream: None, received: Vec::with_capacity(READ_CHUNK), body: Vec::new() }
    }

    /// Closes the connection; the next request opens another.
    pub fn close(&mut self) {
        self.stream = None;
    }

    /// Sends the request and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.target).await?,
        };
        stream.write_all(request).await?;
        let head = read_head(&mut stream, &mut self.received).await?;
        self.body.clear();
        let closes = read_body(&mut stream, &mut self.received, &head, &mut self.body).await?;
        if head.gzip {
            let packed = std::mem::take(&mut self.body);
            GzDecoder::new(packed.as_slice()).read_to_end(&mut self.body).context("reading a gzip answer")?;
        }
        if !closes {
            self.stream = Some(stream);
        }
        Ok(Answer { status: head.status, body: &self.body })
    }
}

async fn open(target: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(target).await.with_context(|| format!("connecting to {target}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The part of an answer's head that decides how to read on.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Bytes up to and with the empty line.
    length: usize,
    content_length: Option<usize>,
    chunked: bool,
    gzip: bool,
    closes: bool,
}

async fn read_head(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<Head> {
    received.clear();
    loop {
        read_more(stream, received).await?;
        if let Some(end) = find(received, b"\r\n\r\n") {
            return parse_head(&received[..end + 4]);
        }
    }
}

async fn read_more(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<()> {
    received.reserve(READ_CHUNK);
    ensure!(stream.read_buf(received).await? > 0, "the server closed the connection within an answer");
    Ok(())
}

fn parse_head(head: &[u8]) -> Result<Head> {
    let text = std::str::from_utf8(head).context("an answer's head is not text")?;
    let mut lines = text.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let Some(status) = status else { bail!("not an HTTP answer: {status_line}") };
    let mut parsed =
        Head { status, length: head.len(), content_length: None, chunked: false, gzip: false, closes: false };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match name.len() {
            14 if name.eq_ignore_ascii_case("content-length") => parsed.content_length = Some(value.parse()?),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => parsed.chunked = value == "chunked",
            16 if name.eq_ignore_ascii_case("content-encoding") => parsed.gzip = value == "gzip",
            10 if name.eq_ignore_ascii_case("connection") => parsed.closes = value == "close",
            _ => {}
        }
    }
    Ok(parsed)
}

/// Moves the body into `body`; says whether the connection ends with it.
async fn read_body(
    stream: &mut TcpStream,
    received: &mut Vec<u8>,
    head: &Head,
    body: &mut Vec<u8>,
) -> Result<bool> {
    if head.chunked {
        read_chunks(stream, received, head.length, body).await?;
        return Ok(head.closes);
    }
    let Some(length) = head.content_length else { bail!("an answer of unknown length") };
    while received.len() < head.length + length {
        read_more(stream, received).await?;
    }
    body.extend_from_slice(&received[head.length..head.length + length]);
    Ok(head.closes)
}

async fn read_chunks(
    stream: &mut TcpStream,
    received: &mut Vec<u8>,
    mut at: usize,
    body: &mut Vec<u8>,
) -> Result<()> {
    loop {
        let line_end = loop {
            if let Some(end) = find(&received[at..], b"\r\n") {
                break at + end;
            }
            read_more(stream, received).await?;
        };
        let size_text = std::str::from_utf8(&received[at..line_end]).context("a chunk without a size")?;
        let size = usize::from_str_radix(size_text.trim(), 16).context("a chunk without a size")?;
        at = line_end + 2;
        while received.len() < at + size + 2 {
            read_more(stream, received).await?;
        }
        body.extend_from_slice(&received[at..at + size]);
        at += size + 2;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Where `needle` first stands in `hay`.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(step) = hay[from..].iter().position(|&byte| byte == first) {
        let at = from + step;
        if hay[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4200);

    #[test]
    fn variables_are_text_inside_the_body() {
        let request = Request::graphql(TARGET, &[], "query { hello }", &serde_json::Value::Null);
        let text = String::from_utf8(request.bytes().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, r#"{"query":"query { hello }","variables":"null"}"#);
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
    }

    #[test]
    fn slots_are_overwritten_in_place() {
        let mut request = Request::graphql(TARGET, &[], "0000-MARK", &serde_json::json!({"n": 7_654_321}));
        let (text, number) = (request.slot("0000-MARK").unwrap(), request.slot("7654321").unwrap());
        request.fill(&text, "abcd-efgh");
        request.fill_number(&number, 42);
        assert!(find(request.bytes(), b"abcd-efgh").is_some());
        assert!(find(request.bytes(), b"0000042").is_some());
        assert!(request.slot("absent").is_err());
    }

    #[test]
    fn heads_are_read_without_regard_to_case() {
        let head =
            b"HTTP/1.1 200 OK\r\nCONTENT-length: 12\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\n";
        let parsed = parse_head(head).unwrap();
        assert_eq!(
            (parsed.status, parsed.content_length, parsed.gzip, parsed.closes),
            (200, Some(12), true, true)
        );
        assert!(parse_head(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn an_answer_with_errors_is_no_success() {
        let good = Answer { status: 200, body: br#"{"data":{"hello":"x"}}"# };
        assert!(good.is_success());
        assert!(!Answer { status: 200, body: br#"{"data":null,"errors":[]}"# }.is_success());
        assert!(!Answer { status: 503, ..good }.is_success());
    }
}
