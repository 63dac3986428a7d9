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

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// A bar at the foot of the terminal; lines are printed above it.
pub(crate) struct Progress {
    bar: ProgressBar,
    hidden: bool,
}

impl Progress {
    /// A bar for a run; invisible where stderr is not a terminal (indicatif's own rule) or when `hidden`.
    pub(crate) fn new(hidden: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(
            "{spinner:.blue} {prefix} {elapsed:>4} {bar:24.green/dim} {pos}/{len} tasks  {msg}",
        );
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸─"));
        }
        let progress = Self { bar, hidden };
        progress.resume();
        progress
    }

    /// Takes the bar away for a while.
    pub(crate) fn pause(&self) {
        self.bar.disable_steady_tick();
        // Clears the line and leaves the terminal to others.
        self.bar.suspend(|| ());
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Brings the bar back.
    pub(crate) fn resume(&self) {
        if !self.hidden {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
        }
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
