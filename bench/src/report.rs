//! The figures as a table for people and as JSON for programs. Nothing is measured here.

use std::fmt::Write as _;

use serde::Serialize;

use crate::latency::Latencies;
use crate::scenario::Kind;
use crate::scenario::drive::{Observed, Transport};
use crate::scenario::look::{self, Look};

/// Everything one invocation found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The database of the servers, when this program started them.
    pub database: Option<&'static str>,
    /// How many callers there were.
    pub callers: u16,
    /// How long each scenario was measured, in seconds.
    pub seconds: u64,
    /// How many cores the machine has; the generator uses some of them.
    pub cores: usize,
    /// Throughput, one line per scenario and transport.
    pub rates: Vec<Rate>,
    /// What dashboards wait for.
    pub looks: Vec<Latency>,
    /// Start-up, memory at rest, start delay: single figures with an upper mark.
    pub figures: Vec<Figure>,
}

/// One line of the throughput table.
#[derive(Debug, Serialize)]
pub struct Rate {
    scenario: &'static str,
    transport: &'static str,
    unit: &'static str,
    /// Units a second; absent when any request failed.
    per_second: Option<f64>,
    mark: Option<f64>,
    p50_ms: f64,
    p99_ms: f64,
    server_cpu_seconds_per_1000_requests: Option<f64>,
    server_cpu_percent: Option<f64>,
    generator_cpu_percent: f64,
    memory_mb: Option<f64>,
    failed_requests: usize,
    first_failure: Option<String>,
}

/// One line of the dashboards' table: how long its slowest requests may take.
#[derive(Debug, Serialize)]
pub struct Latency {
    look: &'static str,
    requests: usize,
    p50_ms: f64,
    p99_ms: f64,
    mark_p99_ms: f64,
    server_cpu_seconds_per_1000_requests: Option<f64>,
    memory_mb: Option<f64>,
    failed_requests: usize,
    first_failure: Option<String>,
}

impl Latency {
    /// What was observed of a look, as a line.
    pub fn of(look: Look, observed: Observed) -> Self {
        let [p50_ms, p99_ms] = observed.latencies.quantiles([0.5, 0.99]);
        let (failed_requests, first_failure) =
            observed.failures.map_or((0, None), |(failed, first)| (failed, Some(first)));
        let requests = count(observed.requests).max(1.0);
        Self {
            look: look.name(),
            requests: observed.requests,
            p50_ms,
            p99_ms,
            mark_p99_ms: look.mark_p99_ms(),
            server_cpu_seconds_per_1000_requests: observed.server_cpu.map(|cpu| cpu * 1000.0 / requests),
            memory_mb: observed.memory,
            failed_requests,
            first_failure,
        }
    }

    fn is_ok(&self) -> bool {
        self.failed_requests == 0 && self.requests > 0 && self.p99_ms <= self.mark_p99_ms
    }

    fn failure(&self) -> Option<String> {
        let first: String = self.first_failure.as_deref()?.chars().take(400).collect();
        Some(format!("{}: {} failed; first: {first}", self.look, self.failed_requests))
    }

    fn cells(&self) -> Vec<String> {
        let optional = |value: Option<f64>, digits: usize| {
            value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
        };
        vec![
            self.look.to_owned(),
            self.requests.to_string(),
            format!("{:.2}", self.p50_ms),
            format!("{:.2}", self.p99_ms),
            format!("≤ {:.0}", self.mark_p99_ms),
            verdict(true, self.is_ok()),
            optional(self.server_cpu_seconds_per_1000_requests, 3),
            optional(self.memory_mb, 1),
        ]
    }
}

/// One figure that should stay below its mark.
#[derive(Debug, Serialize)]
pub struct Figure {
    name: &'static str,
    unit: &'static str,
    value: f64,
    mark: Option<f64>,
}

