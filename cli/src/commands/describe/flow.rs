//! `signalbox describe flow`: the newest version, or the one an id names.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::page::Page;
use crate::commands::set::schedule_policy::{Policy, words as words_of_policy};
use crate::failure::Failure;
use crate::output::screen::{self, Format, Screen};
use crate::output::state::is_finished;
use crate::output::table::{state_cell, text};
use crate::output::text::{self as words, labels, or_dash, printable, shorten};
use crate::output::time;
use crate::session::Session;
use crate::session::find::{self, FlowReference};

/// The version with its group, tasks and last runs.
pub(crate) const DESCRIBE_FLOW: &str = "query ($id: uuid!) {
  flow_by_pk(id: $id) {
    id name version archived description created core_version is_schedule_active schedule parameters storage run_config
    project { id name }
    flow_group {
      id description labels schedule run_config default_parameters settings
      overlap_policy catch_up_seconds jitter_seconds
      flows(order_by: [{version: desc}], limit: 10) { id version archived created }
    }
    tasks(order_by: [{slug: asc}]) { name slug type mapped max_retries retry_delay auto_generated }
    flow_runs(order_by: [{created: desc}], limit: 10) { id name state start_time end_time created }
  }
}";

/// Describe a flow
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the flow, id of a version, or id of a flow group
    #[arg(value_name = "FLOW")]
    flow: String,
    /// Project of the flow, where the name alone is not enough
    #[arg(long, short)]
    project: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    flow_by_pk: Option<Flow>,
}

