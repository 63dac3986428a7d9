//! Who sends: keys, headers, browsers, and clients that hang up.

use super::*;

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_change() {
    let world = World::open();
    let body = json!({"query": "mutation { slow_change }"}).to_string();
    tokio::select! {
        _ = world.post(body) => panic!("answered before it was begun"),
        () = world.begun.notified() => {}
    }
    assert_eq!(world.done.load(Ordering::SeqCst), 0);
    world.api.idle().await;
    assert_eq!(world.done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_poll_ends_with_its_client_and_with_the_server() {
    let body = || json!({"query": "mutation { claim_flow_runs }"}).to_string();
    let world = World::open();
    tokio::select! {
        _ = world.post(body()) => panic!("nothing to answer"),
        () = world.begun.notified() => {}
    }
    world.api.idle().await;
    assert_eq!(world.done.load(Ordering::SeqCst), 1);

    let (answer, ()) = tokio::join!(world.post(body()), async {
        world.begun.notified().await;
        world.api.drain();
    });
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "API_ERROR"));
    assert_eq!(world.done.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn keys_are_asked_for_when_the_doors_are_closed() {
    let world = World::new(Doors::Keys, HttpLimits::default());
    let body = r#"{"query":"{ sender }"}"#;
    let with = |authorization: &str| {
        Request::post("/").header("authorization", authorization).body(Body::from(body)).unwrap()
    };
    let none = world.post(body).await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::OK, "UNAUTHENTICATED"));
    let unknown = world.send(with("Bearer sbx_bad")).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::OK, "UNAUTHENTICATED"));
    let malformed = world.send(with("Basic dXNlcg==")).await;
    assert_eq!((malformed.status, malformed.code().as_str()), (StatusCode::OK, "UNAUTHENTICATED"));
    assert!(malformed.text().contains("Malformed Authorization header"));
    assert!(world.send(with("Bearer sbx_good")).await.text().contains(&KEY_TENANT.to_string()));
}

#[tokio::test]
async fn resolvers_learn_who_sends() {
    let world = World::open();
    let id = Uuid::from_u128(9).to_string();
    let request = Request::post("/")
        .header("x-prefect-tenant-id", &id)
        .header("x-prefect-agent-id", &id)
        .header("x-request-id", "mine-1");
    let answer = world.send(request.body(Body::from(r#"{"query":"{ sender }"}"#)).unwrap()).await;
    assert_eq!(answer.text(), format!(r#"{{"data":{{"sender":"{TENANT} Some(TenantId({id})) true"}}}}"#));
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    let request = Request::post("/").header("x-prefect-tenant-id", "7").body(Body::from("{}")).unwrap();
    assert_eq!(world.send(request).await.code(), "INVALID_INPUT");
}

#[tokio::test]
async fn foreign_pages_cannot_use_an_open_server() {
    let world = World::open();
    let request = |method: &str, origin: &str| {
        Request::builder()
            .method(method)
            .uri("/graphql")
            .header("host", "localhost:4200")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-prefect-ui")
            .body(Body::from(r#"{"query":"{ hello }"}"#))
            .unwrap()
    };
    let foreign = world.send(request("POST", "https://evil.example")).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"));
    assert!(!foreign.headers.contains_key("access-control-allow-origin"));
    for origin in ["http://localhost:8080", "https://ui.example.com"] {
        let preflight = world.send(request("OPTIONS", origin)).await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        assert_eq!(preflight.headers["access-control-allow-origin"], origin);
        assert_eq!(preflight.headers["access-control-allow-headers"], "content-type,x-prefect-ui");
        let answer = world.send(request("POST", origin)).await;
        assert_eq!((answer.status, &answer.headers["vary"]), (StatusCode::OK, &"origin".parse().unwrap()));
    }
}
