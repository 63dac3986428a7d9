//! What the compiler sends: the text of statements on both databases, their number, and the tables they speak of.
//! (What comes back is tested with documents, in the API.)

mod bounds;
mod counts;
mod dashboard;
mod indexes;
mod pages;
mod registry;
mod sql;
mod statements;
mod world;

use serde_json::{Map, Value};
use signalbox_core::query::{Plan, ReadLimits, ReadScope, Selection};
use signalbox_core::registry::root;
use uuid::Uuid;

/// A selection: `field("tasks").with(json!({"limit": 1})).of([field("id")])`.
fn field(name: &str) -> Selection {
    Selection { key: name.to_owned(), field: name.to_owned(), arguments: Map::new(), selections: Vec::new() }
}

trait Build {
    fn with(self, arguments: Value) -> Self;
    fn of<const N: usize>(self, selections: [Selection; N]) -> Self;
}

impl Build for Selection {
    fn with(mut self, arguments: Value) -> Self {
        self.arguments = arguments.as_object().cloned().unwrap();
        self
    }

    fn of<const N: usize>(mut self, selections: [Selection; N]) -> Self {
        self.selections = selections.into();
        self
    }
}

fn plan(selection: &Selection) -> Plan {
    plan_within(selection, &ReadLimits::default())
}

fn plan_within(selection: &Selection, limits: &ReadLimits) -> Plan {
    Plan::build(root(&selection.field).unwrap(), selection, limits).unwrap()
}

/// Tenant A of the seed.
fn scope() -> ReadScope {
    let tenant = Uuid::parse_str("10000000-0000-4000-8000-000000000001").unwrap();
    ReadScope { tenant: tenant.into(), all_tenants: false }
}
