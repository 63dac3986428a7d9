//! A connection that belongs to one tenant. Repositories take it, so no query starts without a tenant.

use super::{Commit, Failure, Observer, Scope, Session, commit::Pending, written};
use crate::{StorageError, dialect::Dialect, repo::event};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value};
use signalbox_core::{event::NewEvent, registry::Family};
use signalbox_schema::TenantId;
use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// The right to touch one tenant's rows, in a transaction or (for single reads) outside of one.
pub struct TenantTx {
    tenant: TenantId,
    session: Session,
    /// What the transaction will have done when it commits. In the order of tenants, so that two transactions of
    /// several tenants do not wait for each other in a circle.
    pending: Mutex<BTreeMap<TenantId, Pending>>,
    observers: Vec<Arc<dyn Observer>>,
}

impl TenantTx {
    /// `session` has the tenant's scope.
    pub(crate) fn new(tenant: TenantId, session: Session, observers: Vec<Arc<dyn Observer>>) -> Self {
        Self { tenant, session, pending: Mutex::default(), observers }
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn tenant_uuid(&self) -> Uuid {
        self.tenant.0
    }

    /// Whether rows that are read can be locked until the end.
    pub(crate) const fn is_transaction(&self) -> bool {
        self.session.is_transaction()
    }

    /// What a SELECT ends with whose rows this transaction is going to take.
    pub(crate) fn free_rows(&self) -> &'static str {
        if self.is_transaction() { self.dialect().free_rows() } else { "" }
    }

    /// What the database understands.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::of(self.get_database_backend())
    }

    /// Why a statement failed, if that is worth another try.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.session.failure()
    }

    /// The same transaction for rows of another tenant (a batch carries several).
    pub(crate) async fn for_tenant(mut self, tenant: TenantId) -> Result<Self, StorageError> {
        if self.tenant != tenant {
            self.session.turn_to(Scope::Tenant(tenant.0)).await?;
            self.tenant = tenant;
        }
        Ok(self)
    }

    /// Records an event of this tenant: it is in the log if and only if the transaction commits.
    pub fn record(&self, event: NewEvent) {
        debug_assert!(self.is_transaction(), "what only reads has nothing to record");
        self.pending().entry(self.tenant).or_default().events.push(event);
    }

    fn pending(&self) -> MutexGuard<'_, BTreeMap<TenantId, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a statement changes.
    fn note(&self, statement: &Statement) {
        let families = written::families(&statement.sql);
        if !families.is_empty() {
            self.pending().entry(self.tenant).or_default().families |= families;
        }
    }

    /// Commits, and tells the observers. Events are written as the last statements before: their positions are given
    /// out under a lock that is held until the commit.
    pub(crate) async fn commit(mut self) -> Result<(), StorageError> {
        let pending = mem::take(&mut *self.pending());
        let mut commits: Vec<Commit> = Vec::with_capacity(pending.len());
        for (tenant, mut done) in pending {
            if !done.events.is_empty() {
                done.families |= Family::Events.into();
                self = self.for_tenant(tenant).await?;
                event::append(&self, &done.events).await?;
            }
            if !done.families.is_empty() {
                commits.push(done.into_commit(tenant));
            }
        }
        self.session.commit().await?;
        for commit in &commits {
            for observer in &self.observers {
                observer.committed(commit);
            }
        }
        Ok(())
    }

    /// Runs one statement with `$1 …` placeholders, which both dialects know.
    pub(crate) async fn execute(
        &self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<u64, StorageError> {
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

impl fmt::Debug for TenantTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantTx").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for TenantTx {
    fn get_database_backend(&self) -> DbBackend {
        self.session.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.note(&statement);
        self.session.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.session.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(&statement);
        self.session.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(&statement);
        self.session.query_all_raw(statement).await
    }
}
