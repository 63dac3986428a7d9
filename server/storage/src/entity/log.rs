//! Log lines.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub flow_run_id: Uuid,
    pub task_run_id: Option<Uuid>,
    pub timestamp: DateTimeUtc,
    pub name: Option<String>,
    pub level: Option<String>,
    pub message: Option<String>,
    pub info: Option<Json>,
    pub position: i64,
    pub is_loaded_from_archive: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
