//! The vocabulary that server and agents share: ids, labels, states, error codes.
//!
//! Only what must mean the same on both ends of the wire lives here. Rules that decide (transitions,
//! policies, leases) belong to `signalbox-core`; an agent that could compute one would one day disagree.

pub mod error_code;
pub mod id;
pub mod label;
pub mod run_config;
pub mod state;

pub use error_code::ErrorCode;
pub use id::{
    AgentId, ApiKeyId, ArtifactId, EdgeId, FlowGroupId, FlowId, FlowRunId, FlowRunStateId, LeaseToken, LogId,
    ProjectId, TaskId, TaskRunId, TaskRunStateId, TenantId,
};
pub use label::{LabelError, LabelSet};
pub use state::{State, StateError, StateType};

/// The contract: the SDL of the server's API, exported by `make schema` and checked by the tests.
pub const SDL: &str = include_str!("../schema.graphql");
