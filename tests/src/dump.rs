//! Everything a client may read, table by table: what a second delivery, a refused request or another tenant's call
//! must leave as it was.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::Client;
use crate::introspection::Schema;

/// Columns that say when we last heard from somebody; being heard from again is not a change.
const LAST_HEARD: [&str; 3] = ["heartbeat", "last_queried", "last_used"];
const PAGE: usize = 500;

/// All rows by table and id.
#[derive(Debug, Clone, PartialEq)]
pub struct Dump {
    tables: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Dump {
    /// Reads everything the client may read.
    ///
    /// # Panics
    /// When a table cannot be read, or nothing at all is there: an empty dump would prove nothing.
    pub async fn of(client: &Client, schema: &Schema) -> Self {
        let mut tables = BTreeMap::new();
        for table in schema.tables() {
            let columns: Vec<&str> = schema
                .columns(table.base())
                .into_iter()
                .filter(|column| !LAST_HEARD.contains(column))
                .collect();
            tables.insert(table.name.clone(), rows(client, &table.name, &columns.join(" ")).await);
        }
        assert!(tables.values().any(|rows| !rows.is_empty()), "no rows in any of {:?}", tables.keys());
        Self { tables }
    }

    /// The ids in a table.
    pub fn ids(&self, table: &str) -> impl Iterator<Item = &str> {
        self.tables.get(table).into_iter().flat_map(|rows| rows.keys().map(String::as_str))
    }

    /// A row's columns.
    pub fn row(&self, table: &str, id: &str) -> Option<&Value> {
        self.tables.get(table)?.get(id)
    }

    /// Every id of every table.
    pub fn all_ids(&self) -> impl Iterator<Item = &str> {
        self.tables.values().flat_map(|rows| rows.keys().map(String::as_str))
    }

    /// Checks that nothing was added, removed or changed since `before`.
    ///
    /// # Panics
    /// With the first differences, when something was.
    pub fn assert_same_as(&self, before: &Self, after_what: &str) {
        let mut differences = Vec::new();
        for (table, rows) in &self.tables {
            let earlier = &before.tables[table];
            let ids: std::collections::BTreeSet<_> = rows.keys().chain(earlier.keys()).collect();
            for id in ids.into_iter().filter(|id| rows.get(*id) != earlier.get(*id)) {
                differences.push(format!(
                    "{table} {id}:\n  before {:?}\n  after  {:?}",
                    earlier.get(id),
                    rows.get(id)
                ));
            }
        }
        differences.truncate(5);
        assert!(differences.is_empty(), "{after_what} changed what is stored:\n{}", differences.join("\n"));
    }
}

async fn rows(client: &Client, table: &str, columns: &str) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    loop {
        let offset = rows.len();
        let document = format!(
            "{{ {table}(order_by: {{ id: asc }}, limit: {PAGE}, offset: {offset}) {{ {columns} }} }}"
        );
        let mut page = client.query(&document).await[table].take();
        let page = page.as_array_mut().map(std::mem::take).expect("a table is a list");
        let last = page.len() < PAGE;
        rows.extend(page.into_iter().map(|row| (crate::client::id(&row), row)));
        if last {
            return rows;
        }
    }
}
