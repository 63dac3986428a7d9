//! Runs that an agent has.

use super::{Condition, Explanation, Facts, words};
use chrono::TimeDelta;

/// A process sends a sign of life every 30 seconds; one that was not heard of for three of them is silent.
const SILENT: TimeDelta = TimeDelta::seconds(90);

fn agent(facts: &Facts) -> String {
    facts.run.agent.as_ref().map_or_else(|| "an agent".to_owned(), |(_, name)| format!("agent '{name}'"))
}

/// An agent has taken it.
pub(super) fn submitted(facts: &Facts) -> Explanation {
    let run = &facts.run;
    let mut sentence = format!(
        "{} took it {}, and is starting its process",
        agent(facts),
        words::at(run.state_since, facts.now)
    );
    if let Some(lease) = run.lease_until.filter(|lease| *lease < facts.now) {
        sentence = format!(
            "{} took it {}, and was not heard of since before {}",
            agent(facts),
            words::at(run.state_since, facts.now),
            words::time(lease, facts.now)
        );
    }
    Explanation::new(Condition::Submitted, sentence)
        .since(run.state_since)
        .try_this(format!("signalbox get logs {}", run.id))
}

/// It runs; what its tasks wait for comes first, since that is what people ask about.
pub(super) fn running(facts: &Facts) -> Explanation {
    let run = &facts.run;
    let since = run.start_time.unwrap_or(run.state_since);
    let logs = format!("signalbox get logs {}", run.id);
    let last = run.heartbeat.map_or(since, |heartbeat| heartbeat.max(since));
    if let Some((task, due)) = facts.tasks.retry.as_ref().filter(|_| facts.tasks.running == 0) {
        let verb = if *due > facts.now { "is due" } else { "was due" };
        let sentence =
            format!("task '{task}' waits for its next attempt, which {verb} {}", words::at(*due, facts.now));
        return Explanation::new(Condition::WaitingForRetry, sentence).since(since).until(*due);
    }
    if let Some(task) = facts.tasks.approval.as_ref().filter(|_| facts.tasks.running == 0) {
        let sentence = format!("task '{task}' waits for somebody's approval");
        return Explanation::new(Condition::ApprovalNeeded, sentence)
            .since(since)
            .try_this(format!("signalbox approve {}", run.id));
    }
    if facts.now - last >= SILENT {
        let sentence = format!(
            "it runs since {}, but nothing was heard of its process for {}, since {}",
            words::time(since, facts.now),
            words::span(last, facts.now),
            words::time(last, facts.now)
        );
        return Explanation::new(Condition::Silent, sentence).since(last).try_this(logs);
    }
    if facts.tasks.queued > 0 {
        let full: Vec<_> = facts.tasks.limits.iter().filter(|limit| limit.is_full()).cloned().collect();
        let (number, verb) = (facts.tasks.queued, if facts.tasks.queued == 1 { "waits" } else { "wait" });
        let why = match full.first() {
            Some(limit) => words::limit(limit),
            None => "their processes ask again within half a minute".to_owned(),
        };
        let noun = if number == 1 { "task run" } else { "task runs" };
        let sentence = format!("{number} {noun} {verb} for a free slot: {why}");
        let mut explanation = Explanation::new(Condition::TagLimitReached, sentence).since(since);
        explanation.limits = full;
        return explanation.try_this("signalbox get concurrency-limits");
    }
    let sentence = format!(
        "it runs since {}; its process was last heard of {} ago",
        words::time(since, facts.now),
        words::span(last, facts.now)
    );
    Explanation::new(Condition::Running, sentence).since(since).try_this(logs)
}

/// Somebody wants it to stop.
pub(super) fn cancelling(facts: &Facts) -> Explanation {
    let run = &facts.run;
    let whom = match run.lease_until {
        Some(_) => format!("{} ends its work", agent(facts)),
        None => "its process notices, which looks every 15 seconds".to_owned(),
    };
    let sentence =
        format!("it was asked to stop {}, and waits until {whom}", words::at(run.state_since, facts.now));
    Explanation::new(Condition::Cancelling, sentence).since(run.state_since)
}
