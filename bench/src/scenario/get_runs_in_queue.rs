//! `get_runs_in_queue` while nothing is due and many runs wait far in the future, as stock agents poll.

use anyhow::Result;
use serde_json::json;

use super::drive::exhaust;
use super::{Caller, Callers};
use crate::http::{Answer, Request, Slot};
use crate::seed::{Api, Stage, id_of};

const DOCUMENT: &str = "mutation($input: get_runs_in_queue_input!) {\n    get_runs_in_queue(input: $input) {\n        flow_run_ids\n    }\n}";
const LABEL: &str = "bench-queue";
const FAR: &str = "2099-01-01T00:00:00+00:00";
const BEFORE: &str = "2030-01-01T00:00:00.000000+00:00";

struct Polling(Request);

impl Caller for Polling {
    fn next(&mut self) -> Option<&[u8]> {
        Some(self.0.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"flow_run_ids\":[]")
    }
}

/// Agents that carry the label of the waiting runs, each registered as its own.
pub async fn callers(api: &mut Api, stage: &Stage, depth: u32) -> Result<Callers> {
    let waiting = "query { flow_run_aggregate(where: { labels: { _contains: [\"bench-queue\"] } }) { aggregate { count } } }";
    let present = api.call(waiting, &serde_json::Value::Null).await?;
    let present = present["flow_run_aggregate"]["aggregate"]["count"].as_u64().unwrap_or(0);
    fill_queue(stage, u64::from(depth).saturating_sub(present)).await?;
    let mut callers: Callers = Vec::new();
    for number in 0..stage.callers {
        let agent = json!({
            "type": "LocalAgent", "name": format!("bench-{number}"), "labels": [LABEL],
            "tenant_id": stage.tenant_id, "agent_config_id": null,
        });
        let agent = id_of(&api.mutate("register_agent", agent, "id").await?)?;
        let input = json!({"before": BEFORE, "labels": [LABEL], "tenant_id": stage.tenant_id});
        let headers = [format!("X-PREFECT-AGENT-ID: {agent}")];
        callers.push(Box::new(Polling(Request::graphql(
            stage.target,
            &headers,
            DOCUMENT,
            &json!({ "input": input }),
        ))));
    }
    Ok(callers)
}

/// Creates runs until its share is done.
struct Filling {
    request: Request,
    key: Slot,
    next_key: u64,
    left: u64,
}

impl Caller for Filling {
    fn next(&mut self) -> Option<&[u8]> {
        self.left = self.left.checked_sub(1)?;
        self.next_key += 1;
        self.request.fill_number(&self.key, self.next_key);
        Some(self.request.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"id\"")
    }
}

async fn fill_queue(stage: &Stage, runs: u64) -> Result<()> {
    const KEY: &str = "90000000000000000000000000000001";
    let document = "mutation($input: create_flow_run_input!) { create_flow_run(input: $input) { id } }";
    let input = json!({
        "flow_id": stage.single.id, "labels": [LABEL], "scheduled_start_time": FAR, "idempotency_key": KEY,
    });
    let request = Request::graphql(stage.target, &[], document, &json!({ "input": input }));
    let key = request.slot(KEY)?;
    let callers = u64::from(stage.callers);
    let fillers: Callers = (0..callers)
        .map(|caller| {
            let left = runs / callers + u64::from(caller < runs % callers);
            let next_key = caller * 1_000_000_000;
            Box::new(Filling { request: request.clone(), key: key.clone(), next_key, left })
                as Box<dyn Caller>
        })
        .collect();
    exhaust(stage.target, fillers).await
}
