//! `create_flow_run` of a flow with ten tasks, as `Client.create_flow_run` sends it.

use anyhow::Result;
use serde_json::json;

use super::{Caller, Callers};
use crate::http::{Answer, Request, Slot};
use crate::seed::Stage;

const DOCUMENT: &str =
    "mutation($input: create_flow_run_input!) {\n    create_flow_run(input: $input) {\n        id\n    }\n}";
/// Stands where the idempotency key goes: 32 digits, like the hexadecimal UUID the client makes up.
const KEY: &str = "90000000000000000000000000000001";

struct Creating {
    request: Request,
    key: Slot,
    next_key: u64,
}

impl Caller for Creating {
    fn next(&mut self) -> Option<&[u8]> {
        self.next_key += 1;
        self.request.fill_number(&self.key, self.next_key);
        Some(self.request.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"id\"")
    }
}

/// Callers whose idempotency keys never meet, not even those of another round on the same flow.
pub fn callers(stage: &Stage) -> Result<Callers> {
    let input = json!({"flow_id": stage.chain.id, "idempotency_key": KEY, "parameters": {}, "context": {}});
    let request = Request::graphql(stage.target, &[], DOCUMENT, &json!({ "input": input }));
    let key = request.slot(KEY)?;
    // The round's start in nanoseconds, plus room for a thousand million keys a caller.
    let first_key = u64::try_from(crate::seed::nanoseconds_now() % 1_000_000_000_000_000)?;
    Ok((0..u64::from(stage.callers))
        .map(|caller| {
            let next_key = first_key + caller * 1_000_000_000_000_000;
            Box::new(Creating { request: request.clone(), key: key.clone(), next_key }) as Box<dyn Caller>
        })
        .collect())
}
