//! A server that keeps the wire contract of the agent's operations in memory and refuses what does not fit it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use signalbox_client::operations::DOCUMENTS;
use signalbox_schema::StateType;
use tokio::sync::watch;
use url::Url;
use uuid::Uuid;

use crate::SOON;

pub(crate) const TENANT: Uuid = Uuid::from_u128(0x7e);
pub(crate) const AGENT: Uuid = Uuid::from_u128(0xa9);
const FLOW: Uuid = Uuid::from_u128(0xf1);

/// Everything the server knows and was told.
#[derive(Default)]
pub(crate) struct Records {
    /// Claims wait here.
    queue: VecDeque<Value>,
    pub(crate) runs: HashMap<Uuid, Run>,
    pub(crate) logs: Vec<Value>,
    /// Ends of processes, as they were reported.
    pub(crate) exits: Vec<Value>,
    pub(crate) registrations: Vec<Value>,
    pub(crate) claims: Vec<ClaimSeen>,
    /// Answered to everything while set.
    pub(crate) outage: Option<StatusCode>,
    /// Operations that met an outage, in order.
    pub(crate) turned_away: Vec<&'static str>,
    /// Answered to the operation of that name, once each.
    pub(crate) refusals: VecDeque<(&'static str, &'static str)>,
    pub(crate) renew_seconds: u64,
    /// So many answers with runs do not reach the agent.
    pub(crate) lost_answers: u32,
    /// The runs of each question, by its id.
    handed_out: HashMap<Uuid, Vec<Value>>,
    /// Requests that did not fit the contract.
    pub(crate) complaints: Vec<String>,
    next_token: u128,
}

pub(crate) struct Run {
    pub(crate) state: String,
    pub(crate) task_waits: bool,
    pub(crate) token: Uuid,
    pub(crate) directive: Option<&'static str>,
    /// States reported by the agent, as it sent them.
    pub(crate) reported: Vec<Value>,
    pub(crate) released: bool,
}

pub(crate) struct ClaimSeen {
    pub(crate) at: Instant,
    pub(crate) slots: u64,
    pub(crate) held: Vec<Uuid>,
    pub(crate) process_id: Uuid,
    pub(crate) number: u64,
    pub(crate) id: Uuid,
}

#[derive(Clone)]
pub(crate) struct FakeServer {
    pub(crate) url: Url,
    records: Arc<Mutex<Records>>,
    changed: Arc<watch::Sender<u64>>,
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let records = Records { renew_seconds: 2, ..Records::default() };
        let server =
            Self { url, records: Arc::new(Mutex::new(records)), changed: Arc::new(watch::Sender::new(0)) };
        let app = Router::new().route("/", post(answer)).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        server
    }

    /// Looks at or changes the records; everybody who waits looks again.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Records) -> T) -> T {
        let result = change(&mut self.records.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// Puts a run into the queue; `extra` overrides fields of the claim.
    pub(crate) fn queue_run(&self, id: u128, extra: &Value) -> Uuid {
        let id = Uuid::from_u128(id);
        let mut claim = json!({
            "flow_run_id": id, "flow_id": FLOW, "flow_name": "demo", "name": "brave-otter", "version": 2,
            "run_config": {"type": "UniversalRun"}, "storage": {"type": "Local"}, "log_level": null, "resumed": false,
        });
        claim.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.with(|records| records.queue.push_back(claim));
        id
    }

    /// Waits until something is so.
    pub(crate) async fn until<T>(&self, what: &str, probe: impl Fn(&Records) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let wait = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = probe(&self.records.lock().unwrap()) {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        };
        let Ok(found) = tokio::time::timeout(SOON, wait).await else {
            panic!("this did not happen: {what}; complaints: {:?}", self.complaints())
        };
        found
    }

    pub(crate) async fn until_released(&self, run: Uuid) {
        self.until("the run is released", |records| records.runs.get(&run)?.released.then_some(())).await;
    }

    /// Lets a run's own process report its end.
    pub(crate) fn finish(&self, run: Uuid, state: &str) {
        self.with(|records| records.runs.get_mut(&run).unwrap().state = state.into());
    }

    pub(crate) async fn until_claimed(&self, run: Uuid) {
        self.until("the run is claimed", |records| records.runs.contains_key(&run).then_some(())).await;
    }

    /// The states the agent reported of a run: type and message.
    pub(crate) fn reported(&self, run: Uuid) -> Vec<(String, String)> {
        let text = |state: &Value, field: &str| state[field].as_str().unwrap().to_owned();
        self.with(|records| {
            records.runs[&run]
                .reported
                .iter()
                .map(|state| (text(state, "type"), text(state, "message")))
                .collect()
        })
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        self.records.lock().unwrap().complaints.clone()
    }
}

