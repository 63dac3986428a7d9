//! A GraphQL client that shows everything: the status, the data and the errors as they came.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http;

/// Somebody who calls the server; clients differ only by their credential.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    headers: Vec<String>,
}

/// An answer to a GraphQL request.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; JSON `null` when it is not JSON.
    pub body: Value,
}

impl Client {
    /// A client of the server at `address`, with a key or without.
    pub fn new(address: SocketAddr, key: Option<String>) -> Self {
        let headers = key.into_iter().map(|key| format!("Authorization: Bearer {key}")).collect();
        Self { address, headers }
    }

    /// The same client with one more header line, for example `X-PREFECT-AGENT-ID: …`.
    #[must_use]
    pub fn with_header(&self, header: String) -> Self {
        let mut headers = self.headers.clone();
        headers.push(header);
        Self { address: self.address, headers }
    }

    /// The header lines it sends besides the usual ones.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Where it sends to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends an operation, its variables as JSON text as the stock client does.
    pub async fn graphql(&self, document: &str, variables: Value) -> Reply {
        self.post(json!({"query": document, "variables": variables.to_string()}).to_string().as_bytes()).await
    }

    /// Sends any bytes as the body.
    ///
    /// # Panics
    /// When the server closes the connection without an answer.
    pub async fn post(&self, body: &[u8]) -> Reply {
        self.try_post(body).await.expect("the server answers")
    }

    /// Sends any bytes as the body; nothing when no answer came, for example because the server was killed.
    pub async fn try_post(&self, body: &[u8]) -> Option<Reply> {
        let mut connection = http::Connection::try_open(self.address).await?;
        connection.send(&http::post("/graphql", &self.headers, body)).await;
        let answer = connection.receive().await?;
        Some(Reply {
            status: answer.status,
            body: serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        })
    }

    /// Sends an operation and returns its data.
    ///
    /// # Panics
    /// When the answer has errors.
    pub async fn data(&self, document: &str, variables: Value) -> Value {
        self.graphql(document, variables).await.data()
    }

    /// A query without variables.
    ///
    /// # Panics
    /// When the answer has errors.
    pub async fn query(&self, document: &str) -> Value {
        self.data(document, Value::Null).await
    }

    /// Calls a mutation whose one argument is `$input: <name>_input!`.
    pub async fn try_mutate(&self, name: &str, input: Value, selection: &str) -> Reply {
        let document =
            format!("mutation($input: {name}_input!) {{ {name}(input: $input) {{ {selection} }} }}");
        self.graphql(&document, json!({ "input": input })).await
    }

    /// The same, and returns the mutation's payload.
    ///
    /// # Panics
    /// When the answer has errors.
    pub async fn mutate(&self, name: &str, input: Value, selection: &str) -> Value {
        self.try_mutate(name, input, selection).await.data()[name].take()
    }
}

impl Reply {
    /// The data.
    ///
    /// # Panics
    /// When there are errors, or no data.
    pub fn data(mut self) -> Value {
        assert!(
            self.status == 200 && self.body.get("errors").is_none(),
            "unexpected: {} {}",
            self.status,
            self.body
        );
        self.body["data"].take()
    }

    /// The first error's code, if the answer has errors.
    pub fn code(&self) -> Option<&str> {
        self.body["errors"][0]["extensions"]["code"].as_str()
    }

    /// The first error's message; empty without errors.
    pub fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    /// Checks what every refusal must be: no server error, an error with a known code other than INTERNAL, a
    /// message, and a request id to ask about.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_refused(&self) -> &Self {
        assert!(self.status < 500, "a client's mistake was answered {} {}", self.status, self.body);
        let code = self.code().unwrap_or_else(|| panic!("no error code in {} {}", self.status, self.body));
        assert!(!matches!(code, "INTERNAL" | "API_ERROR"), "blamed on the server: {}", self.body);
        assert!(!self.message().is_empty(), "no message: {}", self.body);
        let extensions = &self.body["errors"][0]["extensions"];
        assert!(extensions["request_id"].is_string(), "no request id: {}", self.body);
        assert_eq!(extensions["retryable"], json!(false), "sending it again cannot help: {}", self.body);
        self
    }

    /// Checks that it is a refusal with this code.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_code(&self, code: &str) -> &Self {
        self.assert_refused();
        assert_eq!(self.code(), Some(code), "{}", self.body);
        self
    }
}

/// The `id` of a payload.
///
/// # Panics
/// When there is none.
pub fn id(payload: &Value) -> String {
    payload["id"].as_str().unwrap_or_else(|| panic!("no id in {payload}")).to_owned()
}
