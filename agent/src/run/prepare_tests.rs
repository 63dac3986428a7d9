//! Which runs are ours, and the environment they get.

use serde_json::json;
use signalbox_client::ClientConfig;
use signalbox_schema::LabelSet;

use super::*;

const LOCAL: Capabilities =
    Capabilities { agent_type: "LocalAgent", run_config: "LocalRun", docker_storage: false, reattach: false };

fn config() -> AgentConfig {
    let mut config = AgentConfig::new(ClientConfig::new("http://127.0.0.1:4200".parse().unwrap()));
    config.labels = LabelSet::new(["eu", "it's"]).unwrap();
    config
}

fn run(extra: &Value) -> ClaimedRun {
    let mut run = json!({
        "flow_run_id": "00000000-0000-0000-0000-000000000001",
        "flow_id": "00000000-0000-0000-0000-000000000002",
        "lease_token": "00000000-0000-0000-0000-000000000003",
        "version": 2,
        "storage": {"type": "Local"},
    });
    run.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(run).unwrap()
}

fn prepared(config: &AgentConfig, run: &ClaimedRun) -> Result<Launch, String> {
    let tenant_id = "00000000-0000-0000-0000-000000000004".parse().unwrap();
    prepare(&Prepared { config, tenant_id, capabilities: LOCAL, work_id: Uuid::nil() }, run)
}

fn value(launch: &Launch, name: &str) -> Option<String> {
    launch.env.get(name).cloned().flatten()
}

#[test]
fn prefects_variables_are_set_and_cannot_be_overridden() {
    let mut config = config();
    config.env.insert("PREFECT__BACKEND".into(), "cloud".into());
    let launch = prepared(
        &config,
        &run(&json!({"run_config": {"type": "LocalRun", "env": {"PREFECT__CLOUD__API": "http://evil"}}})),
    )
    .unwrap();
    assert_eq!(value(&launch, "PREFECT__BACKEND").unwrap(), "server");
    assert_eq!(value(&launch, "PREFECT__CLOUD__API").unwrap(), "http://127.0.0.1:4200");
    assert_eq!(value(&launch, "PREFECT__CLOUD__AGENT__LABELS").unwrap(), r"['eu', 'it\'s']");
    assert_eq!(
        value(&launch, "PREFECT__CONTEXT__FLOW_RUN_ID").unwrap(),
        "00000000-0000-0000-0000-000000000001"
    );
    // Without a key, one that the agent's own environment holds for another API must not be sent to this one.
    assert_eq!(launch.env.get("PREFECT__CLOUD__API_KEY"), Some(&None));
    assert_eq!(launch.env.get("PREFECT__CLOUD__TENANT_ID"), Some(&None));
}

#[test]
fn a_key_brings_its_tenant_along() {
    let mut config = config();
    config.client.key = Some("sbx_k".into());
    let launch = prepared(&config, &run(&json!({}))).unwrap();
    assert_eq!(value(&launch, "PREFECT__CLOUD__API_KEY").unwrap(), "sbx_k");
    assert_eq!(value(&launch, "PREFECT__CLOUD__TENANT_ID").unwrap(), "00000000-0000-0000-0000-000000000004");
    assert!(!format!("{launch:?}").contains("sbx_k"));
}

#[test]
fn the_run_configs_environment_wins_over_the_agents() {
    let mut config = config();
    config.env.extend([("A".to_owned(), "agent".to_owned()), ("B".to_owned(), "agent".to_owned())]);
    config.flow_log_level = Some("ERROR".into());
    let env = json!({"B": "run", "N": 1, "PREFECT__LOGGING__LEVEL": "DEBUG"});
    let launch =
        prepared(&config, &run(&json!({"run_config": {"type": "UniversalRun", "env": env}}))).unwrap();
    for (name, expected) in [("A", "agent"), ("B", "run"), ("N", "1"), (LOG_LEVEL, "DEBUG")] {
        assert_eq!(value(&launch, name).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_run_may_switch_its_logs_off_but_not_on() {
    let mut config = config();
    let off = run(&json!({"run_config": {"type": "LocalRun", "env": {LOGS_SWITCH: "false"}}}));
    assert_eq!(value(&prepared(&config, &off).unwrap(), LOGS_SWITCH).unwrap(), "false");
    config.send_flow_logs = false;
    let on = run(&json!({"run_config": {"type": "LocalRun", "env": {LOGS_SWITCH: "true"}}}));
    assert_eq!(value(&prepared(&config, &on).unwrap(), LOGS_SWITCH).unwrap(), "false");
}

#[test]
fn what_another_agent_must_execute_is_refused() {
    let config = config();
    let error = prepared(&config, &run(&json!({"run_config": {"type": "DockerRun"}}))).unwrap_err();
    assert!(error.contains("DockerRun") && error.contains("LocalAgent"), "{error}");
    assert!(prepared(&config, &run(&json!({"run_config": {}}))).is_err());
    assert!(prepared(&config, &run(&json!({"storage": {"type": "Docker"}}))).is_err());
    for ours in [json!(null), json!({"type": "UniversalRun"}), json!({"type": "LocalRun"})] {
        assert!(prepared(&config, &run(&json!({"run_config": ours}))).is_ok());
    }
    let nul = json!({"run_config": {"type": "LocalRun", "env": {"A": "b\u{0}"}}});
    assert!(prepared(&config, &run(&nul)).is_err());
}
