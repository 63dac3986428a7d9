//! Pages read along indexes hold what the same list holds without a limit, and are found without walking the table.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::world::{self, World, id};
use super::{Build, field, plan, sql};
use crate::query::walk::INDEXES;

const STATES: [&str; 4] = ["Scheduled", "Running", "Success", "Failed"];
const FLOWS: usize = 5;

/// Runs of two tenants, many of them of the same instant; some have not started.
async fn filled() -> World {
    let mut world = World::new().await;
    let mut sql = String::new();
    for tenant in 1..=2 {
        sql += &world::tenant(tenant);
        sql += &world::project(10 * tenant, tenant);
        sql += &world::project(10 * tenant + 1, tenant);
        for flow in 0..FLOWS {
            sql += &world::flow_group(10 * tenant + flow, tenant);
            sql += &world::flow(10 * tenant + flow, tenant, 10 * tenant + flow % 2);
        }
    }
    for number in 0..240 {
        let tenant = 1 + number % 2;
        let (flow, state) = (10 * tenant + number / 7 % FLOWS, STATES[number / 3 % 4]);
        let minute = number % 11;
        let start = if state == "Scheduled" {
            "NULL".to_owned()
        } else {
            format!("'2026-01-02T00:{minute:02}:00+00:00'")
        };
        let _ = write!(
            sql,
            "INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, parameters, labels, scheduled_start_time,
                 auto_scheduled, version, state, times_resurrected, labels_key, start_time, name)
             VALUES ({}, '2026-01-01T00:{:02}:00+00:00', '2026-01-01T00:00:00+00:00', {}, {}, '{{}}', '[]',
                 '2026-01-01T01:{minute:02}:00+00:00', {}, 1, '{state}', 0, '[]', {start}, 'run-{number}');",
            id(5, number),
            number / 8,
            id(1, tenant),
            id(4, flow),
            number % 3 == 0,
        );
    }
    world.execute(&sql).await;
    world
}

/// Conditions of dashboards.
fn conditions() -> Vec<Value> {
    let project = |number: usize| format!("00000002-0000-4000-8000-{number:012}");
    let flow = |number: usize| format!("00000004-0000-4000-8000-{number:012}");
    vec![
        json!({}),
        json!({"state": {"_eq": "Failed"}}),
        json!({"state": {"_in": ["Failed", "Running", "Failed"]}}),
        json!({"state": {"_in": ["Failed", "Failed"]}}),
        json!({"state": {"_in": []}}),
        json!({"_and": [{"state": {"_in": STATES}}, {"state": {"_neq": "Running"}}]}),
        json!({"state": {"_in": STATES}, "auto_scheduled": {"_eq": true}}),
        json!({"flow_id": {"_eq": flow(12)}, "state": {"_in": ["Running", "Success"]}}),
        json!({"flow_id": {"_in": [flow(12), flow(14), flow(21)]}}),
        json!({"flow_id": {"_in": [flow(12), flow(14)]}, "state": {"_in": STATES}}),
        json!({"flow": {"project_id": {"_eq": project(10)}}}),
        json!({"flow": {"project_id": {"_eq": project(10)}}, "state": {"_in": ["Failed", "Scheduled"]}}),
        json!({"flow": {"project_id": {"_eq": project(20)}}}),
        json!({"flow": {"project": {"name": {"_eq": "project 11"}}}, "name": {"_like": "run-1%"}}),
        json!({"flow": {"name": {"_ilike": "FLOW 1%"}}, "state": {"_eq": "Success"}}),
        json!({"state": {"_in": ["Running", "Success"]}, "scheduled_start_time": {"_gt": "2026-01-01T01:03:00Z"}}),
    ]
}

fn orders() -> Vec<Value> {
    vec![
        json!({"scheduled_start_time": "desc"}),
        json!({"scheduled_start_time": "asc"}),
        json!([{"scheduled_start_time": "desc"}, {"start_time": "desc"}, {"name": "asc"}]),
        json!({"created": "desc"}),
        json!({"start_time": "desc"}),
        json!({"start_time": "asc_nulls_first"}),
        json!([{"start_time": "desc_nulls_last"}, {"flow": {"name": "asc"}}]),
    ]
}

fn slice(all: &Value, offset: usize, limit: usize) -> Value {
    all.as_array().unwrap().iter().skip(offset).take(limit).cloned().collect()
}

#[tokio::test]
async fn a_page_is_a_part_of_the_list() {
    let mut world = filled().await;
    for condition in conditions() {
        for order in orders() {
            let list = |page: Value| {
                let mut arguments = json!({"where": condition, "order_by": order});
                arguments.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
                field("flow_run").with(arguments).of([
                    field("id"),
                    field("state"),
                    field("flow").of([field("name")]),
                ])
            };
            let all = world.ask(&list(json!({}))).await;
            for (offset, limit) in [(0, 1), (0, 7), (5, 10), (30, 50), (500, 5), (0, 0)] {
                let page = world.ask(&list(json!({"limit": limit, "offset": offset}))).await;
                assert_eq!(page, slice(&all, offset, limit), "{condition} {order} {offset} {limit}");
            }
        }
    }
}

