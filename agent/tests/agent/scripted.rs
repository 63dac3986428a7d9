//! An executor whose work ends when the test says so, and which writes down what it is asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use signalbox_agent::executor::{
    Capabilities, Executor, ExecutorError, Exit, ExitStatus, Found, Handle, Keeper, Launch, handle::VERSION,
};
use signalbox_schema::FlowRunId;
use tokio::sync::watch;
use uuid::Uuid;

use crate::SOON;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Started(Uuid),
    Stopped(Uuid, Duration),
    CleanedUp(Uuid),
}

#[derive(Clone)]
pub(crate) struct Scripted(Arc<Inner>);

struct Inner {
    events: watch::Sender<Vec<Event>>,
    exits: Mutex<HashMap<Uuid, watch::Sender<Option<Exit>>>>,
    /// The longest grace with which a stop ends the work; without, only the test ends it.
    stops_within: Option<Duration>,
}

impl Scripted {
    /// Work that ends when it is stopped.
    pub(crate) fn obedient() -> Self {
        Self::new(Some(Duration::MAX))
    }

    /// Work that goes on after a soft stop until the test ends it; only a grace of zero ends it.
    pub(crate) fn stubborn() -> Self {
        Self::new(Some(Duration::ZERO))
    }

    /// Work that takes its time even when it is killed: only the test ends it.
    pub(crate) fn slow() -> Self {
        Self::new(None)
    }

    fn new(stops_within: Option<Duration>) -> Self {
        Self(Arc::new(Inner {
            events: watch::Sender::new(Vec::new()),
            exits: Mutex::default(),
            stops_within,
        }))
    }

    pub(crate) fn end(&self, run: Uuid, status: ExitStatus, output: &str) {
        let exit = Exit { status, output_tail: output.into() };
        self.0.exits.lock().unwrap()[&run].send_replace(Some(exit));
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.events.borrow().clone()
    }

    pub(crate) async fn until(&self, what: &str, probe: impl Fn(&[Event]) -> bool) {
        let mut events = self.0.events.subscribe();
        let found = tokio::time::timeout(SOON, events.wait_for(|events| probe(events))).await;
        assert!(found.is_ok(), "this did not happen: {what}; events: {:?}", self.events());
    }

    pub(crate) async fn until_started(&self, run: Uuid) {
        self.until("the run is started", |events| events.contains(&Event::Started(run))).await;
    }

    fn exit(&self, run: FlowRunId) -> watch::Sender<Option<Exit>> {
        self.0.exits.lock().unwrap()[&Uuid::from(run)].clone()
    }

    fn note(&self, event: Event) {
        self.0.events.send_modify(|events| events.push(event));
    }
}

#[async_trait]
impl Executor for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            agent_type: "LocalAgent",
            run_config: "LocalRun",
            docker_storage: false,
            reattach: false,
        }
    }

    async fn probe(&self) -> Result<(), ExecutorError> {
        Ok(())
    }

    async fn start(&self, launch: Launch, keeper: &dyn Keeper) -> Result<Handle, ExecutorError> {
        let run = launch.flow_run_id;
        let handle = Handle {
            version: VERSION,
            executor: "scripted".into(),
            flow_run_id: run,
            label: "script".into(),
            reference: json!({}),
        };
        keeper.keep(&handle).await.map_err(ExecutorError::Start)?;
        self.0.exits.lock().unwrap().insert(run.into(), watch::Sender::new(None));
        self.note(Event::Started(run.into()));
        Ok(handle)
    }

    async fn wait(&self, handle: &Handle) -> Result<Exit, ExecutorError> {
        let exit = self.exit(handle.flow_run_id).subscribe().wait_for(Option::is_some).await.unwrap().clone();
        Ok(exit.unwrap())
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> Result<(), ExecutorError> {
        self.note(Event::Stopped(handle.flow_run_id.into(), grace));
        if self.0.stops_within.is_some_and(|longest| grace <= longest) {
            let exit = Exit { status: ExitStatus::Signal(2), output_tail: String::new() };
            self.exit(handle.flow_run_id).send_replace(Some(exit));
        }
        self.wait(handle).await.map(|_| ())
    }

    async fn reattach(&self, handle: &Handle) -> Result<Found, ExecutorError> {
        let known = self.0.exits.lock().unwrap().contains_key(&Uuid::from(handle.flow_run_id));
        if known { Ok(Found::Begun) } else { Ok(Found::NeverBegan) }
    }

    async fn cleanup(&self, handle: &Handle) {
        self.note(Event::CleanedUp(handle.flow_run_id.into()));
    }
}
