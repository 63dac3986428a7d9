//! Lets callers call, all at once, and counts what comes back within a window of time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Caller, Callers};
use crate::http::Connection;
use crate::latency::Latencies;
use crate::server;

/// How a caller reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A new connection for each request, as the stock client opens.
    Connect,
    /// One connection for each caller.
    KeepAlive,
}

/// What was seen within the window.
#[derive(Debug)]
pub struct Observed {
    /// Requests answered well.
    pub requests: usize,
    /// The length of the window, in seconds.
    pub seconds: f64,
    /// How long the requests took.
    pub latencies: Latencies,
    /// CPU time of the server within the window, in seconds; unknown without its process id.
    pub server_cpu: Option<f64>,
    /// CPU time of this program within the window, in seconds.
    pub own_cpu: f64,
    /// The server's memory at the window's end, in megabytes.
    pub memory: Option<f64>,
    /// How many requests failed, and what the first of them got.
    pub failures: Option<(usize, String)>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Calls before this has passed are not counted.
    pub warm_up: Duration,
    /// Calls answered within this time are.
    pub measured: Duration,
}

const MEASURING: u8 = 1;
const STOPPED: u8 = 2;

/// What callers and the clock tell each other.
#[derive(Debug, Default)]
struct Baton {
    /// Zero while warming up, then [`MEASURING`], then [`STOPPED`].
    phase: AtomicU8,
    /// Woken when the first caller has used up what was prepared for it.
    used_up: Notify,
}

#[derive(Debug, Default)]
struct Tally {
    latencies: Latencies,
    failed: usize,
    first_failure: Option<String>,
}

/// Runs the callers through the window.
pub async fn measure(
    target: SocketAddr,
    callers: Callers,
    transport: Transport,
    window: Window,
    pid: Option<u32>,
) -> Result<Observed> {
    let baton = Arc::new(Baton::default());
    let mut running = start(target, callers, transport, &baton);
    wait(window.warm_up, &baton).await;
    let cpu_before = pid.map(server::cpu_seconds).transpose()?;
    let own_before = server::cpu_seconds(std::process::id())?;
    baton.phase.store(MEASURING, Ordering::Relaxed);
    let began = Instant::now();
    wait(window.measured, &baton).await;
    baton.phase.store(STOPPED, Ordering::Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    let server_cpu =
        pid.map(server::cpu_seconds).transpose()?.zip(cpu_before).map(|(after, before)| after - before);
    let own_cpu = server::cpu_seconds(std::process::id())? - own_before;
    let memory = pid.map(server::resident_megabytes).transpose()?;
    let total = collect(&mut running).await?;
    Ok(Observed {
        requests: total.latencies.len(),
        seconds,
        latencies: total.latencies,
        server_cpu,
        own_cpu,
        memory,
        failures: total.first_failure.map(|first| (total.failed, first)),
    })
}

/// Runs the callers until each has nothing more to send; used to prepare, so any failure is an error.
pub async fn exhaust(target: SocketAddr, callers: Callers) -> Result<()> {
    let mut running = start(target, callers, Transport::KeepAlive, &Arc::new(Baton::default()));
    match collect(&mut running).await?.first_failure {
        Some(failure) => anyhow::bail!("preparing failed: {failure}"),
        None => Ok(()),
    }
}

fn start(target: SocketAddr, callers: Callers, transport: Transport, baton: &Arc<Baton>) -> JoinSet<Tally> {
    let mut running = JoinSet::new();
    for caller in callers {
        running.spawn(call(target, caller, transport, Arc::clone(baton)));
    }
    running
}

async fn wait(time: Duration, baton: &Baton) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = baton.used_up.notified() => {}
    }
}

async fn collect(running: &mut JoinSet<Tally>) -> Result<Tally> {
    let mut total = Tally::default();
    while let Some(ended) = running.join_next().await {
        let tally = ended.context("a caller broke off")?;
        total.latencies.absorb(tally.latencies);
        total.failed += tally.failed;
        total.first_failure = total.first_failure.or(tally.first_failure);
    }
    Ok(total)
}

async fn call(
    target: SocketAddr,
    mut caller: Box<dyn Caller>,
    transport: Transport,
    baton: Arc<Baton>,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = Connection::to(target);
    while baton.phase.load(Ordering::Relaxed) != STOPPED {
        let began = Instant::now();
        let Some(request) = caller.next() else {
            baton.used_up.notify_one();
            break;
        };
        let failure = match connection.exchange(request).await {
            Ok(answer) if answer.is_success() && caller.accepts(&answer) => None,
            Ok(answer) => Some(format!("{} {}", answer.status, String::from_utf8_lossy(answer.body))),
            Err(error) => Some(format!("{error:#}")),
        };
        match failure {
            None if baton.phase.load(Ordering::Relaxed) == MEASURING => {
                tally.latencies.record(began.elapsed());
            }
            None => {}
            Some(failure) => {
                tally.failed += 1;
                tally.first_failure.get_or_insert(failure);
            }
        }
        if transport == Transport::Connect {
            connection.close();
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Answer, Request};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    struct Times(usize, Request);

    impl Caller for Times {
        fn next(&mut self) -> Option<&[u8]> {
            self.0 = self.0.checked_sub(1)?;
            Some(self.1.bytes())
        }

        fn accepts(&self, answer: &Answer<'_>) -> bool {
            answer.has("good")
        }
    }

    /// A server that answers each connection's first request with this body.
    async fn serve(body: &'static str) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + body).as_bytes()).await;
            }
        });
        address
    }

    async fn observe(body: &'static str) -> Observed {
        let target = serve(body).await;
        let request = Request::graphql(target, &[], "query { x }", &serde_json::Value::Null);
        let callers: Callers = vec![Box::new(Times(50, request))];
        let window = Window { warm_up: Duration::ZERO, measured: Duration::from_secs(30) };
        measure(target, callers, Transport::Connect, window, Some(std::process::id())).await.unwrap()
    }

    #[tokio::test]
    async fn good_answers_are_counted_until_the_supply_ends() {
        let observed = observe(r#"{"data":{"x":"good"}}"#).await;
        assert!(observed.requests > 0 && observed.requests <= 50);
        assert!(observed.failures.is_none() && observed.seconds < 30.0);
    }

    #[tokio::test]
    async fn answers_that_do_not_say_what_they_should_are_failures() {
        assert_eq!(observe(r#"{"data":{"x":"bad"}}"#).await.failures.map(|(count, _)| count), Some(50));
        let (count, first) =
            observe(r#"{"data":null,"errors":[{"message":"good"}]}"#).await.failures.unwrap();
        assert_eq!(count, 50);
        assert!(first.contains("errors"));
    }
}
