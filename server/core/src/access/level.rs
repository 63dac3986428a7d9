//! The rights a use case can ask for.

use super::Role;

/// A right. Each is a type, so that a use case says in its signature what its caller must prove.
pub trait Level: Send + Sync + 'static {
    /// Its name in messages.
    const NAME: &'static str;

    /// Whether a key of this role has it.
    fn admits(role: Role) -> bool;
}

/// May read.
#[derive(Debug, Clone, Copy)]
pub struct Viewer;

/// May take runs and report on them: what an agent, and the flow-run process it starts with its own key,
/// must be able to do. Starting and cancelling runs belongs here because flows start subflows.
#[derive(Debug, Clone, Copy)]
pub struct Reporter;

/// May register, change, archive and delete flows, and everything a [`Reporter`] may.
#[derive(Debug, Clone, Copy)]
pub struct Operator;

/// May manage keys and the tenant itself.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

impl Level for Viewer {
    const NAME: &'static str = "view";

    fn admits(role: Role) -> bool {
        match role {
            Role::Viewer | Role::Agent | Role::Operator | Role::Admin => true,
        }
    }
}

impl Level for Reporter {
    const NAME: &'static str = "report";

    fn admits(role: Role) -> bool {
        match role {
            Role::Agent | Role::Operator | Role::Admin => true,
            Role::Viewer => false,
        }
    }
}

impl Level for Operator {
    const NAME: &'static str = "operate";

    fn admits(role: Role) -> bool {
        match role {
            Role::Operator | Role::Admin => true,
            Role::Viewer | Role::Agent => false,
        }
    }
}

impl Level for Admin {
    const NAME: &'static str = "administer";

    fn admits(role: Role) -> bool {
        match role {
            Role::Admin => true,
            Role::Viewer | Role::Agent | Role::Operator => false,
        }
    }
}
