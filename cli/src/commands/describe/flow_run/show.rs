//! The page about a flow run. Pure.

use comfy_table::Cell;

use super::super::page::Page;
use super::{CHILDREN, FlowRun, StateCount, TaskRun, count_states};
use crate::output::screen::Screen;
use crate::output::state::{is_finished, painted};
use crate::output::table::{state_cell, text};
use crate::output::text::{json, or_dash, printable, shorten};
use crate::output::time;
use crate::session::explanation::Explanation;

/// Longest message in a table.
const MESSAGE: usize = 70;

/// Everything about the run, as one text.
pub(super) fn page(run: &FlowRun, screen: &Screen) -> String {
    let mut page = Page::new(run.name.as_deref().unwrap_or("flow run"), screen);
    fields(&mut page, run, screen);
    states(&mut page, run, screen);
    tasks(&mut page, run, screen);
    if !run.logs.is_empty() {
        page.heading("Last log lines");
        for line in &run.logs {
            page.lines(&line.show(screen.colours));
        }
    }
    page.finish()
}

fn fields(page: &mut Page<'_>, run: &FlowRun, screen: &Screen) {
    let state = run.state.as_deref().unwrap_or("none");
    let since = run.state_timestamp.map(|moment| format!(" ({})", time::relative(screen.now, moment)));
    let message = run.state_message.as_deref().filter(|message| !message.is_empty());
    let message = message.map(|message| format!(": {}", shorten(&printable(message), MESSAGE)));
    let moment = |moment| format!("{} ({})", time::local(moment), time::relative(screen.now, moment));

    page.field("Id", Some(run.id.to_string()));
    page.field(
        "State",
        Some(format!(
            "{}{}{}",
            painted(&printable(state), screen.colours),
            since.unwrap_or_default(),
            message.unwrap_or_default()
        )),
    );
    let explanation = run.explanation.as_ref().filter(|explanation| explanation.is_of_interest());
    page.field("Waiting", explanation.map(Explanation::sentence));
    page.field("Try", explanation.and_then(Explanation::command));
    page.field(
        "Flow",
        run.flow.as_ref().map(|flow| {
            let project = flow.project.as_ref().map_or("-", |project| project.name.as_str());
            format!("{}, version {} (project {})", printable(&flow.name), flow.version, printable(project))
        }),
    );
    page.field("Labels", Some(printable(&run.labels.join(", "))));
    let priority = run.priority.filter(|priority| *priority != 0);
    page.field("Priority", priority.map(|priority| priority.to_string()));
    page.field(
        "Agent",
        run.agent.as_ref().map(|agent| match &agent.name {
            Some(name) => format!("{} ({})", printable(name), agent.id),
            None => agent.id.to_string(),
        }),
    );
    page.field("Created", Some(moment(run.created)));
    page.field(
        "Scheduled",
        run.scheduled_start_time.map(|scheduled| {
            let origin = match run.slot_time {
                Some(slot) if slot != scheduled => format!(", put off from {} by jitter", time::local(slot)),
                _ if run.auto_scheduled == Some(true) => ", by the flow's schedule".to_owned(),
                _ => String::new(),
            };
            format!("{}{origin}", moment(scheduled))
        }),
    );
    let late =
        run.lateness_ms.map(|late| format!(", {} late", time::span(chrono::Duration::milliseconds(late))));
    page.field(
        "Started",
        run.start_time.map(|started| format!("{}{}", moment(started), late.unwrap_or_default())),
    );
    page.field("Ended", run.end_time.map(moment));
    let counting = run.start_time.filter(|_| run.end_time.is_some() || !is_finished(state));
    page.field("Duration", time::elapsed(counting, run.end_time, screen.now));
    let heartbeat = run.heartbeat.filter(|_| !is_finished(state));
    page.field("Heartbeat", heartbeat.map(|heartbeat| time::relative(screen.now, heartbeat)));
    let resurrected = run.times_resurrected.filter(|times| *times > 0);
    page.field("Rescheduled", resurrected.map(|times| format!("{times} × after its process was lost")));
    page.field("Run config", run.run_config.as_ref().and_then(kind));
    page.field("Storage", run.flow.as_ref().and_then(|flow| kind(flow.storage.as_ref()?)));
    page.object("Parameters", run.parameters.as_ref());
    page.object("Context", run.context.as_ref());
}

/// The `type` of a run config or a storage.
fn kind(value: &serde_json::Value) -> Option<String> {
    value.get("type").map(|kind| printable(&json(kind)))
}

fn states(page: &mut Page<'_>, run: &FlowRun, screen: &Screen) {
    if run.states.is_empty() {
        return;
    }
    page.heading("States");
    let ends = run.states.iter().skip(1).map(|next| Some(next.timestamp)).chain([None]);
    let rows = run.states.iter().zip(ends).map(|(entered, end)| {
        // The last state of a run that has ended lasts for ever; saying how long helps nobody.
        let lasted = if end.is_none() && is_finished(&entered.state) {
            "-".to_owned()
        } else {
            time::span(end.unwrap_or(screen.now) - entered.timestamp)
        };
        vec![
            text(time::local(entered.timestamp)),
            state_cell(&entered.state),
            text(lasted),
            text(or_dash(entered.message.as_deref().map(|message| shorten(message, MESSAGE)))),
        ]
    });
    page.table(&["TIME", "STATE", "LASTED", "MESSAGE"], rows.collect());
}

