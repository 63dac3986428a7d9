//! Who may see and do what, over every root field the schema has: a tenant never reaches another's rows, a bad key
//! opens nothing, a viewer changes nothing. The universe is taken from the running server, so a new field is tested
//! on the day it appears, or fails here.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::dump::Dump;
use signalbox_tests::furnishing::Furnished;
use signalbox_tests::introspection::{Field, Samples, Schema};
use signalbox_tests::{Client, TestServer, scene};

use crate::uncovered::assert_list_is;

const UNCOVERED: &str = include_str!("authz_uncovered.txt");
/// Mutations that answer success although they know none of the rows they were given.
const QUIET: [&str; 3] = ["write_run_logs", "update_flow_run_heartbeat", "release_flow_runs"];

/// Two tenants on one server. Everything is tried as `stranger` upon what is `owner`'s.
struct Neighbours {
    server: TestServer,
    schema: Schema,
    owner: Furnished,
    stranger: Client,
    stranger_tenant: String,
}

impl Neighbours {
    async fn move_in() -> Self {
        let server = TestServer::start();
        let schema = Schema::of(&server.client()).await;
        let owner = Furnished::tenant(&server.client(), &schema, "owner").await;
        let (stranger_tenant, stranger) = scene::tenant(&server.client(), "stranger").await;
        Self { server, schema, owner, stranger, stranger_tenant }
    }

    async fn owned(&self) -> Dump {
        Dump::of(&self.owner.admin, &self.schema).await
    }
}

/// Whether an answer holds any of the ids, other than in its error messages.
fn mentions<'a>(data: &Value, ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let text = data.to_string();
    ids.filter(|id| text.contains(*id)).map(str::to_owned).next()
}

#[tokio::test]
async fn a_table_shows_no_rows_of_another_tenant() {
    let home = Neighbours::move_in().await;
    let owned = home.owned().await;
    let mut uncovered = BTreeSet::new();
    for table in home.schema.tables() {
        let ids: Vec<&str> = owned.ids(&table.name).collect();
        if ids.is_empty() {
            uncovered.insert(format!("table {}", table.name));
            continue;
        }
        let columns = home.schema.columns(table.base()).join(" ");
        let name = &table.name;
        let all = home.stranger.query(&format!("{{ {name} {{ {columns} }} }}")).await;
        assert_eq!(mentions(&all, owned.all_ids()), None, "{name} shows rows of another tenant");
        let filter = table.args.iter().find(|arg| arg.name == "where").expect("a table has a filter").base();
        let document = format!("query($w: {filter}) {{ {name}(where: $w) {{ id }} }}");
        let any = json!({"w": {"_or": [{"id": {"_in": ids}}, {"_not": {"id": {"_in": ids}}}]}});
        let asked = home.stranger.data(&document, any).await;
        assert_eq!(
            mentions(&asked, ids.iter().copied()),
            None,
            "{name} shows rows that were asked for by id"
        );
        for id in &ids {
            assert_hidden_by_pk(&home, name, id).await;
        }
        assert_not_counted(&home, name, filter, &ids).await;
    }
    let listed = UNCOVERED.lines().filter(|line| line.starts_with("table ")).collect::<Vec<_>>().join("\n");
    assert_list_is(&listed, &uncovered, "tests/it/authz_uncovered.txt");
}

async fn assert_hidden_by_pk(home: &Neighbours, table: &str, id: &str) {
    let field = format!("{table}_by_pk");
    if home.schema.queries().iter().any(|query| query.name == field) {
        let data = home.stranger.query(&format!("{{ {field}(id: \"{id}\") {{ id }} }}")).await;
        assert_eq!(data[&field], Value::Null, "{field} shows a row of another tenant");
        let own = home.owner.admin.query(&format!("{{ {field}(id: \"{id}\") {{ id }} }}")).await;
        assert_eq!(own[&field]["id"], json!(id), "{field} hides a row from its owner");
    }
}

async fn assert_not_counted(home: &Neighbours, table: &str, filter: &str, ids: &[&str]) {
    let field = format!("{table}_aggregate");
    if home.schema.queries().iter().any(|query| query.name == field) {
        let document = format!("query($w: {filter}) {{ {field}(where: $w) {{ aggregate {{ count }} }} }}");
        let variables = json!({"w": {"id": {"_in": ids}}});
        let data = home.stranger.data(&document, variables.clone()).await;
        assert_eq!(data[&field]["aggregate"]["count"], 0, "{field} counts rows of another tenant");
        let own = home.owner.admin.data(&document, variables).await;
        assert_eq!(
            own[&field]["aggregate"]["count"],
            json!(ids.len()),
            "{field} does not count its owner's rows"
        );
    }
}

