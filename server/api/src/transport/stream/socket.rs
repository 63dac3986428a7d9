//! One WebSocket: a loop over what the client sends, what its operations yield, and what else can end it.
//!
//! Close codes are those of graphql-ws: 4400 (a message that is none), 4401 (not acknowledged yet, or the key has
//! ended), 4403 (refused at the start), 4408 (no `connection_init` in time), 4409 (an id in use), 4429 (a second
//! `connection_init`).

use super::{
    KEEP_ALIVE, Payload, Refusal, RequestId, Watch, credentials, ended, operation,
    post::{self, Sender, Unserved},
    protocol::{FromClient, Protocol},
    reply,
};
use crate::{
    graphql::ReadBounds,
    router::{Api, Backend},
};
use async_graphql::{Executor, Response as GraphQlResponse};
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::Response,
};
use futures_util::{
    StreamExt,
    future::ready,
    stream::{AbortHandle, BoxStream, SelectAll, abortable, once},
};
use serde_json::{Map, Value};
use signalbox_schema::ErrorCode;
use std::{collections::HashMap, future::pending, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

/// How long a client may take to send `connection_init`.
const INIT_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to read one message. One that is slower is cut off.
const WRITE_WITHIN: Duration = Duration::from_secs(20);
/// A client of which nothing was heard for so long is gone; it is pinged three times in between.
const SILENCE: Duration = Duration::from_secs(70);
/// Bytes of buffers per connection: there are thousands of connections, and their messages are small.
const BUFFER: usize = 4 << 10;
/// Largest message of a client: a document and its variables.
const LARGEST: usize = 1 << 20;
/// Longest reason in a close frame, in bytes (RFC 6455 allows 123).
const LONGEST_REASON: usize = 120;

/// Why a connection ends: a code, and a reason for people.
type Close = (u16, String);

/// Answers an upgrade.
pub(super) async fn upgrade<E: Executor, B: Backend>(
    api: Api<E, B>,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
    id: RequestId,
) -> Response {
    // A key in the header is looked at now: a client that can send it can read a status.
    if headers.contains_key(AUTHORIZATION)
        && let Err(Unserved::Refused(refusal)) = post::identify(&api, headers, &id).await
    {
        return reply::refusal(StatusCode::UNAUTHORIZED, refusal, Some(&id));
    }
    let Some(place) = api.socket_place() else {
        let refusal = Refusal::new(ErrorCode::Unavailable, "as many WebSockets as allowed are open");
        return reply::refusal(StatusCode::SERVICE_UNAVAILABLE, refusal, Some(&id));
    };
    let upgrade = upgrade
        .protocols(Protocol::NAMES)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_frame_size(LARGEST)
        .max_message_size(LARGEST);
    let protocol = upgrade.selected_protocol().and_then(|name| Protocol::named(name.to_str().ok()?));
    let headers = headers.clone();
    upgrade.on_upgrade(move |mut socket| async move {
        let Some(protocol) = protocol else {
            let names = Protocol::NAMES.join(" or ");
            return close(&mut socket, (4406, format!("speak {names}"))).await;
        };
        let (_place, _occupied) = (place, api.occupy());
        let mut connection = Connection {
            api,
            protocol,
            headers,
            id,
            sender: None,
            watch: None,
            running: HashMap::new(),
            answers: SelectAll::new(),
        };
        let reason = connection.serve(&mut socket).await;
        if let Some(reason) = reason {
            close(&mut socket, reason).await;
        }
    })
}

async fn close(socket: &mut WebSocket, (code, reason): Close) {
    let end = (0..=reason.len().min(LONGEST_REASON)).rev().find(|end| reason.is_char_boundary(*end));
    let reason = reason[..end.unwrap_or_default()].into();
    let farewell = async {
        socket.send(Message::Close(Some(CloseFrame { code, reason }))).await?;
        // Until the client has answered, so that it can read the code before the connection is gone.
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<_, axum::Error>(())
    };
    // Who does not read in time has no use for a farewell.
    let _ = timeout(Duration::from_secs(2), farewell).await;
}

/// What an operation yields: its id, and an answer, or its end.
type Yielded = (String, Option<GraphQlResponse>);

struct Connection<E, B> {
    api: Api<E, B>,
    protocol: Protocol,
    headers: HeaderMap,
    id: RequestId,
    /// Known from `connection_init` on.
    sender: Option<Sender>,
    watch: Option<Watch<Refusal>>,
    running: HashMap<String, AbortHandle>,
    answers: SelectAll<BoxStream<'static, Yielded>>,
}

impl<E: Executor, B: Backend> Connection<E, B> {
    /// Serves until the connection ends; why, if the client must be told.
    async fn serve(&mut self, socket: &mut WebSocket) -> Option<Close> {
        let init_deadline = Instant::now() + INIT_WITHIN;
        let mut heard = Instant::now();
        let mut keep_alive = interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive.reset();
        let api = self.api.clone();
        let drain = api.drain_begins();
        tokio::pin!(drain);
        loop {
            let done = tokio::select! {
                biased;
                () = &mut drain => Err(Some((1001, "the server is shutting down".to_owned()))),
                refusal = until_refused(self.watch.as_mut()) => Err(Some((4401, refusal.message))),
                () = sleep_until(init_deadline), if self.sender.is_none() => {
                    Err(Some((4408, "Connection initialisation timeout".to_owned())))
                }
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.hear(socket, message).await,
                        // A message that is too large, or no frame at all.
                        Some(Err(error)) => Err(Some((4400, format!("not a message: {error}")))),
                        None => Err(None),
                    }
                }
                Some((id, answer)) = self.answers.next(), if !self.answers.is_empty() => {
                    self.tell(socket, &id, answer).await
                }
                _ = keep_alive.tick() => {
                    if heard.elapsed() > SILENCE { Err(None) } else { self.sign_of_life(socket).await }
                }
            };
            if let Err(reason) = done {
                return reason;
            }
        }
    }

    /// Carries out a message of the client. `Err` ends the connection.
    async fn hear(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Option<Close>> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Some((4400, "messages are text".to_owned()))),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(None),
        };
        let message = self.protocol.read(&text).map_err(|problem| Some((4400, problem)))?;
        let sender = self.sender.clone();
        match (message, sender) {
            (FromClient::Init(payload), None) => self.init(socket, &payload).await,
            (FromClient::Init(_), Some(_)) => {
                Err(Some((4429, "Too many initialisation requests".to_owned())))
            }
            (FromClient::Ping, _) => send(socket, r#"{"type":"pong"}"#.to_owned()).await,
            (FromClient::Pong, _) => Ok(()),
            (FromClient::Terminate, _) => Err(Some((1000, String::new()))),
            (FromClient::Begin(id, request), Some(sender)) => self.begin(socket, &sender, id, &request).await,
            (FromClient::Begin(..) | FromClient::End(_), None) => {
                Err(Some((4401, "Unauthorized".to_owned())))
            }
            (FromClient::End(id), Some(_)) => {
                self.forget(&id);
                Ok(())
            }
        }
    }

    async fn init(
        &mut self,
        socket: &mut WebSocket,
        payload: &Map<String, Value>,
    ) -> Result<(), Option<Close>> {
        let identified = match credentials::merged(&self.headers, payload) {
            Ok(headers) => post::identify(&self.api, &headers, &self.id).await,
            Err(refusal) => Err(Unserved::Refused(refusal)),
        };
        let sender = match identified {
            Ok(sender) => sender,
            Err(Unserved::Crowded(refusal)) => return Err(Some((4429, refusal.message))),
            Err(Unserved::Refused(refusal)) => {
                if self.protocol == Protocol::Legacy {
                    let payload = serde_json::json!({"type": "connection_error", "payload": {"message": refusal.message}});
                    send(socket, payload.to_string()).await?;
                }
                return Err(Some((4403, format!("Forbidden: {}", refusal.message))));
            }
        };
        let (api, tenant) = (self.api.clone(), sender.prefect.tenant.0);
        let watched = sender.actor.clone();
        self.watch =
            Some(Watch(tokio::spawn(async move { api.backend().until_refused(&watched, tenant).await })));
        self.sender = Some(sender);
        // What was needed of them is read.
        self.headers.clear();
        send(socket, Protocol::ACKNOWLEDGE.to_owned()).await?;
        match self.protocol {
            Protocol::Legacy => send(socket, self.protocol.keep_alive().to_owned()).await,
            Protocol::Transport => Ok(()),
        }
    }

    async fn begin(
        &mut self,
        socket: &mut WebSocket,
        sender: &Sender,
        id: String,
        request: &str,
    ) -> Result<(), Option<Close>> {
        if self.running.contains_key(&id) {
            return Err(Some((4409, format!("Subscriber for {id} already exists"))));
        }
        let most = self.api.limits().operations_per_socket;
        if self.running.len() >= most {
            let message = format!("{most} operations run on this connection, the most allowed; open another");
            let refusal = Refusal::new(ErrorCode::LimitReached, message);
            let refused = post::refuse(refusal, &self.api, &sender.request_id);
            return send_json(socket, self.protocol.error(&id, &refused)).await;
        }
        let operation = match Payload::read(request.as_bytes(), 1) {
            Ok(Payload::Single(operation)) => operation,
            Ok(Payload::Batch(_)) => return Err(Some((4400, "the payload must be an object".to_owned()))),
            Err(refusal) => return Err(Some((4400, refusal.message))),
        };
        // Each operation may ask for as much as a request of its own.
        let sender = Sender { bounds: ReadBounds::new(self.api.limits().read), ..sender.clone() };
        match operation::answers(&self.api, &sender, operation) {
            Ok(answers) => {
                let end = once(ready((id.clone(), None)));
                let named = id.clone();
                let answers = answers.map(move |answer| (named.clone(), Some(answer))).chain(end);
                let (answers, handle) = abortable(answers);
                self.running.insert(id, handle);
                self.answers.push(answers.boxed());
                Ok(())
            }
            Err(refused) => send_json(socket, self.protocol.error(&id, &refused)).await,
        }
    }

    /// Passes on what an operation yielded.
    async fn tell(
        &mut self,
        socket: &mut WebSocket,
        id: &str,
        answer: Option<GraphQlResponse>,
    ) -> Result<(), Option<Close>> {
        match answer {
            Some(answer) if operation::is_refusal(&answer) => {
                self.forget(id);
                send_json(socket, self.protocol.error(id, &answer)).await
            }
            Some(answer) => send_json(socket, self.protocol.next(id, &answer)).await,
            None => {
                self.running.remove(id);
                send_json(socket, Protocol::complete(id)).await
            }
        }
    }

    fn forget(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.abort();
        }
    }

    async fn sign_of_life(&mut self, socket: &mut WebSocket) -> Result<(), Option<Close>> {
        // Answered by the other end itself, even where the program does not know of it.
        write(socket, Message::Ping(bytes::Bytes::new())).await?;
        match self.sender {
            Some(_) => send(socket, self.protocol.keep_alive().to_owned()).await,
            None => Ok(()),
        }
    }
}

async fn until_refused(watch: Option<&mut Watch<Refusal>>) -> Refusal {
    match watch {
        Some(watch) => ended(watch).await,
        None => pending().await,
    }
}

async fn send_json(
    socket: &mut WebSocket,
    message: Result<String, serde_json::Error>,
) -> Result<(), Option<Close>> {
    match message {
        Ok(text) => send(socket, text).await,
        // Only a map whose keys are no strings could fail, and GraphQL has none.
        Err(_) => Err(Some((1011, "the answer has no form".to_owned()))),
    }
}

async fn send(socket: &mut WebSocket, text: String) -> Result<(), Option<Close>> {
    write(socket, Message::Text(text.into())).await
}

/// Writes a message. A client that does not read in time is cut off without a word: it would not read that either.
async fn write(socket: &mut WebSocket, message: Message) -> Result<(), Option<Close>> {
    match timeout(WRITE_WITHIN, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => {
            tracing::debug!("a client that does not read was cut off");
            Err(None)
        }
    }
}
