//! The transport against a real HTTP server that answers from a script.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use signalbox_client::{Class, Client, ClientConfig, ClientError, RequestOptions};
use uuid::Uuid;

/// What the server answers next.
#[derive(Clone)]
enum Step {
    Answer(StatusCode, &'static [(&'static str, &'static str)], String),
    /// No answer for longer than the client waits.
    Silence,
}

#[derive(Clone, Default)]
struct Server {
    script: Arc<Mutex<VecDeque<Step>>>,
    seen: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

impl Server {
    async fn start(script: impl IntoIterator<Item = Step>) -> (Self, ClientConfig) {
        let server = Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() };
        let app = Router::new().route("/", post(Self::answer)).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (server, ClientConfig::new(api))
    }

    async fn answer(State(server): State<Self>, headers: HeaderMap, body: Bytes) -> Response {
        server.seen.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
        let step = server.script.lock().unwrap().pop_front().expect("the script covers every request");
        match step {
            Step::Answer(status, headers, body) => {
                let mut response = (status, body).into_response();
                for (name, value) in headers {
                    response.headers_mut().insert(*name, value.parse().unwrap());
                }
                response
            }
            Step::Silence => std::future::pending().await,
        }
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn ok(data: &Value) -> Step {
    Step::Answer(StatusCode::OK, &[], json!({ "data": data }).to_string())
}

fn refused(code: &str) -> Step {
    let error = json!({"message": format!("refused: {code}"), "extensions": {"code": code}});
    Step::Answer(StatusCode::OK, &[], json!({"data": null, "errors": [error]}).to_string())
}

fn status(status: u16) -> Step {
    Step::Answer(StatusCode::from_u16(status).unwrap(), &[], String::new())
}

async fn hello(client: &Client) -> Result<Value, ClientError> {
    client.execute("query { hello }", Value::Null).await
}

#[tokio::test]
async fn a_request_carries_what_the_server_needs_to_know() {
    let (server, mut config) = Server::start([ok(&json!({"n": 1}))]).await;
    config.key = Some("sbx_key".into());
    config.tenant_id = Some(Uuid::from_u128(7));
    let client = Client::new(config).unwrap().with_agent(Uuid::from_u128(9));
    let data: Value = client.execute("query($a: Int) { n }", json!({"a": 1})).await.unwrap();
    assert_eq!(data, json!({"n": 1}));
    let (headers, body) = server.seen.lock().unwrap()[0].clone();
    assert_eq!(body, json!({"query": "query($a: Int) { n }", "variables": {"a": 1}}));
    for (name, value) in [
        ("authorization", "Bearer sbx_key".to_owned()),
        ("x-prefect-tenant-id", Uuid::from_u128(7).to_string()),
        ("x-prefect-agent-id", Uuid::from_u128(9).to_string()),
        ("user-agent", format!("signalbox/{}", env!("CARGO_PKG_VERSION"))),
        ("content-type", "application/json".to_owned()),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert!(!format!("{client:?}").contains("sbx_key"));
}

#[tokio::test]
async fn errors_that_may_pass_are_sent_again() {
    let script = [status(503), refused("API_ERROR"), status(502), ok(&json!("hi"))];
    let (server, config) = Server::start(script).await;
    assert_eq!(hello(&Client::new(config).unwrap()).await.unwrap(), "hi");
    assert_eq!(server.requests(), 4);
    let seen = server.seen.lock().unwrap();
    assert!(seen.iter().all(|(_, body)| *body == seen[0].1), "every attempt says the same");
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (step, code, class) in [
        (refused("NOT_FOUND"), "NOT_FOUND", Class::Fatal),
        (refused("LEASE_LOST"), "LEASE_LOST", Class::LeaseLost),
    ] {
        let (server, config) = Server::start([step]).await;
        let error = hello(&Client::new(config).unwrap()).await.unwrap_err();
        assert_eq!((error.code(), error.class()), (Some(code), class));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn retries_end_and_the_last_error_is_told() {
    let (server, mut config) = Server::start([status(503), status(503), status(504)]).await;
    config.retries = 2;
    let error = hello(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(matches!(error, ClientError::Status { status: 504, .. }), "{error}");
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn the_servers_wish_to_wait_is_honoured() {
    let busy = Step::Answer(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "1")], String::new());
    let (_server, config) = Server::start([busy, ok(&json!("hi"))]).await;
    let begun = Instant::now();
    hello(&Client::new(config).unwrap()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_asked_again() {
    let (server, mut config) = Server::start([Step::Silence, ok(&json!("hi"))]).await;
    config.timeout = Duration::from_millis(300);
    assert_eq!(hello(&Client::new(config).unwrap()).await.unwrap(), "hi");
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn one_call_may_wait_longer_and_not_retry() {
    let (server, mut config) = Server::start([Step::Silence]).await;
    config.timeout = Duration::from_mins(1);
    let client = Client::new(config).unwrap();
    let options = RequestOptions { timeout: Some(Duration::from_millis(100)), retries: Some(0) };
    let error = client.execute_with::<Value>("query { hello }", Value::Null, options).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("could not be reached"), "{error}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn nobody_listening_is_retryable_and_named_without_credentials() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut config = ClientConfig::new(format!("http://u:pw@127.0.0.1:{port}").parse().unwrap());
    config.key = Some("sbx_key".into());
    config.retries = 0;
    let error = hello(&Client::new(config).unwrap()).await.unwrap_err();
    assert!(error.is_retryable());
    let text = format!("{error} {error:?}");
    assert!(text.contains(&port.to_string()) && !text.contains("pw") && !text.contains("sbx_key"), "{text}");
}

#[tokio::test]
async fn answers_that_are_not_graphql_are_explained() {
    let page = "<html>nginx</html>";
    for (step, expected) in [
        (Step::Answer(StatusCode::OK, &[], page.into()), "not a GraphQL answer"),
        (Step::Answer(StatusCode::OK, &[], "{}".into()), "neither data nor errors"),
        (Step::Answer(StatusCode::FORBIDDEN, &[], page.into()), "HTTP 403: <html>nginx"),
        (
            Step::Answer(StatusCode::MOVED_PERMANENTLY, &[("location", "https://other")], String::new()),
            "https://other",
        ),
    ] {
        let (server, config) = Server::start([step]).await;
        let error = hello(&Client::new(config).unwrap()).await.unwrap_err();
        assert!(!error.is_retryable() && error.to_string().contains(expected), "{error}");
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn what_cannot_be_an_api_is_refused_at_once() {
    let mut config = ClientConfig::new("ftp://files".parse().unwrap());
    assert!(matches!(Client::new(config.clone()), Err(ClientError::Config(_))));
    config.api = "http://127.0.0.1".parse().unwrap();
    config.key = Some("two\nlines".into());
    let error = Client::new(config).unwrap_err();
    assert!(!error.to_string().contains("lines"), "{error}");
}
