//! The text of statements, on both databases.

use serde_json::json;
use signalbox_core::query::{Node, Plan};
use uuid::Uuid;

use super::{Build, field, plan, scope};
use crate::dialect::Dialect;
use crate::query::compile::{Compiler, Parents};

/// The statement of the root level.
fn root(dialect: Dialect, plan: &Plan) -> String {
    let scope = scope();
    let mut compiler = Compiler::new(dialect, &scope);
    let statement = match &plan.node {
        Node::Rows(level) => compiler.level(level, None, 99),
        Node::Aggregate(aggregate) => {
            compiler.aggregate(aggregate.table, &aggregate.rows, &aggregate.functions, None)
        }
    };
    dialect.render(&statement).0
}

pub(super) fn sqlite(plan: &Plan) -> String {
    root(Dialect::Sqlite, plan)
}

/// The statement of the first nested level, for two parents.
fn nested(dialect: Dialect, plan: &Plan) -> String {
    let Node::Rows(level) = &plan.node else { panic!("the root is rows") };
    let child = &level.children[0];
    let scope = scope();
    let keys = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let parents = Some(Parents { column: child.relation.remote, keys: &keys });
    let mut compiler = Compiler::new(dialect, &scope);
    let statement = match &child.node {
        Node::Rows(level) => compiler.level(level, parents, 99),
        Node::Aggregate(aggregate) => {
            compiler.aggregate(aggregate.table, &aggregate.rows, &aggregate.functions, parents)
        }
    };
    dialect.render(&statement).0
}

#[test]
fn a_list() {
    let plan = plan(
        &field("flow_run")
            .with(json!({
                "where": {"state": {"_in": ["a", "b"]}, "flow": {"name": {"_ilike": "e%"}}, "labels": {"_contains": ["vm"]}},
                "order_by": {"start_time": "desc", "flow": {"name": "asc"}},
                "limit": 10, "offset": 5,
            }))
            .of([field("id"), field("flow").of([field("name")])]),
    );
    insta::assert_snapshot!(sqlite(&plan), @"");
    insta::assert_snapshot!(root(Dialect::Postgres, &plan), @"");
}

#[test]
fn a_nested_page() {
    let page = json!({"where": {"map_index": {"_gte": 0}}, "order_by": {"created": "asc"}, "distinct_on": "task_id", "limit": 2});
    let plan = plan(&field("flow_run").of([field("task_runs").with(page).of([field("name")])]));
    insta::assert_snapshot!(nested(Dialect::Sqlite, &plan), @"");
    insta::assert_snapshot!(nested(Dialect::Postgres, &plan), @"");
}

#[test]
fn a_nested_aggregate() {
    let count = field("count").with(json!({"columns": ["state", "task_id"], "distinct": true}));
    let aggregate = field("aggregate").of([count, field("max").of([field("created")])]);
    let plan = plan(&field("flow_run").of([field("task_runs_aggregate").of([aggregate])]));
    insta::assert_snapshot!(nested(Dialect::Sqlite, &plan), @"");
    insta::assert_snapshot!(nested(Dialect::Postgres, &plan), @"");
}

#[test]
fn json_conditions_on_postgres_are_its_operators() {
    let condition = json!({"labels": {"_eq": ["vm"], "_contained_in": ["vm"], "_has_keys_all": ["a", "b"]}});
    let plan = plan(&field("flow_run").with(json!({"where": condition})).of([field("id")]));
    insta::assert_snapshot!(root(Dialect::Postgres, &plan), @"");
}

/// Every FROM of a table of the registry is followed by its tenant predicate.
#[test]
fn no_table_without_its_tenant() {
    let plan = plan(
        &field("flow_run")
            .with(json!({
                "where": {"_or": [{"flow": {"project": {"name": {"_eq": "x"}}}}, {"_not": {"task_runs": {"logs": {}}}}]},
                "order_by": {"flow": {"project": {"name": "asc"}}, "states_aggregate": {"count": "asc"}},
                "distinct_on": "state",
            }))
            .of([field("id"), field("task_runs").with(json!({"limit": 1})).of([field("id")])]),
    );
    for text in [sqlite(&plan), nested(Dialect::Sqlite, &plan)] {
        let tables = text.matches("FROM \"").count() + text.matches("JOIN \"").count();
        assert_eq!(tables, text.matches("\"tenant_id\" = ?").count(), "{text}");
    }
}
