//! The documents of the stock client that read tables (numbers of the protocol catalogue), as it renders them.

use serde_json::{Value, json};

use super::{Desk, ends};

const RUN: &str = "80000000-0000-4000-8000-000000000001";
const LATE: &str = "2026-02-01T00:00:00+00:00";

#[tokio::test]
async fn tenants_and_projects() {
    let desk = Desk::open().await;
    let acme = json!([{"id": super::TENANT_A, "slug": "acme", "name": "Acme"}]);
    // Q2 to Q6
    assert_eq!(desk.ask("query { tenant { id } }").await, json!({"tenant": [{"id": super::TENANT_A}]}));
    let by_slug = "query($slug: String) { tenant(where: { slug: { _eq: $slug } }) { id } }";
    assert_eq!(ends(&desk.ask_with(by_slug, json!({"slug": "acme"})).await["tenant"]), ["1"]);
    assert_eq!(desk.ask_with(by_slug, json!({"slug": "beta"})).await, json!({"tenant": []}));
    assert_eq!(desk.ask("query { tenant(order_by: { slug: asc }) { id slug name } }").await["tenant"], acme);
    let by_id =
        format!("query {{ tenant(where: {{ id: {{ _eq: \"{}\" }} }}) {{ id slug name }} }}", super::TENANT_A);
    assert_eq!(desk.ask(&by_id).await["tenant"], acme);
    // Q7
    let document = "query { project(where: { name: { _eq: \"Hello\" } }) { id } }";
    assert_eq!(ends(&desk.ask(document).await["project"]), ["1"]);
    // Q35
    let document = "query { project(where: { _and: { name: { _eq: null } } }, order_by: { name: asc })
        { name created description flows_aggregate(distinct_on: name) { aggregate { count } } } }";
    assert_eq!(
        desk.ask(document).await["project"],
        json!([
            {"name": "Empty", "created": "2026-01-02T00:00:00+00:00", "description": "Nothing yet",
             "flows_aggregate": {"aggregate": {"count": 0}}},
            {"name": "Hello", "created": "2026-01-01T00:00:00+00:00", "description": null,
             "flows_aggregate": {"aggregate": {"count": 2}}},
        ])
    );
}

