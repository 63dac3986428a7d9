//! GraphQL documents that are wrong, or built to cost more than they may.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Siege, brief};

/// A refusal is worth little if finding it takes the server's time.
const LONGEST_REFUSAL: Duration = Duration::from_secs(5);

async fn refuse_all(siege: &Siege, documents: &[String]) {
    for document in documents {
        let began = Instant::now();
        let reply = siege.scene.client.graphql(document, Value::Null).await;
        assert!(
            reply.code().is_some(),
            "{} was answered {} {}",
            brief(document),
            reply.status,
            brief(&reply.body.to_string())
        );
        reply.assert_refused();
        assert!(began.elapsed() < LONGEST_REFUSAL, "{} took {:?}", brief(document), began.elapsed());
    }
}

#[tokio::test]
async fn documents_that_are_not_graphql_are_refused() {
    let siege = Siege::begin().await;
    let documents = [
        "",
        " ",
        "# only a comment",
        "{",
        "}",
        "{ hello",
        "query",
        "query { }",
        "{ hello } }",
        "{ hello(: 1) }",
        "{ flow(where: { name: { _eq: \"unterminated } }) { id } }",
        "\u{0}",
        "{ hello \u{0} }",
        "{ \u{feff}hello ",
        "{ flow(where: {name: {_eq: \"\\uZZZZ\"}}) { id } }",
        "{ flow(limit: 1.5.2) { id } }",
        "🚂",
        "mutation",
        "fragment f on flow { id }",
        "query a { hello } query b { hello }",
        "query a { hello } query a { hello }",
    ];
    refuse_all(&siege, &documents.map(str::to_owned)).await;
    siege.assert_unharmed("a document that is not GraphQL").await;
}

#[tokio::test]
async fn documents_that_do_not_fit_the_schema_are_refused() {
    let siege = Siege::begin().await;
    let run = siege.before.ids("flow_run").next().expect("the siege has a run");
    let documents = [
        "{ nonsense }",
        "{ flow { nonsense } }",
        "{ flow }",
        "{ hello { world } }",
        "{ flow(nonsense: 1) { id } }",
        "{ flow(where: {nonsense: {_eq: 1}}) { id } }",
        "{ flow(where: {name: {_nonsense: \"x\"}}) { id } }",
        "{ flow(where: 7) { id } }",
        "{ flow(where: {name: {_eq: {}}}) { id } }",
        "{ flow(where: {id: {_eq: \"not a uuid\"}}) { id } }",
        "{ flow(where: {id: {_in: [\"x\", 3]}}) { id } }",
        "{ flow(where: {created: {_gt: \"yesterday\"}}) { id } }",
        "{ flow(where: {version: {_eq: \"one\"}}) { id } }",
        "{ flow(where: {version: {_eq: 99999999999999999999}}) { id } }",
        "{ flow(order_by: {name: sideways}) { id } }",
        "{ flow(order_by: {nonsense: asc}) { id } }",
        "{ flow(limit: -1) { id } }",
        "{ flow(limit: \"x\") { id } }",
        "{ flow(offset: -1) { id } }",
        "{ flow(distinct_on: nonsense) { id } }",
        "{ flow_by_pk { id } }",
        "{ flow_by_pk(id: \"x\") { id } }",
        "{ flow_by_pk(id: null) { id } }",
        "query($x: nonsense!) { flow(limit: $x) { id } }",
        "{ flow(limit: $undeclared) { id } }",
        "{ flow @nonsense { id } }",
        "{ flow { ...nowhere } }",
        "{ ... on flow { id } }",
        "mutation { nonsense { id } }",
        "mutation { create_project { id } }",
        "mutation { create_project(input: {}) { id } }",
        "mutation { create_project(input: {name: 7, tenant_id: \"x\"}) { id } }",
        "mutation { create_flow_run(input: {nonsense: 1}) { id } }",
        "subscription { nonsense }",
    ];
    let mut documents: Vec<String> = documents.map(str::to_owned).into();
    documents.push(format!(
        "mutation {{ cancel_flow_run(input: {{flow_run_id: \"{run}\", nonsense: 1}}) {{ state }} }}"
    ));
    documents
        .push(format!("mutation {{ delete_flow_run(input: {{flow_run_id: \"{run}\"}}) {{ nonsense }} }}"));
    refuse_all(&siege, &documents).await;
    siege.assert_unharmed("a document that does not fit").await;
}

