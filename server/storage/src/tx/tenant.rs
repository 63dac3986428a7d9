//! A connection that belongs to one tenant. Repositories take it, so no query starts without a tenant.

use crate::StorageError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    Statement, Value,
};
use signalbox_schema::TenantId;
use uuid::Uuid;

/// The right to touch one tenant's rows, in a transaction or (for single reads) outside of one.
#[derive(Debug)]
pub struct TenantTx {
    tenant: TenantId,
    connection: Connection,
}

#[derive(Debug)]
enum Connection {
    Transaction(DatabaseTransaction),
    Reading(DatabaseConnection),
}

impl TenantTx {
    pub(crate) const fn new(tenant: TenantId, tx: DatabaseTransaction) -> Self {
        Self { tenant, connection: Connection::Transaction(tx) }
    }

    pub(crate) const fn reading(tenant: TenantId, db: DatabaseConnection) -> Self {
        Self { tenant, connection: Connection::Reading(db) }
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn tenant_uuid(&self) -> Uuid {
        self.tenant.0
    }

    /// The same transaction for rows of another tenant (a batch carries several).
    pub(crate) fn for_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = tenant;
        self
    }

    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        match self.connection {
            Connection::Transaction(tx) => Ok(tx.commit().await?),
            Connection::Reading(_) => Ok(()),
        }
    }

    /// Runs one statement with `$1 …` placeholders, which both dialects know.
    pub(crate) async fn execute(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StorageError> {
        let statement = Statement::from_sql_and_values(self.get_database_backend(), sql, values);
        Ok(self.execute_raw(statement).await?.rows_affected())
    }

    /// Runs one query with `$1 …` placeholders.
    pub(crate) async fn query(
        &self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StorageError> {
        let statement = Statement::from_sql_and_values(self.get_database_backend(), sql, values);
        Ok(self.query_all_raw(statement).await?)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for TenantTx {
    fn get_database_backend(&self) -> DbBackend {
        match &self.connection {
            Connection::Transaction(tx) => tx.get_database_backend(),
            Connection::Reading(db) => db.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.connection {
            Connection::Transaction(tx) => tx.execute_raw(statement).await,
            Connection::Reading(db) => db.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.connection {
            Connection::Transaction(tx) => tx.execute_unprepared(sql).await,
            Connection::Reading(db) => db.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.connection {
            Connection::Transaction(tx) => tx.query_one_raw(statement).await,
            Connection::Reading(db) => db.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.connection {
            Connection::Transaction(tx) => tx.query_all_raw(statement).await,
            Connection::Reading(db) => db.query_all_raw(statement).await,
        }
    }
}