fn tasks(page: &mut Page<'_>, run: &FlowRun, screen: &Screen) {
    if run.task_runs.is_empty() {
        return;
    }
    let own = run.task_runs.iter().map(|task_run| task_run.state.as_deref().unwrap_or("Pending"));
    let children = run.children.iter().map(|child| child.state.as_deref().unwrap_or("Pending"));
    let total = run.task_runs.len() + run.children.len();
    let more = if run.children.len() >= CHILDREN { " or more" } else { "" };
    page.heading(&format!("Task runs: {total}{more} ({})", words(&count_states(own.chain(children)))));
    let rows = run.task_runs.iter().map(|task_run| task_row(task_run, screen));
    page.table(&["TASK", "STATE", "STARTED", "DURATION", "MESSAGE"], rows.collect());
}

fn task_row(task_run: &TaskRun, screen: &Screen) -> Vec<Cell> {
    let task = task_run.task.as_ref().map_or("-", |task| task.slug.as_str());
    let title = match task_run.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({task})"),
        None => task.to_owned(),
    };
    let state = task_run.state.as_deref().unwrap_or("Pending");
    let message = if task_run.children.is_empty() {
        or_dash(task_run.state_message.as_deref().map(|message| shorten(message, MESSAGE)))
    } else {
        words(&task_run.children)
    };
    let running = state == "Running" || !task_run.children.is_empty();
    let counting = task_run.start_time.filter(|_| running || task_run.end_time.is_some());
    vec![
        text(title),
        state_cell(state),
        text(screen.ago(task_run.start_time)),
        text(or_dash(time::elapsed(counting, task_run.end_time, screen.now))),
        text(message),
    ]
}

/// "98 Success, 2 Failed"
fn words(counts: &[StateCount]) -> String {
    let words: Vec<String> =
        counts.iter().map(|count| format!("{} {}", count.count, printable(&count.state))).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde_json::json;

    use super::*;
    use crate::output::screen::Format;

    fn plain() -> Screen {
        let now: DateTime<Utc> = "2026-01-02T03:10:00Z".parse().unwrap();
        Screen { format: Format::Table, colours: false, stderr_colours: false, interactive: false, now }
    }

    #[test]
    fn a_mapped_run_is_shown_at_a_glance() {
        let id = "00000000-0000-0000-0000-000000000001";
        let mut run: FlowRun = serde_json::from_value(json!({
            "id": id, "name": "brave-otter", "version": 3, "state": "Running", "state_message": "Running flow.",
            "state_timestamp": "2026-01-02T03:09:00+00:00", "created": "2026-01-02T03:08:00+00:00",
            "scheduled_start_time": "2026-01-02T03:08:00+00:00", "start_time": "2026-01-02T03:09:00+00:00",
            "end_time": null, "auto_scheduled": false, "heartbeat": "2026-01-02T03:09:50+00:00",
            "times_resurrected": 0, "labels": ["box"], "parameters": {"n": 3, "who": "you"}, "context": {},
            "run_config": {"type": "UniversalRun"}, "idempotency_key": null, "agent": {"id": id, "name": "a"},
            "flow": {"id": id, "name": "etl", "version": 2, "flow_group_id": id, "storage": {"type": "Local"},
                     "project": {"name": "P"}},
            "states": [],
            "task_runs": [{"id": id, "name": null, "task_id": id, "state": "Mapped", "state_message": "Ready",
                           "start_time": null, "end_time": null,
                           "task": {"name": "double", "slug": "double-1", "mapped": true, "auto_generated": false}}],
            "children": [
                {"task_id": id, "state": "Success", "start_time": "2026-01-02T03:09:01+00:00",
                 "end_time": "2026-01-02T03:09:02+00:00"},
                {"task_id": id, "state": "Running", "start_time": "2026-01-02T03:09:02+00:00", "end_time": null},
            ],
            "logs": [],
        }))
        .unwrap();
        super::super::gather_children(&mut run);
        // Absolute times are in the zone of the machine, so they are cut out.
        let shown = page(&run, &plain());
        let shown: Vec<&str> = shown.lines().filter(|line| !line.contains("2026-")).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        brave-otter
          Id:           00000000-0000-0000-0000-000000000001
          State:        Running (1 min ago): Running flow.
          Flow:         etl, version 2 (project P)
          Labels:       box
          Agent:        a (00000000-0000-0000-0000-000000000001)
          Duration:     1 m 0 s
          Heartbeat:    10 s ago
          Run config:   UniversalRun
          Storage:      Local
          Parameters:   n = 3
                        who = you

        Task runs: 3 (1 Mapped, 1 Running, 1 Success)
          TASK      STATE   STARTED   DURATION  MESSAGE
          double-1  Mapped  59 s ago  59.0 s    1 Running, 1 Success
        ");
    }
}
