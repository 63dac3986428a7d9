//! The tables themselves, one file each; names and meaning of the columns are Prefect Server's (plus our own tables).

mod agent;
mod agent_config;
mod api_key;
mod cloud_hook;
mod concurrency_slot;
mod edge;
mod event;
mod flow;
mod flow_concurrency_limit;
mod flow_group;
mod flow_run;
mod flow_run_state;
mod key_value;
mod log;
mod message;
mod project;
mod task;
mod task_run;
mod task_run_artifact;
mod task_run_state;
mod task_tag_limit;
mod tenant;

pub use agent::AGENT;
pub use agent_config::AGENT_CONFIG;
pub use api_key::API_KEY;
pub use cloud_hook::CLOUD_HOOK;
pub use concurrency_slot::CONCURRENCY_SLOT;
pub use edge::EDGE;
pub use event::EVENT;
pub use flow::FLOW;
pub use flow_concurrency_limit::FLOW_CONCURRENCY_LIMIT;
pub use flow_group::FLOW_GROUP;
pub use flow_run::FLOW_RUN;
pub use flow_run_state::FLOW_RUN_STATE;
pub use key_value::KEY_VALUE;
pub use log::LOG;
pub use message::MESSAGE;
pub use project::PROJECT;
pub use task::TASK;
pub use task_run::TASK_RUN;
pub use task_run_artifact::TASK_RUN_ARTIFACT;
pub use task_run_state::TASK_RUN_STATE;
pub use task_tag_limit::TASK_TAG_LIMIT;
pub use tenant::TENANT;

use std::fmt;

use super::{Cardinality, Column, Relation};

/// Every table of the read API.
pub static TABLES: [&Table; 22] = [
    &TENANT,
    &PROJECT,
    &FLOW,
    &FLOW_GROUP,
    &TASK,
    &EDGE,
    &FLOW_RUN,
    &FLOW_RUN_STATE,
    &TASK_RUN,
    &TASK_RUN_STATE,
    &TASK_RUN_ARTIFACT,
    &LOG,
    &AGENT,
    &AGENT_CONFIG,
    &CLOUD_HOOK,
    &MESSAGE,
    &API_KEY,
    &TASK_TAG_LIMIT,
    &FLOW_CONCURRENCY_LIMIT,
    &CONCURRENCY_SLOT,
    &KEY_VALUE,
    &EVENT,
];

/// One table: what it is called, what it holds and where its relationships lead.
pub struct Table {
    /// Name in the database and on the wire.
    pub name: &'static str,
    /// One line for the SDL.
    pub description: &'static str,
    /// The column the tenant predicate compares: `tenant_id`, and `id` for the table of tenants itself.
    pub tenant_column: &'static str,
    /// All columns, private ones too.
    pub columns: &'static [Column],
    /// All relationships.
    pub relations: &'static [Relation],
}

impl Table {
    /// The columns the API shows.
    pub fn public_columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.columns.iter().filter(|column| !column.private)
    }

    /// The column with a name, if the API shows it.
    pub fn public_column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name && !column.private)
    }

    /// The relationship with a name.
    pub fn relation(&self, name: &str) -> Option<&'static Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// The array relationship behind a field `<name>_aggregate`.
    pub fn aggregate_relation(&self, field: &str) -> Option<&'static Relation> {
        let relation = self.relation(field.strip_suffix("_aggregate")?)?;
        (relation.cardinality == Cardinality::Many).then_some(relation)
    }

    /// Whether this is the table of tenants, whose predicate is on its own id.
    pub fn is_tenant(&self) -> bool {
        self.name == TENANT.name
    }
}

impl fmt::Debug for Table {
    /// The name only: tables refer to one another in circles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
