//! PostgreSQL's second wall between tenants: row-level security.
//!
//! Every transaction says whose rows it is for (`tx/scope.rs`), and the database shows it no others, whatever a query
//! forgot. The policies are derived from the catalogue after each migration, so no table can be left out.

use crate::StorageError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};

/// The name of the policy of every table.
const POLICY: &str = "signalbox_tenant";

/// The tables of our schema with the column that names a row's tenant, and whether the wall stands already.
const TABLES: &str = "SELECT c.relname::text, a.attname::text,
       c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
           SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'signalbox_tenant')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
   AND (a.attname = 'tenant_id' OR c.relname = 'tenant' AND a.attname = 'id')
 ORDER BY 1";

/// Whether the role stands above the wall.
const ABOVE: &str = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";

/// Puts up what is missing of the wall, and warns when it will not stand.
pub(crate) async fn build(db: &DatabaseConnection) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    // The migrations' lock: several replicas may start at once.
    tx.execute_unprepared("SELECT pg_advisory_xact_lock(736967)").await?;
    for row in tx.query_all_raw(Statement::from_string(DbBackend::Postgres, TABLES)).await? {
        let (table, column, stands): (String, String, bool) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if !stands {
            tx.execute_unprepared(&statements(&table, &column)).await?;
        }
    }
    let above = match tx.query_one_raw(Statement::from_string(DbBackend::Postgres, ABOVE)).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => false,
    };
    tx.commit().await?;
    if above {
        tracing::warn!(
            "the database role is a superuser or has BYPASSRLS, so row-level security, the second wall between \
             tenants, does not hold it; give the server a role of its own without these rights"
        );
    }
    Ok(())
}

/// FORCE, because the server owns its tables. Sub-selects, because they are evaluated once for a statement and not for
/// each row. Without the setting, and after the transaction that had it, nothing is equal to null.
fn statements(table: &str, column: &str) -> String {
    format!(
        "ALTER TABLE \"{table}\" ENABLE ROW LEVEL SECURITY;
         ALTER TABLE \"{table}\" FORCE ROW LEVEL SECURITY;
         DROP POLICY IF EXISTS {POLICY} ON \"{table}\";
         CREATE POLICY {POLICY} ON \"{table}\" USING (
             \"{column}\" = (SELECT nullif(nullif(current_setting('signalbox.tenant', true), ''), 'all')::uuid)
             OR (SELECT current_setting('signalbox.tenant', true) = 'all'))"
    )
}

#[cfg(test)]
mod tests {
    use crate::{Store, TenantTx};
    use chrono::{DateTime, Utc};
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    use signalbox_backing::{Backing, Database};
    use signalbox_core::access::Access;
    use signalbox_schema::TenantId;
    use uuid::Uuid;

    const OURS: TenantId = TenantId(Uuid::from_u128(1));
    const THEIRS: TenantId = TenantId(Uuid::from_u128(2));

    /// Two tenants with a project each. Only PostgreSQL has a second wall.
    async fn neighbours() -> Option<(Store, Database, Backing)> {
        if !Backing::chooses_postgres() {
            return None;
        }
        let backing = Backing::new();
        let store = Store::open(&backing.database_url()).await.unwrap();
        let mut database = backing.database().await;
        for (tenant, slug) in [(OURS, "ours"), (THEIRS, "theirs")] {
            crate::repo::tenant::insert(&store, tenant, slug, slug, epoch()).await.unwrap();
            let sql = format!(
                "INSERT INTO project (id, created, updated, tenant_id, name)
                 VALUES (gen_random_uuid(), now(), now(), '{tenant}', '{slug}')"
            );
            database.execute(&sql).await;
        }
        Some((store, database, backing))
    }

    fn epoch() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    /// What a query sees that forgot its tenant.
    async fn names(connection: &impl ConnectionTrait) -> Vec<String> {
        let forgetful = Statement::from_string(DbBackend::Postgres, "SELECT name FROM project ORDER BY name");
        let rows = connection.query_all_raw(forgetful).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    #[tokio::test]
    async fn stands_around_every_table() {
        let Some((_store, mut database, _backing)) = neighbours().await else { return };
        let open = database
            .column(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                    AND NOT (relrowsecurity AND relforcerowsecurity)",
            )
            .await;
        assert_eq!(open, ["schema_migration"], "nothing else is of no tenant");
    }

    #[tokio::test]
    async fn a_query_without_its_tenant_sees_and_changes_nothing_of_others() {
        let Some((store, mut database, _backing)) = neighbours().await else { return };
        let ours = Access::<signalbox_core::access::Admin>::system(OURS, "test");
        assert_eq!(names(&store.read(&ours)).await, ["ours"]);
        assert_eq!(names(&store.begin(OURS).await.unwrap()).await, ["ours"]);
        assert_eq!(names(&store.read_of_everybody()).await, ["ours", "theirs"]);

        let tx: TenantTx = store.begin(OURS).await.unwrap();
        let tx = tx.for_tenant(THEIRS).await.unwrap();
        assert_eq!(names(&tx).await, ["theirs"]);
        assert_eq!(tx.execute("UPDATE project SET description = 'mine'", vec![]).await.unwrap(), 1);
        let tx = tx.for_tenant(OURS).await.unwrap();
        assert_eq!(tx.execute("UPDATE project SET description = 'mine'", vec![]).await.unwrap(), 1);
        assert_eq!(
            tx.execute("DELETE FROM tenant", vec![]).await.unwrap(),
            1,
            "its own, with all that is in it"
        );
        let foreign = format!(
            "INSERT INTO project (id, created, updated, tenant_id, name)
             VALUES ('{THEIRS}', now(), now(), '{THEIRS}', 'smuggled')"
        );
        let refused = tx.execute(foreign, vec![]).await.unwrap_err();
        assert!(format!("{refused:?}").contains("row-level security"), "{refused:?}");
        drop(tx);
        assert_eq!(database.column("SELECT count(*) FROM project").await, ["2"]);
    }

    #[tokio::test]
    async fn nothing_of_a_tenant_stays_on_a_connection() {
        let Some((store, _database, backing)) = neighbours().await else { return };
        let db = sea_orm::Database::connect(backing.database_url()).await.unwrap();
        assert_eq!(names(&db).await, [""; 0], "a connection that never said whose it is");
        let crate::store::Connections::Postgres { writers, readers } = store.connections() else {
            unreachable!()
        };
        for pool in [writers, readers] {
            // As many as there may be: each was used for a tenant.
            let scope = crate::tx::Scope::Tenant(OURS.0);
            for _ in 0..3 {
                drop(crate::postgres::begin(pool, crate::postgres::Mode::Read, scope).await.unwrap());
            }
            let names: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM project").fetch_all(pool).await.unwrap();
            assert_eq!(names, []);
        }
    }
}
