//! Sending one document and reading its answer: headers, keep-alive, retries. Knows no operation.

use std::{error::Error as _, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Backoff, ClientConfig, ClientError, GraphqlError, config::shown};

const USER_AGENT: &str = concat!("signalbox/", env!("CARGO_PKG_VERSION"));
/// A server may ask for patience, not for a standstill.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);
/// How much of an answer that is not GraphQL is repeated in the error.
const EXCERPT_CHARS: usize = 200;

/// A connection pool to one API. Clones share it; cloning is cheap.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    headers: HeaderMap,
    http: reqwest::Client,
}

/// Deviations from the configured behaviour for one call.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestOptions {
    /// Time one attempt may take, instead of [`ClientConfig::timeout`]: long polls need more.
    pub timeout: Option<Duration>,
    /// Retries instead of [`ClientConfig::retries`]; loops that do their own retrying say 0.
    pub retries: Option<u32>,
}

#[derive(Serialize)]
struct Request<'a, V> {
    query: &'a str,
    variables: V,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    errors: Option<Vec<GraphqlError>>,
}

impl Client {
    /// Prepares the pool; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Config`] when the address is not HTTP(S), the key is no header value, or TLS cannot start.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        if !matches!(config.api.scheme(), "http" | "https") || !config.api.has_host() {
            return Err(ClientError::Config(format!(
                "the API address must look like http://127.0.0.1:4200, not {}",
                shown(&config.api)
            )));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &config.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| {
                ClientError::Config("the API key contains characters that cannot be sent".into())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(tenant_id) = config.tenant_id {
            headers.insert("x-prefect-tenant-id", uuid_value(tenant_id));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            // A redirect would turn the POST into a GET; say where the API went instead.
            .redirect(redirect::Policy::none())
            .tcp_keepalive(Duration::from_secs(30))
            .connect_timeout(config.timeout.min(Duration::from_secs(10)));
        if is_loopback(&config.api) {
            // A proxy of the environment cannot reach our own machine.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientError::Config(chain(&error)))?;
        Ok(Self { config: Arc::new(config), headers, http })
    }

    /// The same pool, naming the agent in `X-PREFECT-AGENT-ID` on every request.
    #[must_use]
    pub fn with_agent(mut self, agent_id: Uuid) -> Self {
        self.headers.insert("x-prefect-agent-id", uuid_value(agent_id));
        self
    }

    /// What this client was made with.
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// Sends a document and reads its `data` object as `T`, re-sending on errors that may pass.
    ///
    /// # Errors
    /// The error of the last attempt; see [`ClientError::class`] for what to do about it.
    pub async fn execute<T: DeserializeOwned>(
        &self,
        document: &str,
        variables: impl Serialize,
    ) -> Result<T, ClientError> {
        self.execute_with(document, variables, RequestOptions::default()).await
    }

    /// [`execute`](Self::execute) with another timeout or number of retries.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn execute_with<T: DeserializeOwned>(
        &self,
        document: &str,
        variables: impl Serialize,
        options: RequestOptions,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(&Request { query: document, variables })
            .map(Bytes::from)
            .map_err(ClientError::Encode)?;
        let retries = options.retries.unwrap_or(self.config.retries);
        let timeout = options.timeout.unwrap_or(self.config.timeout);
        let mut backoff = Backoff::default();
        let mut attempt = 0;
        loop {
            let error = match self.attempt(body.clone(), timeout).await {
                Ok(data) => return Ok(data),
                Err(error) => error,
            };
            if attempt >= retries || !error.is_retryable() {
                return Err(error);
            }
            attempt += 1;
            let pause = backoff.next(error.retry_after());
            // The message of an answer can hold user data, so only its code is logged.
            tracing::debug!(
                attempt,
                code = error.code(),
                transport = matches!(error, ClientError::Transport { .. }),
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                "request failed; sending it again"
            );
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt<T: DeserializeOwned>(&self, body: Bytes, timeout: Duration) -> Result<T, ClientError> {
        let response = self
            .http
            .post(self.config.api.clone())
            .headers(self.headers.clone())
            .timeout(timeout)
            .body(body)
            .send()
            .await
            .map_err(|error| self.transport(error))?;
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let location = response.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
        let body = response.bytes().await.map_err(|error| self.transport(error))?;
        let answer = serde_json::from_slice::<Answer>(&body);
        if !status.is_success() {
            return Err(refusal(status, retry_after, location, answer.ok(), &body));
        }
        let answer = answer.map_err(|error| self.decode(&error, "this is not a GraphQL answer"))?;
        match (answer.errors, answer.data) {
            (Some(errors), _) if !errors.is_empty() => Err(ClientError::Graphql(errors)),
            (_, Some(data)) => serde_json::from_str(data.get())
                .map_err(|error| self.decode(&error, "the data does not have the expected shape")),
            (_, None) => Err(ClientError::Decode {
                api: shown(&self.config.api),
                reason: "it has neither data nor errors".into(),
            }),
        }
    }

    fn transport(&self, error: reqwest::Error) -> ClientError {
        let retryable = !(error.is_builder() || error.is_redirect());
        ClientError::Transport {
            api: shown(&self.config.api),
            // The address may carry credentials; it is named above without them.
            reason: chain(&error.without_url()),
            retryable,
        }
    }

    fn decode(&self, error: &serde_json::Error, what: &str) -> ClientError {
        ClientError::Decode { api: shown(&self.config.api), reason: format!("{what} ({error})") }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

fn refusal(
    status: StatusCode,
    retry_after: Option<Duration>,
    location: Option<String>,
    answer: Option<Answer>,
    body: &[u8],
) -> ClientError {
    let first = answer.and_then(|answer| answer.errors).and_then(|errors| errors.into_iter().next());
    let code = first.as_ref().and_then(|error| error.extensions.as_ref()?.code.clone());
    let message = match (first, location) {
        (Some(error), _) => error.message,
        (None, Some(location)) => format!("the API has moved to {location}"),
        (None, None) => {
            let excerpt: String = String::from_utf8_lossy(body).trim().chars().take(EXCERPT_CHARS).collect();
            if excerpt.is_empty() {
                status.canonical_reason().unwrap_or("no reason given").into()
            } else {
                excerpt
            }
        }
    };
    ClientError::Status { status: status.as_u16(), message, code, retry_after }
}

/// `Retry-After` in its seconds form, the only one APIs of this kind send; a date is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

/// An error with all its causes in one line.
fn chain(error: &reqwest::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

fn uuid_value(id: Uuid) -> HeaderValue {
    HeaderValue::from_str(&id.to_string()).expect("hexadecimal digits and hyphens are legal in a header")
}

fn is_loopback(api: &url::Url) -> bool {
    match api.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
