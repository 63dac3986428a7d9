//! A connection for what concerns no tenant in particular: finding the tenant of a key, listing what a background
//! task has to do, the tenants themselves. What is found is then worked on in its own tenant.

use super::Session;
use crate::StorageError;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

/// The right to look at all tenants' rows.
#[derive(Debug)]
pub(crate) struct Everybody(Session);

impl Everybody {
    /// `session` has the scope of all tenants.
    pub(crate) const fn new(session: Session) -> Self {
        Self(session)
    }

    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        self.0.commit().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Everybody {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(statement).await
    }
}
