use super::{FlowError, check_acyclic, parse_flow, parse_tasks};
use serde_json::{Value, json};

fn task(slug: &str) -> Value {
    json!({"name": slug, "slug": slug, "type": "T", "max_retries": 2, "retry_delay": 1.5, "tags": ["t"]})
}

fn edge(from: &str, to: &str) -> Value {
    json!({"upstream_task": {"slug": from}, "downstream_task": {"slug": to}, "key": "x", "mapped": true})
}

#[test]
fn a_flow_with_tasks_inside() {
    let flow = parse_flow(json!({
        "name": "demo", "tasks": [task("a"), task("b")], "edges": [edge("a", "b")],
        "reference_tasks": [{"slug": "b"}], "schedule": null, "run_config": {"type": "UniversalRun"},
    }))
    .unwrap();
    assert_eq!(flow.tasks[0].retry_delay, Some(1));
    assert!(flow.edges[0].mapped);
    assert_eq!(flow.reference_tasks, ["b"]);
    assert!(flow.schedule.is_none() && flow.run_config.is_some());
}

#[test]
fn errors_name_the_place() {
    let message = |flow: Value| parse_flow(flow).unwrap_err().to_string();
    assert_eq!(message(json!([])), "serialized_flow must be a JSON object");
    assert_eq!(message(json!({})), "serialized_flow.name must be text");
    assert_eq!(
        message(json!({"name": "x", "tasks": [{"name": "t"}]})),
        "serialized_flow.tasks[0].slug must be text"
    );
    assert_eq!(
        message(json!({"name": "x", "tasks": [task("a")], "edges": [edge("a", "z")]})),
        "an edge names the task 'z', which the flow does not have"
    );
    assert_eq!(
        message(json!({"name": "x", "storage": "here"})),
        "serialized_flow.storage must be a JSON object or null"
    );
}

#[test]
fn duplicates_and_cycles_are_refused() {
    let twice = json!([task("a"), task("a")]);
    assert_eq!(parse_tasks(&twice, "tasks").unwrap_err(), FlowError::DuplicateSlug("a".into()));
    assert!(check_acyclic([("a", "b"), ("b", "c"), ("a", "c")]).is_ok());
    assert!(check_acyclic([("a", "b"), ("b", "c"), ("c", "b")]).is_err());
    assert!(check_acyclic([("a", "a")]).is_err());
}
