//! The roles an API key can have.

use std::fmt;

/// What the holder of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads everything of the tenant.
    Viewer,
    /// Takes runs, reports on them, and starts subflows.
    Agent,
    /// Registers, runs, changes and deletes flows.
    Operator,
    /// Manages keys and the tenant, too.
    Admin,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: &'static [Self] = &[Self::Viewer, Self::Agent, Self::Operator, Self::Admin];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
