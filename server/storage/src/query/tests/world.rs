//! A database with few things in it, made by statements that both databases understand.

use serde_json::Value;
use signalbox_backing::{Backing, Database};
use signalbox_core::query::{ReadScope, Selection};
use uuid::Uuid;

use super::plan;
use crate::Store;

/// An id of a thing of this kind, as a literal.
pub(super) fn id(kind: usize, number: usize) -> String {
    format!("X'{kind:08}000040008000{number:012}'")
}

/// Nobody's birthday.
const THEN: &str = "'2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00'";

pub(super) struct World {
    store: Store,
    database: Database,
    backing: Backing,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::on(Backing::new()).await
    }

    /// On SQLite, whose plans do not depend on the rows.
    pub(super) async fn on_sqlite() -> Self {
        Self::on(Backing::sqlite()).await
    }

    async fn on(backing: Backing) -> Self {
        let store = Store::open(&backing.database_url()).await.unwrap();
        let database = backing.database().await;
        Self { store, database, backing }
    }

    /// On PostgreSQL; nothing when the environment does not choose it.
    pub(super) async fn on_postgres() -> Option<Self> {
        if Backing::chooses_postgres() { Some(Self::on(Backing::postgres()).await) } else { None }
    }

    /// Another connection to the same database.
    pub(super) async fn connect(&self) -> Database {
        self.backing.database().await
    }

    pub(super) async fn execute(&mut self, sql: &str) {
        self.database.execute(sql).await;
    }

    pub(super) async fn rows(&mut self, sql: &str) -> Vec<Vec<String>> {
        self.database.rows(sql).await
    }

    /// The answer for tenant 1.
    pub(super) async fn ask(&mut self, selection: &Selection) -> Value {
        let tenant = Uuid::parse_str("00000001-0000-4000-8000-000000000001").unwrap();
        let scope = ReadScope { tenant: tenant.into(), all_tenants: false };
        serde_json::from_str(&self.store.query(&scope, &plan(selection)).await.unwrap()).unwrap()
    }

    /// The steps of SQLite.
    pub(super) async fn explain(&mut self, statement: &str) -> Vec<String> {
        let rows = self.rows(&format!("EXPLAIN QUERY PLAN {statement}")).await;
        rows.into_iter().map(|mut row| row.remove(3)).collect()
    }

    /// The columns of each index of a table, separated by spaces.
    pub(super) async fn index_columns(&mut self, table: &str) -> Vec<String> {
        let sql = format!(
            "SELECT group_concat(name, ' ') FROM (
                 SELECT i.name AS index_name, c.name FROM pragma_index_list('{table}') i, pragma_index_info(i.name) c
                 ORDER BY i.name, c.seqno) GROUP BY index_name"
        );
        self.rows(&sql).await.into_iter().map(|mut row| row.remove(0)).collect()
    }
}

pub(super) fn tenant(number: usize) -> String {
    format!(
        "INSERT INTO tenant (id, created, updated, name, slug, info, settings)
         VALUES ({}, {THEN}, 'tenant {number}', 'tenant-{number}', '{{}}', '{{}}');",
        id(1, number)
    )
}

pub(super) fn project(number: usize, tenant: usize) -> String {
    format!(
        "INSERT INTO project (id, created, updated, tenant_id, name)
         VALUES ({}, {THEN}, {}, 'project {number}');",
        id(2, number),
        id(1, tenant)
    )
}

/// A group for the flow of this number.
pub(super) fn flow_group(number: usize, tenant: usize) -> String {
    format!(
        "INSERT INTO flow_group (id, created, updated, tenant_id, name, settings, default_parameters)
             VALUES ({}, {THEN}, {}, 'group {number}', '{{}}', '{{}}');",
        id(3, number),
        id(1, tenant),
    )
}

/// A flow of the group of this number.
pub(super) fn flow(number: usize, tenant: usize, project: usize) -> String {
    format!(
        "INSERT INTO flow (id, created, updated, tenant_id, project_id, flow_group_id, version_group_id, version,
             name, parameters, settings, archived, is_schedule_active)
         VALUES ({}, {THEN}, {}, {}, {}, 'group {number}', 1, 'flow {number}', '[]', '{{}}', false, false);",
        id(4, number),
        id(1, tenant),
        id(2, project),
        id(3, number),
    )
}
