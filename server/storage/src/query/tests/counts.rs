//! The numbers of flow runs that triggers keep are those that counting gives.

use serde_json::{Value, json};
use signalbox_core::query::Selection;

use super::world::{self, World, id};
use super::{Build, field, plan, sql};

const STATES: [&str; 5] = ["Scheduled", "Submitted", "Running", "Success", "Failed"];
const TENANTS: usize = 2;

/// Numbers that look random and are the same each time (Knuth's generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

async fn assert_counted(world: &mut World, after: &str) {
    const COUNTED: &str = "SELECT hex(tenant_id), hex(flow_id), state, count(*) FROM flow_run GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    const KEPT: &str = "SELECT hex(tenant_id), hex(flow_id), state, sum(n) FROM flow_run_count GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3";
    let counted = world.rows(COUNTED).await;
    let kept = world.rows(KEPT).await;
    assert_eq!(kept, counted, "after {after}");
}

/// A statement that changes something: several runs at once, too, and whatever hangs on what is deleted.
fn change(numbers: &mut Numbers, made: &mut usize) -> String {
    let tenant = 1 + numbers.below(TENANTS);
    let project = 10 * tenant + numbers.below(2);
    let flow = 10 * project + numbers.below(3);
    let state = STATES[numbers.below(STATES.len())];
    let run = |numbers: &mut Numbers, made: usize| id(5, numbers.below(made + 1));
    match numbers.below(20) {
        0..=8 => {
            let values = (0..=numbers.below(6)).map(|_| {
                *made += 1;
                let (flow, state) = (10 * project + numbers.below(3), STATES[numbers.below(STATES.len())]);
                format!(
                    "({}, '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', {}, {}, '{{}}', '[]',
                     '2026-01-01T00:00:00+00:00', false, 1, '{state}', 0, '[]')",
                    id(5, *made),
                    id(1, tenant),
                    id(4, flow)
                )
            });
            let values = values.collect::<Vec<_>>().join(", ");
            format!(
                "INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, parameters, labels,
                     scheduled_start_time, auto_scheduled, version, state, times_resurrected, labels_key) VALUES {values}"
            )
        }
        9..=11 => format!(
            "UPDATE flow_run SET state = '{state}', version = version + 1 WHERE id = {}",
            run(numbers, *made)
        ),
        12 => format!("UPDATE flow_run SET state = '{state}' WHERE flow_id = {}", id(4, flow)),
        13 => format!(
            "UPDATE flow_run SET state = '{state}' WHERE state = '{}'",
            STATES[numbers.below(STATES.len())]
        ),
        14 => format!("UPDATE flow_run SET heartbeat = created WHERE flow_id = {}", id(4, flow)),
        15 => format!("DELETE FROM flow_run WHERE id IN ({}, {})", run(numbers, *made), run(numbers, *made)),
        16 => format!("DELETE FROM flow WHERE id = {}; {}", id(4, flow), world::flow(flow, tenant, project)),
        17 => {
            let mut sql = format!(
                "DELETE FROM project WHERE id = {}; {}",
                id(2, project),
                world::project(project, tenant)
            );
            for flow in 10 * project..10 * project + 3 {
                sql += &world::flow(flow, tenant, project);
            }
            sql
        }
        18 if numbers.below(3) == 0 => {
            format!("DELETE FROM tenant WHERE id = {}; {}", id(1, tenant), inhabitants(tenant))
        }
        _ => format!(
            "DELETE FROM flow_group WHERE id = {}; {} {}",
            id(3, flow),
            world::flow_group(flow, tenant),
            world::flow(flow, tenant, project)
        ),
    }
}

fn inhabitants(tenant: usize) -> String {
    let mut sql = world::tenant(tenant);
    for project in 10 * tenant..10 * tenant + 2 {
        sql += &world::project(project, tenant);
        for flow in 10 * project..10 * project + 3 {
            sql += &world::flow_group(flow, tenant);
            sql += &world::flow(flow, tenant, project);
        }
    }
    sql
}

async fn inhabited() -> World {
    let mut world = World::new().await;
    for tenant in 1..=TENANTS {
        let sql = inhabitants(tenant);
        world.execute(&sql).await;
    }
    world
}

#[tokio::test]
async fn whatever_changes_the_numbers_are_right() {
    let mut world = inhabited().await;
    for seed in 1..=4 {
        let (mut numbers, mut made) = (Numbers(seed), usize::try_from(seed).unwrap() * 100_000);
        for _ in 0..120 {
            let change = change(&mut numbers, &mut made);
            world.execute(&change).await;
            assert_counted(&mut world, &change).await;
        }
    }
    world.execute("DELETE FROM tenant").await;
    assert_counted(&mut world, "all tenants are gone").await;
}

