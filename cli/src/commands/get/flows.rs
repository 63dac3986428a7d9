//! `signalbox get flows`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::matching;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::{labels, or_dash};
use crate::session::Session;

/// Flows with what decides where and when they run.
pub(crate) const FLOWS: &str = "query ($where: flow_bool_exp!, $limit: Int!) {
  flow(where: $where, order_by: [{name: asc}, {version: desc}], limit: $limit) {
    id name version archived created flow_group_id is_schedule_active schedule run_config
    project { id name }
    flow_group { labels schedule run_config }
  }
}";

/// List flows
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this name; * stands for anything
    #[arg(long, short)]
    name: Option<String>,
    /// Only flows of this project
    #[arg(long, short)]
    project: Option<String>,
    /// Also older and archived versions
    #[arg(long)]
    all_versions: bool,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
}

#[derive(Deserialize)]
struct Answer {
    flow: Vec<Flow>,
}

#[expect(clippy::struct_field_names, reason = "fields are named as the API's columns are")]
#[derive(Debug, Deserialize, Serialize)]
struct Flow {
    id: Uuid,
    name: String,
    version: i64,
    archived: bool,
    created: DateTime<Utc>,
    flow_group_id: Uuid,
    is_schedule_active: Option<bool>,
    schedule: Option<Value>,
    run_config: Option<Value>,
    project: Option<Project>,
    flow_group: Option<Group>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Project {
    id: Uuid,
    name: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct Group {
    labels: Option<Vec<String>>,
    schedule: Option<Value>,
    run_config: Option<Value>,
}

impl Flow {
    /// The labels a run gets when nobody gives any: the group's, else those of the run configuration in force.
    fn labels(&self) -> Vec<String> {
        let group = self.flow_group.as_ref();
        let of = |config: Option<&Value>| -> Option<Vec<String>> {
            serde_json::from_value(config?.get("labels")?.clone()).ok()
        };
        group
            .and_then(|group| group.labels.clone())
            .or_else(|| of(group.and_then(|group| group.run_config.as_ref())))
            .or_else(|| of(self.run_config.as_ref()))
            .unwrap_or_default()
    }

    fn schedule(&self) -> &'static str {
        let group = self.flow_group.as_ref().and_then(|group| group.schedule.as_ref());
        match (group.or(self.schedule.as_ref()).is_some(), self.is_schedule_active) {
            (false, _) => "-",
            (true, Some(true)) => "active",
            (true, _) => "off",
        }
    }
}

impl Row for Flow {
    const HEADINGS: &'static [&'static str] =
        &["NAME", "VERSION", "PROJECT", "SCHEDULE", "LABELS", "REGISTERED", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        let version =
            if self.archived { format!("{} (archived)", self.version) } else { self.version.to_string() };
        vec![
            text(&self.name),
            text(version),
            text(or_dash(self.project.as_ref().map(|project| project.name.as_str()))),
            text(self.schedule()),
            text(labels(&self.labels())),
            text(screen.ago(Some(self.created))),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the flows.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut condition = json!({});
    if let Some(name) = &arguments.name {
        condition["name"] = matching(name);
    }
    if let Some(project) = &arguments.project {
        condition["project"] = json!({"name": matching(project)});
    }
    if !arguments.all_versions {
        condition["archived"] = json!({"_eq": false});
    }
    let answer: Answer = session.ask(FLOWS, json!({"where": condition, "limit": arguments.limit})).await?;
    session.screen.list(
        &answer.flow,
        "No flows. Register one with `flow.register(project_name=…)` or `prefect register`.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_from_the_group_before_the_flow() {
        let mut flow: Flow = serde_json::from_value(json!({
            "id": Uuid::nil(), "name": "etl", "version": 3, "archived": false, "created": "2026-01-02T03:04:05+00:00",
            "flow_group_id": Uuid::nil(), "is_schedule_active": true, "schedule": {"clocks": []},
            "run_config": {"type": "LocalRun", "labels": ["flow"]}, "project": {"id": Uuid::nil(), "name": "P"},
            "flow_group": {"labels": null, "schedule": null, "run_config": null},
        }))
        .unwrap();
        assert_eq!(flow.labels(), ["flow"]);
        assert_eq!(flow.schedule(), "active");
        flow.flow_group.as_mut().unwrap().labels = Some(vec![]);
        assert_eq!(flow.labels(), Vec::<String>::new());
        flow.schedule = None;
        assert_eq!(flow.schedule(), "-");
    }
}
