//! What is measured: one file per operation, each saying what its callers send. Driving them is [`drive`]'s work.

pub mod create_flow_run;
pub mod drive;
pub mod get_or_create_task_run_info;
pub mod get_runs_in_queue;
pub mod list_flow_runs;
pub mod look;
pub mod schedules;
pub mod set_flow_run_states;
pub mod set_task_run_states;
pub mod start_delay;
pub mod write_run_logs;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::args::Args;
use crate::http::Answer;
use crate::seed::{Api, Stage};

/// Somebody who sends one request after another.
pub trait Caller: Send {
    /// The next request as it goes over the wire, or nothing when what was prepared is used up.
    fn next(&mut self) -> Option<&[u8]>;

    /// Whether a successful answer also says what it should.
    fn accepts(&self, answer: &Answer<'_>) -> bool;
}

/// The callers of one scenario.
pub type Callers = Vec<Box<dyn Caller>>;

/// A rate to reach: release build, SQLite, two cores, 32 callers, the generator on the same machine.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Units a second.
    pub rate: f64,
}

/// The operations that are measured, in the order they run in: the queue first, while nothing else is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Kind {
    /// Agents poll; nothing is due, many runs are scheduled far in the future.
    GetRunsInQueue,
    /// Runs of a ten-task flow are created.
    CreateFlowRun,
    /// Mapped children come into being.
    GetOrCreateTaskRunInfo,
    /// Task runs go from Pending to Running to Success.
    SetTaskRunStates,
    /// Flow runs go from Scheduled to Submitted to Running to Success.
    SetFlowRunStates,
    /// Log lines arrive in batches of 100.
    WriteRunLogs,
    /// A dashboard lists the newest runs.
    ListFlowRuns,
    /// Scheduled runs come due among 10,000 active schedules; minutes long, so only when it is named.
    Schedules,
}

impl Kind {
    /// The scenarios asked for, in their order.
    pub fn chosen(args: &Args) -> Vec<Self> {
        let all = Self::value_variants();
        let by_default = |kind: &Self| args.only.is_empty() && *kind != Self::Schedules;
        all.iter().copied().filter(|kind| by_default(kind) || args.only.contains(kind)).collect()
    }

    /// The operation's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GetRunsInQueue => "get_runs_in_queue",
            Self::CreateFlowRun => "create_flow_run",
            Self::GetOrCreateTaskRunInfo => "get_or_create_task_run_info",
            Self::SetTaskRunStates => "set_task_run_states",
            Self::SetFlowRunStates => "set_flow_run_states",
            Self::WriteRunLogs => "write_run_logs",
            Self::ListFlowRuns => "flow_run list",
            Self::Schedules => "schedules",
        }
    }

    /// What one request does so many of, and how many.
    pub fn unit(self) -> (&'static str, f64) {
        match self {
            Self::WriteRunLogs => ("lines", write_run_logs::BATCH_LINES),
            Self::SetTaskRunStates | Self::SetFlowRunStates => ("states", 1.0),
            Self::CreateFlowRun | Self::Schedules => ("runs", 1.0),
            Self::GetOrCreateTaskRunInfo => ("task runs", 1.0),
            Self::GetRunsInQueue | Self::ListFlowRuns => ("requests", 1.0),
        }
    }

    /// The mark, where there is one.
    pub fn mark(self) -> Option<Mark> {
        match self {
            Self::GetRunsInQueue => Some(Mark { rate: 5_000.0 }),
            Self::CreateFlowRun => Some(Mark { rate: 1_000.0 }),
            Self::SetTaskRunStates => Some(Mark { rate: 4_000.0 }),
            Self::WriteRunLogs => Some(Mark { rate: 50_000.0 }),
            Self::GetOrCreateTaskRunInfo | Self::SetFlowRunStates | Self::ListFlowRuns | Self::Schedules => {
                None
            }
        }
    }

    /// Prepares what the scenario needs and returns its callers.
    pub async fn callers(self, api: &mut Api, stage: &Stage, args: &Args) -> Result<Callers> {
        match self {
            Self::GetRunsInQueue => get_runs_in_queue::callers(api, stage, args.queue_depth).await,
            Self::CreateFlowRun => create_flow_run::callers(stage),
            Self::GetOrCreateTaskRunInfo => get_or_create_task_run_info::callers(api, stage).await,
            Self::SetTaskRunStates => set_task_run_states::callers(api, stage).await,
            Self::SetFlowRunStates => set_flow_run_states::callers(api, stage).await,
            Self::WriteRunLogs => write_run_logs::callers(api, stage).await,
            Self::ListFlowRuns => Ok(list_flow_runs::callers(stage)),
            Self::Schedules => bail!("schedules are measured as a delay, not as a rate"),
        }
    }
}
