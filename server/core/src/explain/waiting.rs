//! Runs that wait to be taken.

use super::{Condition, Explanation, Facts, agents::Agents, words};
use chrono::TimeDelta;
use signalbox_schema::StateType;

/// An agent that is free takes a run within seconds; one that has not after this long is busy.
const SOON: TimeDelta = TimeDelta::seconds(15);

/// What holds it.
pub(super) fn explain(facts: &Facts) -> Explanation {
    let run = &facts.run;
    let since = run.state_since;
    if run.state == StateType::Paused {
        return paused(facts);
    }
    let Some(due) = run.due else {
        let sentence = format!("it is {} without a time, and starts when somebody gives it one", run.state);
        return Explanation::new(Condition::Pending, sentence).since(since);
    };
    let agents = Agents::new(facts);
    let full: Vec<_> = facts.limits.iter().filter(|limit| limit.is_full()).cloned().collect();
    if run.state == StateType::Queued && due > facts.now {
        let why = full.first().map_or_else(|| "its process asks again soon".to_owned(), words::limit);
        let mut explanation =
            Explanation::new(Condition::LimitReached, format!("its process waits for a free slot: {why}"));
        explanation.limits = full;
        return explanation.since(since).until(due).try_this("signalbox get concurrency-limits");
    }
    if due > facts.now {
        return later(facts, &agents);
    }
    if let Some(explanation) = agents.nobody() {
        return explanation.since(since.max(due));
    }
    let mut explanation = taken_soon(facts, &agents, full).since(since.max(due));
    explanation.matching = agents.matching().cloned().collect();
    explanation
}

fn paused(facts: &Facts) -> Explanation {
    let run = &facts.run;
    let sentence = format!(
        "it is paused since {}{}, {}",
        words::time(run.state_since, facts.now),
        words::quoted(run.message.as_deref()),
        match run.due {
            Some(due) => format!("until {}", words::time(due, facts.now)),
            None => "until somebody resumes it".to_owned(),
        }
    );
    Explanation::new(Condition::Paused, sentence)
        .since(run.state_since)
        .until(run.due)
        .try_this(format!("signalbox resume {}", run.id))
}

fn later(facts: &Facts, agents: &Agents<'_>) -> Explanation {
    let run = &facts.run;
    let due = run.due.unwrap_or(facts.now);
    let mut sentence =
        format!("it is scheduled for {} (in {})", words::time(due, facts.now), words::span(facts.now, due));
    if run.archived {
        sentence.push_str("; its flow version was archived meanwhile");
    } else if run.auto_scheduled && !run.schedule_active {
        sentence.push_str("; its flow's schedule is not active any more");
    } else if let Some(nobody) = agents.nobody() {
        // What will hold it then is better known now.
        sentence.push_str("; at the moment, ");
        sentence.push_str(&nobody.sentence);
    }
    let mut explanation =
        Explanation::new(Condition::ScheduledForLater, sentence).until(due).since(run.state_since);
    explanation.matching = agents.matching().cloned().collect();
    explanation
}

/// Agents that may take it ask for work: why none of them has.
fn taken_soon(facts: &Facts, agents: &Agents<'_>, full: Vec<super::LimitFacts>) -> Explanation {
    let (run, now) = (&facts.run, facts.now);
    if let Some(why) = &facts.held {
        return Explanation::new(Condition::HeldByPolicy, why.trim_end_matches('.'));
    }
    if let Some(limit) = full.first() {
        let sentence = format!("it waits for a free slot of its label: {}", words::limit(limit));
        let mut explanation = Explanation::new(Condition::LimitReached, sentence);
        explanation.limits = full;
        return explanation.try_this("signalbox get concurrency-limits");
    }
    if let Some(reserved) = run.reserved.as_ref().filter(|reserved| reserved.until > now) {
        let whom = facts
            .agents
            .iter()
            .find(|agent| Some(agent.id) == reserved.agent)
            .map_or_else(|| "an agent".to_owned(), |agent| format!("agent '{}'", agent.name));
        let sentence = format!(
            "{whom} was told of it, and nobody else gets it until {}",
            words::time(reserved.until, now)
        );
        return Explanation::new(Condition::Reserved, sentence).until(reserved.until);
    }
    let whom = agents.alive_in_words();
    if facts.ahead > 0 {
        let runs = if facts.ahead == 1 { "1 run that is due comes" } else { "runs that are due come" };
        let number = if facts.ahead == 1 { String::new() } else { format!("{} ", facts.ahead) };
        let sentence = format!("{number}{runs} before it, of higher priority or waiting longer, for {whom}");
        let mut explanation = Explanation::new(Condition::BehindOthers, sentence);
        explanation.ahead = facts.ahead;
        return explanation.try_this("signalbox get flow-runs --late");
    }
    let waiting = run.due.map_or(TimeDelta::zero(), |due| now - due.max(run.state_since));
    if waiting < SOON {
        let sentence = format!("it is due, and {whom} may take it any moment");
        return Explanation::new(Condition::AboutToStart, sentence);
    }
    let busy: u64 = agents.alive().map(|agent| agent.runs).sum();
    let sentence = format!(
        "it is due for {}, and could be taken by {whom}, which asked for work within the last minute; {}",
        words::span(now - waiting, now),
        match busy {
            0 => "why it was not is not known here: look into the agent's log".to_owned(),
            1 => "1 run is under way there, and no place seems to be free".to_owned(),
            runs => format!("{runs} runs are under way there, and no place seems to be free"),
        }
    );
    Explanation::new(Condition::AgentsBusy, sentence).try_this("signalbox get flow-runs --state Running")
}
