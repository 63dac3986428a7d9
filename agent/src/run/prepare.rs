//! What a claimed run needs to start: whether this agent can execute it, and its environment (the variables of Prefect's
//! own agents, in their order of precedence). Pure.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use signalbox_client::operations::ClaimedRun;
use signalbox_schema::{TenantId, run_config};
use uuid::Uuid;

use crate::{
    AgentConfig,
    executor::{Capabilities, Launch},
};

const LOGS_SWITCH: &str = "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS";
const LOG_LEVEL: &str = "PREFECT__LOGGING__LEVEL";

/// What preparing depends on besides the run.
pub(super) struct Prepared<'a> {
    pub(super) config: &'a AgentConfig,
    pub(super) tenant_id: TenantId,
    pub(super) capabilities: Capabilities,
    pub(super) work_id: Uuid,
}

/// The launch of a run.
///
/// # Errors
/// Why this agent cannot execute it, as a sentence for the run's owner.
pub(super) fn prepare(agent: &Prepared<'_>, run: &ClaimedRun) -> Result<Launch, String> {
    let run_config = run.run_config.clone().unwrap_or(Value::Null);
    check_run_config(agent.capabilities, &run_config)?;
    check_storage(agent.capabilities, run.storage.as_ref())?;

    let mut env: BTreeMap<String, Option<String>> = BTreeMap::new();
    if let Some(level) = run.log_level.as_ref().or(agent.config.flow_log_level.as_ref()) {
        env.insert(LOG_LEVEL.into(), Some(level.clone()));
    }
    env.extend(agent.config.env.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
    for (name, value) in own_env(&run_config)? {
        env.insert(name, Some(value));
    }
    // A run may switch its logs off, not on.
    if !agent.config.send_flow_logs {
        env.insert(LOGS_SWITCH.into(), Some("false".into()));
    }
    let client = &agent.config.client;
    let tenant_id = client.key.as_ref().map(|_| agent.tenant_id.to_string());
    for (name, value) in [
        ("PREFECT__BACKEND", Some("server".into())),
        ("PREFECT__CLOUD__API", Some(client.api.as_str().trim_end_matches('/').to_owned())),
        ("PREFECT__CLOUD__API_KEY", client.key.clone()),
        ("PREFECT__CLOUD__TENANT_ID", tenant_id),
        ("PREFECT__CLOUD__AGENT__LABELS", Some(python_list(agent.config.labels.as_slice()))),
        ("PREFECT__CONTEXT__FLOW_RUN_ID", Some(run.flow_run_id.to_string())),
        ("PREFECT__CONTEXT__FLOW_ID", Some(run.flow_id.to_string())),
        ("PREFECT__CLOUD__USE_LOCAL_SECRETS", Some("false".into())),
        ("PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS", Some("prefect.engine.cloud.CloudFlowRunner".into())),
    ] {
        env.insert(name.into(), value);
    }
    let default_env = BTreeMap::from([
        (LOGS_SWITCH.to_owned(), "true".to_owned()),
        (LOG_LEVEL.to_owned(), "INFO".to_owned()),
    ]);
    Ok(Launch { flow_run_id: run.flow_run_id, work_id: agent.work_id, default_env, env, run_config })
}

fn check_run_config(capabilities: Capabilities, run_config: &Value) -> Result<(), String> {
    if run_config.is_null() {
        return Ok(());
    }
    match run_config::kind(run_config) {
        Some(kind) if kind == "UniversalRun" || kind == capabilities.run_config => Ok(()),
        Some(kind) => Err(format!(
            "the run's run_config is a {kind}, but this {} only executes {} and UniversalRun; \
             give the run labels of an agent that can, or another run_config",
            capabilities.agent_type, capabilities.run_config
        )),
        None => Err("the run's run_config has no type, so no agent knows how to execute it".into()),
    }
}

fn check_storage(capabilities: Capabilities, storage: Option<&Value>) -> Result<(), String> {
    let kind = storage.and_then(|storage| storage.get("type")).and_then(Value::as_str);
    if kind == Some("Docker") && !capabilities.docker_storage {
        return Err(format!(
            "the flow's storage is Docker, which this {} cannot execute; use another storage or a DockerAgent",
            capabilities.agent_type
        ));
    }
    Ok(())
}

/// The run config's `env`. Values that are not text are written as JSON, as users mean `env={"N": 1}`.
fn own_env(run_config: &Value) -> Result<Vec<(String, String)>, String> {
    let Some(env) = run_config.get("env").and_then(Value::as_object) else {
        return Ok(Vec::new());
    };
    env.iter()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(format!(
                    "the run_config's env has an entry that no process can be given: {name:?}"
                ));
            }
            Ok((name.clone(), value))
        })
        .collect()
}

/// A list as Python prints it, which is how Prefect reads it back.
fn python_list(items: &[String]) -> String {
    let mut text = String::from("[");
    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "'" } else { ", '" });
        for character in item.chars() {
            match character {
                '\'' | '\\' => {
                    text.push('\\');
                    text.push(character);
                }
                control if control.is_control() => {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\u{:04x}", u32::from(control));
                }
                other => text.push(other),
            }
        }
        text.push('\'');
    }
    text.push(']');
    text
}

#[cfg(test)]
#[path = "prepare_tests.rs"]
mod tests;
