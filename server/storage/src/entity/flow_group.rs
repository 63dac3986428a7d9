//! All versions of a flow.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "flow_group")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
    pub tenant_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub labels: Option<Json>,
    pub schedule: Option<Json>,
    pub settings: Json,
    pub default_parameters: Json,
    pub run_config: Option<Json>,
    pub overlap_policy: String,
    pub catch_up_seconds: Option<i64>,
    pub jitter_seconds: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
