//! Statements of the write path, by noun. Each takes a [`TenantTx`](crate::TenantTx), and each query names the
//! tenant.

mod insert;
