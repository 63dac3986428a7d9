//! Limits that are checked before anything is executed, and what they cost.

use super::*;
use crate::transport::TenantLimits;
use signalbox_core::query::ReadLimits;

fn within(read: ReadLimits) -> World {
    World::new(Doors::Open, HttpLimits { read, ..HttpLimits::default() })
}

async fn message(world: &World, document: &str, variables: &Value) -> String {
    let body = json!({"query": document, "variables": variables}).to_string();
    let answer: Value = serde_json::from_slice(&world.post(body).await.body).unwrap();
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "LIMIT_REACHED", "{document}: {answer}");
    error["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_price_is_refused_before_the_schema_is_asked() {
    // The toy schema has no tables, so that whatever is executed says so.
    let world = within(ReadLimits { max_cost: 1_000, ..ReadLimits::default() });
    assert_snapshot!(
        message(&world, "{ flow_run(limit: 51) { id task_runs(limit: 10) { id name } } }", &json!(null)).await,
        @"the operation may answer with 1122 values (rows times fields, about 561 rows); 1000 are allowed (max_query_cost); set a smaller limit on its lists, the nested ones first, or select fewer fields"
    );
    let paged = "query($n: Int = 400, $all: Boolean = true) { flow_run(limit: $n) { id ... @include(if: $all) { name flow { id } } } }";
    assert!(message(&world, paged, &json!(null)).await.contains("1600 values"));
    for variables in [json!({"n": 3}), json!({"all": false, "n": 1_000})] {
        let body = json!({"query": paged, "variables": variables}).to_string();
        assert_eq!(world.post(body).await.code(), "GRAPHQL_VALIDATION_FAILED", "{variables}");
    }
    let twice = "{ a: log(limit: 600) { id } b: log(limit: 600) { ...f } } fragment f on log { id }";
    assert!(message(&world, twice, &json!(null)).await.contains("1200 values"));
}

#[tokio::test]
async fn introspection_has_a_price_and_can_be_turned_off() {
    let world = World::open();
    let nested = "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }";
    assert!(message(&world, nested, &json!(null)).await.contains("max_query_cost"));
    let answer = world.graphql("{ __schema { types { name } } }", "null").await;
    assert!(answer.text().starts_with(r#"{"data":{"__schema""#), "{}", answer.text());
    let closed = World::new(Doors::Open, HttpLimits { introspection: false, ..HttpLimits::default() });
    for document in [
        "{ __schema { types { name } } }",
        "{ ...f } fragment f on Query { t: __type(name: \"Q\") { name } }",
    ] {
        let answer = closed.graphql(document, "null").await;
        assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
        assert!(answer.text().contains("introspection is turned off"), "{}", answer.text());
    }
    assert_eq!(closed.graphql("{ __typename }", "null").await.text(), r#"{"data":{"__typename":"Query"}}"#);
}

#[tokio::test]
async fn the_cost_is_told_to_those_who_ask() {
    let world = World::open();
    let ask = async |extensions: Value| {
        let body = json!({"query": "{ a: hello b: hello }", "extensions": extensions}).to_string();
        world.post(body).await.text().to_owned()
    };
    assert_snapshot!(ask(json!({"cost": true})).await, @r#"{"data":{"a":"👋","b":"👋"},"extensions":{"cost":{"cost":2,"allowed":5000000,"rows":0,"statements":0,"depth":1,"breadth":2,"fields":2,"aliases":2}}}"#);
    for quiet in [
        json!({"cost": false}),
        json!({"cost": "yes"}),
        json!([1]),
        json!(null),
        json!({"persistedQuery": {}}),
    ] {
        assert_eq!(ask(quiet).await, r#"{"data":{"a":"👋","b":"👋"}}"#);
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order_and_bounded() {
    let world = World::new(Doors::Open, HttpLimits { batch: 4, ..HttpLimits::default() });
    let operations = json!([{"query": "{ slow }"}, {"query": "{ nope }"}, {"query": "{"}, {"query": "{ hello }", "extensions": {"cost": true}}]);
    let answer: Value = serde_json::from_slice(&world.post(operations.to_string()).await.body).unwrap();
    assert_eq!(answer[0], json!({"data": {"slow": 1}}));
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(answer[2]["errors"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
    assert_eq!(answer[3]["data"], json!({"hello": "👋"}));
    assert_eq!(answer[3]["extensions"]["cost"]["cost"], 1);
    let many = json!(vec![json!({"query": "{ hello }"}); 5]).to_string();
    let refused = world.post(many).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::BAD_REQUEST, "LIMIT_REACHED"));
    assert!(refused.text().contains("max_batch_operations"));
}

#[tokio::test]
async fn a_tenant_with_too_many_requests_is_asked_to_come_back() {
    let tenant = TenantLimits { connections: 2, operations: 1, patience: Duration::from_millis(200) };
    let world = World::new(Doors::Open, HttpLimits { tenant, ..HttpLimits::default() });
    let poll = json!({"query": "mutation { claim_flow_runs }"}).to_string();
    let change = json!({"query": "mutation { slow_change }"}).to_string();
    // A poll holds a connection, and no turn.
    let waiting = tokio::spawn({
        let request = Request::post("/").body(Body::from(poll)).unwrap();
        world.api.router().oneshot(request)
    });
    world.begun.notified().await;
    assert_eq!(world.post(change.clone()).await.text(), r#"{"data":{"slow_change":0}}"#);
    let begun = tokio::spawn({
        let request = Request::post("/").body(Body::from(change)).unwrap();
        world.api.router().oneshot(request)
    });
    world.begun.notified().await;
    world.begun.notified().await;
    let crowded = world.graphql("{ hello }", "null").await;
    assert_eq!(
        (crowded.status, crowded.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS")
    );
    assert_eq!(crowded.headers["retry-after"], "1");
    assert!(
        crowded.text().contains("max_tenant_connections") && crowded.text().contains(r#""retryable":true"#)
    );
    // Another tenant does not notice.
    let other = Request::post("/").header("x-prefect-tenant-id", Uuid::from_u128(9).to_string());
    let answer = world.send(other.body(Body::from(json!({"query": "{ hello }"}).to_string())).unwrap()).await;
    assert_eq!(answer.text(), r#"{"data":{"hello":"👋"}}"#);
    begun.await.unwrap().unwrap();
    waiting.abort();
}
