//! A WebSocket client that shows every frame.

use crate::http::LIMIT;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};

pub use tokio_tungstenite::tungstenite::Message;

/// The protocol of today's clients.
pub const TRANSPORT: &str = "graphql-transport-ws";
/// The protocol of older clients.
pub const LEGACY: &str = "graphql-ws";

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A message.
    Message(Value),
    /// The end, with its code and reason.
    Closed(u16, String),
    /// The end without a word.
    Cut,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Opens a socket with these headers.
    ///
    /// # Errors
    /// What the server answered instead.
    ///
    /// # Panics
    /// When nobody listens, or the arguments are no headers.
    pub async fn try_open(
        address: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let mut request =
            format!("ws://{address}/graphql").into_client_request().expect("an address makes a URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let tcp = TcpStream::connect(address).await.expect("the server accepts connections");
        let (stream, _) = timeout(LIMIT, client_async(request, tcp)).await.expect("the server answers")?;
        Ok(Self { stream })
    }

    /// Opens a socket that speaks a protocol.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn open(address: SocketAddr, protocol: &str) -> Self {
        let headers = [("sec-websocket-protocol", protocol)];
        Self::try_open(address, &headers).await.expect("the server upgrades")
    }

    /// Opens a socket and says who is there: a key, or nobody in particular.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn ready(address: SocketAddr, protocol: &str, key: Option<&str>) -> Self {
        let mut socket = Self::open(address, protocol).await;
        let payload = key.map_or(json!({}), |key| json!({"Authorization": format!("Bearer {key}")}));
        socket.send(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(socket.receive().await, Frame::Message(json!({"type": "connection_ack"})));
        socket
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.send_frame(Message::text(message.to_string())).await;
    }

    /// Sends a frame; one that the server does not take any more is lost.
    pub async fn send_frame(&mut self, frame: Message) {
        let _ = timeout(LIMIT, self.stream.send(frame)).await;
    }

    /// Begins an operation of the newer protocol.
    pub async fn subscribe(&mut self, id: &str, document: &str, variables: Value) {
        let payload = json!({"query": document, "variables": variables});
        self.send(json!({"type": "subscribe", "id": id, "payload": payload})).await;
    }

    /// The next frame but for signs of life.
    ///
    /// # Panics
    /// When none comes within a minute.
    pub async fn receive(&mut self) -> Frame {
        timeout(LIMIT, self.next()).await.expect("a frame comes")
    }

    /// The same, or nothing when none comes within `limit`.
    pub async fn receive_within(&mut self, limit: Duration) -> Option<Frame> {
        timeout(limit, self.next()).await.ok()
    }

    async fn next(&mut self) -> Frame {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).expect("messages are JSON");
                    if message["type"] == "ping" {
                        self.send(json!({"type": "pong"})).await;
                    } else if message["type"] != "ka" {
                        return Frame::Message(message);
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Frame::Closed(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Frame::Cut,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The data of the next message, which must be an answer of operation `id`.
    ///
    /// # Panics
    /// When it is anything else.
    pub async fn data(&mut self, id: &str) -> Value {
        match self.receive().await {
            Frame::Message(mut message)
                if message["id"] == id
                    && ["next", "data"].iter().any(|kind| message["type"] == *kind)
                    && message["payload"].get("errors").is_none() =>
            {
                message["payload"]["data"].take()
            }
            other => panic!("no answer of {id}: {other:?}"),
        }
    }

    /// The code with which the server closes the connection; messages before it are passed over.
    ///
    /// # Panics
    /// When it cuts the connection instead.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.receive().await {
                Frame::Message(_) => {}
                Frame::Closed(code, _) => return code,
                Frame::Cut => panic!("the connection was cut without a code"),
            }
        }
    }
}
