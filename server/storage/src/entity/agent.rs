//! Registered agents.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub agent_config_id: Option<Uuid>,
    pub name: Option<String>,
    #[sea_orm(column_name = "type")]
    pub kind: String,
    pub core_version: Option<String>,
    pub labels: Json,
    pub last_queried: Option<DateTimeUtc>,
    pub identity: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
