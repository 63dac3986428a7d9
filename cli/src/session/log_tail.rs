//! Following a run's log without losing or repeating a line. What is there at first is read in order of writing; what
//! comes later in order of storing (runners send lines late), with an overlap for lines that were committed late and a
//! memory of what was shown in it.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use signalbox_client::ClientError;
use uuid::Uuid;

use super::Session;
use crate::output::log_line::{LogLine, severity};

/// One page of logs, in the order that is asked for.
pub(crate) const LOG_PAGE: &str = "query ($where: log_bool_exp!, $order: [log_order_by!]!, $limit: Int!) {
  log(where: $where, order_by: $order, limit: $limit) { id created timestamp level name message }
}";

/// Lines of one request.
const PAGE: usize = 1000;
/// Writers of a server commit in another order than they take the time; this much later a line may still appear.
const OVERLAP: Duration = Duration::seconds(2);
/// The same while the first, long reading goes on.
const FIRST_OVERLAP: Duration = Duration::seconds(15);
/// Lines that are sent later than this after they were written are found by nobody who follows.
const LATEST: Duration = Duration::hours(1);

/// Where a reader is in the log of one run.
pub(crate) struct LogTail {
    flow_run_id: Uuid,
    least_severity: u8,
    overlap: Duration,
    /// When the newest line seen was stored, and when the latest was written.
    newest: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The lines shown within the overlap, with the time they were stored.
    shown: HashMap<Uuid, DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Answer {
    log: Vec<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    created: DateTime<Utc>,
    #[serde(flatten)]
    line: LogLine,
}

/// The column pages are in order of; the id decides between equals.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// `timestamp`: when the line was written.
    Written,
    /// `created`: when the server stored it.
    Stored,
}

impl Order {
    fn column(self) -> &'static str {
        match self {
            Self::Written => "timestamp",
            Self::Stored => "created",
        }
    }

    fn key(self, stored: &Stored) -> (DateTime<Utc>, Uuid) {
        let time = match self {
            Self::Written => stored.line.timestamp,
            Self::Stored => stored.created,
        };
        (time, stored.line.id)
    }
}

impl LogTail {
    /// The log from its beginning, without lines below a severity (0 for all).
    pub(crate) fn new(flow_run_id: Uuid, least_severity: u8) -> Self {
        Self { flow_run_id, least_severity, overlap: FIRST_OVERLAP, newest: None, shown: HashMap::new() }
    }

    /// The lines that are new since the last call, in the order they were written.
    pub(crate) async fn read(&mut self, session: &Session) -> Result<Vec<LogLine>, ClientError> {
        let run = json!({"flow_run_id": {"_eq": self.flow_run_id}});
        let Some((stored, written)) = self.newest else {
            return self.pages(session, run, Order::Written, None).await;
        };
        // The lower bound of the writing time lets the database use its index.
        let recent = json!({"_and": [run, {"timestamp": {"_gte": written - LATEST}}]});
        let after = Some((stored - self.overlap, Uuid::nil()));
        let mut lines = self.pages(session, recent, Order::Stored, after).await?;
        self.overlap = OVERLAP;
        self.shown.retain(|_, created| *created >= stored - OVERLAP);
        lines.sort_by_key(|line| line.timestamp);
        Ok(lines)
    }

    async fn pages(
        &mut self,
        session: &Session,
        condition: Value,
        order: Order,
        mut after: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<Vec<LogLine>, ClientError> {
        let column = order.column();
        let mut lines = Vec::new();
        loop {
            let mut wanted = vec![condition.clone()];
            if let Some((time, id)) = after {
                wanted.push(json!({"_or": [
                    {column: {"_gt": time}},
                    {column: {"_eq": time}, "id": {"_gt": id}},
                ]}));
            }
            let variables =
                json!({"where": {"_and": wanted}, "order": [{column: "asc"}, {"id": "asc"}], "limit": PAGE});
            let page = session.try_ask::<Answer>(LOG_PAGE, variables).await?.log;
            let full = page.len() == PAGE;
            after = page.last().map(|last| order.key(last));
            lines.extend(page.into_iter().filter_map(|stored| self.accept(stored)));
            if !full {
                return Ok(lines);
            }
        }
    }

    /// The line, unless it was shown before or is too unimportant.
    fn accept(&mut self, stored: Stored) -> Option<LogLine> {
        let seen = (stored.created, stored.line.timestamp);
        self.newest =
            Some(self.newest.map_or(seen, |(created, written)| (created.max(seen.0), written.max(seen.1))));
        let new = self.shown.insert(stored.line.id, stored.created).is_none();
        let level = severity(stored.line.level.as_deref().unwrap_or("INFO"));
        (new && level >= self.least_severity).then_some(stored.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(id: u128, second: i64, level: &str) -> Stored {
        let created = DateTime::from_timestamp(second, 0).unwrap();
        let line = LogLine {
            id: Uuid::from_u128(id),
            timestamp: created,
            level: Some(level.into()),
            name: None,
            message: Some(format!("line {id}")),
        };
        Stored { created, line }
    }

    #[test]
    fn no_line_is_shown_twice() {
        let mut tail = LogTail::new(Uuid::nil(), 0);
        assert!(tail.accept(stored(1, 100, "INFO")).is_some());
        assert!(tail.accept(stored(1, 100, "INFO")).is_none());
        assert!(tail.accept(stored(2, 110, "INFO")).is_some());
        // A line that was stored a little earlier but appears later is still shown.
        assert!(tail.accept(stored(3, 109, "INFO")).is_some());
    }

    #[test]
    fn unimportant_lines_are_left_out() {
        let mut tail = LogTail::new(Uuid::nil(), 30);
        assert!(tail.accept(stored(1, 1, "INFO")).is_none());
        assert!(tail.accept(stored(2, 1, "ERROR")).is_some());
    }
}