impl Rate {
    /// What was observed of a scenario, as a line.
    pub fn of(kind: Kind, transport: Transport, observed: Observed) -> Self {
        let (unit, units) = kind.unit();
        let requests = count(observed.requests);
        let [p50_ms, p99_ms] = observed.latencies.quantiles([0.5, 0.99]);
        let (failed_requests, first_failure) =
            observed.failures.map_or((0, None), |(failed, first)| (failed, Some(first)));
        let sound = failed_requests == 0 && observed.requests > 0;
        Self {
            scenario: kind.name(),
            transport: match transport {
                Transport::Connect => "connect",
                Transport::KeepAlive => "keep-alive",
            },
            unit,
            per_second: sound.then(|| requests * units / observed.seconds),
            mark: kind.mark().map(|mark| mark.rate),
            p50_ms,
            p99_ms,
            server_cpu_seconds_per_1000_requests: observed
                .server_cpu
                .map(|cpu| cpu * 1000.0 / requests.max(1.0)),
            server_cpu_percent: observed.server_cpu.map(|cpu| cpu * 100.0 / observed.seconds),
            generator_cpu_percent: observed.own_cpu * 100.0 / observed.seconds,
            memory_mb: observed.memory,
            failed_requests,
            first_failure,
        }
    }

    /// Whether the mark, if there is one, is reached without a failure.
    pub fn is_ok(&self) -> bool {
        self.per_second.is_some_and(|rate| self.mark.is_none_or(|mark| rate >= mark))
    }

    /// Why there is no rate.
    pub fn failure(&self) -> Option<String> {
        if self.per_second.is_some() {
            return None;
        }
        let first = self.first_failure.as_deref().unwrap_or("nothing was answered within the window");
        let first: String = first.chars().take(400).collect();
        Some(format!(
            "{} ({}): {} failed; first: {first}",
            self.scenario, self.transport, self.failed_requests
        ))
    }
}

impl Figure {
    /// A figure with the mark it must not exceed.
    pub fn new(name: &'static str, unit: &'static str, value: f64, mark: Option<f64>) -> Self {
        Self { name, unit, value, mark }
    }

    /// The median and the 99th percentile of the start delay.
    pub fn start_delay(delays: Latencies, mark_p50: f64) -> [Self; 2] {
        let [p50, p99] = delays.quantiles([0.5, 0.99]);
        [
            Self::new("create_flow_run to process start, p50", "ms", p50, Some(mark_p50)),
            Self::new("create_flow_run to process start, p99", "ms", p99, None),
        ]
    }

    /// The median and the 99th percentile of the scheduling delay.
    pub fn scheduling_delay(delays: Latencies, [mark_p50, mark_p99]: [f64; 2]) -> [Self; 2] {
        let [p50, p99] = delays.quantiles([0.5, 0.99]);
        [
            Self::new("scheduled time to claim, p50", "ms", p50, Some(mark_p50)),
            Self::new("scheduled time to claim, p99", "ms", p99, Some(mark_p99)),
        ]
    }

    fn is_ok(&self) -> bool {
        self.mark.is_none_or(|mark| self.value <= mark)
    }
}

impl Report {
    /// Whether every figure is there and every mark is reached.
    pub fn is_ok(&self) -> bool {
        self.rates.iter().all(Rate::is_ok)
            && self.looks.iter().all(Latency::is_ok)
            && self.figures.iter().all(Figure::is_ok)
    }

    /// The table, in Markdown, so that it can be kept as it is.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{}{} callers, {} s each, {} cores shared with the generator\n\n",
            self.database.map(|name| format!("{name}, ")).unwrap_or_default(),
            self.callers,
            self.seconds,
            self.cores
        );
        if !self.rates.is_empty() {
            let head = [
                "operation",
                "transport",
                "rate",
                "unit/s",
                "mark",
                "",
                "p50 ms",
                "p99 ms",
                "server CPU s/1000",
                "server CPU %",
                "generator CPU %",
                "RSS MB",
            ];
            text.push_str(&markdown(&head, &self.rates.iter().map(rate_cells).collect::<Vec<_>>()));
            text.push('\n');
        }
        if !self.looks.is_empty() {
            let head =
                ["dashboard", "requests", "p50 ms", "p99 ms", "mark", "", "server CPU s/1000", "RSS MB"];
            let _ = writeln!(text, "{} look at once, kept connections\n", look::CALLERS);
            text.push_str(&markdown(&head, &self.looks.iter().map(Latency::cells).collect::<Vec<_>>()));
            text.push('\n');
        }
        if !self.figures.is_empty() {
            let head = ["figure", "value", "unit", "mark", ""];
            text.push_str(&markdown(&head, &self.figures.iter().map(figure_cells).collect::<Vec<_>>()));
        }
        let failures = self.rates.iter().filter_map(Rate::failure);
        for failure in failures.chain(self.looks.iter().filter_map(Latency::failure)) {
            let _ = writeln!(text, "\nFAILED {failure}");
        }
        text
    }
}

