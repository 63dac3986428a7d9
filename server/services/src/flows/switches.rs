//! Switches of a flow group that change how its runs are watched.
//!
//! They are kept in the group's settings and copied into the settings of all its flows, because the client reads them
//! there (reference §6, heartbeats; in Prefect's own server the switch never reached the client).

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::FlowId;
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{flow, flow_group},
};

/// A switch of a flow group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Runs send heartbeats, and are given up when they stop.
    Heartbeat,
    /// Runs that stopped without a word are started again.
    Lazarus,
    /// A run may start only from the version its starter saw, so that it starts once.
    VersionLocking,
}

impl Switch {
    const ALL: [Self; 3] = [Self::Heartbeat, Self::Lazarus, Self::VersionLocking];

    const fn key(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat_enabled",
            Self::Lazarus => "lazarus_enabled",
            Self::VersionLocking => "version_locking_enabled",
        }
    }
}

/// The settings of a new flow group.
pub(super) fn defaults() -> Value {
    json!({"heartbeat_enabled": true, "lazarus_enabled": true, "version_locking_enabled": false})
}

/// The part of a group's settings that its flows show.
pub(super) fn shown(group_settings: &Value) -> Value {
    let shown = Switch::ALL
        .iter()
        .filter_map(|switch| Some((switch.key().to_owned(), group_settings.get(switch.key())?.clone())));
    Value::Object(shown.collect())
}

/// Turns a switch of a flow's group.
pub async fn set_switch(
    services: &Services,
    access: &Access<Operator>,
    id: FlowId,
    switch: Switch,
    on: bool,
) -> Result<(), ServiceError> {
    services.store().write(access, &Set { id, switch, on, now: services.clock().now() }).await
}

struct Set {
    id: FlowId,
    switch: Switch,
    on: bool,
    now: DateTime<Utc>,
}

impl Transaction for Set {
    const NAME: &'static str = "flow.set_switch";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let missing = || ServiceError::not_found("flow", self.id);
        let flow = flow::find(tx, self.id).await?.ok_or_else(missing)?;
        let mut group = flow_group::find(tx, flow.group).await?.ok_or_else(missing)?;
        let mut settings = group.settings.as_object().cloned().unwrap_or_else(Map::new);
        if settings.insert(self.switch.key().to_owned(), Value::Bool(self.on)) != Some(Value::Bool(self.on)) {
            group.settings = Value::Object(settings);
            flow_group::save(tx, &group, self.now).await?;
            flow::set_settings_of_group(tx, group.id, &shown(&group.settings), self.now).await?;
        }
        Ok(())
    }
}