#[tokio::test]
async fn so_is_a_page_of_each_parent() {
    let mut world = filled().await;
    for condition in conditions() {
        for order in orders() {
            let list = |page: Value| {
                let mut arguments = json!({"where": condition, "order_by": order});
                arguments.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
                let runs =
                    field("flow_runs").with(arguments).of([field("id"), field("flow").of([field("name")])]);
                field("flow").with(json!({"order_by": {"id": "asc"}})).of([runs])
            };
            let all = world.ask(&list(json!({}))).await;
            for (offset, limit) in [(0, 3), (2, 4), (0, 0)] {
                let pages = world.ask(&list(json!({"limit": limit, "offset": offset}))).await;
                for (page, whole) in pages.as_array().unwrap().iter().zip(all.as_array().unwrap()) {
                    let expected = slice(&whole["flow_runs"], offset, limit);
                    assert_eq!(page["flow_runs"], expected, "{condition} {order} {offset} {limit}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_lists_walk_is_in_the_migrations() {
    let mut world = World::on_sqlite().await;
    for index in &INDEXES {
        let mut columns: Vec<&str> = Vec::new();
        columns.extend(index.by_tenant.then_some("tenant_id"));
        columns.extend(index.columns);
        columns.extend([index.order, "id"]);
        let indexes = world.index_columns(index.table).await;
        assert!(
            indexes.iter().any(|known| known.starts_with(&columns.join(" "))),
            "{columns:?} of {indexes:?}"
        );
    }
}

/// On SQLite, whose plans do not depend on the rows: with a state, a flow or a project, no more of the tenant's runs are
/// read than have them.
#[tokio::test]
async fn dashboards_walk_indexes() {
    let mut world = World::on_sqlite().await;
    for condition in conditions() {
        for order in ["scheduled_start_time", "created", "start_time"] {
            let page = json!({"where": condition, "order_by": {order: "desc"}, "limit": 50});
            let list = field("flow_run").with(page).of([field("id"), field("flow").of([field("name")])]);
            let text = sql::sqlite(&plan(&list));
            let runs = text.match_indices("\"flow_run\" AS \"").map(|(at, found)| {
                let alias = &text[at + found.len()..];
                &alias[..alias.find('"').unwrap()]
            });
            let steps = world.explain(&text).await;
            for run in runs {
                let step = steps.iter().find(|step| step.split(' ').nth(1) == Some(run)).unwrap();
                let has = |key: &str| condition.to_string().contains(&format!("\"{key}\""));
                let by_flow = order == "scheduled_start_time" && (has("flow_id") || has("flow"));
                let found = ["rowid=?", "state=?", "flow_id=?"].iter().any(|key| step.contains(key));
                let is_known = !(has("state") || by_flow) || condition["state"]["_in"] == json!([]);
                assert!(found || is_known, "{condition} {order}: {steps:#?}");
                assert!(step.starts_with("SEARCH"), "{condition} {order}: {steps:#?}");
            }
        }
    }
}

/// PostgreSQL chooses by the rows that are there: 60,000, of which few failed.
#[tokio::test]
async fn postgres_walks_them_on_a_filled_table() {
    let Some(mut world) = World::on_postgres().await else { return };
    let tenant = "10000000-0000-4000-8000-000000000001";
    let filling = format!(
        "INSERT INTO tenant (id, created, updated, name, slug, info, settings)
            VALUES ('{tenant}', now(), now(), 'a', 'a', '{{}}', '{{}}');
         INSERT INTO project (id, created, updated, tenant_id, name)
            SELECT ('20000000' || lpad(to_hex(n), 24, '0'))::uuid, now(), now(), '{tenant}', 'p' || n FROM generate_series(0, 9) n;
         INSERT INTO flow_group (id, created, updated, tenant_id, name, settings, default_parameters)
            SELECT ('30000000' || lpad(to_hex(n), 24, '0'))::uuid, now(), now(), '{tenant}', 'g' || n, '{{}}', '{{}}' FROM generate_series(0, 99) n;
         INSERT INTO flow (id, created, updated, tenant_id, project_id, flow_group_id, version_group_id, version, name,
                parameters, settings, archived, is_schedule_active)
            SELECT ('40000000' || lpad(to_hex(n), 24, '0'))::uuid, now(), now(), '{tenant}', ('20000000' || lpad(to_hex(n % 10), 24, '0'))::uuid,
                ('30000000' || lpad(to_hex(n), 24, '0'))::uuid, 'g', 1, 'f', '[]', '{{}}', false, false FROM generate_series(0, 99) n;
         INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, parameters, labels, scheduled_start_time,
                auto_scheduled, version, state, times_resurrected, labels_key, start_time)
            SELECT ('50000000' || lpad(to_hex(n), 24, '0'))::uuid, now() + n * interval '1 s', now(), '{tenant}',
                ('40000000' || lpad(to_hex(n % 100), 24, '0'))::uuid, '{{}}', '[]', now() + n * interval '1 s', false, 1,
                CASE n % 1000 WHEN 0 THEN 'Failed' WHEN 1 THEN 'Running' ELSE 'Success' END, 0, '[]',
                now() + n * interval '1 s' FROM generate_series(1, 60000) n;
         ANALYZE"
    );
    world.execute(&filling).await;
    let states = json!({"state": {"_in": ["Failed", "Running"]}});
    let project = json!({"flow": {"project_id": {"_eq": "20000000-0000-0000-0000-000000000001"}}});
    let both = json!({"_and": [project, states]});
    let expected = [
        (&states, "scheduled_start_time", "flow_run_state_time"),
        (&states, "created", "flow_run_state_created"),
        (&states, "start_time", "flow_run_state_start"),
        (&project, "scheduled_start_time", "flow_run_flow"),
        (&both, "scheduled_start_time", "flow_run_flow_state"),
    ];
    for (condition, order, index) in expected {
        let page = json!({"where": condition, "order_by": {order: "desc"}, "limit": 50});
        let list = plan(&field("flow_run").with(page).of([field("id"), field("name")]));
        let steps =
            world.rows(&format!("EXPLAIN {}", sql::postgres_with_values(&list))).await.concat().join("\n");
        assert!(
            steps.contains(&format!("Backward using {index} on flow_run")),
            "{condition} {order}: {steps}"
        );
        assert!(!steps.contains("Seq Scan on flow_run"), "{condition} {order}: {steps}");
    }
}
