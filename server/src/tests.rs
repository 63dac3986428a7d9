//! The whole server over real sockets and a real database file.

use crate::{Config, Overrides, Running, StartError, start};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const KEY: &str = "sbx_0123456789abcdefghijklmnopqrstuv";
const HELLO: &str = r#"{"query":"query { hello }","variables":"null"}"#;

fn overrides(folder: &Path, host: &str) -> Overrides {
    // An empty file, so that the working directory's own settings do not count.
    let file = folder.join("none.toml");
    fs::write(&file, "drain_seconds = 5\n").unwrap();
    Overrides {
        config: Some(file),
        host: Some(host.to_owned()),
        port: Some(0),
        data_dir: Some(folder.join("data")),
        ..Overrides::default()
    }
}

fn config(folder: &Path, host: &str) -> Config {
    Config::load(&overrides(folder, host)).unwrap()
}

async fn running(folder: &TempDir) -> Running {
    start(config(folder.path(), "127.0.0.1")).await.unwrap()
}

/// Sends bytes on a new connection and returns all that comes back until the server closes it.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may refuse and close before everything is written.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ =
        timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("an answer in time");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn post(address: SocketAddr, headers: &str, body: &str) -> String {
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    exchange(address, request.as_bytes()).await
}

async fn get(address: SocketAddr, path: &str) -> String {
    exchange(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_installation_answers_and_keeps_its_data_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = running(&folder).await;
    let address = server.address();
    assert!(post(address, "", HELLO).await.contains(r#"{"data":{"hello":"#));
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200 OK"));
    assert!(get(address, "/healthz").await.contains(r#""status":"ok""#));
    let mode = fs::metadata(folder.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    // The same file again.
    running(&folder).await.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_requests_on_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = running(&folder).await;
    let address = server.address();
    let one = format!(
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{HELLO}",
        HELLO.len()
    );
    let last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let answer = exchange(address, format!("{one}{one}{last}").as_bytes()).await;
    assert_eq!(answer.matches(r#"{"data":{"hello":"#).count(), 3);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_is_refused_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = running(&folder).await;
    let address = server.address();
    let head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n";
    let answer = exchange(address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");

    // A client that sends everything before it reads gets its answer, too.
    let length = 17 << 20;
    let mut request =
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    request.resize(request.len() + length, b' ');
    let answer = exchange(address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{}", &answer[..answer.len().min(200)]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_refused_by_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = running(&folder).await;
    let address = server.address();
    assert!(
        exchange(address, b"\x16\x03\x01\x02\x00\x01\x00 TLS here\r\n\r\n").await.starts_with("HTTP/1.1 400")
    );
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(64 << 10));
    assert!(exchange(address, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let foreign = "POST / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert!(exchange(address, foreign.as_bytes()).await.starts_with("HTTP/1.1 403"));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_idle_connections_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = running(&folder).await;
    let idle = TcpStream::connect(server.address()).await.unwrap();
    let begun = Instant::now();
    server.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "an idle connection held the shutdown up");
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_network_keys_are_needed_and_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    let refused = start(config(folder.path(), "0.0.0.0")).await.unwrap_err();
    assert!(matches!(refused, StartError::NoKeys(_)));
    assert!(refused.to_string().contains("--bootstrap-admin-key-file"));

    let file = folder.path().join("key");
    fs::write(&file, KEY).unwrap();
    let with_key = Overrides { bootstrap_admin_key_file: Some(file), ..overrides(folder.path(), "0.0.0.0") };
    // Twice: the second start finds the key. Then without the file: the key is still there.
    for round in [with_key.clone(), with_key, overrides(folder.path(), "0.0.0.0")] {
        let server = start(Config::load(&round).unwrap()).await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.address().port()));
        assert!(post(address, "", HELLO).await.contains("UNAUTHENTICATED"));
        assert!(
            post(address, "Authorization: Bearer sbx_wrong\r\n", HELLO).await.contains("UNAUTHENTICATED")
        );
        let answer = post(address, &format!("Authorization: Bearer {KEY}\r\n"), HELLO).await;
        assert!(answer.contains(r#"{"data":{"hello":"#), "{answer}");
        server.shutdown().await;
    }

    let folder = tempfile::tempdir().unwrap();
    let open = Overrides { insecure_no_auth: Some(true), ..overrides(folder.path(), "0.0.0.0") };
    let server = start(Config::load(&open).unwrap()).await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.address().port()));
    assert!(post(address, "", HELLO).await.contains(r#"{"data":{"hello":"#));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_prevents_a_start_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = running(&folder).await;
    let taken = Config { port: server.address().port(), ..config(folder.path(), "127.0.0.1") };
    assert!(start(taken).await.unwrap_err().to_string().contains("cannot listen on 127.0.0.1:"));
    server.shutdown().await;

    let elsewhere = Overrides {
        database_url: Some(format!("sqlite://{}/no/such/folder/a.db", folder.path().display())),
        ..overrides(folder.path(), "127.0.0.1")
    };
    let error = start(Config::load(&elsewhere).unwrap()).await.unwrap_err();
    assert!(matches!(error, StartError::NoFolder(_)), "{error}");

    let file = folder.path().join("text.db");
    fs::write(&file, "this is not a database, whatever its name says").unwrap();
    let wrong = Overrides {
        database_url: Some(format!("sqlite://{}", file.display())),
        ..overrides(folder.path(), "127.0.0.1")
    };
    assert!(matches!(start(Config::load(&wrong).unwrap()).await.unwrap_err(), StartError::Database(_)));
}
