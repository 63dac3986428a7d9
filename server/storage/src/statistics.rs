//! Tells SQLite's planner how selective each index is.
//!
//! Without statistics it takes an equality with anything for selective, and so prefers "all rows of this tenant" to
//! eight ids looked up one by one: a batch then reads every run there is. Measuring (`ANALYZE`) would make plans
//! depend on the moment it ran; what columns mean is known beforehand and does not change.

use crate::StorageError;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

/// Tables that grow with every run and every registration. Of the others a tenant has a handful of rows, and any plan
/// will do.
const GROWING: [&str; 9] = [
    "edge",
    "event",
    "flow_run",
    "flow_run_state",
    "log",
    "task",
    "task_run",
    "task_run_artifact",
    "task_run_state",
];
/// Rows that each of them is assumed to have. Only proportions matter.
const ROWS: u64 = 1_000_000;

/// One index: its table, its name, whether it is unique, its columns in order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Index {
    table: String,
    name: String,
    unique: bool,
    columns: Vec<String>,
}

/// An expression has no name; it counts like any other column.
const INDEXES: &str = "SELECT t.name, i.name, i.\"unique\", coalesce(c.name, '')
    FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, i.name, c.seqno";

/// Writes the statistics; connections opened later go by them, and so does this one.
pub(crate) async fn write(db: &DatabaseConnection) -> Result<(), StorageError> {
    let backend = db.get_database_backend();
    let mut indexes: Vec<Index> = Vec::new();
    for row in db.query_all_raw(Statement::from_string(backend, INDEXES)).await? {
        let (table, name): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let column = row.try_get_by_index(3)?;
        match indexes.last_mut() {
            Some(index) if index.name == name => index.columns.push(column),
            _ => {
                let unique = row.try_get_by_index(2)?;
                indexes.push(Index { table, name, unique, columns: vec![column] });
            }
        }
    }
    // Makes the table if need be; at the end, makes this connection read it.
    db.execute_unprepared("ANALYZE sqlite_schema").await?;
    db.execute_unprepared("DELETE FROM sqlite_stat1").await?;
    for index in indexes.iter().filter(|index| GROWING.contains(&index.table.as_str())) {
        let values = [index.table.clone().into(), index.name.clone().into(), statistics(index).into()];
        let sql = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)";
        db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    db.execute_unprepared("ANALYZE sqlite_schema").await?;
    Ok(())
}

/// The text of `sqlite_stat1`: rows of the index, then for each column the rows that agree in it and all before it.
fn statistics(index: &Index) -> String {
    let mut rows = ROWS;
    let mut text = rows.to_string();
    for (position, column) in index.columns.iter().enumerate() {
        let whole = position + 1 == index.columns.len();
        rows = if whole && index.unique { 1 } else { (rows / distinct(column)).max(1) };
        text.push(' ');
        text.push_str(&rows.to_string());
    }
    text
}

/// How many values a column is assumed to have.
fn distinct(column: &str) -> u64 {
    match column {
        // One tenant may be the whole installation.
        "tenant_id" => 1,
        "state" | "labels_key" | "priority" | "archived" => 10,
        "project_id" | "flow_group_id" | "flow_id" | "task_id" | "agent_id" => 100,
        "flow_run_id" | "task_run_id" => ROWS / 100,
        // Ids, names, keys and times.
        _ => ROWS / 10,
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, statistics};
    use crate::{Store, store::Connections};
    use sea_orm::{ConnectionTrait, Statement};
    use signalbox_backing::Backing;

    fn index(columns: &[&str], unique: bool) -> Index {
        Index {
            unique,
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            ..Index::default()
        }
    }

    #[test]
    fn a_tenant_selects_nothing_and_a_unique_index_one_row() {
        assert_eq!(statistics(&index(&["id"], true)), "1000000 1");
        assert_eq!(statistics(&index(&["tenant_id", "name"], true)), "1000000 1000000 1");
        assert_eq!(statistics(&index(&["tenant_id", "state", "created"], false)), "1000000 1000000 100000 1");
        assert_eq!(statistics(&index(&["flow_id", "scheduled_start_time"], false)), "1000000 10000 1");
    }

    #[tokio::test]
    async fn many_ids_of_one_tenant_are_looked_up_one_by_one() {
        let backing = Backing::sqlite();
        let store = Store::open(&backing.database_url()).await.unwrap();
        let Connections::Sqlite { writer, readers } = store.connections() else { panic!("not SQLite") };
        let ids = ["x'00'"; 64].join(",");
        for table in ["flow_run", "task_run", "task", "log"] {
            for db in [readers, writer] {
                let sql = format!(
                    "EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE tenant_id = x'01' AND id IN ({ids})"
                );
                let statement = Statement::from_string(db.get_database_backend(), sql);
                let plan: String =
                    db.query_all_raw(statement).await.unwrap()[0].try_get("", "detail").unwrap();
                assert!(plan.ends_with("(id=?)"), "{table}: {plan}");
            }
        }
    }
}