/// Whether a call names a row by its id: it must then be told that there is none.
fn names_a_row(schema: &Schema, samples: &Samples, field: &Field, depth: usize) -> bool {
    let parts = schema.get(field.base()).map_or(&[][..], |ty| &ty.fields);
    let named = field.name.ends_with("_id") || field.name == "id";
    (named && samples.has(&field.name))
        || (depth < 4
            && field.args.iter().chain(parts).any(|part| names_a_row(schema, samples, part, depth + 1)))
}

#[tokio::test]
async fn a_mutation_does_not_reach_rows_of_another_tenant() {
    let home = Neighbours::move_in().await;
    let samples = home.owner.samples();
    let before = home.owned().await;
    let mut uncovered = BTreeSet::new();
    for mutation in home.schema.mutations() {
        let (document, variables) = samples.operation(&home.schema, "mutation", mutation);
        let reply = home.stranger.graphql(&document, variables.clone()).await;
        let said = format!("{} as a stranger: {}", mutation.name, reply.body);
        assert_eq!(mentions(&reply.body["data"], before.all_ids()), None, "{said}");
        home.owned().await.assert_same_as(&before, &said);
        match reply.code() {
            Some("NOT_FOUND") => {}
            // Without an id there is nothing to miss; and some calls must not fail on unknown ids, because the
            // stock client would repeat them for ever. That they did nothing was checked above.
            None | Some("FORBIDDEN") if !names_a_row(&home.schema, &samples, mutation, 0) => {}
            // The wire's other way to say that there was nothing to do.
            None if reply.body["data"][&mutation.name]["success"] == json!(false) => {}
            None if QUIET.contains(&mutation.name.as_str()) => {}
            // Refused for another reason, or accepted: this proves nothing about tenants.
            _ => {
                eprintln!("{said}");
                uncovered.insert(format!("mutation {}", mutation.name));
            }
        }
    }
    let listed =
        UNCOVERED.lines().filter(|line| line.starts_with("mutation ")).collect::<Vec<_>>().join("\n");
    assert_list_is(&listed, &uncovered, "tests/it/authz_uncovered.txt");
}

/// Root fields that are neither tables nor derived from one.
fn plain_queries(schema: &Schema) -> Vec<&Field> {
    let tables: Vec<&str> = schema.tables().iter().map(|table| table.name.as_str()).collect();
    let derived = |name: &str| {
        ["", "_by_pk", "_aggregate"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|table| tables.contains(&table)))
    };
    schema.queries().iter().filter(|query| !derived(&query.name)).collect()
}

#[tokio::test]
async fn a_plain_query_tells_nothing_of_another_tenant() {
    let home = Neighbours::move_in().await;
    let samples = home.owner.samples();
    let before = home.owned().await;
    for query in plain_queries(&home.schema) {
        let (document, variables) = samples.operation(&home.schema, "query", query);
        let reply = home.stranger.graphql(&document, variables).await;
        assert!(
            matches!(reply.code(), None | Some("NOT_FOUND")),
            "{} as a stranger: {}",
            query.name,
            reply.body
        );
        assert_eq!(
            mentions(&reply.body["data"], before.all_ids()),
            None,
            "{} as a stranger: {}",
            query.name,
            reply.body
        );
    }
}

#[tokio::test]
async fn a_nested_selection_tells_nothing_of_another_tenant() {
    let home = Neighbours::move_in().await;
    let owned = home.owned().await;
    let scene = scene::tenant(&home.server.client(), "third").await;
    let stage = signalbox_tests::Scene::set(scene.1, 2).await;
    stage.running_flow_run().await;
    let document = "{ tenant { id projects { id } flows { id flow_runs { id logs { id } task_runs { id states { id } } } } }
        project { id flows { id flow_group { id flows { id } } tasks { id task_runs { id } } edges { id } } }
        agent { id flow_runs { id } } }";
    let reply = stage.client.graphql(document, Value::Null).await;
    let data = reply.data();
    assert!(
        data["tenant"][0]["flows"][0]["flow_runs"][0]["task_runs"][0]["states"][0]["id"].is_string(),
        "{data}"
    );
    assert_eq!(mentions(&data, owned.all_ids()), None);
}

/// Every root field with the samples of its owner, as whole operations.
fn every_operation(home: &Neighbours) -> Vec<(String, String, Value)> {
    let samples = home.owner.samples();
    let operation = |kind: &str, field: &Field| {
        let (document, variables) = samples.operation(&home.schema, kind, field);
        (field.name.clone(), document, variables)
    };
    let queries = home.schema.queries().iter().map(|field| operation("query", field));
    queries.chain(home.schema.mutations().iter().map(|field| operation("mutation", field))).collect()
}