async fn answer(State(server): State<FakeServer>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let document = body["query"].as_str().unwrap_or_default();
    let Some((name, _)) = DOCUMENTS.iter().find(|(_, known)| *known == document) else {
        server.with(|records| records.complaints.push(format!("unknown document: {document}")));
        return StatusCode::BAD_REQUEST.into_response();
    };
    let outage = server.with(|records| {
        records.turned_away.extend(records.outage.map(|_| *name));
        records.outage
    });
    if let Some(status) = outage {
        return (status, "down for a moment").into_response();
    }
    let refusal = server.with(|records| {
        let index = records.refusals.iter().position(|(operation, _)| operation == name)?;
        records.refusals.remove(index)
    });
    if let Some((_, code)) = refusal {
        return refuse(code);
    }
    check_headers(&server, name, &headers);
    let variables = &body["variables"];
    let input = &variables["input"];
    let answered = match *name {
        "tenant" => Ok(json!({"tenant": [{"id": TENANT}]})),
        "register_agent" => Ok(server.with(|records| {
            records.registrations.push(input.clone());
            json!({"register_agent": {"id": AGENT}})
        })),
        "claim_flow_runs" => claim(&server, input).await,
        "release_flow_runs" => server.with(|records| release(records, input)),
        "set_flow_run_states" => server.with(|records| set_state(records, input)),
        "report_flow_run_exit" => server.with(|records| report_exit(records, input)),
        "flow_run_state" => Ok(server.with(|records| read_state(records, variables))),
        "write_run_logs" => Ok(server.with(|records| {
            records.logs.extend(input["logs"].as_array().unwrap().iter().cloned());
            json!({"write_run_logs": {"success": true}})
        })),
        other => panic!("the fake server does not know {other}"),
    };
    match answered {
        Ok(data) => Json(json!({ "data": data })).into_response(),
        Err(code) => refuse(code),
    }
}

fn refuse(code: &str) -> Response {
    let error = json!({"message": format!("refused: {code}"), "path": [], "extensions": {"code": code}});
    Json(json!({"data": null, "errors": [error]})).into_response()
}

fn check_headers(server: &FakeServer, operation: &str, headers: &HeaderMap) {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    if !text("user-agent").starts_with("signalbox/") {
        wrong.push("user-agent");
    }
    let named = text("x-prefect-agent-id") == AGENT.to_string();
    if named == matches!(operation, "tenant" | "register_agent") {
        wrong.push("x-prefect-agent-id");
    }
    if !wrong.is_empty() {
        server.with(|records| records.complaints.push(format!("{operation}: wrong headers {wrong:?}")));
    }
}

/// A long poll as the real one: at once when there is something to say, else after `wait_ms`.
async fn claim(server: &FakeServer, input: &Value) -> Result<Value, &'static str> {
    let slots = input["slots"].as_u64().unwrap();
    let held: Vec<(Uuid, Uuid)> = input["held"]
        .as_array()
        .unwrap()
        .iter()
        .map(|held| (uuid(&held["flow_run_id"]), uuid(&held["lease_token"])))
        .collect();
    let id = uuid(&input["claim_id"]);
    server.with(|records| {
        let held = held.iter().map(|(run, _)| *run).collect();
        let number = input["claim_number"].as_u64().unwrap();
        let last = records.claims.last().map(|claim| (claim.process_id, claim.number, claim.id));
        let process_id = uuid(&input["process_id"]);
        records.claims.push(ClaimSeen { at: Instant::now(), slots, held, process_id, number, id });
        if let Some((process, before, same)) = last
            && process == process_id
            && number != before + u64::from(id != same)
        {
            records.complaints.push(format!("question {number} came after {before}"));
        }
        if uuid(&input["agent_id"]) != AGENT {
            records.complaints.push("claim by an unknown agent".into());
        }
    });
    let mut changed = server.changed.subscribe();
    let deadline = tokio::time::Instant::now() + Duration::from_millis(input["wait_ms"].as_u64().unwrap());
    loop {
        changed.borrow_and_update();
        let late = tokio::time::Instant::now() >= deadline;
        let answer = hand_out(&mut server.records.lock().unwrap(), id, &held, slots, late);
        if let Some(answer) = answer {
            let lost = server.with(|records| {
                let lost = records.lost_answers > 0 && answer["runs"] != json!([]);
                records.lost_answers -= u32::from(lost);
                lost
            });
            if lost {
                return Err("API_ERROR");
            }
            return Ok(json!({ "claim_flow_runs": answer }));
        }
        let _ = tokio::time::timeout_at(deadline, changed.changed()).await;
    }
}

