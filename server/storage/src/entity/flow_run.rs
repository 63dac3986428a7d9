//! Executions of flows.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "flow_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub flow_id: Uuid,
    pub agent_id: Option<Uuid>,
    pub name: Option<String>,
    pub parameters: Json,
    pub labels: Json,
    pub run_config: Option<Json>,
    pub context: Option<Json>,
    pub scheduled_start_time: DateTimeUtc,
    pub auto_scheduled: bool,
    pub heartbeat: Option<DateTimeUtc>,
    pub start_time: Option<DateTimeUtc>,
    pub end_time: Option<DateTimeUtc>,
    pub version: i64,
    pub state: String,
    pub state_timestamp: Option<DateTimeUtc>,
    pub state_message: Option<String>,
    pub state_result: Option<Json>,
    pub state_start_time: Option<DateTimeUtc>,
    pub serialized_state: Option<Json>,
    pub times_resurrected: i64,
    pub priority: i64,
    pub idempotency_key: Option<String>,
    pub labels_key: String,
    pub state_fingerprint: Option<i64>,
    pub lease_token: Option<Uuid>,
    pub lease_expires: Option<DateTimeUtc>,
    pub slot_time: Option<DateTimeUtc>,
    pub lateness_ms: Option<i64>,
    pub lease_process: Option<Uuid>,
    pub lease_claim: Option<i64>,
    pub reserved_by: Option<String>,
    pub reserved_until: Option<DateTimeUtc>,
    pub handed_out: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
