//! Registers a version of a flow (reference §6, registration).

use super::{archive, document, graph, schedule, switches};
use crate::{ServiceError, Services, name, schedules};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use signalbox_core::{
    access::{Access, Operator},
    flow::{FlowSpec, parse_flow},
    ids::Ids,
    run::fingerprint,
    schedule::Policy,
};
use signalbox_schema::{ErrorCode, FlowGroupId, FlowId, FlowRunId, ProjectId};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        flow::{self, NewFlow, Newest},
        flow_group::{self, FlowGroup},
        project,
    },
};

/// How long after a registration without a key the same request is taken for a repeated delivery of it.
///
/// The stock client sends again after 15 s without an answer, or at once when the connection broke. A registration
/// whose tasks come later is known to have been answered as soon as they come, so registering the same flow twice in
/// a row makes two versions. Only where the tasks are inside and no key is given (`prefect register --force`) does a
/// second registration within this time yield the first one's version, whose content is the same to the letter.
const SENT_AGAIN_WITHIN: TimeDelta = TimeDelta::seconds(20);

/// The setting of a flow group that holds the key of its last registration.
const KEY_SETTING: &str = "idempotency_key";

/// A flow to register.
#[derive(Debug)]
pub struct CreateFlow {
    /// Where it shall lie.
    pub project: ProjectId,
    /// The serialized flow.
    pub serialized_flow: Value,
    /// What it is a version of; that of the project's last flow of the same name, if absent.
    pub version_group: Option<String>,
    /// Whether its schedule, if it has one, shall make runs.
    pub set_schedule_active: bool,
    /// What it is for; the document's own description, if absent.
    pub description: Option<String>,
    /// The key under which a registration of the same content is known.
    pub idempotency_key: Option<String>,
    /// The version of the library that registers it.
    pub core_version: Option<String>,
}

/// Registers a version of a flow and puts the older ones away. The same key as last time, or a repeated delivery of
/// the same request, yields the version that is there.
pub async fn create(
    services: &Services,
    access: &Access<Operator>,
    command: CreateFlow,
) -> Result<FlowId, ServiceError> {
    if let Some(group) = &command.version_group {
        name::check("version_group_id", group)?;
    }
    if let Some(key) = &command.idempotency_key {
        name::check("idempotency_key", key)?;
    }
    name::check_description("description", command.description.as_deref())?;
    let fingerprint = command.idempotency_key.is_none().then(|| {
        let request = json!([
            command.serialized_flow,
            command.project,
            command.version_group,
            command.set_schedule_active,
            command.description
        ]);
        fingerprint(&request, None)
    });
    let create = Create {
        spec: parse_flow(command.serialized_flow)?,
        project: command.project,
        version_group: command.version_group,
        set_schedule_active: command.set_schedule_active,
        description: command.description,
        idempotency_key: command.idempotency_key,
        core_version: command.core_version,
        fingerprint,
        ids: services.ids(),
        now: services.clock().now(),
    };
    let created = services.store().write(access, &create).await?;
    archive::hint(services, access, created.cancelled);
    if created.is_scheduled {
        schedules::plan_flow(services, access, created.id).await;
    }
    Ok(created.id)
}

/// What a registration has done.
struct Created {
    id: FlowId,
    /// Whether there are runs to plan.
    is_scheduled: bool,
    /// Runs of older versions that were cancelled.
    cancelled: Vec<FlowRunId>,
}

struct Create<'a> {
    spec: FlowSpec,
    project: ProjectId,
    version_group: Option<String>,
    set_schedule_active: bool,
    description: Option<String>,
    idempotency_key: Option<String>,
    core_version: Option<String>,
    /// Of a request without a key.
    fingerprint: Option<i64>,
    ids: &'a dyn Ids,
    now: DateTime<Utc>,
}