/// Runs and directives, when there are any or the wait is over.
fn hand_out(records: &mut Records, id: Uuid, held: &[(Uuid, Uuid)], slots: u64, late: bool) -> Option<Value> {
    let directives: Vec<Value> = held
        .iter()
        .filter_map(|(id, token)| {
            let run = records.runs.get(id)?;
            let finished = StateType::parse(&run.state).unwrap().is_finished();
            let action = if run.token == *token && !finished { run.directive? } else { "abandon" };
            Some(json!({"flow_run_id": id, "action": action, "reason": "test"}))
        })
        .collect();
    // The same question gets the same runs.
    let mut runs = records.handed_out.get(&id).cloned().unwrap_or_default();
    while runs.len() < usize::try_from(slots).unwrap()
        && let Some(mut run) = records.queue.pop_front()
    {
        records.next_token += 1;
        let token = Uuid::from_u128(0x0100_0000 + records.next_token);
        run["lease_token"] = json!(token);
        let state = if run["resumed"] == true { "Running" } else { "Submitted" };
        let row = Run {
            state: state.into(),
            task_waits: false,
            token,
            directive: None,
            reported: Vec::new(),
            released: false,
        };
        records.runs.insert(uuid(&run["flow_run_id"]), row);
        runs.push(run);
    }
    records.handed_out.insert(id, runs.clone());
    let renew_seconds = records.renew_seconds;
    (!runs.is_empty() || !directives.is_empty() || late).then(|| {
        json!({
            "runs": runs,
            "directives": directives,
            "lease_seconds": renew_seconds * 3,
            "renew_seconds": renew_seconds,
        })
    })
}

fn release(records: &mut Records, input: &Value) -> Result<Value, &'static str> {
    for held in input["held"].as_array().unwrap() {
        match records.runs.get_mut(&uuid(&held["flow_run_id"])) {
            Some(run) if run.token == uuid(&held["lease_token"]) => {
                if run.released {
                    records.complaints.push("released twice".into());
                } else {
                    run.released = true;
                }
            }
            Some(_) => return Err("LEASE_LOST"),
            None => return Err("NOT_FOUND"),
        }
    }
    Ok(json!({"release_flow_runs": {"success": true}}))
}

fn set_state(records: &mut Records, input: &Value) -> Result<Value, &'static str> {
    let states = input["states"].as_array().unwrap();
    let [new] = states.as_slice() else { return Err("INVALID_INPUT") };
    let id = uuid(&new["flow_run_id"]);
    let run = records.runs.get_mut(&id).ok_or("NOT_FOUND")?;
    if uuid(&new["lease_token"]) != run.token {
        return Err("LEASE_LOST");
    }
    if run.released {
        records.complaints.push("a state was reported after the release".into());
        return Err("LEASE_LOST");
    }
    run.state = new["state"]["type"].as_str().unwrap().into();
    run.reported.push(new["state"].clone());
    Ok(json!({"set_flow_run_states": {"states": [{"id": id, "status": "SUCCESS", "message": null}]}}))
}

/// As a flow group without a policy has it: the run has failed.
fn report_exit(records: &mut Records, input: &Value) -> Result<Value, &'static str> {
    let state = json!({"type": "Failed", "message": input["message"]});
    let (run, token) = (&input["flow_run_id"], &input["lease_token"]);
    set_state(records, &json!({"states": [{"flow_run_id": run, "lease_token": token, "state": state}]}))?;
    records.exits.push(input.clone());
    Ok(json!({"report_flow_run_exit": {"state": "Failed"}}))
}

fn read_state(records: &Records, variables: &Value) -> Value {
    let rows = records.runs.get(&uuid(&variables["flow_run_id"])).map(|run| {
        let waiting = if run.task_waits { json!([{"id": Uuid::nil()}]) } else { json!([]) };
        json!({"state": run.state, "version": 3, "task_runs": waiting})
    });
    json!({"flow_run": rows.into_iter().collect::<Vec<_>>()})
}

fn uuid(value: &Value) -> Uuid {
    value.as_str().unwrap_or_default().parse().unwrap()
}
