//! Bodies, paths, methods: everything that HTTP can do wrong.

use super::*;

#[tokio::test]
async fn what_is_no_graphql_request_is_a_400() {
    let world = World::open();
    for body in [&b""[..], b"hello", b"{}", b"[]", b"[1]", b"{\"query\": \"\xff\"}", b"null"] {
        let answer = world.post(body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            "{body:?}"
        );
    }
    let answer = world.post("[".repeat(1_000_000)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_are_bounded_also_when_packed() {
    let world = World::new(Doors::Open, HttpLimits { body_bytes: 1 << 20, ..HttpLimits::default() });
    let request = |encoding: &str, body: Vec<u8>| {
        Request::post("/graphql").header("content-encoding", encoding).body(Body::from(body)).unwrap()
    };
    let hello = br#"{"query":"{ hello }"}"#;
    assert_eq!(world.send(request("gzip", zip(hello))).await.text(), r#"{"data":{"hello":"👋"}}"#);
    let bomb = world.send(request("gzip", zip(&vec![b' '; 100 << 20]))).await;
    assert_eq!((bomb.status, bomb.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    let truncated = world.send(request("gzip", zip(hello)[..20].to_vec())).await;
    assert_eq!(truncated.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.send(request("br", hello.to_vec())).await.status, StatusCode::BAD_REQUEST);

    let large = world.post(vec![b' '; (1 << 20) + 1]).await;
    assert_eq!((large.status, large.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    assert!(!large.headers.contains_key("retry-after"));
    let announced = Request::post("/").header("content-length", "1000000000").body(Body::empty()).unwrap();
    assert_eq!(world.send(announced).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let limits = HttpLimits { body_timeout: Duration::from_millis(5), ..HttpLimits::default() };
    let stalled = Body::from_stream(futures_util::stream::pending::<std::io::Result<bytes::Bytes>>());
    assert_eq!(World::new(Doors::Open, limits).post(stalled).await.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn large_answers_are_packed_for_those_who_read_it() {
    let world = World::open();
    let request = |accepts: &str, length: usize| {
        let body = json!({"query": format!("{{ text(length: {length}) }}")}).to_string();
        Request::post("/").header("accept-encoding", accepts).body(Body::from(body)).unwrap()
    };
    let packed = world.send(request("gzip, deflate", 100_000)).await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert!(packed.body.len() < 5_000);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text.len(), 100_000 + r#"{"data":{"text":""}}"#.len());
    for (accepts, length) in [("gzip", 1_000), ("deflate", 100_000), ("gzip;q=0", 100_000)] {
        assert!(
            !world.send(request(accepts, length)).await.headers.contains_key("content-encoding"),
            "{accepts}"
        );
    }
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_refused_in_json() {
    let world = World::open();
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(world.send(get("/nope")).await.code(), "NOT_FOUND");
    let wrong = world.send(get("/graphql")).await;
    assert_eq!(
        (wrong.status, &wrong.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    let page = world.send(get("/")).await;
    assert!(
        page.text().contains("Signalbox") && page.headers["content-type"].to_str().unwrap().contains("html")
    );
    assert_snapshot!(world.send(get("/healthz")).await.text(), @r#"{"status":"ok","version":"0.1.0"}"#);
}

#[tokio::test]
async fn a_server_that_drains_is_not_ready_and_sends_new_requests_away() {
    let world = World::open();
    let ready = || Request::get("/readyz").body(Body::empty()).unwrap();
    assert_snapshot!(world.send(ready()).await.text(), @r#"{"status":"ready","checks":{"accepting":"ok","database":"ok","hints":"local"}}"#);
    world.api.announce_drain();
    let answer = world.send(ready()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(answer.text(), @r#"{"status":"not ready","checks":{"accepting":"draining","database":"ok","hints":"local"}}"#);
    assert_eq!(world.graphql("{ hello }", "null").await.status, StatusCode::OK);
    world.api.drain();
    let refused = world.graphql("{ hello }", "null").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "API_ERROR"));
    assert_eq!(
        (&refused.headers["retry-after"], &refused.headers["connection"]),
        (&"2".parse().unwrap(), &"close".parse().unwrap())
    );
}
