//! The progress display of `--watch`: a bar on a terminal, nothing elsewhere. What is counted is in `watch`.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::text::printable;

/// How many task runs are in which group of states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TaskCounts {
    pub(crate) total: u64,
    pub(crate) done: u64,
    pub(crate) running: u64,
    pub(crate) retrying: u64,
    pub(crate) failed: u64,
}

impl TaskCounts {
    /// "3 running · 1 retrying · 2 failed"; groups without members are left out.
    fn words(self) -> String {
        let groups = [(self.running, "running"), (self.retrying, "retrying"), (self.failed, "failed")];
        let words: Vec<String> = groups
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        words.join(" · ")
    }
}

/// A bar at the foot of the terminal; lines are printed above it.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for a run; invisible where stderr is not a terminal (indicatif's own rule) or when `hidden`.
    pub(crate) fn new(hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template(
            "{spinner:.blue} {prefix} {elapsed:>4} {bar:24.green/dim} {pos}/{len} tasks  {msg}",
        );
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    /// Shows where the run is.
    pub(crate) fn show(&self, name: &str, state: &str, counts: TaskCounts) {
        self.bar.set_prefix(format!("{} {state}", printable(name)));
        self.bar.set_length(counts.total);
        self.bar.set_position(counts.done);
        self.bar.set_message(counts.words());
    }

    /// Does something that writes to the terminal, with the bar out of its way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_groups_are_left_out() {
        let counts = TaskCounts { total: 9, done: 3, running: 2, retrying: 0, failed: 1 };
        assert_eq!(counts.words(), "2 running · 1 failed");
        assert_eq!(TaskCounts::default().words(), "");
    }
}
