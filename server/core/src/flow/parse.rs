//! Reads the serialized flow, tasks and edges of Prefect 1 (reference §2.3).

use super::GraphError;
use crate::schedule::{Schedule, ScheduleError};
use serde_json::{Map, Value};
use signalbox_schema::LabelSet;
use std::collections::HashSet;

/// Longest name or slug, in bytes.
const MAX_NAME_BYTES: usize = 1_000;

/// Why a registration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// Something is not what it must be.
    #[error("{path} must be {expected}")]
    Wrong {
        /// Where, e.g. `serialized_flow.tasks[3].slug`.
        path: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Two tasks with one slug.
    #[error("two tasks have the slug '{0}'; slugs must be unique within a flow")]
    DuplicateSlug(String),
    /// An edge to a task that the flow does not have.
    #[error("an edge names the task '{0}', which the flow does not have")]
    UnknownSlug(String),
    /// Labels that no run could have.
    #[error("{path}: {problem}")]
    Labels {
        /// Where.
        path: String,
        /// What is wrong with them.
        problem: signalbox_schema::label::LabelError,
    },
    /// A schedule that could never be kept.
    #[error("serialized_flow.schedule: {0}")]
    Schedule(#[from] ScheduleError),
    /// A cycle.
    #[error(transparent)]
    Cycle(#[from] GraphError),
}

/// A flow as registered.
#[derive(Debug, Clone)]
pub struct FlowSpec {
    /// Its name.
    pub name: String,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// Declared parameters, as they came (a list).
    pub parameters: Value,
    /// Schedule, run config, storage and environment, as they came; `None` for null.
    pub schedule: Option<Value>,
    /// See `schedule`.
    pub run_config: Option<Value>,
    /// See `schedule`.
    pub storage: Option<Value>,
    /// See `schedule`.
    pub environment: Option<Value>,
    /// Slugs of its reference tasks; empty means the terminal tasks.
    pub reference_tasks: Vec<String>,
    /// Tasks that came inside (the CLI sends them so).
    pub tasks: Vec<TaskSpec>,
    /// Edges that came inside.
    pub edges: Vec<EdgeSpec>,
    /// The whole document.
    pub document: Value,
}

/// A task as registered.
#[derive(Debug, Clone)]
pub struct TaskSpec {
    /// Its name.
    pub name: String,
    /// Unique within the flow: the key by which the library and the server mean the same task.
    pub slug: String,
    /// Its description.
    pub description: Option<String>,
    /// The Python class.
    pub kind: Option<String>,
    /// Most retries.
    pub max_retries: i64,
    /// Pause before a retry, in seconds.
    pub retry_delay: Option<i64>,
    /// Name of its trigger function.
    pub trigger: Option<String>,
    /// Whether the library made it (constants, containers).
    pub auto_generated: bool,
    /// The key of its cache.
    pub cache_key: Option<String>,
    /// Its tags (a list).
    pub tags: Value,
    /// The task as it came.
    pub document: Value,
}

/// An edge as registered.
#[derive(Debug, Clone)]
pub struct EdgeSpec {
    /// Slug of the task that comes first.
    pub upstream: String,
    /// Slug of the task that waits.
    pub downstream: String,
    /// The argument that the upstream's result becomes.
    pub key: Option<String>,
    /// Whether the downstream task maps over it.
    pub mapped: bool,
    /// The edge as it came.
    pub document: Value,
}

/// Reads a serialized flow, with the tasks and edges inside it, if any.
pub fn parse_flow(document: Value) -> Result<FlowSpec, FlowError> {
    let root = "serialized_flow";
    let flow = object(&document, root)?;
    let name = name(flow, root, "name")?;
    let parameters = match flow.get("parameters") {
        None | Some(Value::Null) => Value::Array(Vec::new()),
        Some(parameters @ Value::Array(items)) => {
            for (index, parameter) in items.iter().enumerate() {
                object(parameter, &format!("{root}.parameters[{index}]"))?;
            }
            parameters.clone()
        }
        Some(_) => return wrong(&format!("{root}.parameters"), "a list of parameters"),
    };
    let tasks = parse_tasks(flow.get("tasks").unwrap_or(&Value::Null), &format!("{root}.tasks"))?;
    let edges = parse_edges(flow.get("edges").unwrap_or(&Value::Null), &format!("{root}.edges"))?;
    if !tasks.is_empty() {
        let slugs: HashSet<&str> = tasks.iter().map(|task| task.slug.as_str()).collect();
        for slug in edges.iter().flat_map(|edge| [&edge.upstream, &edge.downstream]) {
            if !slugs.contains(slug.as_str()) {
                return Err(FlowError::UnknownSlug(slug.clone()));
            }
        }
    }
    super::check_acyclic(edges.iter().map(|edge| (edge.upstream.as_str(), edge.downstream.as_str())))?;
    let reference_tasks = flow
        .get("reference_tasks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|task| task.get("slug").and_then(Value::as_str).map(str::to_owned))
        .collect();
    let schedule = json_object(flow, root, "schedule")?;
    schedule.as_ref().map(Schedule::parse).transpose()?;
    Ok(FlowSpec {
        name,
        description: text(flow, "description"),
        parameters,
        schedule,
        run_config: labelled(flow, root, "run_config")?,
        storage: json_object(flow, root, "storage")?,
        environment: labelled(flow, root, "environment")?,
        reference_tasks,
        tasks,
        edges,
        document,
    })
}

/// Reads a list of serialized tasks; `path` names it in errors. Null is an empty list.
pub fn parse_tasks(tasks: &Value, path: &str) -> Result<Vec<TaskSpec>, FlowError> {
    let mut slugs = HashSet::new();
    let mut specs = Vec::new();
    for (index, document) in list(tasks, path, "a list of tasks")?.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let task = object(document, &path)?;
        let slug = name(task, &path, "slug")?;
        if !slugs.insert(slug.clone()) {
            return Err(FlowError::DuplicateSlug(slug));
        }
        specs.push(TaskSpec {
            name: name(task, &path, "name")?,
            slug,
            description: text(task, "description"),
            kind: text(task, "type"),
            max_retries: whole(task, &path, "max_retries")?.unwrap_or_default(),
            retry_delay: whole(task, &path, "retry_delay")?,
            trigger: task
                .get("trigger")
                .and_then(|trigger| trigger.as_str().or_else(|| trigger.get("fn")?.as_str()))
                .map(str::to_owned),
            auto_generated: task.get("auto_generated").and_then(Value::as_bool).unwrap_or_default(),
            cache_key: text(task, "cache_key"),
            tags: task.get("tags").filter(|tags| tags.is_array()).cloned().unwrap_or(Value::Array(vec![])),
            document: document.clone(),
        });
    }
    Ok(specs)
}

/// Reads a list of serialized edges; `path` names it in errors. Null is an empty list.
pub fn parse_edges(edges: &Value, path: &str) -> Result<Vec<EdgeSpec>, FlowError> {
    let mut specs = Vec::new();
    for (index, document) in list(edges, path, "a list of edges")?.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let edge = object(document, &path)?;
        let slug = |end: &str| -> Result<String, FlowError> {
            let path = format!("{path}.{end}");
            name(object(edge.get(end).unwrap_or(&Value::Null), &path)?, &path, "slug")
        };
        specs.push(EdgeSpec {
            upstream: slug("upstream_task")?,
            downstream: slug("downstream_task")?,
            key: text(edge, "key"),
            mapped: edge.get("mapped").and_then(Value::as_bool).unwrap_or_default(),
            document: document.clone(),
        });
    }
    Ok(specs)
}

fn wrong<T>(path: &str, expected: &'static str) -> Result<T, FlowError> {
    Err(FlowError::Wrong { path: path.to_owned(), expected })
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, FlowError> {
    value.as_object().map_or_else(|| wrong(path, "a JSON object"), Ok)
}

fn list<'a>(value: &'a Value, path: &str, expected: &'static str) -> Result<&'a [Value], FlowError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => wrong(path, expected),
    }
}

