//! Which crate may know which: the direction of the workspace, and who may speak SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use signalbox_tests::binary::workspace;

use super::{assert_none, read};

/// The edges of the workspace, from the crate that depends to those it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("schema", &[]),
    ("bus", &["schema"]),
    ("core", &["schema"]),
    ("migrations", &[]),
    ("storage", &["schema", "core", "migrations"]),
    ("services", &["schema", "core", "storage", "bus"]),
    ("api", &["schema", "core", "services"]),
    ("server", &["schema", "core", "storage", "bus", "services", "api"]),
    ("client", &["schema"]),
    ("agent", &["schema", "client"]),
    ("cli", &["schema", "client", "agent", "server"]),
    ("bench", &[]),
    ("backing", &[]),
    ("tests", &["schema", "backing"]),
];
/// Crates that speak SQL (the load generator fills databases of stopped servers, tests look past the server), and the
/// crates of others that do.
const SQL_ROOMS: [&str; 4] = ["storage", "migrations", "bench", "backing"];
const SQL_CRATES: [&str; 5] = ["sea-orm", "sea-query", "sqlx", "sea-query-sqlx", "rusqlite"];
/// What one of them is needed for elsewhere: the bus listens to PostgreSQL's notifications and reads no table.
const SQL_EXCEPTION: (&str, &str) = ("bus", "sqlx");
const OURS: &str = "signalbox-";

/// What every crate of the workspace is built of; our own without prefix. What only its tests need is no edge: they
/// use real parts.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs these tests, so it can be run");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("a package lists its dependencies");
            let all = all.iter().filter(|dependency| dependency["kind"] != "dev");
            (name(package).trim_start_matches(OURS).to_owned(), all.map(name).collect())
        })
        .collect()
}

#[test]
fn crates_keep_their_direction() {
    let found = dependencies();
    assert!(found.len() >= ALLOWED.len(), "the workspace lost crates: {:?}", found.keys());
    assert_none(&direction_findings(&found), "an edge that the design does not have");
}

#[test]
fn only_storage_and_migrations_speak_sql() {
    assert_none(&sql_findings(&dependencies()), "only storage and migrations know the database's crates");
}

#[test]
fn every_dependency_says_why_it_is_here() {
    assert_none(&unexplained(&read("Cargo.toml".as_ref())), "a dependency needs a one-line comment");
}

fn direction_findings(found: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut findings = Vec::new();
    for (name, dependencies) in found {
        let Some(allowed) = allowed.get(name.as_str()) else {
            findings.push(format!("{name} is a crate without a place in the list of edges"));
            continue;
        };
        let own = dependencies.iter().filter_map(|dependency| dependency.strip_prefix(OURS));
        findings.extend(own.filter(|it| !allowed.contains(it)).map(|it| format!("{name} -> {it}")));
    }
    findings
}

fn sql_findings(found: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let outside = found.iter().filter(|(name, _)| !SQL_ROOMS.contains(&name.as_str()));
    let knows = |(name, dependencies): (&String, &BTreeSet<String>)| {
        let sql: Vec<_> =
            dependencies.iter().filter(|it| SQL_CRATES.contains(&it.as_str())).cloned().collect();
        let sql = sql.into_iter().filter(|it| (name.as_str(), it.as_str()) != SQL_EXCEPTION);
        sql.map(|it| format!("{name} -> {it}")).collect::<Vec<_>>()
    };
    outside.flat_map(knows).collect()
}

/// Lines of `[workspace.dependencies]` that name a foreign crate without a comment on the same line.
fn unexplained(manifest: &str) -> Vec<String> {
    let section =
        manifest.split("[workspace.dependencies]").nth(1).expect("the workspace lists its dependencies");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let entries =
        lines.filter(|line| line.contains('=') && !line.starts_with('#') && !line.starts_with(OURS));
    let bare = |line: &&str| line.rsplit_once("# ").is_none_or(|(_, why)| why.trim().len() < 8);
    entries.filter(bare).map(str::to_owned).collect()
}

#[test]
fn the_rules_can_fail() {
    let found = |name: &str, dependency: &str| {
        BTreeMap::from([(name.to_owned(), BTreeSet::from([dependency.to_owned()]))])
    };
    assert_eq!(direction_findings(&found("agent", "signalbox-server")), ["agent -> server"]);
    assert_eq!(direction_findings(&found("schema", "signalbox-core")), ["schema -> core"]);
    assert_eq!(direction_findings(&found("novel", "serde")).len(), 1);
    assert!(direction_findings(&found("agent", "signalbox-client")).is_empty());
    assert_eq!(sql_findings(&found("services", "sqlx")), ["services -> sqlx"]);
    assert!(sql_findings(&found("storage", "sqlx")).is_empty());
    assert!(sql_findings(&found("bus", "sqlx")).is_empty());
    assert_eq!(sql_findings(&found("bus", "sea-orm")), ["bus -> sea-orm"]);
    let manifest = "[workspace.dependencies]\nsignalbox-a = { path = \"a\" }\nb = \"1\"\nc = \"1\" # the reason why\n[x]\n";
    assert_eq!(unexplained(manifest), ["b = \"1\""]);
}