/// On PostgreSQL, where transactions run side by side: states of the same flows, in opposite orders. Nobody waits for
/// a number, so nobody waits in a circle either (a statement that was refused would end the test).
#[tokio::test]
async fn so_they_are_when_many_change_states_at_once() {
    const WRITERS: usize = 8;
    let Some(mut world) = World::on_postgres().await else { return };
    world.execute(&inhabitants(1)).await;
    let runs = (0..WRITERS * 2).map(|number| {
        format!(
            "INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, parameters, labels, scheduled_start_time,
                 auto_scheduled, version, state, times_resurrected, labels_key)
             VALUES ({}, now(), now(), {}, {}, '{{}}', '[]', now(), false, 1, 'Scheduled', 0, '[]');",
            id(5, number),
            id(1, 1),
            id(4, 100 + number % 2),
        )
    });
    world.execute(&runs.collect::<String>()).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let mut connection = world.connect().await;
        let mut numbers = Numbers(u64::try_from(writer).unwrap());
        writers.spawn(async move {
            for _ in 0..60 {
                // Its own two runs, of two flows, in either order.
                let mut own = [2 * writer, 2 * writer + 1];
                own.rotate_left(numbers.below(2));
                let change = own.map(|number| {
                    let state = STATES[numbers.below(STATES.len())];
                    format!("UPDATE flow_run SET state = '{state}' WHERE id = {};", id(5, number))
                });
                connection.execute(&format!("BEGIN; {} COMMIT", change.concat())).await;
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    assert_counted(&mut world, "all have written").await;
}

fn count(condition: &Value) -> Selection {
    field("flow_run_aggregate")
        .with(json!({"where": condition}))
        .of([field("aggregate").of([field("count")])])
}

/// What the numbers can answer, and what they cannot.
fn conditions() -> [(Value, bool); 9] {
    let flow = "00000004-0000-4000-8000-000000000101";
    let project = "00000002-0000-4000-8000-000000000010";
    [
        (json!({}), true),
        (json!({"state": {"_eq": "Failed"}}), true),
        (json!({"_and": [{"state": {"_in": ["Failed", "Running"]}}, {"state": {"_neq": "Running"}}]}), true),
        (json!({"_or": [{"state": {"_nin": ["Failed"]}}, {"_not": {"flow_id": {"_eq": flow}}}]}), true),
        (json!({"flow": {"project_id": {"_eq": project}}, "state": {"_like": "S%"}}), true),
        (json!({"flow": {"project": {"name": {"_eq": "project 11"}}}}), true),
        (json!({"state": {"_eq": "Failed"}, "version": {"_gt": 1}}), false),
        (json!({"_or": [{"state": {"_eq": "Failed"}}, {"auto_scheduled": {"_eq": true}}]}), false),
        (json!({"task_runs": {"state": {"_eq": "Failed"}}}), false),
    ]
}

#[tokio::test]
async fn aggregates_are_answered_from_the_numbers() {
    let mut world = inhabited().await;
    let (mut numbers, mut made) = (Numbers(7), 0);
    for _ in 0..80 {
        let change = change(&mut numbers, &mut made);
        world.execute(&change).await;
    }
    for (condition, is_kept) in conditions() {
        let statement = sql::sqlite(&plan(&count(&condition)));
        assert_eq!(statement.contains("flow_run_count"), is_kept, "{statement}");
        // Counting ids is the same, but distinct ones are counted.
        let distinct = field("count").with(json!({"columns": ["id"], "distinct": true}));
        let counted = field("flow_run_aggregate")
            .with(json!({"where": condition}))
            .of([field("aggregate").of([distinct])]);
        assert!(!sql::sqlite(&plan(&counted)).contains("flow_run_count"));
        assert_eq!(world.ask(&count(&condition)).await, world.ask(&counted).await, "{condition}");
        // The same for each flow.
        let of_flows = |of: Selection| {
            let runs = field("flow_runs_aggregate").with(json!({"where": condition})).of([of]);
            field("flow").with(json!({"order_by": {"id": "asc"}})).of([runs])
        };
        let distinct = field("count").with(json!({"columns": ["id"], "distinct": true}));
        let kept = world.ask(&of_flows(field("aggregate").of([field("count")]))).await;
        assert_eq!(kept, world.ask(&of_flows(field("aggregate").of([distinct]))).await, "{condition}");
    }
}