fn json_object(fields: &Map<String, Value>, path: &str, key: &str) -> Result<Option<Value>, FlowError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value @ Value::Object(_)) => Ok(Some(value.clone())),
        Some(_) => wrong(&format!("{path}.{key}"), "a JSON object or null"),
    }
}

/// An object whose `labels`, if it has any, its runs will carry.
fn labelled(fields: &Map<String, Value>, path: &str, key: &str) -> Result<Option<Value>, FlowError> {
    let value = json_object(fields, path, key)?;
    let path = format!("{path}.{key}.labels");
    match value.as_ref().and_then(|value| value.get("labels")) {
        None | Some(Value::Null) => {}
        Some(Value::Array(labels)) => {
            let Some(labels) = labels.iter().map(Value::as_str).collect::<Option<Vec<_>>>() else {
                return wrong(&path, "a list of texts");
            };
            LabelSet::new(labels).map_err(|problem| FlowError::Labels { path, problem })?;
        }
        Some(_) => return wrong(&path, "a list of texts"),
    }
    Ok(value)
}

fn name(fields: &Map<String, Value>, path: &str, key: &str) -> Result<String, FlowError> {
    match fields.get(key) {
        Some(Value::String(text)) if text.is_empty() => wrong(&format!("{path}.{key}"), "non-empty text"),
        Some(Value::String(text)) if text.len() > MAX_NAME_BYTES => {
            wrong(&format!("{path}.{key}"), "at most 1,000 bytes long")
        }
        Some(Value::String(text)) if text.contains('\0') => {
            wrong(&format!("{path}.{key}"), "text without NUL characters")
        }
        Some(Value::String(text)) => Ok(text.clone()),
        _ => wrong(&format!("{path}.{key}"), "text"),
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Option<String> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A whole number; the library cuts fractions of seconds, other senders may not.
fn whole(fields: &Map<String, Value>, path: &str, key: &str) -> Result<Option<i64>, FlowError> {
    const LARGEST: f64 = 1e12;
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => match number.as_f64() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "bounded just before; fractions are cut on purpose"
            )]
            Some(seconds) if (0.0..LARGEST).contains(&seconds) => Ok(Some(seconds as i64)),
            _ => wrong(&format!("{path}.{key}"), "a number from 0 to 10^12"),
        },
        Some(_) => wrong(&format!("{path}.{key}"), "a number or null"),
    }
}
