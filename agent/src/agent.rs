//! One agent from its start to its end: probe, register, poll, wind down.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use signalbox_client::{Client, ClientError};
use tokio::sync::watch;

use crate::{
    AgentConfig,
    executor::{Executor, ExecutorError},
    journal::{Journal, JournalError},
    logs::Shipper,
    run::{self, RunOutcome},
    work::{
        drain::{Shutdown, ended_by_force},
        poll::poll,
        register::{Identity, register},
        slots::{Order, Slots},
    },
};

/// How long reports of killed runs and last log lines may take once the agent must end.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// An agent that is ready to run.
#[derive(Debug)]
pub struct Agent<E> {
    config: AgentConfig,
    executor: E,
}

/// What an agent did until it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many runs it executed.
    pub executed: u64,
    /// The run that ended last.
    pub last: Option<RunOutcome>,
}

/// Why an agent could not go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The backend cannot start runs; says what to do.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The journal cannot be used; says what to do.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The API refused the agent.
    #[error("the API refused this agent: {0}")]
    Api(#[from] ClientError),
}

/// What every room of a running agent works with.
pub(crate) struct Context {
    pub(crate) config: AgentConfig,
    pub(crate) executor: Box<dyn Executor>,
    pub(crate) slots: Slots,
    pub(crate) journal: Journal,
    /// Set when the server has answered once: what it did not order to be abandoned then is ours.
    pub(crate) confirmed: watch::Sender<bool>,
    pub(crate) logs: Shipper,
    /// A client without an agent's name, for registering.
    pub(crate) anonymous: Client,
    session: RwLock<Session>,
    outcome: Mutex<Outcome>,
}

/// Who the agent is at present; changes when the server has forgotten it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) identity: Identity,
}

impl Context {
    pub(crate) fn session(&self) -> Session {
        self.session.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn rename(&self, identity: Identity) {
        let session = Session::new(&self.anonymous, identity);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = session;
    }

    pub(crate) fn record(&self, run: RunOutcome) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.executed += 1;
        outcome.last = Some(run);
    }
}

impl Session {
    fn new(anonymous: &Client, identity: Identity) -> Self {
        Self { client: anonymous.clone().with_agent(identity.agent_id.into()), identity }
    }
}

impl<E: Executor> Agent<E> {
    /// An agent that executes runs on `executor`.
    pub fn new(config: AgentConfig, executor: E) -> Self {
        Self { config, executor }
    }

    /// Works until asked to stop (or, with `once`, until one run was executed).
    ///
    /// # Errors
    /// When the executor cannot start runs at all, another process has the journal, or the API refuses the agent. An API that cannot be reached is no
    /// error: the agent waits for it.
    pub async fn run(self, mut shutdown: watch::Receiver<Shutdown>) -> Result<Outcome, AgentError> {
        let Self { config, executor } = self;
        let journal = Journal::open(config.data_dir.as_deref())?;
        executor.keep_output_in(&journal.output());
        executor.probe().await?;
        let anonymous = Client::new(config.client.clone())?;
        let mut asked = shutdown.clone();
        let identity = tokio::select! {
            identity = register(&anonymous, &config, executor.capabilities().agent_type) => identity?,
            () = crate::work::drain::reached(&mut asked, Shutdown::Drain) => return Ok(Outcome::default()),
        };
        let session = Session::new(&anonymous, identity);
        let context = Arc::new(Context {
            slots: Slots::new(config.limit),
            journal,
            confirmed: watch::Sender::new(false),
            logs: Shipper::start(session.client.clone(), config.name.clone()),
            executor: Box::new(executor),
            anonymous,
            session: RwLock::new(session),
            outcome: Mutex::default(),
            config,
        });
        for record in context.journal.runs() {
            run::resume(&context, record);
        }
        let result = tokio::select! {
            result = poll(&context, shutdown.clone()) => result,
            () = end_by_force(&context, &mut shutdown) => Ok(()),
        };
        let outcome = *context.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(context) = Arc::try_unwrap(context).map_err(|_| ()) {
            context.logs.finish(LAST_WORDS).await;
        }
        tracing::info!(runs = outcome.executed, "the agent ends");
        result?;
        Ok(outcome)
    }
}

/// Once the patience is over: ends all work, and gives the reports a moment.
async fn end_by_force(context: &Arc<Context>, shutdown: &mut watch::Receiver<Shutdown>) {
    ended_by_force(shutdown, context.config.drain_timeout).await;
    tracing::warn!(runs = context.slots.held().len(), "ending the runs that are left");
    context.slots.order_all(Order::Halt);
    let mut count = context.slots.count();
    if tokio::time::timeout(LAST_WORDS, count.wait_for(|held| *held == 0)).await.is_err() {
        tracing::warn!("not every run that was ended could be reported");
    }
}