#[expect(clippy::struct_field_names, reason = "fields are named as the API's columns are")]
#[derive(Debug, Deserialize, Serialize)]
struct Flow {
    id: Uuid,
    name: String,
    version: i64,
    archived: bool,
    description: Option<String>,
    created: DateTime<Utc>,
    core_version: Option<String>,
    is_schedule_active: Option<bool>,
    schedule: Option<Value>,
    parameters: Option<Value>,
    storage: Option<Value>,
    run_config: Option<Value>,
    project: Option<Project>,
    flow_group: Option<Group>,
    tasks: Vec<Task>,
    flow_runs: Vec<FlowRun>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Project {
    id: Uuid,
    name: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct Group {
    id: Uuid,
    description: Option<String>,
    labels: Option<Vec<String>>,
    schedule: Option<Value>,
    run_config: Option<Value>,
    default_parameters: Option<Value>,
    settings: Option<Value>,
    #[serde(flatten)]
    policy: Policy,
    flows: Vec<Version>,
}

#[expect(clippy::struct_field_names, reason = "fields are named as the API's columns are")]
#[derive(Debug, Deserialize, Serialize)]
struct Version {
    id: Uuid,
    version: i64,
    archived: bool,
    created: DateTime<Utc>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Task {
    name: String,
    slug: String,
    r#type: Option<String>,
    mapped: Option<bool>,
    max_retries: Option<i64>,
    retry_delay: Option<Value>,
    auto_generated: Option<bool>,
}

#[derive(Debug, Deserialize, Serialize)]
struct FlowRun {
    id: Uuid,
    name: Option<String>,
    state: Option<String>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    created: DateTime<Utc>,
}

/// Describes the flow.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let reference = FlowReference { text: &arguments.flow, project: arguments.project.as_deref() };
    let versions = find::flow(session, reference).await?;
    let chosen = versions.iter().find(|version| !version.archived).or(versions.first());
    let id = chosen.map(|version| version.id).unwrap_or_default();
    let answer: Answer = session.ask(DESCRIBE_FLOW, json!({"id": id})).await?;
    let flow =
        answer.flow_by_pk.ok_or_else(|| Failure::new(format!("flow {id} is gone: somebody deleted it")))?;
    match session.screen.format {
        Format::Json => screen::json(&flow),
        Format::Table => screen::line(&page(&flow, &session.screen)),
    }
}

fn page(flow: &Flow, screen: &Screen) -> String {
    let mut page = Page::new(&flow.name, screen);
    fields(&mut page, flow, screen);
    parameters(&mut page, flow);
    if let Some(group) = flow.flow_group.as_ref().filter(|group| group.flows.len() > 1) {
        page.heading("Versions");
        let rows = group.flows.iter().map(|version| {
            vec![
                text(version.version.to_string()),
                text(if version.archived { "archived" } else { "current" }),
                text(screen.ago(Some(version.created))),
                text(version.id.to_string()),
            ]
        });
        page.table(&["VERSION", "", "REGISTERED", "ID"], rows.collect());
    }
    if !flow.tasks.is_empty() {
        page.heading(&format!("Tasks: {}", flow.tasks.len()));
        page.table(&["NAME", "SLUG", "MAPPED", "RETRIES", "TYPE"], flow.tasks.iter().map(task_row).collect());
    }
    if !flow.flow_runs.is_empty() {
        page.heading("Last runs of this version");
        let rows = flow.flow_runs.iter().map(|run| run_row(run, screen));
        page.table(&["NAME", "STATE", "CREATED", "DURATION", "ID"], rows.collect());
    }
    page.finish()
}

fn fields(page: &mut Page<'_>, flow: &Flow, screen: &Screen) {
    let group = flow.flow_group.as_ref();
    let archived = if flow.archived { " (archived)" } else { "" };
    page.field("Id", Some(flow.id.to_string()));
    page.field("Group", group.map(|group| group.id.to_string()));
    page.field("Project", flow.project.as_ref().map(|project| printable(&project.name)));
    page.field("Version", Some(format!("{}{archived}", flow.version)));
    let description = group.and_then(|group| group.description.as_deref()).or(flow.description.as_deref());
    page.field("Description", description.map(|description| shorten(&printable(description), 100)));
    page.field(
        "Registered",
        Some(format!("{} ({})", time::local(flow.created), time::relative(screen.now, flow.created))),
    );
    page.field("Prefect", flow.core_version.as_deref().map(printable));
    let schedule = group.and_then(|group| group.schedule.as_ref()).or(flow.schedule.as_ref());
    page.field(
        "Schedule",
        schedule.map(|schedule| {
            let state = if flow.is_schedule_active == Some(true) { "active" } else { "off" };
            format!("{} ({state})", clocks(schedule))
        }),
    );
    let policy = group.map(|group| &group.policy).filter(|policy| !policy.is_none());
    page.field("Policy", policy.map(words_of_policy));
    let config = group.and_then(|group| group.run_config.as_ref()).or(flow.run_config.as_ref());
    let own_labels: Option<Vec<String>> =
        config.and_then(|config| serde_json::from_value(config.get("labels")?.clone()).ok());
    let of_group = group.and_then(|group| group.labels.clone());
    page.field("Labels", of_group.or(own_labels).map(|all| printable(&labels(&all))));
    page.field("Run config", config.and_then(kind));
    page.field("Storage", flow.storage.as_ref().and_then(kind));
    page.object("Defaults", group.and_then(|group| group.default_parameters.as_ref()));
}

fn kind(value: &Value) -> Option<String> {
    value.get("type").map(|kind| printable(&words::json(kind)))
}

/// "cron 0 6 * * *; every 10 m 0 s"
fn clocks(schedule: &Value) -> String {
    let clocks = schedule.get("clocks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |clock: &Value| {
        if let Some(cron) = clock.get("cron").and_then(Value::as_str) {
            return format!("cron {}", printable(cron));
        }
        // Microseconds (reference §2.3).
        if let Some(micros) = clock.get("interval").and_then(Value::as_i64) {
            return format!("every {}", time::span(chrono::Duration::microseconds(micros)));
        }
        clock.get("type").map_or_else(|| "a clock".to_owned(), |kind| printable(&words::json(kind)))
    };
    clocks.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn parameters(page: &mut Page<'_>, flow: &Flow) {
    let Some(Value::Array(parameters)) = &flow.parameters else { return };
    if parameters.is_empty() {
        return;
    }
    page.heading("Parameters");
    let rows = parameters.iter().map(|parameter| {
        let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
        let default = match parameter.get("default") {
            _ if required => "required".to_owned(),
            Some(default) => shorten(&default.to_string(), 80),
            None => "null".to_owned(),
        };
        vec![text(or_dash(parameter.get("name").and_then(Value::as_str))), text(default)]
    });
    page.table(&["NAME", "DEFAULT"], rows.collect());
}

fn task_row(task: &Task) -> Vec<Cell> {
    let retries = match (task.max_retries, task.retry_delay.as_ref().and_then(Value::as_str)) {
        (None | Some(0), _) => "-".to_owned(),
        (Some(retries), Some(delay)) => format!("{retries}, after {delay}"),
        (Some(retries), None) => retries.to_string(),
    };
    let mapped = if task.mapped == Some(true) { "yes" } else { "-" };
    vec![
        text(&task.name),
        text(&task.slug),
        text(mapped),
        text(retries),
        text(or_dash(task.r#type.as_deref())),
    ]
}

fn run_row(run: &FlowRun, screen: &Screen) -> Vec<Cell> {
    let state = run.state.as_deref().unwrap_or("-");
    let counting = run.start_time.filter(|_| run.end_time.is_some() || !is_finished(state));
    vec![
        text(or_dash(run.name.as_deref())),
        state_cell(state),
        text(screen.ago(Some(run.created))),
        text(or_dash(time::elapsed(counting, run.end_time, screen.now))),
        text(run.id.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_put_into_words() {
        let schedule = json!({"clocks": [
            {"type": "CronClock", "cron": "0 6 * * *"},
            {"type": "IntervalClock", "interval": 600_000_000},
            {"type": "DatesClock", "dates": []},
        ]});
        assert_eq!(clocks(&schedule), "cron 0 6 * * *; every 10 m 0 s; DatesClock");
        assert_eq!(clocks(&json!({})), "");
    }
}
