//! The text of statements, on both databases.

use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement};
use serde_json::json;
use signalbox_core::query::{Node, Plan};
use signalbox_core::registry::{TABLES, Table};
use uuid::Uuid;

use super::{Build, field, plan, scope};
use crate::dialect::Dialect;
use crate::query::compile::{Compiler, Parents};

/// The statement of the root level.
fn root(dialect: Dialect, plan: &Plan) -> String {
    dialect.render(&root_statement(dialect, plan)).0
}

fn root_statement(dialect: Dialect, plan: &Plan) -> SelectStatement {
    let scope = scope();
    let mut compiler = Compiler::new(dialect, &scope);
    match &plan.node {
        Node::Rows(level) => compiler.level(level, None, 99),
        Node::Aggregate(aggregate) => {
            compiler.aggregate(aggregate.table, &aggregate.rows, &aggregate.functions, None)
        }
    }
}

/// The same with its values in place of parameters, for a planner that looks at them.
pub(super) fn postgres_with_values(plan: &Plan) -> String {
    root_statement(Dialect::Postgres, plan).to_string(PostgresQueryBuilder)
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
    insta::assert_snapshot!(sqlite(&plan), @r##"SELECT "t8"."id", "t8"."flow_id" FROM (SELECT "t4"."value" AS "_key" FROM json_each(?) AS "t0", json_each((SELECT json_group_array("chosen"."_key") FROM (SELECT "t1"."rowid" AS "_key" FROM "flow_run" AS "t1" WHERE "t1"."tenant_id" = ? AND "t1"."state" = "t0"."value" AND EXISTS(SELECT 1 FROM "flow" AS "t2" WHERE "t2"."id" = "t1"."flow_id" AND (+"t2"."tenant_id") = ? AND ("t2"."name" GLOB ?)) AND (CASE WHEN ("t1"."labels" IS NOT NULL) THEN json_type("t1"."labels") = ? AND EXISTS(SELECT 1 FROM json_each("t1"."labels") AS "j1" WHERE "j1"."type" = ? AND "j1"."value" = ?) END) ORDER BY "t1"."start_time" DESC NULLS FIRST, (SELECT "t3"."name" FROM "flow" AS "t3" WHERE "t3"."id" = "t1"."flow_id" AND (+"t3"."tenant_id") = ?) ASC NULLS LAST, "t1"."id" ASC LIMIT ?) AS "chosen")) AS "t4", "flow_run" AS "t5" WHERE "t5"."rowid" = "t4"."value" AND (+"t5"."tenant_id") = ? ORDER BY "t5"."start_time" DESC NULLS FIRST, (SELECT "t6"."name" FROM "flow" AS "t6" WHERE "t6"."id" = "t5"."flow_id" AND (+"t6"."tenant_id") = ?) ASC NULLS LAST, "t5"."id" ASC LIMIT ? OFFSET ?) AS "t7", "flow_run" AS "t8" WHERE "t8"."rowid" = "t7"."_key" AND (+"t8"."tenant_id") = ? ORDER BY "t8"."start_time" DESC NULLS FIRST, (SELECT "t9"."name" FROM "flow" AS "t9" WHERE "t9"."id" = "t8"."flow_id" AND (+"t9"."tenant_id") = ?) ASC NULLS LAST, "t8"."id" ASC"##);
    insta::assert_snapshot!(root(Dialect::Postgres, &plan), @r##"SELECT "t6"."id", "t6"."flow_id" FROM (SELECT "t4"."_key" AS "_key" FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS "t0" INNER JOIN LATERAL (SELECT "t1"."id" AS "_key", "t1"."start_time" AS "_order0", (SELECT "t3"."name" FROM "flow" AS "t3" WHERE "t3"."id" = "t1"."flow_id" AND "t3"."tenant_id" = $2) AS "_order1", "t1"."id" AS "_order2" FROM "flow_run" AS "t1" WHERE "t1"."tenant_id" = $3 AND "t1"."state" = CAST("t0"."value" AS text) AND EXISTS(SELECT 1 FROM "flow" AS "t2" WHERE "t2"."id" = "t1"."flow_id" AND "t2"."tenant_id" = $4 AND ("t2"."name" ILIKE $5)) AND ("t1"."labels" @> CAST($6 AS jsonb)) ORDER BY "t1"."start_time" DESC NULLS FIRST, (SELECT "t3"."name" FROM "flow" AS "t3" WHERE "t3"."id" = "t1"."flow_id" AND "t3"."tenant_id" = $7) ASC NULLS LAST, "t1"."id" ASC LIMIT $8) AS "t4" ON TRUE ORDER BY "t4"."_order0" DESC NULLS FIRST, "t4"."_order1" ASC NULLS LAST, "t4"."_order2" ASC LIMIT $9 OFFSET $10) AS "t5", "flow_run" AS "t6" WHERE "t6"."id" = "t5"."_key" AND "t6"."tenant_id" = $11 ORDER BY "t6"."start_time" DESC NULLS FIRST, (SELECT "t7"."name" FROM "flow" AS "t7" WHERE "t7"."id" = "t6"."flow_id" AND "t7"."tenant_id" = $12) ASC NULLS LAST, "t6"."id" ASC"##);
}

#[test]
fn a_nested_page() {
    let page = json!({"where": {"map_index": {"_gte": 0}}, "order_by": {"created": "asc"}, "distinct_on": "task_id", "limit": 2});
    let plan = plan(&field("flow_run").of([field("task_runs").with(page).of([field("name")])]));
    insta::assert_snapshot!(nested(Dialect::Sqlite, &plan), @r##"SELECT "numbered"."_parent", "numbered"."name" FROM (SELECT "numbered"."_parent", "numbered"."name", ROW_NUMBER() OVER ( PARTITION BY "numbered"."_parent" ORDER BY "numbered"."_order0" ASC, "numbered"."_order1" ASC ) AS "_position" FROM (SELECT "t0"."flow_run_id" AS "_parent", "t0"."name", "t0"."created" AS "_order0", "t0"."id" AS "_order1", ROW_NUMBER() OVER ( PARTITION BY "t0"."flow_run_id", "t0"."task_id" ORDER BY "t0"."created" ASC, "t0"."id" ASC ) AS "_repeat" FROM "task_run" AS "t0" WHERE (+"t0"."tenant_id") = ? AND "t0"."flow_run_id" IN (SELECT unhex("element"."value") FROM json_each(?) AS "element") AND "t0"."map_index" >= ?) AS "numbered" WHERE "numbered"."_repeat" = ?) AS "numbered" WHERE "numbered"."_position" <= ? ORDER BY "numbered"."_position" ASC LIMIT ?"##);
    insta::assert_snapshot!(nested(Dialect::Postgres, &plan), @r##"SELECT "numbered"."_parent", "numbered"."name" FROM (SELECT "numbered"."_parent", "numbered"."name", ROW_NUMBER() OVER ( PARTITION BY "numbered"."_parent" ORDER BY "numbered"."_order0" ASC, "numbered"."_order1" ASC ) AS "_position" FROM (SELECT "t0"."flow_run_id" AS "_parent", "t0"."name", "t0"."created" AS "_order0", "t0"."id" AS "_order1", ROW_NUMBER() OVER ( PARTITION BY "t0"."flow_run_id", "t0"."task_id" ORDER BY "t0"."created" ASC, "t0"."id" ASC ) AS "_repeat" FROM "task_run" AS "t0" WHERE "t0"."tenant_id" = $1 AND "t0"."flow_run_id" IN (SELECT CAST("element"."value" AS uuid) FROM jsonb_array_elements_text(CAST($2 AS jsonb)) AS "element") AND "t0"."map_index" >= $3) AS "numbered" WHERE "numbered"."_repeat" = $4) AS "numbered" WHERE "numbered"."_position" <= $5 ORDER BY "numbered"."_position" ASC LIMIT $6"##);
}

#[test]
fn a_page_along_several_stretches() {
    let page = json!({
        "where": {"flow": {"project_id": {"_eq": Uuid::nil()}}, "state": {"_in": ["a", "b"]}, "auto_scheduled": {"_eq": true}},
        "order_by": {"scheduled_start_time": "desc"}, "limit": 10, "offset": 5,
    });
    let plan = plan(&field("flow_run").with(page).of([field("name")]));
    insta::assert_snapshot!(sqlite(&plan), @r##"SELECT "t10"."name" FROM (SELECT "t7"."value" AS "_key" FROM (SELECT "t0"."id" AS "_value0", "t1"."value" AS "_value1" FROM "flow" AS "t0", json_each(?) AS "t1", json_each((SELECT json_group_array("chosen"."_key") FROM (SELECT "t2"."rowid" AS "_key" FROM "flow_run" AS "t2" WHERE (+"t2"."tenant_id") = ? AND "t2"."flow_id" = "t0"."id" AND "t2"."state" = "t1"."value" AND "t2"."auto_scheduled" = ? ORDER BY "t2"."scheduled_start_time" DESC, "t2"."id" DESC LIMIT ?) AS "chosen")) AS "t3", "flow_run" AS "t4" WHERE "t0"."tenant_id" = ? AND "t0"."project_id" = ? AND "t4"."rowid" = "t3"."value" AND (+"t4"."tenant_id") = ? ORDER BY "t4"."scheduled_start_time" DESC, "t4"."id" DESC LIMIT ?) AS "t5", json_each((SELECT json_group_array("chosen"."_key") FROM (SELECT "t6"."rowid" AS "_key" FROM "flow_run" AS "t6" WHERE (+"t6"."tenant_id") = ? AND "t6"."flow_id" = "t5"."_value0" AND "t6"."state" = "t5"."_value1" AND "t6"."auto_scheduled" = ? ORDER BY "t6"."scheduled_start_time" DESC, "t6"."id" DESC LIMIT ?) AS "chosen")) AS "t7", "flow_run" AS "t8" WHERE "t8"."rowid" = "t7"."value" AND (+"t8"."tenant_id") = ? ORDER BY "t8"."scheduled_start_time" DESC, "t8"."id" DESC LIMIT ? OFFSET ?) AS "t9", "flow_run" AS "t10" WHERE "t10"."rowid" = "t9"."_key" AND (+"t10"."tenant_id") = ? ORDER BY "t10"."scheduled_start_time" DESC, "t10"."id" DESC"##);
    insta::assert_snapshot!(root(Dialect::Postgres, &plan), @r##"SELECT "t8"."name" FROM (SELECT "t6"."_key" AS "_key" FROM (SELECT "t0"."id" AS "_value0", CAST("t1"."value" AS text) AS "_value1" FROM "flow" AS "t0", jsonb_array_elements_text(CAST($1 AS jsonb)) AS "t1" INNER JOIN LATERAL (SELECT "t2"."id" AS "_key", "t2"."scheduled_start_time" AS "_order0", "t2"."id" AS "_order1" FROM "flow_run" AS "t2" WHERE "t2"."tenant_id" = $2 AND "t2"."flow_id" = "t0"."id" AND "t2"."state" = CAST("t1"."value" AS text) AND "t2"."auto_scheduled" = $3 ORDER BY "t2"."scheduled_start_time" DESC, "t2"."id" DESC LIMIT $4) AS "t3" ON TRUE WHERE "t0"."tenant_id" = $5 AND "t0"."project_id" = $6 ORDER BY "t3"."_order0" DESC, "t3"."_order1" DESC LIMIT $7) AS "t4" INNER JOIN LATERAL (SELECT "t5"."id" AS "_key", "t5"."scheduled_start_time" AS "_order0", "t5"."id" AS "_order1" FROM "flow_run" AS "t5" WHERE "t5"."tenant_id" = $8 AND "t5"."flow_id" = "t4"."_value0" AND "t5"."state" = "t4"."_value1" AND "t5"."auto_scheduled" = $9 ORDER BY "t5"."scheduled_start_time" DESC, "t5"."id" DESC LIMIT $10) AS "t6" ON TRUE ORDER BY "t6"."_order0" DESC, "t6"."_order1" DESC LIMIT $11 OFFSET $12) AS "t7", "flow_run" AS "t8" WHERE "t8"."id" = "t7"."_key" AND "t8"."tenant_id" = $13 ORDER BY "t8"."scheduled_start_time" DESC, "t8"."id" DESC"##);
}

#[test]
fn a_page_of_each_parent() {
    let page = json!({"where": {"level": {"_eq": "ERROR"}}, "order_by": {"timestamp": "asc"}, "limit": 2});
    let plan = plan(&field("flow_run").of([field("logs").with(page).of([field("message")])]));
    insta::assert_snapshot!(nested(Dialect::Sqlite, &plan), @r##"SELECT unhex("t0"."value") AS "_parent", "t3"."message" FROM json_each(?) AS "t0", json_each((SELECT json_group_array("chosen"."_key") FROM (SELECT "t1"."rowid" AS "_key" FROM "log" AS "t1" WHERE (+"t1"."tenant_id") = ? AND "t1"."flow_run_id" = unhex("t0"."value") AND "t1"."level" = ? ORDER BY "t1"."timestamp" ASC, "t1"."id" ASC LIMIT ?) AS "chosen")) AS "t2", "log" AS "t3" WHERE "t3"."rowid" = "t2"."value" AND (+"t3"."tenant_id") = ? ORDER BY "t3"."timestamp" ASC, "t3"."id" ASC LIMIT ?"##);
    insta::assert_snapshot!(nested(Dialect::Postgres, &plan), @r##"SELECT CAST("t0"."value" AS uuid) AS "_parent", "t3"."message" FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS "t0", "log" AS "t3" INNER JOIN LATERAL (SELECT "t1"."id" AS "_key" FROM "log" AS "t1" WHERE "t1"."tenant_id" = $2 AND "t1"."flow_run_id" = CAST("t0"."value" AS uuid) AND "t1"."level" = $3 ORDER BY "t1"."timestamp" ASC, "t1"."id" ASC LIMIT $4) AS "t2" ON TRUE WHERE "t3"."id" = "t2"."_key" AND "t3"."tenant_id" = $5 ORDER BY "t3"."timestamp" ASC, "t3"."id" ASC LIMIT $6"##);
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
        let uses = |table: &&Table| text.matches(&format!("\"{}\" AS \"t", table.name)).count();
        let tables: usize = TABLES.iter().map(uses).sum();
        let predicates =
            text.matches("\"tenant_id\" = ?").count() + text.matches("\"tenant_id\") = ?").count();
        assert_eq!(tables, predicates, "{text}");
    }
}
