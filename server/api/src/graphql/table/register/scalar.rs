//! Hasura's scalars.

use async_graphql::registry::Registry;

use super::add;
use super::meta::scalar;

const SCALARS: &[(&str, &str)] = &[
    ("uuid", "A UUID as text with hyphens."),
    ("bigint", "A 64-bit whole number, as a JSON number."),
    (
        "timestamptz",
        "An ISO 8601 instant. In: any offset, none means UTC. Out: offset +00:00, microseconds kept.",
    ),
    ("jsonb", "Any JSON value."),
    ("interval", "A duration as text: HH:MM:SS."),
];

/// `String`, `Int`, `Float` and `Boolean` are GraphQL's own.
pub(super) fn register(registry: &mut Registry) {
    for (name, description) in SCALARS {
        add(registry, scalar(name, description));
    }
}
