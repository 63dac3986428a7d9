//! The states of a flow run.

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
use signalbox_storage::repo::flow_run::{self, PastState};

/// Every state that a run has had, and then those that come. The number of a state is its place.
///
/// # Errors
/// `NOT_FOUND` for an unknown run, `INVALID_INPUT` for a cursor of something else.
pub async fn flow_run_states(
    services: &Services,
    access: Access<Viewer>,
    run: FlowRunId,
    after: Option<String>,
) -> Result<impl Stream<Item = Result<Items<PastState>, ServiceError>> + Send + use<>, ServiceError> {
    let version = plain(after.as_deref())?;
    let known = flow_run::version(&services.store().read(&access), run).await?;
    let last = known.ok_or_else(|| ServiceError::not_found("Flow run", run))?;
    check_within(Cursor::behind(version), last)?;
    Ok(follow(services, States { access, run, version }, Topic::FlowRun(access.tenant(), run)))
}

struct States {
    access: Access<Viewer>,
    run: FlowRunId,
    version: i64,
}

impl Source for States {
    type Item = PastState;

    async fn read(&mut self, services: &Services) -> Result<Page<PastState>, ServiceError> {
        let tx = services.store().read(&self.access);
        let states = flow_run::states_after(&tx, self.run, self.version, PAGE).await?;
        let Some(last) = states.last() else {
            let ended = !flow_run::exists(&tx, self.run).await?;
            return Ok(Page { items: Vec::new(), more: false, ended });
        };
        self.version = last.version;
        Ok(Page::of(states.into_iter().map(|state| (Cursor::behind(state.version), state)).collect()))
    }
}
