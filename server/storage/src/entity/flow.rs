//! Registered versions of flows.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "flow")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub project_id: Uuid,
    pub flow_group_id: Uuid,
    pub version_group_id: String,
    pub version: i64,
    pub name: String,
    pub description: Option<String>,
    pub environment: Option<Json>,
    pub run_config: Option<Json>,
    pub parameters: Json,
    pub storage: Option<Json>,
    pub settings: Json,
    pub serialized_flow: Option<Json>,
    pub schedule: Option<Json>,
    pub core_version: Option<String>,
    pub archived: bool,
    pub is_schedule_active: bool,
    pub registration_fingerprint: Option<i64>,
    pub planned_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
