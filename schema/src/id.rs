//! Typed identifiers. Each is a UUID; the type says of what, so that a task id cannot be passed for a run id.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! define_ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

define_ids! {
    /// A tenant: the unit of isolation.
    TenantId;
    /// A project: a named folder of flows.
    ProjectId;
    /// One registered version of a flow.
    FlowId;
    /// All versions of a flow.
    FlowGroupId;
    /// A task of one flow version.
    TaskId;
    /// A dependency between two tasks of one flow version.
    EdgeId;
    /// One execution of a flow.
    FlowRunId;
    /// One execution of a task (one per map index) within a flow run.
    TaskRunId;
    /// One entry of a flow run's state history.
    FlowRunStateId;
    /// One entry of a task run's state history.
    TaskRunStateId;
    /// A registered agent.
    AgentId;
    /// An API key (its public id, never its secret).
    ApiKeyId;
    /// An artifact of a task run.
    ArtifactId;
    /// One log line.
    LogId;
    /// The proof that its holder has the right to a run, until the lease expires.
    LeaseToken;
}
