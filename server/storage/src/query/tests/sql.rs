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

pub(super) fn nested_sqlite(plan: &Plan) -> String {
    nested(Dialect::Sqlite, plan)
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
    insta::assert_snapshot!(sqlite(&plan), @r##"SELECT "t0"."id", "t0"."flow_id" FROM "flow_run" AS "t0" WHERE "t0"."tenant_id" = ? AND ("t0"."state" IN (SELECT "element"."value" FROM json_each(?) AS "element") AND EXISTS(SELECT 1 FROM "flow" AS "t1" WHERE "t1"."id" = "t0"."flow_id" AND (+"t1"."tenant_id") = ? AND ("t1"."name" GLOB ?)) AND (CASE WHEN ("t0"."labels" IS NOT NULL) THEN json_type("t0"."labels") = ? AND EXISTS(SELECT 1 FROM json_each("t0"."labels") AS "j1" WHERE "j1"."type" = ? AND "j1"."value" = ?) END)) ORDER BY "t0"."start_time" DESC NULLS FIRST, (SELECT "t2"."name" FROM "flow" AS "t2" WHERE "t2"."id" = "t0"."flow_id" AND (+"t2"."tenant_id") = ?) ASC NULLS LAST, "t0"."id" ASC LIMIT ? OFFSET ?"##);
    insta::assert_snapshot!(root(Dialect::Postgres, &plan), @r##"SELECT "t0"."id", "t0"."flow_id" FROM "flow_run" AS "t0" WHERE "t0"."tenant_id" = $1 AND ("t0"."state" IN (SELECT CAST("element"."value" AS text) FROM jsonb_array_elements_text(CAST($2 AS jsonb)) AS "element") AND EXISTS(SELECT 1 FROM "flow" AS "t1" WHERE "t1"."id" = "t0"."flow_id" AND "t1"."tenant_id" = $3 AND ("t1"."name" ILIKE $4)) AND ("t0"."labels" @> CAST($5 AS jsonb))) ORDER BY "t0"."start_time" DESC NULLS FIRST, (SELECT "t2"."name" FROM "flow" AS "t2" WHERE "t2"."id" = "t0"."flow_id" AND "t2"."tenant_id" = $6) ASC NULLS LAST, "t0"."id" ASC LIMIT $7 OFFSET $8"##);
}

#[test]
fn a_nested_page() {
    let page = json!({"where": {"map_index": {"_gte": 0}}, "order_by": {"created": "asc"}, "distinct_on": "task_id", "limit": 2});
    let plan = plan(&field("flow_run").of([field("task_runs").with(page).of([field("name")])]));
    insta::assert_snapshot!(nested(Dialect::Sqlite, &plan), @r##"SELECT "numbered"."_parent", "numbered"."name" FROM (SELECT "numbered"."_parent", "numbered"."name", ROW_NUMBER() OVER ( PARTITION BY "numbered"."_parent" ORDER BY "numbered"."_order0" ASC, "numbered"."_order1" ASC ) AS "_position" FROM (SELECT "t0"."flow_run_id" AS "_parent", "t0"."name", "t0"."created" AS "_order0", "t0"."id" AS "_order1", ROW_NUMBER() OVER ( PARTITION BY "t0"."flow_run_id", "t0"."task_id" ORDER BY "t0"."created" ASC, "t0"."id" ASC ) AS "_repeat" FROM "task_run" AS "t0" WHERE (+"t0"."tenant_id") = ? AND "t0"."flow_run_id" IN (SELECT unhex("element"."value") FROM json_each(?) AS "element") AND "t0"."map_index" >= ?) AS "numbered" WHERE "numbered"."_repeat" = ?) AS "numbered" WHERE "numbered"."_position" <= ? ORDER BY "numbered"."_position" ASC LIMIT ?"##);
    insta::assert_snapshot!(nested(Dialect::Postgres, &plan), @r##"SELECT "numbered"."_parent", "numbered"."name" FROM (SELECT "numbered"."_parent", "numbered"."name", ROW_NUMBER() OVER ( PARTITION BY "numbered"."_parent" ORDER BY "numbered"."_order0" ASC, "numbered"."_order1" ASC ) AS "_position" FROM (SELECT "t0"."flow_run_id" AS "_parent", "t0"."name", "t0"."created" AS "_order0", "t0"."id" AS "_order1", ROW_NUMBER() OVER ( PARTITION BY "t0"."flow_run_id", "t0"."task_id" ORDER BY "t0"."created" ASC, "t0"."id" ASC ) AS "_repeat" FROM "task_run" AS "t0" WHERE "t0"."tenant_id" = $1 AND "t0"."flow_run_id" IN (SELECT CAST("element"."value" AS uuid) FROM jsonb_array_elements_text(CAST($2 AS jsonb)) AS "element") AND "t0"."map_index" >= $3) AS "numbered" WHERE "numbered"."_repeat" = $4) AS "numbered" WHERE "numbered"."_position" <= $5 ORDER BY "numbered"."_position" ASC LIMIT $6"##);
}

#[test]
fn a_nested_aggregate() {
    let count = field("count").with(json!({"columns": ["state", "task_id"], "distinct": true}));
    let aggregate = field("aggregate").of([count, field("max").of([field("created")])]);
    let plan = plan(&field("flow_run").of([field("task_runs_aggregate").of([aggregate])]));
    insta::assert_snapshot!(nested(Dialect::Sqlite, &plan), @r##"SELECT "t0"."flow_run_id" AS "_parent", COUNT(DISTINCT (quote("t0"."state") || ?) || quote("t0"."task_id")), MAX("t0"."created") FROM "task_run" AS "t0" WHERE (+"t0"."tenant_id") = ? AND "t0"."flow_run_id" IN (SELECT unhex("element"."value") FROM json_each(?) AS "element") GROUP BY "t0"."flow_run_id""##);
    insta::assert_snapshot!(nested(Dialect::Postgres, &plan), @r##"SELECT "t0"."flow_run_id" AS "_parent", COUNT(DISTINCT ("t0"."state", "t0"."task_id")), MAX("t0"."created") FROM "task_run" AS "t0" WHERE "t0"."tenant_id" = $1 AND "t0"."flow_run_id" IN (SELECT CAST("element"."value" AS uuid) FROM jsonb_array_elements_text(CAST($2 AS jsonb)) AS "element") GROUP BY "t0"."flow_run_id""##);
}

#[test]
fn json_conditions_on_postgres_are_its_operators() {
    let condition = json!({"labels": {"_eq": ["vm"], "_contained_in": ["vm"], "_has_keys_all": ["a", "b"]}});
    let plan = plan(&field("flow_run").with(json!({"where": condition})).of([field("id")]));
    insta::assert_snapshot!(root(Dialect::Postgres, &plan), @r##"SELECT "t0"."id" FROM "flow_run" AS "t0" WHERE "t0"."tenant_id" = $1 AND ("t0"."labels" = CAST($2 AS jsonb) AND ("t0"."labels" <@ CAST($3 AS jsonb)) AND (jsonb_exists("t0"."labels", $4) AND jsonb_exists("t0"."labels", $5))) LIMIT $6"##);
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
        let predicates =
            text.matches("\"tenant_id\" = ?").count() + text.matches("\"tenant_id\") = ?").count();
        assert_eq!(tables, predicates, "{text}");
    }
}
