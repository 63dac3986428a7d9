//! The whole API over a database with a few rows, and what every answer must be.

use crate::world;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::{Value, json};
use signalbox_api::{
    auth::{BrowserPolicy, Doors},
    graphql,
    router::Api,
    transport::HttpLimits,
};
use signalbox_backing::Backing;
use signalbox_bus::MemoryBus;
use signalbox_core::{clock::SystemClock, ids::RandomIds};
use signalbox_schema::ErrorCode;
use signalbox_services::{Parts, Services};
use signalbox_storage::Store;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// How long an answer may take, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

pub struct Arena {
    runtime: Runtime,
    router: Router,
    /// Ids of rows that exist, and of one that does not.
    pub ids: Vec<String>,
    /// How many operations had data in their answers, and how many had not.
    tally: Mutex<(usize, usize)>,
    _backing: Backing,
}

impl Arena {
    pub fn open() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let backing = Backing::new();
        let router = runtime.block_on(async {
            let services = Services::start(Parts {
                store: Store::open(&backing.database_url()).await.unwrap(),
                bus: Arc::new(MemoryBus::default()),
                clock: Arc::new(SystemClock),
                ids: Arc::new(RandomIds),
            })
            .await
            .unwrap();
            let browsers = BrowserPolicy {
                doors: Doors::Open,
                loopback: true,
                allowed_origins: Vec::new(),
                allowed_hosts: Vec::new(),
            };
            let schema = graphql::build(services.clone());
            let sdl = schema.sdl();
            Api::new(schema, &sdl, services, browsers, HttpLimits::default()).router()
        });
        let mut arena = Self {
            runtime,
            router,
            ids: vec![uuid::Uuid::nil().to_string()],
            tally: Mutex::default(),
            _backing: backing,
        };
        arena.furnish();
        arena
    }

    /// A project, a flow, a run and its first state.
    fn furnish(&mut self) {
        let make = |arena: &mut Self, mutation: &str, input: Value| {
            let document =
                format!("mutation($input: {mutation}_input!) {{ {mutation}(input: $input) {{ id }} }}");
            let body = json!({"query": document, "variables": {"input": input}}).to_string();
            let answer: Value = serde_json::from_slice(&arena.answer(body.into_bytes()).1).unwrap();
            let id = answer["data"][mutation]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
            arena.ids.push(id.clone());
            id
        };
        let project = make(self, "create_project", json!({"name": "p"}));
        let document = json!({"project_id": project, "serialized_flow": world::flow("f")});
        let flow = make(self, "create_flow", document);
        let run = json!({"flow_id": flow, "labels": ["a"], "parameters": {"n": 1}});
        make(self, "create_flow_run", run);
    }

    fn count(&self, has_data: bool) {
        let mut tally = self.tally.lock().unwrap();
        *(if has_data { &mut tally.0 } else { &mut tally.1 }) += 1;
    }

    /// How many of a hundred operations had data in their answers.
    pub fn percent_answered(&self) -> usize {
        let (answered, refused) = *self.tally.lock().unwrap();
        answered * 100 / (answered + refused).max(1)
    }

    fn answer(&self, body: Vec<u8>) -> (u16, Vec<u8>) {
        self.runtime.block_on(async {
            let request = Request::post("/graphql").body(Body::from(body)).unwrap();
            let response = self.router.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
        })
    }

    /// Sends a body; says what is wrong with its answer.
    pub fn send(&self, body: Vec<u8>) -> Result<(), String> {
        let began = Instant::now();
        let sent = String::from_utf8_lossy(&body).into_owned();
        let (status, answer) = self.answer(body);
        let took = began.elapsed();
        let text = String::from_utf8_lossy(&answer);
        let blame = |what: &str| Err(format!("{what}: {status} {text}\n  to {sent}"));
        if took > LONGEST {
            return blame(&format!("answered only after {took:?}"));
        }
        if !matches!(status, 200 | 400 | 413) {
            return blame("a status for failures of the server");
        }
        let Ok(answer) = serde_json::from_slice::<Value>(&answer) else { return blame("no JSON") };
        for answer in answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice) {
            self.count(answer["data"].is_object());
            let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
            if errors.is_empty() && (status != 200 || !answer["data"].is_object()) {
                return blame("neither data nor errors");
            }
            for error in errors {
                let code = error["extensions"]["code"].as_str().and_then(ErrorCode::parse);
                if matches!(code, None | Some(ErrorCode::Internal | ErrorCode::Unavailable)) {
                    return blame("blamed on the server");
                }
                if error["message"].as_str().is_none_or(str::is_empty) {
                    return blame("an error without a message");
                }
            }
        }
        Ok(())
    }
}
