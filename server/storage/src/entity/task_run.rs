//! Executions of tasks.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "task_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub flow_run_id: Uuid,
    pub task_id: Uuid,
    pub map_index: i64,
    pub name: Option<String>,
    pub version: i64,
    pub heartbeat: Option<DateTimeUtc>,
    pub start_time: Option<DateTimeUtc>,
    pub end_time: Option<DateTimeUtc>,
    pub cache_key: Option<String>,
    pub state: Option<String>,
    pub state_timestamp: Option<DateTimeUtc>,
    pub state_message: Option<String>,
    pub state_result: Option<Json>,
    pub state_start_time: Option<DateTimeUtc>,
    pub serialized_state: Option<Json>,
    pub state_fingerprint: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
