//! Keeps log lines: each once, however often it is delivered.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
};
use signalbox_schema::{FlowRunId, LeaseToken, LogId, TaskRunId, state::truncate};
use signalbox_storage::{
    Batch, StorageError, TenantTx,
    repo::log::{self, NewLog},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Longest message, in bytes. The stock client cuts at a million characters.
const LONGEST_MESSAGE: usize = 4_000_000;
/// Longest logger or level name, in bytes.
const LONGEST_NAME: usize = 255;
/// A line without a time (agents send such) counts as delivered again when an equal one came within this and the
/// window before, in seconds. The stock client gives up re-sending after about a minute.
const WINDOW: i64 = 120;

/// A line as sent.
#[derive(Debug)]
pub struct LogLine {
    /// The run it belongs to.
    pub flow_run: FlowRunId,
    /// The task run it belongs to.
    pub task_run: Option<TaskRunId>,
    /// The lease of the agent that wrote it, if one did.
    pub lease: Option<LeaseToken>,
    /// When it was written; when it came, if absent.
    pub timestamp: Option<DateTime<Utc>>,
    /// The logger.
    pub name: Option<String>,
    /// The level, free text.
    pub level: Option<String>,
    /// The text.
    pub message: Option<String>,
    /// Whatever else the sender says.
    pub info: Option<Value>,
}

/// Keeps lines. Lines of unknown runs are dropped without an error: the client would send them for ever. So are those of
/// an agent whose run another agent has by now.
pub async fn append(
    services: &Services,
    access: &Access<Reporter>,
    lines: Vec<LogLine>,
) -> Result<(), ServiceError> {
    if lines.is_empty() {
        return Ok(());
    }
    let identified = identify(lines, services.clock().now());
    let runs: BTreeSet<FlowRunId> = identified.iter().map(|line| line.log.flow_run).collect();
    services.lanes().append_logs.submit(services.store(), access, identified).await?;
    for run in runs {
        services.hint(Topic::FlowRun(access.tenant(), run));
    }
    Ok(())
}

/// A line with the id that its content gives it.
#[derive(Debug)]
pub(crate) struct Identified {
    log: NewLog,
    lease: Option<LeaseToken>,
    /// The id it would have had in the window before (lines without a time).
    earlier: Option<LogId>,
}

/// Lines of the server itself, with the ids that their content gives them.
pub(crate) fn identified(lines: Vec<LogLine>, now: DateTime<Utc>) -> Vec<NewLog> {
    identify(lines, now).into_iter().map(|line| line.log).collect()
}

fn identify(lines: Vec<LogLine>, now: DateTime<Utc>) -> Vec<Identified> {
    // Equal lines of one delivery are told apart by their number.
    let mut seen: HashMap<[u8; 32], u64> = HashMap::new();
    lines
        .into_iter()
        .map(|line| {
            let content = content_hash(&line);
            let number = seen.entry(content).or_default();
            *number += 1;
            let window = now.timestamp().div_euclid(WINDOW);
            let (id, earlier) = if let Some(time) = line.timestamp {
                (log_id(time, &content, *number, 0), None)
            } else {
                let at = |window: i64| {
                    let start = DateTime::from_timestamp(window * WINDOW, 0).unwrap_or(now);
                    log_id(start, &content, *number, window)
                };
                (at(window), Some(at(window - 1)))
            };
            let lease = line.lease;
            let log = NewLog {
                id,
                flow_run: line.flow_run,
                task_run: line.task_run,
                timestamp: line.timestamp.map_or(now, truncate),
                name: line.name.map(|name| clean(name, LONGEST_NAME)),
                level: line.level.map(|level| clean(level, LONGEST_NAME)),
                message: line.message.map(|message| clean(message, LONGEST_MESSAGE)),
                info: line.info,
            };
            Identified { log, lease, earlier }
        })
        .collect()
}

fn content_hash(line: &LogLine) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(line.flow_run.0.as_bytes());
    hasher.update(line.task_run.map_or([0; 16], |id| id.0.into_bytes()).as_slice());
    hasher.update(&line.timestamp.map_or(0, |time| time.timestamp_micros()).to_le_bytes());
    for text in [&line.name, &line.level, &line.message] {
        let text = text.as_deref().unwrap_or_default();
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// An id that begins with the time, like a UUIDv7, so that lines lie in their order; the rest is of the content.
fn log_id(time: DateTime<Utc>, content: &[u8; 32], number: u64, window: i64) -> LogId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(content);
    hasher.update(&number.to_le_bytes());
    hasher.update(&window.to_le_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes[..6].copy_from_slice(&time.timestamp_millis().to_be_bytes()[2..]);
    LogId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Text that both databases can keep, no longer than `longest` bytes.
fn clean(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Keeps the lines of many callers at once.
pub(crate) struct AppendBatch {
    pub clock: Arc<dyn Clock>,
}

impl Batch for AppendBatch {
    const NAME: &'static str = "log.append";
    type Command = Vec<Identified>;
    type Output = ();
    type Error = ServiceError;

    async fn run(
        &self,
        tx: &TenantTx,
        commands: &[&Vec<Identified>],
    ) -> Result<Vec<Result<(), ServiceError>>, StorageError> {
        let lines = || commands.iter().flat_map(|lines| lines.iter());
        let runs: BTreeSet<FlowRunId> = lines().map(|line| line.log.flow_run).collect();
        let known = log::known_runs(tx, runs).await?;
        let earlier: Vec<Uuid> = lines().filter_map(|line| line.earlier).map(Uuid::from).collect();
        let repeated = if earlier.is_empty() {
            HashSet::new()
        } else {
            log::known_lines(tx, earlier.into_iter().map(LogId)).await?
        };
        let rows = lines()
            .filter(|line| match (known.get(&line.log.flow_run), line.lease) {
                (None, _) => false,
                (Some(None), _) | (_, None) => true,
                (Some(Some(holder)), Some(lease)) => *holder == lease,
            })
            .filter(|line| line.earlier.is_none_or(|earlier| !repeated.contains(&earlier)))
            .map(|line| line.log.clone())
            .collect();
        log::append(tx, rows, self.clock.now()).await?;
        Ok(commands.iter().map(|_| Ok(())).collect())
    }
}
