//! The root fields: `X`, `X_by_pk` and `X_aggregate` of every table.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{TABLES, Table};

/// What a root field answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A list of rows.
    List,
    /// The row with a primary key, or null.
    ByPk,
    /// Aggregates over rows, and the rows themselves as `nodes`.
    Aggregate,
}

/// One root field of the read API.
#[derive(Debug, Clone)]
pub struct Root {
    /// Field name on the wire.
    pub name: String,
    /// The table it reads.
    pub table: &'static Table,
    /// What it answers.
    pub answer: Answer,
}

/// Second names of tables: the stock client's `auth list-keys` reads API keys as `auth_api_key`.
const ALIASES: &[(&str, &Table)] = &[("auth_api_key", &super::table::API_KEY)];

static ROOTS: LazyLock<Vec<Root>> = LazyLock::new(|| {
    let named = TABLES.iter().map(|table| (table.name, *table)).chain(ALIASES.iter().copied());
    named
        .flat_map(|(name, table)| {
            [
                Root { name: name.to_owned(), table, answer: Answer::List },
                Root { name: format!("{name}_by_pk"), table, answer: Answer::ByPk },
                Root { name: format!("{name}_aggregate"), table, answer: Answer::Aggregate },
            ]
        })
        .collect()
});

static BY_NAME: LazyLock<HashMap<&'static str, &'static Root>> =
    LazyLock::new(|| ROOTS.iter().map(|root| (root.name.as_str(), root)).collect());

/// Every root field, in the order of the tables.
pub fn roots() -> &'static [Root] {
    &ROOTS
}

/// The root field with a name, if it is one of the read API's.
pub fn root(name: &str) -> Option<&'static Root> {
    BY_NAME.get(name).copied()
}