fn rate_cells(rate: &Rate) -> Vec<String> {
    let optional = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    vec![
        rate.scenario.to_owned(),
        rate.transport.to_owned(),
        rate.per_second.map_or("failed".to_owned(), |value| format!("{value:.0}")),
        rate.unit.to_owned(),
        rate.mark.map_or("–".to_owned(), |mark| format!("≥ {mark:.0}")),
        verdict(rate.mark.is_some() || rate.per_second.is_none(), rate.is_ok()),
        format!("{:.2}", rate.p50_ms),
        format!("{:.2}", rate.p99_ms),
        optional(rate.server_cpu_seconds_per_1000_requests, 3),
        optional(rate.server_cpu_percent, 0),
        format!("{:.0}", rate.generator_cpu_percent),
        optional(rate.memory_mb, 1),
    ]
}

fn figure_cells(figure: &Figure) -> Vec<String> {
    vec![
        figure.name.to_owned(),
        format!("{:.1}", figure.value),
        figure.unit.to_owned(),
        figure.mark.map_or("–".to_owned(), |mark| format!("≤ {mark:.0}")),
        verdict(figure.mark.is_some(), figure.is_ok()),
    ]
}

fn verdict(judged: bool, ok: bool) -> String {
    match (judged, ok) {
        (false, _) => String::new(),
        (true, true) => "OK".to_owned(),
        (true, false) => "below".to_owned(),
    }
}

/// A Markdown table with columns as wide as their widest cell.
fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!(" {cell:width$} |"));
        format!("|{}\n", padded.collect::<String>())
    };
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let mut text = line(&head) + &line(&rule);
    for row in rows {
        text.push_str(&line(row));
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "request counts are far below 2^52")]
fn count(requests: usize) -> f64 {
    requests as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(requests: usize, failures: Option<(usize, String)>) -> Observed {
        Observed {
            requests,
            seconds: 2.0,
            latencies: Latencies::default(),
            server_cpu: Some(1.0),
            own_cpu: 0.5,
            memory: Some(40.0),
            failures,
        }
    }

    #[test]
    fn a_rate_with_failures_is_not_reported() {
        let rate =
            Rate::of(Kind::CreateFlowRun, Transport::Connect, observed(9000, Some((1, "503".to_owned()))));
        assert!(rate.per_second.is_none() && !rate.is_ok());
        assert!(rate.failure().is_some_and(|text| text.contains("1 failed; first: 503")));
    }

    #[test]
    fn units_and_marks_count() {
        let rate = Rate::of(Kind::WriteRunLogs, Transport::KeepAlive, observed(1000, None));
        assert_eq!(rate.per_second, Some(50_000.0));
        assert!(rate.is_ok());
        assert!(!Rate::of(Kind::WriteRunLogs, Transport::KeepAlive, observed(999, None)).is_ok());
    }

    #[test]
    fn a_table_shows_mark_and_verdict() {
        let rates = vec![Rate::of(Kind::CreateFlowRun, Transport::Connect, observed(1000, None))];
        let figures = vec![Figure::new("idle memory", "MB", 70.0, Some(60.0))];
        let looks = vec![Latency::of(Look::Counts, observed(10, None))];
        let report = Report { database: None, callers: 32, seconds: 2, cores: 2, rates, looks, figures };
        assert!(!report.is_ok());
        let table = report.table();
        assert!(table.contains("| 500 ") && table.contains("≥ 1000") && table.contains("below"), "{table}");
    }
}