#[tokio::test]
async fn variables_that_do_not_fit_are_refused() {
    let siege = Siege::begin().await;
    let document = "query($id: UUID!, $n: Int) { flow_by_pk(id: $id) { id } flow(limit: $n) { id } }";
    let wrong = [
        json!({}),
        json!({"id": null}),
        json!({"id": 7}),
        json!({"id": "x"}),
        json!({"id": {"a": []}}),
        json!({"id": siege.scene.flow_id, "n": "many"}),
        json!({"id": siege.scene.flow_id, "n": 1e300}),
        json!({"id": siege.scene.flow_id, "n": [1, 2]}),
    ];
    for variables in wrong {
        let reply = siege.scene.client.graphql(document, variables.clone()).await;
        assert!(reply.code().is_some(), "{variables} was answered {}", reply.body);
        reply.assert_refused();
    }
    siege.assert_unharmed("wrong variables").await;
}

#[tokio::test]
async fn documents_that_cost_too_much_are_refused() {
    let siege = Siege::begin().await;
    let nested = "{ flow { flow_runs ".repeat(200) + "{ id }" + &" } }".repeat(200);
    let aliases = |field: &str| {
        let fields: Vec<String> = (0..10_000).map(|number| format!("a{number}: {field}")).collect();
        format!("{{ {} }}", fields.join(" "))
    };
    let doubling: Vec<String> =
        (0..30).map(|level| format!("fragment f{level} on Query {{ ...f{0} ...f{0} }}", level + 1)).collect();
    let wide: String =
        (0..5_000).map(|number| format!("{{name: {{_eq: \"{number}\"}}}}")).collect::<Vec<_>>().join(",");
    let documents = [
        nested,
        aliases("hello"),
        aliases("flow_run { id }"),
        aliases("flow_aggregate { aggregate { count } }"),
        format!("{{ {} }}", "hello ".repeat(100_000)),
        format!("{{ hello {} }}", "@include(if: true) ".repeat(50_000)),
        format!("{{ ...f0 }} {} fragment f30 on Query {{ hello }}", doubling.join(" ")),
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(),
        "{".repeat(100_000),
        format!("{{ flow(where: {}) {{ id }} }}", "{_not: ".repeat(50_000)),
        format!(
            "{{ flow(where: {}{}) {{ id }} }}",
            "{_not: ".repeat(500),
            "{}".to_owned() + &"}".repeat(500)
        ),
        format!("{{ flow(limit: {}1{}) {{ id }} }}", "[".repeat(50_000), "]".repeat(50_000)),
        format!(
            "query({}) {{ hello }}",
            (0..20_000).map(|number| format!("$v{number}: Int ")).collect::<Vec<_>>().concat()
        ),
        format!("{{ flow(where: {{_or: [{wide}]}}) {{ id }} }} {}", " ".repeat(3_000_000)),
    ];
    refuse_all(&siege, &documents).await;
    siege.assert_unharmed("an expensive document").await;
}

#[tokio::test]
async fn a_page_without_end_has_one() {
    let siege = Siege::begin().await;
    for document in [
        "{ flow(limit: 2147483647) { id } }",
        "{ flow(offset: 2147483647) { id } }",
        "{ flow(limit: 0) { id } }",
    ] {
        let reply = siege.scene.client.graphql(document, Value::Null).await;
        super::assert_no_server_error(&reply, document);
    }
}
