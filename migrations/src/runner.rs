//! Applies migrations. `sea-orm-migration` takes no lock and brings a schema-discovery library we do not need;
//! this is the part of it that we do.

use crate::{ALL, Migration, for_dialect};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement, TransactionTrait,
};
use std::collections::HashSet;

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database refused a statement of this migration.
    #[error("migration {name} failed")]
    Failed {
        /// The migration.
        name: &'static str,
        /// What the database said.
        source: DbErr,
    },
    /// The list of applied migrations cannot be read or written.
    #[error("the list of applied migrations cannot be read")]
    Journal(#[source] DbErr),
    /// The database was made by a newer version of this program.
    #[error(
        "the database has migration {0}, which this version does not know: it was made by a newer version"
    )]
    FromTheFuture(String),
}

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS schema_migration (name text NOT NULL PRIMARY KEY)";

/// Applies every migration that is missing; returns the names of those applied now.
pub async fn migrate(db: &DatabaseConnection) -> Result<Vec<&'static str>, MigrationError> {
    create_journal(db).await.map_err(MigrationError::Journal)?;
    let mut done = Vec::new();
    for migration in ALL {
        let tx = begin(db).await.map_err(MigrationError::Journal)?;
        let present = names(&tx).await.map_err(MigrationError::Journal)?;
        if let Some(unknown) = present.iter().find(|name| ALL.iter().all(|known| known.name != **name)) {
            return Err(MigrationError::FromTheFuture(unknown.clone()));
        }
        if present.contains(migration.name) {
            continue;
        }
        apply(&tx, migration)
            .await
            .map_err(|source| MigrationError::Failed { name: migration.name, source })?;
        tx.commit().await.map_err(|source| MigrationError::Failed { name: migration.name, source })?;
        done.push(migration.name);
    }
    Ok(done)
}

/// Takes back every migration, newest first.
pub async fn revert(db: &DatabaseConnection) -> Result<(), MigrationError> {
    for migration in ALL.iter().rev() {
        let failed = |source| MigrationError::Failed { name: migration.name, source };
        let tx = begin(db).await.map_err(failed)?;
        let dialect = tx.get_database_backend();
        for statement in migration.down.iter().filter_map(|statement| for_dialect(statement, dialect)) {
            tx.execute_unprepared(&statement).await.map_err(failed)?;
        }
        let delete = Statement::from_sql_and_values(
            tx.get_database_backend(),
            "DELETE FROM schema_migration WHERE name = $1",
            [migration.name.into()],
        );
        tx.execute_raw(delete).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
    }
    Ok(())
}

/// The names of the applied migrations.
pub async fn applied(db: &DatabaseConnection) -> Result<HashSet<String>, MigrationError> {
    names(db).await.map_err(MigrationError::Journal)
}

async fn names(db: &impl ConnectionTrait) -> Result<HashSet<String>, DbErr> {
    let select = Statement::from_string(db.get_database_backend(), "SELECT name FROM schema_migration");
    db.query_all_raw(select).await?.iter().map(|row| row.try_get_by_index::<String>(0)).collect()
}

/// Makes the list of applied migrations. Under the lock, too: `IF NOT EXISTS` is no help against another replica that
/// makes it at the same moment.
async fn create_journal(db: &DatabaseConnection) -> Result<(), DbErr> {
    let tx = begin(db).await?;
    tx.execute_unprepared(JOURNAL).await?;
    tx.commit().await
}

/// A transaction that no other migrating process can be inside of.
async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        let tx = db.begin().await?;
        tx.execute_unprepared("SELECT pg_advisory_xact_lock(736967)").await?;
        // Row-level security stands already when a later migration moves data about.
        tx.execute_unprepared("SET LOCAL signalbox.tenant = 'all'").await?;
        return Ok(tx);
    }
    let options = sea_orm::TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    db.begin_with_options(options).await
}

async fn apply(tx: &DatabaseTransaction, migration: &Migration) -> Result<(), DbErr> {
    let dialect = tx.get_database_backend();
    for statement in migration.up.iter().filter_map(|statement| for_dialect(statement, dialect)) {
        tx.execute_unprepared(&statement).await?;
    }
    let insert = Statement::from_sql_and_values(
        dialect,
        "INSERT INTO schema_migration (name) VALUES ($1)",
        [migration.name.into()],
    );
    tx.execute_raw(insert).await?;
    Ok(())
}
