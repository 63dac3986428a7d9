//! The graph of a flow's tasks.

use std::collections::HashMap;

/// A flow whose tasks wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the flow has a cycle through task '{0}'; a flow's tasks must not wait for each other")]
pub struct GraphError(pub String);

/// Refuses a set of edges `(upstream, downstream)` that contains a cycle.
pub fn check_acyclic<'a>(edges: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), GraphError> {
    let mut downstream: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut waits_for: HashMap<&str, usize> = HashMap::new();
    for (from, to) in edges {
        downstream.entry(from).or_default().push(to);
        waits_for.entry(from).or_default();
        *waits_for.entry(to).or_default() += 1;
    }
    let mut ready: Vec<&str> =
        waits_for.iter().filter(|(_, count)| **count == 0).map(|(task, _)| *task).collect();
    while let Some(task) = ready.pop() {
        waits_for.remove(task);
        for next in downstream.get(task).map(Vec::as_slice).unwrap_or_default() {
            if let Some(count) = waits_for.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.push(next);
                }
            }
        }
    }
    match waits_for.keys().min() {
        None => Ok(()),
        Some(task) => Err(GraphError((*task).to_owned())),
    }
}