#[tokio::test]
async fn flows_and_tasks() {
    let desk = Desk::open().await;
    // Q8
    let document = "query { flow_by_pk(id: \"40000000-0000-4000-8000-000000000002\") { flow_group_id } }";
    assert_eq!(
        desk.ask(document).await,
        json!({"flow_by_pk": {"flow_group_id": "30000000-0000-4000-8000-000000000001"}})
    );
    // Q19
    for (condition, expected) in [
        ("{ id: { _eq: \"40000000-0000-4000-8000-000000000002\" } }", &["2"][..]),
        (
            "{ flow_group_id: { _eq: \"30000000-0000-4000-8000-000000000001\" } }, order_by: { created: desc }",
            &["2", "1"],
        ),
        (
            "{ name: { _eq: \"etl\" }, archived: { _eq: false }, project: { name: { _eq: \"Hello\" } } }, order_by: { created: desc }",
            &["2"],
        ),
        ("{ name: { _eq: \"etl\" }, archived: { _eq: false }, project: { name: { _is_null: true } } }", &[]),
    ] {
        let document = format!(
            "query {{ flow(where: {condition}) {{ id settings run_config serialized_flow name archived project {{ name }}
             core_version storage flow_group {{ labels }} }} }}"
        );
        assert_eq!(ends(&desk.ask(&document).await["flow"]), expected, "{condition}");
    }
    // Q32, Q33
    let document = "query { flow(where: { _and: { name: { _eq: \"etl\" }, project: { id: { _eq: \"20000000-0000-4000-8000-000000000001\" } } } },
        order_by: { version: desc }, limit: 1) { id version } }";
    assert_eq!(
        desk.ask(document).await["flow"],
        json!([{"id": "40000000-0000-4000-8000-000000000002", "version": 2}])
    );
    let document = "query { flow(where: { name: { _eq: \"etl\" }, archived: { _eq: false }, project: { name: { _eq: \"Hello\" } } },
        order_by: { version: desc }, limit: 1) { id } }";
    assert_eq!(ends(&desk.ask(document).await["flow"]), ["2"]);
    // Q34: options that were not given are null
    for (distinct, expected) in [("name", &["2", "3"][..]), ("null", &["2", "1", "3"])] {
        let document = format!(
            "query {{ flow(where: {{ _and: {{ name: {{ _eq: null }}, version: {{ _eq: null }}, project: {{ name: {{ _eq: null }} }} }} }},
             order_by: {{ name: asc, version: desc }}, distinct_on: {distinct}, limit: 10) {{ name version created id project {{ name }} }} }}"
        );
        assert_eq!(ends(&desk.ask(&document).await["flow"]), expected, "{distinct}");
    }
    // Q39, Q40
    let document = "query { flow(where: { _and: { name: { _eq: \"etl\" }, version: { _eq: null }, project: { name: { _eq: null } } } },
        order_by: { name: asc, version: desc }, distinct_on: name)
        { name version project { name } created description parameters archived storage environment
          tasks { name created slug description type max_retries retry_delay mapped } } }";
    let described = desk.ask(document).await;
    assert_eq!(described["flow"][0]["version"], 2);
    assert_eq!(described["flow"][0]["tasks"][1]["retry_delay"], "00:05:00");
    assert_eq!(described["flow"][0]["tasks"][0]["retry_delay"], Value::Null);
    // Q37
    let document = "query { task(where: { _and: { name: { _eq: null }, flow: { name: { _eq: \"etl\" }, version: { _eq: null },
        project: { name: { _eq: null } } } } }, limit: 10, order_by: { created: desc }) { name created flow { name version } mapped type } }";
    assert_eq!(desk.ask(document).await["task"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn flow_runs() {
    let desk = Desk::open().await;
    // Q9
    let document = format!(
        "query {{ flow_run_by_pk(id: \"{RUN}\") {{ id name flow_id parameters context version scheduled_start_time serialized_state
         task_runs(where: {{ map_index: {{ _eq: -1 }} }}) {{ id task {{ id slug }} version serialized_state }} flow {{ project {{ name id }} }} }} }}"
    );
    let run = desk.ask(&document).await["flow_run_by_pk"].take();
    assert_eq!(run["serialized_state"], json!({"type": "Success"}));
    assert_eq!(ends(&run["task_runs"]), ["1", "2"]);
    assert_eq!(run["task_runs"][1]["task"]["slug"], "load-1");
    assert_eq!(run["flow"]["project"]["name"], "Hello");
    // Q10, Q17, Q18
    let document = format!(
        "query {{ flow_run_by_pk(id: \"{RUN}\") {{ flow {{ settings }} serialized_state }}
         flow_run(where: {{ id: {{ _eq: \"{RUN}\" }} }}) {{ flow {{ name storage run_config }} version }} }}"
    );
    let data = desk.ask(&document).await;
    assert_eq!(data["flow_run_by_pk"]["flow"]["settings"], json!({"heartbeat_enabled": true}));
    assert_eq!(
        data["flow_run"][0]["flow"],
        json!({"name": "etl", "storage": {"type": "Local"}, "run_config": null})
    );
    // Q16
    let document = "query { flow_run(where: { id: { _in: [\"80000000-0000-4000-8000-000000000001\", \"80000000-0000-4000-8000-000000000002\",
        \"80000000-0000-4000-8000-000000000003\"] }, _or: [{ state: { _eq: \"Scheduled\" } },
        { state: { _eq: \"Running\" }, task_runs: { state_start_time: { _lte: \"2026-01-10T00:00:00+00:00\" } } }] })
        { id version state serialized_state parameters scheduled_start_time run_config name
          flow { id name environment storage version core_version }
          task_runs(where: { state_start_time: { _lte: \"2026-01-10T00:00:00+00:00\" } }) { id version task_id serialized_state } } }";
    let data = desk.ask(document).await;
    let mut found = ends(&data["flow_run"]);
    found.sort();
    assert_eq!(found, ["2", "3"]);
    let retrying = data["flow_run"].as_array().unwrap().iter().find(|run| run["state"] == "Running").unwrap();
    assert_eq!(ends(&retrying["task_runs"]), ["5"]);
    // Q20, Q25
    let document = format!(
        "query {{ flow_run(where: {{ id: {{ _eq: \"{RUN}\" }} }}) {{ id name flow_id serialized_state states {{ timestamp serialized_state }}
         labels parameters context updated run_config
         first: states(where: {{ state: {{ _eq: \"Scheduled\" }} }}) {{ start_time created }} scheduled_start_time }} }}"
    );
    let data = desk.ask(&document).await;
    assert_eq!(data["flow_run"][0]["states"].as_array().unwrap().len(), 4);
    assert_eq!(data["flow_run"][0]["first"][0]["start_time"], "2026-01-01T00:00:00+00:00");
    // Q36
    let document = "query { flow_run(where: { flow: { _and: { name: { _eq: \"etl\" }, project: { name: { _eq: null } } } } },
        limit: 10, order_by: { created: desc }) { flow { name } id created state name start_time } }";
    assert_eq!(ends(&desk.ask(document).await["flow_run"]), ["4", "2", "1"]);
    let document = "query { flow_run(where: { _and: { flow: { _and: { name: { _eq: null }, project: { name: { _eq: null } } } },
        start_time: { _is_null: false } } }, limit: 10, order_by: { start_time: desc }) { id } }";
    assert_eq!(ends(&desk.ask(document).await["flow_run"]), ["4", "3", "1"]);
    // Q41
    let document = "query { flow_run(where: { _and: { name: { _eq: \"calm-heron\" }, flow: { name: { _eq: null } } } })
        { name flow { name } created parameters auto_scheduled scheduled_start_time start_time end_time serialized_state } }";
    assert_eq!(desk.ask(document).await["flow_run"][0]["flow"]["name"], "etl");
}

#[tokio::test]
async fn logs() {
    let desk = Desk::open().await;
    // Q21: the first page has an empty object in _and
    for (after, expected) in [("{}", 4), ("{ timestamp: { _gt: \"2026-01-01T00:00:00.000001+00:00\" } }", 2)]
    {
        let document = format!(
            "query {{ flow_run(where: {{ id: {{ _eq: \"{RUN}\" }} }}) {{ logs(order_by: {{ timestamp: asc }},
             where: {{ _and: [{{ timestamp: {{ _lte: \"{LATE}\" }} }}, {after}] }}) {{ timestamp message level }} }} }}"
        );
        let data = desk.ask(&document).await;
        assert_eq!(data["flow_run"][0]["logs"].as_array().unwrap().len(), expected, "{after}");
    }
    // Q38: nulls come first, newest run after them
    let document =
        "query { flow_run(where: { name: { _eq: null }, id: { _eq: null } }, order_by: { start_time: desc })
        { logs(order_by: { timestamp: asc }) { timestamp message level info } start_time } }";
    let data = desk.ask(document).await;
    assert_eq!(data["flow_run"][0]["start_time"], Value::Null);
    assert_eq!(data["flow_run"][3]["logs"][1]["message"], "Größe 100%");
}

#[tokio::test]
async fn task_runs() {
    let desk = Desk::open().await;
    // Q11: no offset means UTC; another tenant's newer cached state does not count
    let document = "query { task_run(where: { state: { _eq: \"Cached\" }, state_timestamp: { _gte: \"2026-01-02T02:22:02.116877\" },
        cache_key: { _eq: \"shared\" } }, order_by: { state_timestamp: desc }, limit: 100) { serialized_state } }";
    assert_eq!(desk.ask(document).await, json!({"task_run": [{"serialized_state": {"type": "Cached"}}]}));
    // Q22
    for (condition, expected) in [
        ("{ id: { _eq: \"90000000-0000-4000-8000-000000000003\" } }", &["3"][..]),
        (
            "{ task: { slug: { _eq: \"load-1\" } }, flow_run_id: { _eq: \"RUN\" }, map_index: { _eq: -1 } }",
            &["2"],
        ),
        (
            "{ task: { slug: { _eq: \"load-1\" } }, flow_run_id: { _eq: \"RUN\" }, map_index: { _neq: -1 } }, order_by: { map_index: asc }",
            &["3", "4"],
        ),
        (
            "{ map_index: { _eq: -1 }, flow_run_id: { _eq: \"RUN\" }, id: { _nin: [\"90000000-0000-4000-8000-000000000001\"] } }",
            &["2"],
        ),
        ("{ flow_run_id: { _eq: \"RUN\" }, id: { _nin: [] } }, order_by: { id: asc }", &["1", "2", "3", "4"]),
    ] {
        let condition = condition.replace("RUN", RUN);
        let document = format!(
            "query {{ task_run(where: {condition}) {{ id name task {{ id slug }} map_index serialized_state flow_run_id }} }}"
        );
        assert_eq!(ends(&desk.ask(&document).await["task_run"]), expected, "{condition}");
    }
    // Q23, Q24
    let document = format!("query {{ task_run(where: {{ flow_run_id: {{ _eq: \"{RUN}\" }} }}) {{ id }} }}");
    assert_eq!(desk.ask(&document).await["task_run"].as_array().unwrap().len(), 4);
    let document = "query { task_run(where: { state_start_time: { _is_null: false }, flow_run_id: { _eq: \"80000000-0000-4000-8000-000000000003\" },
        flow_run: { state: { _eq: \"Running\" } } }) { state_start_time } }";
    assert_eq!(
        desk.ask(document).await,
        json!({"task_run": [{"state_start_time": "2026-01-04T00:00:00+00:00"}]})
    );
}

#[tokio::test]
async fn agents_keys_and_values() {
    let desk = Desk::open().await;
    // Q13, Q14, Q26 to Q29, Q43
    let document = "query { task_tag_limit(where: { tag: { _eq: \"db\" } }) { limit }
        agent_config(where: { id: { _eq: \"71000000-0000-4000-8000-000000000001\" } }) { settings }
        agent { last_queried labels name id }
        key_value(where: { key: { _eq: \"colour\" } }) { id key value }
        auth_api_key { id name expires_at } }";
    assert_eq!(
        desk.ask(document).await,
        json!({
            "task_tag_limit": [{"limit": 3}],
            "agent_config": [{"settings": {"k": 1}}],
            "agent": [{"last_queried": null, "labels": ["vm", "gpu"], "name": "agent-one",
                "id": "70000000-0000-4000-8000-000000000001"}],
            "key_value": [{"id": "f1000000-0000-4000-8000-000000000001", "key": "colour", "value": {"v": "blue"}}],
            "auth_api_key": [{"id": "e0000000-0000-4000-8000-000000000001", "name": "ci", "expires_at": null}],
        })
    );
}
