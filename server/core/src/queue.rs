//! Which agent may take which run.

use signalbox_schema::LabelSet;

/// Whether an agent with labels `agent` may take a run with labels `run`: the run's labels must all be the
/// agent's, and an unlabelled run goes to an unlabelled agent only (Prefect's rule, reference §6).
pub fn may_take(agent: &LabelSet, run: &LabelSet) -> bool {
    run.is_subset_of(agent) && (!run.is_empty() || agent.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_rule() {
        let set = |labels: &[&str]| LabelSet::new(labels.iter().copied()).unwrap();
        for (agent, run, expected) in [
            (&[][..], &[][..], true),
            (&["a"], &[], false),
            (&[], &["a"], false),
            (&["a"], &["a"], true),
            (&["a", "b"], &["a"], true),
            (&["a"], &["a", "b"], false),
        ] {
            assert_eq!(may_take(&set(agent), &set(run)), expected, "agent {agent:?}, run {run:?}");
        }
    }
}
