//! `signalbox approve`: let the paused tasks of a run go on, which wait for somebody's approval.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::screen::{self, Format};
use crate::output::text::printable;
use crate::session::{Session, find};

/// The task runs of a run that wait for approval.
pub(crate) const PAUSED_TASK_RUNS: &str = "query ($id: uuid!) {
  task_run(where: {flow_run_id: {_eq: $id}, state: {_eq: \"Paused\"}}, order_by: [{created: asc}, {map_index: asc}]) {
    id name map_index task { name slug }
  }
}";

/// Gives the approval.
pub(crate) const RESUME_TASK_RUN: &str = "mutation ($input: resume_task_run_input!) {
  resume_task_run(input: $input) { success }
}";

/// Approve tasks that wait for it
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Id, beginning of an id, or name of the flow run
    #[arg(value_name = "RUN")]
    run: String,
    /// Name or slug of the task, where several wait
    #[arg(long, value_name = "TASK", conflicts_with = "all")]
    task: Option<String>,
    /// Approve all that wait
    #[arg(long)]
    all: bool,
    /// Why; it is shown with the state
    #[arg(long)]
    note: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    task_run: Vec<TaskRun>,
}

#[derive(Serialize, Deserialize)]
struct TaskRun {
    id: Uuid,
    name: Option<String>,
    map_index: i64,
    task: Option<Task>,
}

#[derive(Serialize, Deserialize)]
struct Task {
    name: Option<String>,
    slug: String,
}

impl TaskRun {
    fn title(&self) -> String {
        let slug = self.task.as_ref().map_or("task", |task| task.slug.as_str());
        let index = if self.map_index < 0 { String::new() } else { format!("[{}]", self.map_index) };
        match &self.name {
            Some(name) => format!("{} ({}{index})", printable(name), printable(slug)),
            None => format!("{}{index}", printable(slug)),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        let task = self.task.as_ref();
        self.name.as_deref() == Some(name)
            || task.is_some_and(|task| task.slug == name || task.name.as_deref() == Some(name))
    }
}

/// Approves what is named.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let found = find::flow_run(session, &arguments.run).await?;
    let mut waiting = session.ask::<Answer>(PAUSED_TASK_RUNS, json!({"id": found.id})).await?.task_run;
    if let Some(task) = &arguments.task {
        waiting.retain(|run| run.is_called(task));
    }
    let name = printable(&found.name);
    if waiting.is_empty() {
        return Err(Failure::new(format!("no such task of {name} waits for approval"))
            .hint(format!("See its tasks with: signalbox describe flow-run {}", found.id)));
    }
    if waiting.len() > 1 && !arguments.all && arguments.task.is_none() {
        let titles: Vec<String> = waiting.iter().map(|run| format!("  {}", run.title())).collect();
        return Err(Failure::new(format!(
            "several tasks of {name} wait for approval; say which with --task, or --all"
        ))
        .hint(titles.join("\n")));
    }
    for run in &waiting {
        let input = json!({"input": {"task_run_id": run.id, "note": arguments.note}});
        session.ask::<Value>(RESUME_TASK_RUN, input).await?;
        if session.screen.format == Format::Table {
            screen::line(&format!("{} of {name} is approved", run.title()))?;
        }
    }
    match session.screen.format {
        Format::Json => screen::json(&waiting),
        Format::Table => Ok(()),
    }
}
