//! `set_task_run_states`: task runs of running flow runs go from Pending to Running to Success, one state a request.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Caller, Callers};
use crate::http::{Answer, Request, Slot};
use crate::seed::{Api, Stage, WIDE_TASKS, ids_of, state};

const DOCUMENT: &str = "mutation($input: set_task_run_states_input!) {\n    set_task_run_states(input: $input) {\n        states {\n            id\n            status\n            message\n        }\n    }\n}";
const TASK_RUN: &str = "00000000-0000-0000-0000-0000000000aa";
/// Task runs are prepared for this many states a second; should a server be faster, its window ends earlier.
const PREPARED_RATE: u64 = 10_000;

struct Working {
    begin: (Request, Slot),
    finish: (Request, Slot),
    waiting: Vec<String>,
    begun: Option<String>,
}

impl Caller for Working {
    fn next(&mut self) -> Option<&[u8]> {
        let ((request, slot), task_run) = if let Some(task_run) = self.begun.take() {
            (&mut self.finish, task_run)
        } else {
            let task_run = self.waiting.pop()?;
            self.begun = Some(task_run.clone());
            (&mut self.begin, task_run)
        };
        request.fill(slot, &task_run);
        Some(request.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"SUCCESS\"")
    }
}

/// Each caller works through task runs of its own.
pub async fn callers(api: &mut Api, stage: &Stage) -> Result<Callers> {
    let needed = PREPARED_RATE * stage.seconds / 2;
    let mut task_runs = Vec::new();
    for _ in 0..needed.div_ceil(WIDE_TASKS as u64).max(1) {
        let flow_run = api.create_flow_run(&stage.wide, json!({})).await?;
        api.set_running(&flow_run).await?;
        let document = format!(
            "query {{ task_run(where: {{ flow_run_id: {{ _eq: \"{flow_run}\" }}, state: {{ _eq: \"Pending\" }} }}) {{ id }} }}"
        );
        let rows = api.call(&document, &Value::Null).await?;
        task_runs.extend(ids_of(&rows["task_run"])?);
    }
    let mut success = state("Success", "Task run succeeded.");
    success["_result"] = json!({
        "dir": "/home/runner/.prefect/results", "location": "bench/2026-01-01/result",
        "__version__": "1.4.1", "type": "LocalResult",
    });
    let begin = rendered(stage, &state("Running", "Starting task run."), &json!(1))?;
    let finish = rendered(stage, &success, &Value::Null)?;
    let share = task_runs.len() / usize::from(stage.callers);
    Ok((0..stage.callers)
        .map(|_| {
            let waiting = task_runs.split_off(task_runs.len() - share);
            let (begin, finish) = (begin.clone(), finish.clone());
            Box::new(Working { begin, finish, waiting, begun: None }) as Box<dyn Caller>
        })
        .collect())
}

fn rendered(stage: &Stage, next: &Value, version: &Value) -> Result<(Request, Slot)> {
    let input = json!({"states": [{"state": next, "task_run_id": TASK_RUN, "version": version}]});
    let request = Request::graphql(stage.target, &[], DOCUMENT, &json!({ "input": input }));
    let slot = request.slot(TASK_RUN)?;
    Ok((request, slot))
}
