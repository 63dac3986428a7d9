//! History of task runs.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "task_run_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub task_run_id: Uuid,
    pub timestamp: DateTimeUtc,
    pub state: String,
    pub message: Option<String>,
    pub result: Option<Json>,
    pub start_time: Option<DateTimeUtc>,
    pub version: i64,
    pub serialized_state: Json,
    pub fingerprint: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
