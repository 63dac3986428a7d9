//! A year's work of a busy tenant, put straight into the database while the server is stopped: creating it through the
//! API would take longer than everything that is measured.

use anyhow::Result;

use crate::database::{Database, Direct};

/// How many projects there are.
pub const PROJECTS: u64 = 20;
/// How many flows; some have a thousand times the runs of others.
pub const FLOWS: u64 = 400;
/// One run in so many milliseconds, the last few of them in the future.
const APART: u64 = 30_000;
/// Runs that are inserted by one statement.
const BATCH: u64 = 100_000;

/// The id of a thing of a kind, as the API writes it. Ids of runs grow with their time.
pub fn id(kind: u64, number: u64) -> String {
    format!("00000000-0000-7{kind:03x}-8000-{number:012x}")
}

/// Kinds of things, for [`id`].
pub mod kind {
    /// Projects.
    pub const PROJECT: u64 = 1;
    /// Groups of flows.
    pub const GROUP: u64 = 2;
    /// Flows.
    pub const FLOW: u64 = 3;
    /// Flow runs.
    pub const RUN: u64 = 4;
}

/// Puts projects, flows and `runs` runs into the first tenant. Nine in ten succeeded, six in a hundred failed, the
/// others were cancelled, timed out or skipped; half a per cent is scheduled, a hundred are running. `now`: in
/// milliseconds since 1970.
pub async fn fill(database: &Database, runs: u64, now: u64) -> Result<()> {
    let mut direct = database.direct().await?;
    let sql = Sql { postgres: matches!(direct, Direct::Postgres(_)) };
    direct.execute(sql.things(now)).await?;
    let mut first = 1;
    while first <= runs {
        let last = runs.min(first + BATCH - 1);
        direct.execute(sql.runs(first, last, runs, now)).await?;
        first = last + 1;
    }
    if sql.postgres {
        // What autovacuum does within a minute of such a load.
        direct.execute("VACUUM ANALYZE".to_owned()).await?;
    }
    direct.close().await
}

/// The same statements in either dialect.
struct Sql {
    postgres: bool,
}

impl Sql {
    fn id(&self, kind: u64, milliseconds: &str, number: &str) -> String {
        if self.postgres {
            return format!(
                "CAST(lpad(to_hex({milliseconds}), 12, '0') || '7{kind:03x}8000' || lpad(to_hex({number}), 12, '0') AS uuid)"
            );
        }
        format!("unhex(printf('%012x7{kind:03x}8000%012x', {milliseconds}, {number}))")
    }

    fn time(&self, milliseconds: &str) -> String {
        if self.postgres {
            return format!("to_timestamp(({milliseconds}) / 1000)");
        }
        format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', ({milliseconds}) / 1000, 'unixepoch')")
    }

    fn json(&self, text: &str) -> String {
        if self.postgres { format!("CAST('{text}' AS jsonb)") } else { format!("'{text}'") }
    }

    fn numbers(first: u64, last: u64) -> String {
        format!(
            "WITH RECURSIVE number (n) AS (SELECT CAST({first} AS bigint) UNION ALL SELECT n + 1 FROM number WHERE n < {last})"
        )
    }

    fn things(&self, now: u64) -> String {
        let (object, list) = (self.json("{}"), self.json("[]"));
        let then = self.time(&now.to_string());
        let tenant = "(SELECT id FROM tenant ORDER BY created LIMIT 1)";
        let project = self.id(kind::PROJECT, "0", "n");
        let of_project = self.id(kind::PROJECT, "0", &format!("1 + n % {PROJECTS}"));
        let group = self.id(kind::GROUP, "0", "n");
        let flow = self.id(kind::FLOW, "0", "n");
        format!(
            "INSERT INTO project (id, created, updated, tenant_id, name) {projects}
                SELECT {project}, {then}, {then}, {tenant}, 'project ' || n FROM number;
             INSERT INTO flow_group (id, created, updated, tenant_id, name, settings, default_parameters) {flows}
                SELECT {group}, {then}, {then}, {tenant}, 'group ' || n, {object}, {object} FROM number;
             INSERT INTO flow (id, created, updated, tenant_id, project_id, flow_group_id, version_group_id, version, name,
                    parameters, settings, archived, is_schedule_active) {flows}
                SELECT {flow}, {then}, {then}, {tenant}, {of_project}, {group}, 'group ' || n, 1, 'flow ' || n, {list},
                    {object}, false, false FROM number;",
            projects = Self::numbers(1, PROJECTS),
            flows = Self::numbers(1, FLOWS),
        )
    }

    /// Runs from the oldest to the newest. A flow's share is the square of chance; chance is a product's remainder.
    fn runs(&self, first: u64, last: u64, of: u64, now: u64) -> String {
        let flow = self.id(kind::FLOW, "0", &format!("1 + u * u * {FLOWS} / 1000000"));
        let scheduled = of / 200;
        format!(
            "INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, name, parameters, labels, run_config, context,
                scheduled_start_time, auto_scheduled, start_time, end_time, version, state, state_timestamp, state_message,
                state_start_time, serialized_state, times_resurrected, labels_key)
             {numbers}
             SELECT {id}, {made}, {made}, (SELECT id FROM tenant ORDER BY created LIMIT 1), {flow}, 'brave-otter-' || n,
                {parameters}, {labels}, {run_config}, {context}, {due}, h % 10 < 7,
                CASE WHEN state NOT IN ('Scheduled', 'Submitted') THEN {begun} END,
                CASE WHEN state NOT IN ('Scheduled', 'Submitted', 'Running') THEN {ended} END,
                3, state, {made}, 'All reference tasks succeeded.', CASE WHEN state = 'Scheduled' THEN {due} END,
                {serialized}, 0, '[\"prod\"]'
             FROM (SELECT n, ms, h, u, CASE WHEN n > {of} - {scheduled} THEN 'Scheduled'
                    WHEN n > {of} - {scheduled} - 20 THEN 'Submitted' WHEN n > {of} - {scheduled} - 120 THEN 'Running'
                    WHEN h < 900 THEN 'Success' WHEN h < 960 THEN 'Failed' WHEN h < 980 THEN 'Cancelled'
                    WHEN h < 990 THEN 'TimedOut' ELSE 'Skipped' END AS state
                FROM (SELECT n, {now} + (n - {of} + {scheduled}) * {APART} AS ms, n * 48271 % 2147483647 % 1000 AS h,
                    n * 69621 % 2147483647 % 1000 AS u FROM number) AS drawn) AS made",
            numbers = Self::numbers(first, last),
            id = self.id(kind::RUN, "ms", "n"),
            made = self.time("ms - 3600000"),
            due = self.time("ms"),
            begun = self.time("ms + 2000"),
            ended = self.time("ms + 60000"),
            parameters = self.json("{\"x\": 1}"),
            labels = self.json("[\"prod\"]"),
            run_config = self.json("{\"type\": \"UniversalRun\", \"labels\": [\"prod\"]}"),
            context = self.json("{}"),
            serialized = self.json(
                "{\"type\": \"Success\", \"message\": \"All reference tasks succeeded.\", \"cached_inputs\": {}, \
                 \"_result\": {\"type\": \"NoResultType\", \"__version__\": \"1.4.1\"}, \"context\": {\"tags\": []}, \
                 \"__version__\": \"1.4.1\"}"
            ),
        )
    }
}
