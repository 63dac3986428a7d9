//! The lanes of the hot operations (see [`signalbox_storage::Lane`]).

use crate::{flow_runs, logs, task_runs};
use signalbox_core::{clock::Clock, ids::Ids};
use signalbox_storage::Lane;
use std::sync::Arc;

/// One lane per hot operation.
pub(crate) struct Lanes {
    pub create_flow_run: Lane<flow_runs::CreateBatch>,
    pub set_flow_run_state: Lane<flow_runs::StateBatch>,
    pub heartbeat: Lane<flow_runs::HeartbeatBatch>,
    pub set_task_run_state: Lane<task_runs::StateBatch>,
    pub task_run_info: Lane<task_runs::InfoBatch>,
    pub append_logs: Lane<logs::AppendBatch>,
}

impl Lanes {
    pub fn new(clock: &Arc<dyn Clock>, ids: &Arc<dyn Ids>) -> Self {
        let (clock, ids) = (|| Arc::clone(clock), || Arc::clone(ids));
        Self {
            create_flow_run: Lane::new(flow_runs::CreateBatch { ids: ids(), clock: clock() }),
            set_flow_run_state: Lane::new(flow_runs::StateBatch { ids: ids(), clock: clock() }),
            heartbeat: Lane::new(flow_runs::HeartbeatBatch { clock: clock() }),
            set_task_run_state: Lane::new(task_runs::StateBatch { ids: ids(), clock: clock() }),
            task_run_info: Lane::new(task_runs::InfoBatch { ids: ids(), clock: clock() }),
            append_logs: Lane::new(logs::AppendBatch { clock: clock() }),
        }
    }
}