impl Transaction for Create<'_> {
    const NAME: &'static str = "flow.create";
    type Output = Created;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Created, ServiceError> {
        if project::find(tx, self.project).await?.is_none() {
            let message = format!("Invalid project: project {} not found.", self.project);
            return Err(ServiceError::new(ErrorCode::NotFound, message));
        }
        let group = self.group(tx).await?;
        let newest = flow::newest(tx, group.id).await?;
        if let Some(known) = self.known(tx, &group, newest).await? {
            return Ok(Created { id: known, is_scheduled: false, cancelled: Vec::new() });
        }
        let group = self.remember_key(tx, group).await?;
        let older = flow::unarchived(tx, group.id).await?;
        let version = newest.map_or(1, |newest| newest.version + 1);
        let (id, is_scheduled) = self.insert(tx, &group, version).await?;
        let mut cancelled = Vec::new();
        for flow in older {
            cancelled.extend(archive::put_away(tx, flow, self.ids, self.now).await?);
        }
        Ok(Created { id, is_scheduled, cancelled })
    }
}

impl Create<'_> {
    /// The flow group, made when there is none.
    async fn group(&self, tx: &TenantTx) -> Result<FlowGroup, ServiceError> {
        let name = match &self.version_group {
            Some(name) => name.clone(),
            None => match flow::version_group(tx, self.project, &self.spec.name).await? {
                Some(name) => name,
                None => self.ids.id().to_string(),
            },
        };
        if let Some(group) = flow_group::find_by_name(tx, &name).await? {
            return Ok(group);
        }
        let group = FlowGroup {
            id: FlowGroupId(self.ids.id()),
            name,
            description: None,
            labels: None,
            schedule: None,
            settings: switches::defaults(),
            default_parameters: json!({}),
            run_config: None,
            policy: Policy::default(),
        };
        flow_group::insert(tx, &group, self.now).await?;
        Ok(group)
    }

    /// The version that this request has made already.
    async fn known(
        &self,
        tx: &TenantTx,
        group: &FlowGroup,
        newest: Option<Newest>,
    ) -> Result<Option<FlowId>, ServiceError> {
        if let Some(key) = &self.idempotency_key {
            let last = group.settings.get(KEY_SETTING).and_then(Value::as_str);
            return if last == Some(key) { Ok(flow::current(tx, group.id).await?) } else { Ok(None) };
        }
        let Some(newest) = newest else { return Ok(None) };
        let sent_again = !newest.archived
            && newest.fingerprint.is_some()
            && newest.fingerprint == self.fingerprint
            && self.now - newest.created <= SENT_AGAIN_WITHIN
            && !flow::has_ad_hoc_runs(tx, newest.id).await?;
        Ok(sent_again.then_some(newest.id))
    }

    /// Keeps the key of this registration in the group, and forgets that of the one before.
    async fn remember_key(&self, tx: &TenantTx, mut group: FlowGroup) -> Result<FlowGroup, ServiceError> {
        let mut settings = group.settings.as_object().cloned().unwrap_or_else(Map::new);
        match &self.idempotency_key {
            Some(key) => settings.insert(KEY_SETTING.to_owned(), Value::from(key.as_str())),
            None => settings.shift_remove(KEY_SETTING),
        };
        let settings = Value::Object(settings);
        if settings != group.settings {
            group.settings = settings;
            flow_group::save(tx, &group, self.now).await?;
        }
        Ok(group)
    }

    /// Writes the flow; its id, and whether its schedule makes runs.
    async fn insert(
        &self,
        tx: &TenantTx,
        group: &FlowGroup,
        version: i64,
    ) -> Result<(FlowId, bool), ServiceError> {
        let id = FlowId(self.ids.id());
        let schedule = group.schedule.as_ref().or(self.spec.schedule.as_ref());
        let scheduled = schedule.filter(|_| self.set_schedule_active);
        if let Some(schedule) = scheduled {
            schedule::check_schedule(schedule, &self.spec.parameters, &group.default_parameters)?;
        }
        let new = NewFlow {
            id,
            project: self.project,
            group: group.id,
            version_group: &group.name,
            version,
            spec: &self.spec,
            document: document::of_new_flow(&self.spec.document),
            description: self.description.clone().or_else(|| self.spec.description.clone()),
            settings: switches::shown(&group.settings),
            core_version: self.core_version.clone(),
            is_schedule_active: scheduled.is_some(),
            fingerprint: self.fingerprint,
        };
        flow::insert(tx, new, self.now).await?;
        let graph = graph::Graph {
            flow: id,
            reference: self.spec.reference_tasks.iter().map(String::as_str).collect(),
            ids: self.ids,
            now: self.now,
        };
        graph.add(tx, &self.spec.tasks, &self.spec.edges).await?;
        Ok((id, scheduled.is_some()))
    }
}
