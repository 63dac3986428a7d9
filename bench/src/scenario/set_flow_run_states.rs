//! `set_flow_run_states`: runs go from Scheduled to Submitted to Running to Success, one state a request.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::drive::exhaust;
use super::{Caller, Callers};
use crate::http::{Answer, Request, Slot};
use crate::seed::{Api, Stage, ids_of, nanoseconds_now, state};

const DOCUMENT: &str = "mutation($input: set_flow_run_states_input!) {\n    set_flow_run_states(input: $input) {\n        states {\n            id\n            status\n            message\n        }\n    }\n}";
const CREATE: &str =
    "mutation($input: create_flow_run_input!) {\n    create_flow_run(input: $input) {\n        id\n    }\n}";
const FLOW_RUN: &str = "00000000-0000-0000-0000-0000000000ab";
const KEY: &str = "80000000000000000000000000000001";
/// The states of one run, in order.
const STATES: [&str; 3] = ["Submitted", "Running", "Success"];
/// Runs are prepared for this many states a second; should a server be faster, its window ends earlier.
const PREPARED_RATE: u64 = 6_000;
/// Runs listed by one request.
const PAGE: usize = 20_000;

struct Working {
    requests: Vec<(Request, Slot)>,
    waiting: Vec<String>,
    current: Option<(String, usize)>,
}

impl Caller for Working {
    fn next(&mut self) -> Option<&[u8]> {
        let (flow_run, step) = match self.current.take() {
            Some((flow_run, step)) if step < self.requests.len() => (flow_run, step),
            _ => (self.waiting.pop()?, 0),
        };
        let (request, slot) = &mut self.requests[step];
        request.fill(slot, &flow_run);
        self.current = Some((flow_run, step + 1));
        Some(self.requests[step].0.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"SUCCESS\"")
    }
}

/// Creates runs until its share is done.
struct Creating {
    request: Request,
    key: Slot,
    next_key: u64,
    left: u64,
}

impl Caller for Creating {
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

/// Each caller works through runs of its own.
pub async fn callers(api: &mut Api, stage: &Stage) -> Result<Callers> {
    let steps = STATES.len() as u64;
    let share = (PREPARED_RATE * stage.seconds / steps).div_ceil(u64::from(stage.callers));
    create(stage, share).await?;
    let flow = json!({"_eq": stage.single.id});
    let variables =
        json!({"where": {"flow_id": flow, "state": {"_eq": "Scheduled"}}, "limit": PAGE, "offset": 0});
    let document = "query($where: flow_run_bool_exp, $limit: Int, $offset: Int) {
        flow_run(where: $where, limit: $limit, offset: $offset, order_by: { id: asc }) { id } }";
    let mut runs = Vec::new();
    loop {
        let mut variables = variables.clone();
        variables["offset"] = json!(runs.len());
        let found = ids_of(&api.call(document, &variables).await?["flow_run"])?;
        let last = found.len() < PAGE;
        runs.extend(found);
        if last {
            break;
        }
    }
    ensure!(runs.len() as u64 >= share * u64::from(stage.callers), "only {} runs were made", runs.len());
    let share = runs.len() / usize::from(stage.callers);
    let requests: Vec<(Request, Slot)> =
        STATES.iter().map(|name| rendered(stage, name)).collect::<Result<_>>()?;
    Ok((0..stage.callers)
        .map(|_| {
            let waiting = runs.split_off(runs.len() - share);
            Box::new(Working { requests: requests.clone(), waiting, current: None }) as Box<dyn Caller>
        })
        .collect())
}

async fn create(stage: &Stage, share: u64) -> Result<()> {
    let input = json!({"flow_id": stage.single.id, "idempotency_key": KEY, "parameters": {}, "context": {}});
    let request = Request::graphql(stage.target, &[], CREATE, &json!({ "input": input }));
    let key = request.slot(KEY)?;
    let first_key = u64::try_from(nanoseconds_now() % 1_000_000_000_000_000)?;
    let creating = (0..u64::from(stage.callers)).map(|caller| {
        let next_key = first_key + caller * 1_000_000_000_000_000;
        let creating = Creating { request: request.clone(), key: key.clone(), next_key, left: share };
        Box::new(creating) as Box<dyn Caller>
    });
    exhaust(stage.target, creating.collect()).await
}

fn rendered(stage: &Stage, name: &str) -> Result<(Request, Slot)> {
    let next: Value = state(name, "As reported by the process.");
    let input = json!({"states": [{"state": next, "flow_run_id": FLOW_RUN, "version": null}]});
    let request = Request::graphql(stage.target, &[], DOCUMENT, &json!({ "input": input }));
    let slot = request.slot(FLOW_RUN)?;
    Ok((request, slot))
}
