//! `get_or_create_task_run_info` for mapped children that do not exist yet, as a task runner sends it: an inline
//! mutation whose text differs every time.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Caller, Callers};
use crate::http::{Answer, Request, Slot};
use crate::seed::{Api, Stage};

/// Map indices have seven digits, so that each request is as long as the one before.
const FIRST_INDEX: u64 = 1_000_000;
const INDEX: &str = "7654321";

struct Mapping {
    request: Request,
    index: Slot,
    next_index: u64,
}

impl Caller for Mapping {
    fn next(&mut self) -> Option<&[u8]> {
        self.request.fill_number(&self.index, self.next_index);
        self.next_index += 1;
        Some(self.request.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"version\"")
    }
}

/// Each caller maps over a task of a flow run of its own.
pub async fn callers(api: &mut Api, stage: &Stage) -> Result<Callers> {
    let mut callers: Callers = Vec::new();
    for _ in 0..stage.callers {
        let flow_run = api.create_flow_run(&stage.chain, json!({})).await?;
        api.set_running(&flow_run).await?;
        let document = format!(
            "mutation {{\n    get_or_create_task_run_info(input: {{ flow_run_id: \"{flow_run}\", task_id: \"{}\", \
             map_index: {INDEX} }}) {{\n        id\n        version\n        serialized_state\n    }}\n}}",
            stage.chain.tasks[0]
        );
        let request = Request::graphql(stage.target, &[], &document, &Value::Null);
        let index = request.slot(INDEX)?;
        callers.push(Box::new(Mapping { request, index, next_index: FIRST_INDEX }));
    }
    Ok(callers)
}
