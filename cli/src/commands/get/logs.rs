//! `signalbox get logs`: the log of one run, once or as it grows.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::log_line::{LogLine, parse_level};
use crate::output::screen::{self, Format};
use crate::output::state;
use crate::session::log_tail::LogTail;
use crate::session::{Session, explain, find};

/// Whether the run still goes on.
pub(crate) const RUN_STATE: &str = "query ($id: uuid!) {
  flow_run_by_pk(id: $id) { state }
}";

/// Show the log of a flow run
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Id, beginning of an id, or name of the flow run
    #[arg(value_name = "RUN")]
    run: String,
    /// Go on until the run has ended
    #[arg(long, short)]
    follow: bool,
    /// Leave out lines below this level: debug, info, warning, error, critical
    #[arg(long, value_parser = parse_level)]
    level: Option<u8>,
    /// Only the last lines
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
}

/// The pauses between two looks.
const SHORTEST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Looks without news after the run has ended, before the log counts as complete: runners send their last lines late.
const LAST_LOOKS: u32 = 8;

/// Prints the log.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let found = find::flow_run(session, &arguments.run).await?;
    let mut tail = LogTail::new(found.id, arguments.level.unwrap_or(0));
    let mut lines = tail.read(session).await.map_err(|error| explain(&error))?;
    if let Some(wanted) = arguments.tail {
        lines.drain(..lines.len().saturating_sub(wanted));
    }
    if !arguments.follow {
        return match session.screen.format {
            Format::Json => screen::json(&lines),
            Format::Table if lines.is_empty() => {
                screen::note("No log lines.");
                Ok(())
            }
            Format::Table => print(&lines, session),
        };
    }
    print(&lines, session)?;
    let mut closed = lines.iter().any(LogLine::closes_run);
    let mut pause = SHORTEST_PAUSE;
    let mut looks = 0;
    while looks < LAST_LOOKS {
        tokio::time::sleep(pause).await;
        let ended = has_ended(session, found.id).await?;
        let lines = match tail.read(session).await {
            Ok(lines) => lines,
            Err(error) if error.is_retryable() => Vec::new(),
            Err(error) => return Err(explain(&error)),
        };
        print(&lines, session)?;
        closed |= lines.iter().any(LogLine::closes_run);
        if ended && closed {
            return Ok(());
        }
        looks = if ended && lines.is_empty() { looks + 1 } else { 0 };
        pause =
            if ended || !lines.is_empty() { SHORTEST_PAUSE } else { (pause * 13 / 10).min(LONGEST_PAUSE) };
    }
    Ok(())
}

/// Lines for people, or one JSON object a line: a log that grows is no array.
fn print(lines: &[LogLine], session: &Session) -> Result<(), Failure> {
    lines.iter().try_for_each(|line| match session.screen.format {
        Format::Table => screen::line(&line.show(session.screen.colours)),
        Format::Json => {
            screen::line(&serde_json::to_string(line).map_err(|error| Failure::new(error.to_string()))?)
        }
    })
}

async fn has_ended(session: &Session, id: Uuid) -> Result<bool, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        flow_run_by_pk: Option<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        state: Option<String>,
    }
    match session.try_ask::<Answer>(RUN_STATE, json!({"id": id})).await {
        Ok(answer) => {
            Ok(answer.flow_run_by_pk.is_none_or(|run| run.state.as_deref().is_some_and(state::is_finished)))
        }
        // The next look tells.
        Err(error) if error.is_retryable() => Ok(false),
        Err(error) => Err(explain(&error)),
    }
}
