//! Tasks of a flow version.

use sea_orm::entity::prelude::*;

#[expect(clippy::struct_excessive_bools, reason = "a row has the columns it has")]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub flow_id: Uuid,
    pub name: Option<String>,
    pub slug: String,
    pub description: Option<String>,
    #[sea_orm(column_name = "type")]
    pub kind: Option<String>,
    pub max_retries: Option<i64>,
    pub retry_delay: Option<i64>,
    pub trigger: Option<String>,
    pub mapped: bool,
    pub auto_generated: bool,
    pub cache_key: Option<String>,
    pub is_root_task: bool,
    pub is_terminal_task: bool,
    pub is_reference_task: bool,
    pub tags: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
