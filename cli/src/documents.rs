//! Every GraphQL document this program sends, in one list, so that tests can check them against the contract. Each
//! document lives beside the command that sends it.

use crate::commands::{
    approve, cancel, create, delete, describe, get, pause, restart, resume, run, set, version,
};
use crate::session::{self, explanation, find, log_tail};

/// Name and text of each document.
pub(crate) const DOCUMENTS: &[(&str, &str)] = &[
    ("API", version::API),
    ("AGENTS", get::agents::AGENTS),
    ("API_KEYS", get::api_keys::API_KEYS),
    ("CANCEL_FLOW_RUN", cancel::CANCEL_FLOW_RUN),
    ("CONCURRENCY_LIMITS", get::concurrency_limits::CONCURRENCY_LIMITS),
    ("CREATE_API_KEY", create::api_key::CREATE_API_KEY),
    ("CREATE_FLOW_RUN", run::CREATE_FLOW_RUN),
    ("CREATE_PROJECT", create::project::CREATE_PROJECT),
    ("CREATE_TENANT", create::tenant::CREATE_TENANT),
    ("DELETE_AGENT", delete::agent::DELETE_AGENT),
    ("DELETE_API_KEY", delete::api_key::DELETE_API_KEY),
    ("DELETE_FLOW", delete::flow::DELETE_FLOW),
    ("DELETE_FLOW_GROUP", delete::flow::DELETE_FLOW_GROUP),
    ("DELETE_FLOW_RUN", delete::flow_run::DELETE_FLOW_RUN),
    ("DELETE_LABEL_LIMIT", delete::concurrency_limit::DELETE_LABEL_LIMIT),
    ("DELETE_PROJECT", delete::project::DELETE_PROJECT),
    ("DELETE_TAG_LIMIT", delete::concurrency_limit::DELETE_TAG_LIMIT),
    ("DESCRIBE_FLOW", describe::flow::DESCRIBE_FLOW),
    ("DESCRIBE_FLOW_RUN", describe::flow_run::DESCRIBE_FLOW_RUN),
    ("EXPLAIN", explanation::EXPLAIN),
    ("FIND_AGENTS", find::FIND_AGENTS),
    ("FIND_API_KEYS", find::FIND_API_KEYS),
    ("FIND_CONCURRENCY_LIMITS", find::FIND_CONCURRENCY_LIMITS),
    ("FIND_FLOWS", find::FIND_FLOWS),
    ("FIND_FLOW_RUNS", find::FIND_FLOW_RUNS),
    ("FIND_PROJECTS", find::FIND_PROJECTS),
    ("FLOWS", get::flows::FLOWS),
    ("FLOW_RUNS", get::flow_runs::FLOW_RUNS),
    ("FLOW_RUN_NAME", run::FLOW_RUN_NAME),
    ("FLOW_RUN_VERSION", restart::FLOW_RUN_VERSION),
    ("LATE_FLOW_RUNS", get::flow_runs::late::LATE_FLOW_RUNS),
    ("LIMIT_LABEL", create::concurrency_limit::LIMIT_LABEL),
    ("LIMIT_TAG", create::concurrency_limit::LIMIT_TAG),
    ("LOG_PAGE", log_tail::LOG_PAGE),
    ("PAUSED_TASK_RUNS", approve::PAUSED_TASK_RUNS),
    ("PAUSE_FLOW_RUN", pause::PAUSE_FLOW_RUN),
    ("PROJECTS", get::projects::PROJECTS),
    ("PROJECT_BY_NAME", create::project::PROJECT_BY_NAME),
    ("RESTART_FLOW_RUN", restart::RESTART_FLOW_RUN),
    ("RESUME_FLOW_RUN", resume::RESUME_FLOW_RUN),
    ("RESUME_TASK_RUN", approve::RESUME_TASK_RUN),
    ("RUN_STATE", get::logs::RUN_STATE),
    ("SCHEDULE_POLICY", set::schedule_policy::SCHEDULE_POLICY),
    ("SET_SCHEDULE_POLICY", set::schedule_policy::SET_SCHEDULE_POLICY),
    ("TASKS", get::tasks::TASKS),
    ("TASK_RUNS", get::task_runs::TASK_RUNS),
    ("TENANT", session::TENANT),
    ("TENANTS", get::tenants::TENANTS),
    ("TENANT_BY_SLUG", create::api_key::TENANT_BY_SLUG),
    ("WATCH", run::watch::WATCH),
];

/// Every constant in the sources that holds a document is in the list: a new one cannot be forgotten.
#[test]
fn the_list_is_complete() {
    let mut in_sources = Vec::new();
    gather(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut in_sources);
    let mut listed: Vec<String> = DOCUMENTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    in_sources.sort();
    listed.sort();
    assert!(!in_sources.is_empty());
    assert_eq!(listed, in_sources);
}

/// The names of constants whose text begins like a document.
fn gather(folder: &std::path::Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, names);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for (start, _) in source.match_indices("const ") {
            let Some((name, rest)) = source[start + "const ".len()..].split_once(": &str =") else {
                continue;
            };
            let text = rest.trim_start().trim_start_matches('"');
            let document = text.starts_with("query") || text.starts_with("mutation");
            if document && name.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
                names.push(name.to_owned());
            }
        }
    }
}
