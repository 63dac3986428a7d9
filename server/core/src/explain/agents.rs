//! Which agents may take a run, and which ask for work.

use super::{AgentFacts, Condition, Explanation, Facts, Lacking, words};
use crate::queue::may_take;

/// The tenant's agents, seen from one run.
pub(super) struct Agents<'a>(&'a Facts);

impl<'a> Agents<'a> {
    pub fn new(facts: &'a Facts) -> Self {
        Self(facts)
    }

    /// Those that have all the labels.
    pub fn matching(&self) -> impl Iterator<Item = &'a AgentFacts> {
        let labels = &self.0.run.labels;
        self.0.agents.iter().filter(move |agent| may_take(&agent.labels, labels))
    }

    /// Those of them that ask for work.
    pub fn alive(&self) -> impl Iterator<Item = &'a AgentFacts> {
        let now = self.0.now;
        self.matching().filter(move |agent| agent.is_alive(now))
    }

    /// "agent 'a'", "agents 'a' and 'b'".
    pub fn alive_in_words(&self) -> String {
        let names: Vec<&str> = self.alive().map(|agent| agent.name.as_str()).collect();
        format!("{} {}", if names.len() == 1 { "agent" } else { "agents" }, words::names(names))
    }

    /// Why nobody takes it, if nobody does.
    pub fn nobody(&self) -> Option<Explanation> {
        if self.alive().next().is_some() {
            return None;
        }
        let run = &self.0.run;
        let mut command = "signalbox agent start local".to_owned();
        for label in run.labels.as_slice() {
            command.push_str(" --label ");
            command.push_str(&shell(label));
        }
        let mut explanation = self.offline().unwrap_or_else(|| self.none());
        explanation.lacking = self.lacking();
        explanation.matching = self.matching().cloned().collect();
        Some(explanation.try_this(command))
    }

    /// Agents have the labels, and do not ask for work.
    fn offline(&self) -> Option<Explanation> {
        let (run, now) = (&self.0.run, self.0.now);
        self.matching().next()?;
        let labelled = words::labelled(&run.labels);
        let last = self.matching().filter_map(|agent| Some((agent.last_queried?, &agent.name))).max();
        let sentence = match last {
            Some((last, name)) => format!(
                "no agent {labelled} asks for work: the last that did was '{name}', {} ago, {}",
                words::span(last, now),
                words::at(last, now)
            ),
            None => format!(
                "no agent {labelled} has ever asked for work, though {} registered",
                words::are(self.matching().map(|agent| agent.name.as_str()))
            ),
        };
        Some(Explanation::new(Condition::AgentsOffline, sentence).since(last.map(|(last, _)| last)))
    }

    /// No agent has the labels.
    fn none(&self) -> Explanation {
        let run = &self.0.run;
        let mut sentence = format!("no agent {} is registered", words::labelled(&run.labels));
        let lacking = self.lacking();
        if run.labels.is_empty() && !lacking.is_empty() {
            sentence.push_str(", and agents with labels take no runs without");
        } else if let Some(first) = lacking.first() {
            let same: Vec<&str> = lacking
                .iter()
                .filter(|one| one.labels == first.labels)
                .map(|one| one.name.as_str())
                .collect();
            let noun = if same.len() == 1 { "agent" } else { "agents" };
            let verb = if same.len() == 1 { "lacks" } else { "lack" };
            let labels = words::names(first.labels.iter().map(String::as_str));
            sentence = format!("{sentence}; {noun} {} {verb} {labels}", words::names(same));
        }
        Explanation::new(Condition::NoAgent, sentence)
    }

    /// Agents that ask for work and may not take it, those that lack least first.
    fn lacking(&self) -> Vec<Lacking> {
        let (labels, now) = (&self.0.run.labels, self.0.now);
        let mut lacking: Vec<Lacking> = self
            .0
            .agents
            .iter()
            .filter(|agent| agent.is_alive(now) && !may_take(&agent.labels, labels))
            .map(|agent| Lacking {
                agent: agent.id,
                name: agent.name.clone(),
                labels: labels
                    .as_slice()
                    .iter()
                    .filter(|label| !agent.labels.as_slice().contains(label))
                    .cloned()
                    .collect(),
            })
            .collect();
        lacking
            .sort_by(|a, b| (a.labels.len(), &a.labels, &a.name).cmp(&(b.labels.len(), &b.labels, &b.name)));
        lacking
    }
}

/// A word for a shell: quoted unless it is plain.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
