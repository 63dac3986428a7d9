//! The mapped children of a task run, summed up.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Viewer};
use signalbox_schema::TaskRunId;
use signalbox_storage::repo::task_run;

/// All mapped children of a task run.
#[derive(Debug)]
pub struct MappedChildren {
    /// When the first of them began.
    pub min_start_time: Option<DateTime<Utc>>,
    /// When the last of them ended.
    pub max_end_time: Option<DateTime<Utc>>,
    /// How many are in which state.
    pub state_counts: Vec<(String, i64)>,
}

/// The mapped children of a task run, summed up. A task run that is unknown or not mapped has none.
pub async fn mapped_children(
    services: &Services,
    access: &Access<Viewer>,
    parent: TaskRunId,
) -> Result<MappedChildren, ServiceError> {
    let groups = task_run::children(&services.store().read(access), parent).await?;
    Ok(MappedChildren {
        min_start_time: groups.iter().filter_map(|group| group.min_start_time).min(),
        max_end_time: groups.iter().filter_map(|group| group.max_end_time).max(),
        state_counts: groups.into_iter().filter_map(|group| Some((group.state?, group.count))).collect(),
    })
}
