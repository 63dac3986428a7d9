//! The two protocols, as texts: `graphql-transport-ws` (the specification of the library graphql-ws) and the older
//! `graphql-ws` (of subscriptions-transport-ws). Pure; what happens is in `socket.rs`.

use async_graphql::Response;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `graphql-transport-ws`.
    Transport,
    /// `graphql-ws`.
    Legacy,
}

/// A message of a client.
#[derive(Debug)]
pub(super) enum FromClient {
    /// The first message.
    Init(Map<String, Value>),
    /// Begins an operation: its id, and the request as JSON text.
    Begin(String, String),
    /// Ends an operation.
    End(String),
    /// Asks for a sign of life.
    Ping,
    /// A sign of life.
    Pong,
    /// Ends the connection.
    Terminate,
}

/// Longest id of an operation, in bytes.
const LONGEST_ID: usize = 128;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl Protocol {
    /// Names, the one we like better first.
    pub const NAMES: [&'static str; 2] = ["graphql-transport-ws", "graphql-ws"];

    /// The protocol with this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "graphql-transport-ws" => Some(Self::Transport),
            "graphql-ws" => Some(Self::Legacy),
            _ => None,
        }
    }

    /// Reads a message; what is wrong with it otherwise.
    pub fn read(self, text: &str) -> Result<FromClient, String> {
        let message: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| format!("not a message in JSON: {error}"))?;
        let payload = message.payload.map(RawValue::get).filter(|payload| *payload != "null");
        let id = || match message.id.clone() {
            Some(id) if (1..=LONGEST_ID).contains(&id.len()) => Ok(id),
            _ => Err(format!("{} needs an id of 1 to {LONGEST_ID} bytes", message.kind)),
        };
        match (self, message.kind.as_str()) {
            (_, "connection_init") => {
                let payload = payload.map_or(Ok(Map::new()), serde_json::from_str);
                Ok(FromClient::Init(payload.map_err(|_| "the payload of connection_init must be an object")?))
            }
            (Self::Transport, "subscribe") | (Self::Legacy, "start") => {
                let payload = payload.ok_or_else(|| format!("{} needs a payload", message.kind))?;
                Ok(FromClient::Begin(id()?, payload.to_owned()))
            }
            (Self::Transport, "complete") | (Self::Legacy, "stop") => Ok(FromClient::End(id()?)),
            (Self::Transport, "ping") => Ok(FromClient::Ping),
            (Self::Transport, "pong") => Ok(FromClient::Pong),
            (Self::Legacy, "connection_terminate") => Ok(FromClient::Terminate),
            (_, other) => {
                Err(format!("unknown message type \"{}\"", other.chars().take(40).collect::<String>()))
            }
        }
    }

    /// The answer to `connection_init`.
    pub const ACKNOWLEDGE: &'static str = r#"{"type":"connection_ack"}"#;

    /// A sign of life.
    pub const fn keep_alive(self) -> &'static str {
        match self {
            Self::Transport => r#"{"type":"ping"}"#,
            Self::Legacy => r#"{"type":"ka"}"#,
        }
    }

    /// An answer of an operation.
    pub fn next(self, id: &str, answer: &Response) -> Result<String, serde_json::Error> {
        let kind = match self {
            Self::Transport => "next",
            Self::Legacy => "data",
        };
        message(kind, id, &serde_json::to_string(answer)?)
    }

    /// The refusal of an operation, which ends it.
    pub fn error(self, id: &str, answer: &Response) -> Result<String, serde_json::Error> {
        let errors = match self {
            Self::Transport => serde_json::to_string(&answer.errors)?,
            Self::Legacy => serde_json::to_string(&answer.errors.first())?,
        };
        message("error", id, &errors)
    }

    /// The end of an operation.
    pub fn complete(id: &str) -> Result<String, serde_json::Error> {
        Ok(format!("{{\"type\":\"complete\",\"id\":{}}}", serde_json::to_string(id)?))
    }
}

fn message(kind: &str, id: &str, payload: &str) -> Result<String, serde_json::Error> {
    let id = serde_json::to_string(id)?;
    Ok(format!("{{\"type\":\"{kind}\",\"id\":{id},\"payload\":{payload}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_words() {
        let kind = |protocol: Protocol, text: &str| format!("{:?}", protocol.read(text));
        let begin = r#"{"type":"KIND","id":"1","payload":{"query":"{a}"}}"#;
        assert!(kind(Protocol::Transport, &begin.replace("KIND", "subscribe")).starts_with("Ok(Begin(\"1\""));
        assert!(kind(Protocol::Legacy, &begin.replace("KIND", "start")).starts_with("Ok(Begin(\"1\""));
        assert!(kind(Protocol::Legacy, &begin.replace("KIND", "subscribe")).contains("unknown message type"));
        assert_eq!(kind(Protocol::Legacy, r#"{"type":"connection_terminate"}"#), "Ok(Terminate)");
        assert_eq!(kind(Protocol::Transport, r#"{"type":"connection_init","payload":null}"#), "Ok(Init({}))");
        for bad in [
            "",
            "[]",
            "{}",
            "7",
            r#"{"type":"complete"}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"connection_init","payload":[1]}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
        ] {
            assert!(Protocol::Transport.read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_quoted() {
        assert_eq!(Protocol::complete("a\"b").unwrap(), r#"{"type":"complete","id":"a\"b"}"#);
    }
}
