//! Following one run to its end: states and log lines as they come, a progress bar on a terminal. It polls, quickly
//! while things change; a server that is away for a moment is waited for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use signalbox_client::ClientError;
use signalbox_schema::StateType;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use uuid::Uuid;

use super::progress::{Progress, TaskCounts};
use crate::commands::cancel;
use crate::edge;
use crate::failure::{Failure, exit};
use crate::output::log_line::LogLine;
use crate::output::screen::{self, Format};
use crate::output::state::{self, Mood};
use crate::output::text::printable;
use crate::output::time;
use crate::session::count::Counted;
use crate::session::log_tail::LogTail;
use crate::session::{Session, explain, explanation};

/// The run, the states since a version, and its task runs counted by group.
pub(crate) const WATCH: &str = "query ($id: uuid!, $version: Int!, $done: [String!], $failed: [String!]) {
  flow_run_by_pk(id: $id) {
    id name state state_message start_time end_time
    flow { id name }
    states(where: {version: {_gt: $version}}, order_by: [{version: asc}]) { version state message timestamp }
    total: task_runs_aggregate { aggregate { count } }
    done: task_runs_aggregate(where: {state: {_in: $done}}) { aggregate { count } }
    running: task_runs_aggregate(where: {state: {_eq: \"Running\"}}) { aggregate { count } }
    retrying: task_runs_aggregate(where: {state: {_eq: \"Retrying\"}}) { aggregate { count } }
    failed: task_runs_aggregate(where: {state: {_in: $failed}}) { aggregate { count } }
  }
}";

/// The first pause after something changed, and the longest while nothing does.
const SHORTEST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A runner sends its last lines after its last state; this long they are waited for.
const LAST_LINES: Duration = Duration::from_secs(3);
/// A run that does not start this soon is explained, and again at this distance.
const EXPLAIN_AFTER: Duration = Duration::from_secs(5);
const EXPLAIN_AGAIN: Duration = Duration::from_secs(30);
/// A server that is away this long is given up.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Deserialize)]
struct Answer {
    flow_run_by_pk: Option<Seen>,
}

/// The run as one poll sees it.
#[derive(Debug, Deserialize)]
struct Seen {
    id: Uuid,
    name: Option<String>,
    state: Option<String>,
    state_message: Option<String>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    flow: Option<Flow>,
    states: Vec<StateSeen>,
    total: Counted,
    done: Counted,
    running: Counted,
    retrying: Counted,
    failed: Counted,
}

#[derive(Debug, Serialize, Deserialize)]
struct Flow {
    id: Uuid,
    name: String,
}

#[derive(Debug, Deserialize)]
struct StateSeen {
    version: i64,
    state: String,
    message: Option<String>,
    timestamp: DateTime<Utc>,
}

/// What `--output json` prints at the end.
#[derive(Serialize)]
struct Outcome<'a> {
    id: Uuid,
    name: &'a str,
    state: &'a str,
    state_message: Option<&'a str>,
    flow: Option<&'a Flow>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    task_runs: u64,
}

impl Seen {
    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.to_string())
    }

    fn state(&self) -> &str {
        self.state.as_deref().unwrap_or("Pending")
    }

    fn counts(&self) -> TaskCounts {
        TaskCounts {
            total: self.total.count(),
            done: self.done.count(),
            running: self.running.count(),
            retrying: self.retrying.count(),
            failed: self.failed.count(),
        }
    }
}

/// Follows a run until it has ended and its last lines have come. Fails with exit code 1 unless it succeeded.
pub(crate) async fn follow(session: &Session, id: Uuid, quiet: bool) -> Result<(), Failure> {
    let mut watch = Watch {
        session,
        id,
        quiet,
        progress: Progress::new(
            quiet || session.screen.format == Format::Json && !session.screen.interactive,
        ),
        log: LogTail::new(id, 0),
        version: 0,
        closed: false,
        unreachable_since: None,
    };
    // Kept for the whole time, so that a Ctrl-C in the middle of a request is not lost.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let result = watch.until_ended(&mut interrupt).await;
    watch.progress.end();
    let last = result?;
    watch.conclude(&last)
}

struct Watch<'a> {
    session: &'a Session,
    id: Uuid,
    quiet: bool,
    progress: Progress,
    log: LogTail,
    /// The newest state that was shown.
    version: i64,
    /// Whether the line that closes the log was seen.
    closed: bool,
    unreachable_since: Option<Instant>,
}

impl Watch<'_> {
    async fn until_ended(&mut self, interrupt: &mut Signal) -> Result<Seen, Failure> {
        let mut pause = SHORTEST_PAUSE;
        let mut explain_at = Instant::now() + EXPLAIN_AFTER;
        let mut ended: Option<Instant> = None;
        loop {
            if let Some((seen, lines)) = self.poll().await? {
                let news = self.show(&seen, &lines)?;
                self.closed |= self.quiet || lines.iter().any(LogLine::closes_run);
                if state::is_finished(seen.state()) {
                    let since = *ended.get_or_insert_with(Instant::now);
                    if self.closed || since.elapsed() >= LAST_LINES {
                        return Ok(seen);
                    }
                    pause = SHORTEST_PAUSE;
                } else {
                    ended = None;
                    pause = if news { SHORTEST_PAUSE } else { (pause * 13 / 10).min(LONGEST_PAUSE) };
                    if Instant::now() >= explain_at {
                        explain_at = Instant::now() + EXPLAIN_AGAIN;
                        self.explain_waiting().await;
                    }
                }
            } else {
                pause = LONGEST_PAUSE;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = interrupt.recv() => self.interrupted(interrupt).await?,
            }
        }
    }

    /// One look; nothing while the server is away.
    async fn poll(&mut self) -> Result<Option<(Seen, Vec<LogLine>)>, Failure> {
        match self.look().await {
            Ok((Some(seen), lines)) => {
                if self.unreachable_since.take().is_some() {
                    self.say("The server answers again.");
                }
                Ok(Some((seen, lines)))
            }
            Ok((None, _)) => Err(Failure::new(format!("run {} is gone: somebody deleted it", self.id))),
            Err(error) if error.is_retryable() => {
                if self.unreachable_since.is_none() {
                    self.say(&format!("{}; still trying …", explain(&error)));
                }
                let since = *self.unreachable_since.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE { Err(explain(&error)) } else { Ok(None) }
            }
            Err(error) => Err(explain(&error)),
        }
    }

    async fn look(&mut self) -> Result<(Option<Seen>, Vec<LogLine>), ClientError> {
        let mut done = Mood::Good.names();
        done.extend(Mood::Bad.names());
        done.push(StateType::Cancelled.as_str());
        let variables =
            json!({"id": self.id, "version": self.version, "done": done, "failed": Mood::Bad.names()});
        // The run first: lines that are written before its end are then surely in the log that is read after it.
        let answer: Answer = self.session.try_ask(WATCH, variables).await?;
        let lines = if self.quiet { Vec::new() } else { self.log.read(self.session).await? };
        Ok((answer.flow_run_by_pk, lines))
    }

    /// Shows what is new; true when something was.
    fn show(&mut self, seen: &Seen, lines: &[LogLine]) -> Result<bool, Failure> {
        let screen = self.session.screen;
        for entered in &seen.states {
            self.version = self.version.max(entered.version);
            self.say(&format!(
                "{} {} {}",
                time::time_of_day(entered.timestamp),
                state::painted(&format!("{:<10}", entered.state), screen.stderr_colours),
                printable(entered.message.as_deref().unwrap_or_default())
            ));
        }
        if !lines.is_empty() {
            self.progress.aside(|| {
                lines.iter().try_for_each(|line| match screen.format {
                    Format::Table => screen::line(&line.show(screen.colours)),
                    // stdout is for the one JSON object at the end.
                    Format::Json => {
                        screen::note(&line.show(false));
                        Ok(())
                    }
                })
            })?;
        }
        self.progress.show(&seen.name(), seen.state(), seen.counts());
        Ok(!lines.is_empty() || !seen.states.is_empty())
    }

    async fn explain_waiting(&self) {
        // An explanation is a courtesy: when it cannot be had there is none.
        let Ok(explanation) = explanation::of(self.session, self.id).await else { return };
        if explanation.is_of_interest() {
            self.say(&format!("Waiting: {}", explanation.sentence()));
        }
    }

    /// Ctrl-C: a person is asked whether to stop the run too; anybody else is told how.
    async fn interrupted(&self, interrupt: &mut Signal) -> Result<(), Failure> {
        if !self.session.screen.interactive {
            self.say(&format!("The run goes on. Stop it with: signalbox cancel {}", self.id));
            return Err(Failure::silent(exit::INTERRUPTED));
        }
        self.progress.pause();
        let question = tokio::task::spawn_blocking(|| screen::confirm("\nStop the run too?"));
        let stop = tokio::select! {
            answer = question => answer.map_err(|error| Failure::new(error.to_string()))??,
            _ = interrupt.recv() => false,
        };
        if !stop {
            screen::note(&format!("\nThe run goes on. Stop it with: signalbox cancel {}", self.id));
            return Err(Failure::silent(exit::INTERRUPTED));
        }
        self.progress.resume();
        cancel::request(self.session, self.id).await?;
        Ok(())
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            self.progress.aside(|| screen::note(text));
        }
    }

    /// The last words, and the exit code.
    fn conclude(&self, last: &Seen) -> Result<(), Failure> {
        let name = last.name();
        let state = last.state();
        let good = StateType::parse(state).is_some_and(StateType::is_successful);
        if self.session.screen.format == Format::Json && !self.quiet {
            screen::json(&Outcome {
                id: last.id,
                name: &name,
                state,
                state_message: last.state_message.as_deref(),
                flow: last.flow.as_ref(),
                start_time: last.start_time,
                end_time: last.end_time,
                task_runs: last.total.count(),
            })?;
        }
        if !self.quiet {
            let colours = self.session.screen.stderr_colours;
            let length = time::elapsed(last.start_time, last.end_time, edge::now());
            screen::note(&format!(
                "{} {}{}",
                printable(&name),
                state::painted(state, colours),
                length.map(|length| format!(" in {length}")).unwrap_or_default()
            ));
        }
        if good { Ok(()) } else { Err(Failure::silent(exit::FAILED)) }
    }
}
