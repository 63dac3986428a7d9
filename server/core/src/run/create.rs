//! What a new flow run gets from its flow, its flow group and the request (reference §6, `create_flow_run`).

use serde_json::{Map, Value};
use signalbox_schema::{LabelError, LabelSet, run_config};

/// Where the labels and the run config of a new run may come from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Labels of the request; an empty list counts as given.
    pub given_labels: Option<&'a [String]>,
    /// Run config of the request.
    pub given_run_config: Option<&'a Value>,
    /// Labels of the flow group.
    pub group_labels: Option<&'a Value>,
    /// Run config of the flow group.
    pub group_run_config: Option<&'a Value>,
    /// Run config of the flow.
    pub flow_run_config: Option<&'a Value>,
    /// Environment of the flow (flows of before Prefect 0.14).
    pub flow_environment: Option<&'a Value>,
}

impl Sources<'_> {
    /// The labels of the run: the first that is given, in the order of the fields.
    pub fn labels(&self) -> Result<LabelSet, LabelError> {
        let labels = self
            .given_labels
            .map(<[String]>::to_vec)
            .or_else(|| self.given_run_config.and_then(run_config::labels))
            .or_else(|| self.group_labels.and_then(text_list))
            .or_else(|| self.group_run_config.and_then(run_config::labels))
            .or_else(|| self.flow_run_config.and_then(run_config::labels))
            .or_else(|| self.flow_environment.and_then(run_config::labels));
        LabelSet::new(labels.unwrap_or_default())
    }

    /// The run config of the run: the request's, else the group's, else the flow's.
    pub fn run_config(&self) -> Option<&Value> {
        [self.given_run_config, self.group_run_config, self.flow_run_config]
            .into_iter()
            .flatten()
            .find(|config| !config.is_null())
    }
}

fn text_list(value: &Value) -> Option<Vec<String>> {
    Some(value.as_array()?.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

/// Required parameters that nobody supplied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Required parameters were not supplied: {{{}}}", .0.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "))]
pub struct MissingParameters(pub Vec<String>);

/// The parameters of a run: the flow's defaults, under the group's, under the given ones. Names that the flow
/// does not know are kept. A default that Python holds for false (`0`, `""`, `[]` …) is left out, as Prefect's
/// server did; the flow itself supplies it when it runs.
pub fn parameters(
    declared: &Value,
    group_defaults: Option<&Value>,
    given: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, MissingParameters> {
    let mut parameters = Map::new();
    let declared = declared.as_array().map(Vec::as_slice).unwrap_or_default();
    for parameter in declared {
        if let (Some(name), Some(default)) = (name_of(parameter), parameter.get("default"))
            && is_truthy(default)
        {
            parameters.insert(name.to_owned(), default.clone());
        }
    }
    let overlays = [group_defaults.and_then(Value::as_object), given];
    for (name, value) in overlays.into_iter().flatten().flatten() {
        parameters.insert(name.clone(), value.clone());
    }
    let missing: Vec<String> = declared
        .iter()
        .filter(|parameter| parameter.get("required").is_some_and(is_truthy))
        .filter_map(name_of)
        .filter(|name| !parameters.contains_key(*name))
        .map(str::to_owned)
        .collect();
    if missing.is_empty() { Ok(parameters) } else { Err(MissingParameters(missing)) }
}

fn name_of(parameter: &Value) -> Option<&str> {
    parameter.get("name").and_then(Value::as_str)
}

/// Whether Python would hold this value for true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