#[tokio::test]
async fn a_bad_key_opens_nothing() {
    let home = Neighbours::move_in().await;
    let admin = &home.owner.admin;
    let tenant = &home.owner.scene.tenant_id;
    let revoked = json!({"name": "revoked", "role": "admin", "tenant_id": tenant});
    let revoked = admin.mutate("create_api_key", revoked, "id key").await;
    admin.mutate("delete_api_key", json!({"key_id": id(&revoked)}), "success").await;
    let expired = json!({"name": "expired", "role": "admin", "tenant_id": tenant, "expires_at": "2020-01-01T00:00:00+00:00"});
    let expired = admin.try_mutate("create_api_key", expired, "id key").await;
    let mut keys = vec!["sbx_nonsense".to_owned(), revoked["key"].as_str().expect("a key").to_owned()];
    // A server may also refuse to make a key that is expired already.
    if expired.code().is_none() {
        keys.push(expired.data()["create_api_key"]["key"].as_str().expect("a key").to_owned());
    }
    let before = home.owned().await;
    for key in keys {
        let client = home.server.client_with_key(&key);
        for (name, document, variables) in every_operation(&home) {
            let reply = client.graphql(&document, variables).await;
            assert_eq!(reply.code(), Some("UNAUTHENTICATED"), "{name} with a bad key: {}", reply.body);
            assert!(reply.body["data"].is_null(), "{name}: {}", reply.body);
        }
    }
    home.owned().await.assert_same_as(&before, "a bad key");
}

#[tokio::test]
async fn a_key_with_an_end_stops_at_its_end() {
    let home = Neighbours::move_in().await;
    let end = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::UNIX_EPOCH + after_two_seconds());
    let input = json!({"name": "short", "role": "viewer", "tenant_id": home.owner.scene.tenant_id, "expires_at": end.to_rfc3339()});
    let key = home.owner.admin.mutate("create_api_key", input, "key").await;
    let client = home.server.client_with_key(key["key"].as_str().expect("a key"));
    assert!(
        client.graphql("{ flow { id } }", Value::Null).await.code().is_none(),
        "the key opens before its end"
    );
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while client.graphql("{ flow { id } }", Value::Null).await.code() != Some("UNAUTHENTICATED") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    assert!(ended.await.is_ok(), "the key still opens half a minute after its end");
}

/// Two seconds from now, since 1970.
#[expect(clippy::disallowed_methods, reason = "the test compares with the clock of a real server")]
fn after_two_seconds() -> std::time::Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    now.unwrap_or_default() + std::time::Duration::from_secs(2)
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() {
    let home = Neighbours::move_in().await;
    let key = scene::key(&home.owner.admin, &home.owner.scene.tenant_id, "viewer").await;
    let viewer = home.server.client_with_key(&key);
    let before = home.owned().await;
    for table in home.schema.tables() {
        let reply = viewer.graphql(&format!("{{ {} {{ id }} }}", table.name), Value::Null).await;
        assert!(
            matches!(reply.code(), None | Some("FORBIDDEN")),
            "{} as a viewer: {}",
            table.name,
            reply.body
        );
    }
    for mutation in home.schema.mutations() {
        let (document, variables) = home.owner.samples().operation(&home.schema, "mutation", mutation);
        let reply = viewer.graphql(&document, variables).await;
        assert_eq!(reply.code(), Some("FORBIDDEN"), "{} as a viewer: {}", mutation.name, reply.body);
    }
    home.owned().await.assert_same_as(&before, "a viewer");
}

#[tokio::test]
async fn a_tenant_header_opens_no_other_tenant() {
    let home = Neighbours::move_in().await;
    let header = format!("X-PREFECT-TENANT-ID: {}", home.owner.scene.tenant_id);
    let reply = home.stranger.with_header(header).graphql("{ tenant { id } flow { id } }", Value::Null).await;
    let owned = home.owned().await;
    assert_eq!(mentions(&reply.body["data"], owned.all_ids()), None, "{}", reply.body);
    let own = format!("X-PREFECT-TENANT-ID: {}", home.stranger_tenant);
    let reply = home.stranger.with_header(own).graphql("{ tenant { id } }", Value::Null).await;
    assert_eq!(reply.data()["tenant"][0]["id"], json!(home.stranger_tenant));
}

#[tokio::test]
async fn keys_are_shown_once_and_stored_as_hashes() {
    let home = Neighbours::move_in().await;
    let key = scene::key(&home.owner.admin, &home.owner.scene.tenant_id, "operator").await;
    assert!(key.starts_with("sbx_") && key.len() > 40, "a key has a prefix and enough randomness");
    let secret = key.trim_start_matches("sbx_").as_bytes();
    for entry in std::fs::read_dir(home.server.backing().folder()).expect("the server's folder can be read") {
        let path = entry.expect("the server's folder can be read").path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{} holds the key itself", path.display());
    }
    let secret = key.trim_start_matches("sbx_");
    for (table, rows) in home.server.backing().database().await.tables().await {
        assert!(!rows.iter().any(|row| row.contains(secret)), "{table} holds the key itself");
    }
    assert!(!home.server.log().contains(&key), "the log holds the key itself");
}
