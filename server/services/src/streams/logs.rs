//! The log of a flow run.

use super::{
    check_within,
    follow::{Items, PAGE, Page, Source, follow},
    plain,
};
use crate::{ServiceError, Services};
use futures_util::Stream;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Viewer},
    cursor::Cursor,
};
use signalbox_schema::FlowRunId;
use signalbox_storage::repo::{
    flow_run,
    log::{self, LogLine},
};

/// The lines of a run in the order in which they arrived, whatever times they carry, and then those that come.
///
/// # Errors
/// `NOT_FOUND` for an unknown run, `INVALID_INPUT` for a cursor of something else.
pub async fn flow_run_logs(
    services: &Services,
    access: Access<Viewer>,
    run: FlowRunId,
    after: Option<String>,
) -> Result<impl Stream<Item = Result<Items<LogLine>, ServiceError>> + Send + use<>, ServiceError> {
    let position = plain(after.as_deref())?;
    let tx = services.store().read(&access);
    if !flow_run::exists(&tx, run).await? {
        return Err(ServiceError::not_found("Flow run", run));
    }
    check_within(Cursor::behind(position), log::last_position(&tx).await?)?;
    Ok(follow(services, Lines { access, run, position }, Topic::FlowRun(access.tenant(), run)))
}

struct Lines {
    access: Access<Viewer>,
    run: FlowRunId,
    position: i64,
}

impl Source for Lines {
    type Item = LogLine;

    async fn read(&mut self, services: &Services) -> Result<Page<LogLine>, ServiceError> {
        let tx = services.store().read(&self.access);
        let lines = log::after(&tx, self.run, self.position, PAGE).await?;
        let Some(last) = lines.last() else {
            let ended = !flow_run::exists(&tx, self.run).await?;
            return Ok(Page { items: Vec::new(), more: false, ended });
        };
        self.position = last.position;
        Ok(Page::of(lines.into_iter().map(|line| (Cursor::behind(line.position), line)).collect()))
    }
}
