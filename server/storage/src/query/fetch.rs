//! Sending the statements of a plan, level by level, and keeping what they bring.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;

use sea_orm::sea_query::SelectStatement;
use signalbox_core::query::{
    Aggregate, Function, Level, Node, Output, Plan, ReadLimits, ReadScope, Rejection,
};
use signalbox_core::registry::{Column, Kind};
use uuid::Uuid;

use super::compile::{Compiler, Parents, columns_of};
use super::connection::{Connection, Row};
use super::{Answer, QueryError, answer, value};

/// What a node of the plan brought.
pub(super) enum Fetched {
    /// Rows, written but for their nested levels.
    Rows(FetchedRows),
    /// Values of aggregates.
    Aggregate(FetchedAggregate),
}

/// The rows of a level as JSON text with gaps where nested levels go.
pub(super) struct FetchedRows {
    /// All rows, one after another.
    pub(super) text: Vec<u8>,
    /// Where each row ends in `text`.
    pub(super) ends: Vec<usize>,
    /// Where the gaps are: as many per row as the level has nested fields, in the order of the fields.
    pub(super) gaps: Vec<usize>,
    /// The keys nested levels are found by: as many per row as the level has children.
    pub(super) keys: Vec<Option<Uuid>>,
    /// The rows of each parent, in order. Empty for the root.
    pub(super) of_parent: HashMap<Uuid, Vec<usize>>,
    /// The nested levels, in the order of the plan's children.
    pub(super) children: Vec<Fetched>,
}

/// The values of a level's aggregate functions.
pub(super) struct FetchedAggregate {
    /// JSON values in the order of the plan's functions; under the nil key at the root.
    pub(super) values: HashMap<Uuid, Vec<String>>,
    /// The levels of `nodes`.
    pub(super) nodes: Vec<FetchedRows>,
}

type Pending<'f, T> = Pin<Box<dyn Future<Output = Result<T, QueryError>> + Send + 'f>>;

/// One plan being executed on one connection.
pub(super) struct Fetch<'a> {
    connection: Connection<'a>,
    compiler: Compiler<'a>,
    plan: &'a Plan,
    statements: usize,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(connection: Connection<'a>, scope: &'a ReadScope, plan: &'a Plan) -> Self {
        let compiler = Compiler::new(connection.dialect(), scope);
        Self { connection, compiler, plan, statements: 0 }
    }

    pub(super) async fn run(mut self) -> Result<Answer, QueryError> {
        let plan = self.plan;
        let fetched = self.node(&plan.node, None).await?;
        Ok(Answer { json: answer::write(plan, &fetched)?, statements: self.statements })
    }

    async fn node(&mut self, node: &'a Node, parents: Option<Parents<'_>>) -> Result<Fetched, QueryError> {
        match node {
            Node::Rows(level) => self.level(level, parents).await.map(Fetched::Rows),
            Node::Aggregate(aggregate) => self.aggregate(aggregate, parents).await.map(Fetched::Aggregate),
        }
    }

    fn level<'f>(&'f mut self, level: &'a Level, parents: Option<Parents<'f>>) -> Pending<'f, FetchedRows> {
        Box::pin(async move {
            let plan = self.plan;
            let limits = &plan.limits;
            let (cap, setting) = match parents {
                Some(_) => (limits.max_rows_level, "max_nested_rows"),
                None => (limits.max_rows_root, "max_rows"),
            };
            let mut writer = RowWriter::new(level, parents.is_some());
            if parents.is_none_or(|parents| !parents.keys.is_empty()) {
                let statement = self.compiler.level(level, parents, cap);
                self.send(&statement, |row| {
                    if writer.rows.ends.len() as u64 >= cap {
                        return Err(too_many(level, cap, setting).into());
                    }
                    let before = writer.rows.text.len();
                    writer.push(row)?;
                    let bytes = writer.rows.text.len() - before;
                    if plan.allowance.take(bytes as u64) { Ok(()) } else { Err(too_large(limits).into()) }
                })
                .await?;
            }
            let mut rows = writer.rows;
            for (index, child) in level.children.iter().enumerate() {
                let keys = distinct_keys(&rows.keys, index, level.children.len());
                let parents = Parents { column: child.relation.remote, keys: &keys };
                let fetched = self.node(&child.node, Some(parents)).await?;
                rows.children.push(fetched);
            }
            Ok(rows)
        })
    }

    async fn aggregate(
        &mut self,
        aggregate: &'a Aggregate,
        parents: Option<Parents<'_>>,
    ) -> Result<FetchedAggregate, QueryError> {
        let table = aggregate.table;
        let mut values = HashMap::new();
        let wanted = parents.is_none_or(|parents| !parents.keys.is_empty());
        if wanted && !aggregate.functions.is_empty() {
            let statement = self.compiler.aggregate(table, &aggregate.rows, &aggregate.functions, parents);
            let nested = parents.is_some();
            self.send(&statement, |row| {
                let malformed = |_| QueryError::Malformed { table: table.name, column: "aggregate" };
                let key = if nested { value::key(row, 0).map_err(malformed)? } else { None };
                let computed = computed(row, &aggregate.functions, usize::from(nested)).map_err(malformed)?;
                values.insert(key.unwrap_or_default(), computed);
                Ok(())
            })
            .await?;
        }
        let mut nodes = Vec::with_capacity(aggregate.nodes.len());
        for level in &aggregate.nodes {
            nodes.push(self.level(level, parents).await?);
        }
        Ok(FetchedAggregate { values, nodes })
    }

    /// Sends one statement and hands over its rows as they come.
    async fn send(
        &mut self,
        statement: &SelectStatement,
        each: impl FnMut(&Row<'_>) -> Result<(), QueryError> + Send,
    ) -> Result<(), QueryError> {
        self.statements += 1;
        self.connection.send(statement, each).await
    }
}

fn too_many(level: &Level, cap: u64, setting: &str) -> Rejection {
    Rejection::limit(format!(
        "{} has more than {cap} rows here, the most one answer holds ({setting}); use limit and offset, or a narrower \
         where",
        level.table.name
    ))
}

fn too_large(limits: &ReadLimits) -> Rejection {
    Rejection::limit(format!(
        "the rows of this request take more than {} bytes (max_answer_bytes); ask for fewer rows with limit and \
         offset, or leave out large columns",
        limits.max_answer_bytes
    ))
}

/// The different keys of one child over all rows, in order of appearance.
fn distinct_keys(keys: &[Option<Uuid>], child: usize, children: usize) -> Vec<Uuid> {
    let mut seen = HashSet::new();
    keys.iter()
        .skip(child)
        .step_by(children.max(1))
        .flatten()
        .copied()
        .filter(|key| seen.insert(*key))
        .collect()
}

fn computed(row: &Row<'_>, functions: &[Function], first: usize) -> Result<Vec<String>, value::Malformed> {
    let mut values = Vec::with_capacity(functions.len());
    for (index, function) in functions.iter().enumerate() {
        let mut text = Vec::new();
        let index = first + index;
        match function {
            Function::Count { .. } | Function::Sum(_) => value::write(&mut text, row, index, Kind::Integer)?,
            Function::Min(column) | Function::Max(column) => {
                value::write(&mut text, row, index, column.kind)?;
            }
            Function::Avg(_) => value::write_mean(&mut text, row, index)?,
        }
        values.push(String::from_utf8(text).map_err(|_| value::Malformed)?);
    }
    Ok(values)
}

/// Writes the rows of one level.
struct RowWriter<'p> {
    level: &'p Level,
    nested: bool,
    /// For each field: the text before its value, and where the value comes from.
    fields: Vec<(Vec<u8>, Source<'p>)>,
    /// Index of each child's key column.
    child_keys: Vec<(usize, &'static Column)>,
    rows: FetchedRows,
}

enum Source<'p> {
    Column(usize, &'static Column, &'p [signalbox_core::query::PathStep]),
    Text(String),
    Gap,
}

impl<'p> RowWriter<'p> {
    fn new(level: &'p Level, nested: bool) -> Self {
        let columns = columns_of(level);
        let first = usize::from(nested);
        let index_of = |name: &str| {
            let index = columns.iter().position(|column| column.name == name);
            index.expect("columns_of lists every column of the fields and children") + first
        };
        let mut fields = Vec::with_capacity(level.fields.len());
        for (position, field) in level.fields.iter().enumerate() {
            let opening = if position == 0 { '{' } else { ',' };
            let before = format!("{opening}{}:", serde_json::Value::from(field.key.as_str())).into_bytes();
            let source = match &field.output {
                Output::Column(column, path) => Source::Column(index_of(column.name), column, path),
                Output::Typename => Source::Text(format!("\"{}\"", level.table.name)),
                Output::Child(_) => Source::Gap,
            };
            fields.push((before, source));
        }
        let key_column = |name: &'static str| {
            let index = index_of(name);
            (index, columns[index - first])
        };
        let child_keys = level.children.iter().map(|child| key_column(child.relation.local)).collect();
        let rows = FetchedRows {
            text: Vec::new(),
            ends: Vec::new(),
            gaps: Vec::new(),
            keys: Vec::new(),
            of_parent: HashMap::new(),
            children: Vec::with_capacity(level.children.len()),
        };
        Self { level, nested, fields, child_keys, rows }
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), QueryError> {
        let table = self.level.table.name;
        if self.nested
            && let Some(parent) =
                value::key(row, 0).map_err(|_| QueryError::Malformed { table, column: "the parent's key" })?
        {
            self.rows.of_parent.entry(parent).or_default().push(self.rows.ends.len());
        }
        let text = &mut self.rows.text;
        for (before, source) in &self.fields {
            text.extend_from_slice(before);
            match source {
                Source::Column(index, column, path) => {
                    let malformed = |_| QueryError::Malformed { table, column: column.name };
                    if path.is_empty() {
                        value::write(text, row, *index, column.kind).map_err(malformed)?;
                    } else {
                        value::write_path(text, row, *index, path).map_err(malformed)?;
                    }
                }
                Source::Text(fixed) => text.extend_from_slice(fixed.as_bytes()),
                Source::Gap => self.rows.gaps.push(text.len()),
            }
        }
        text.extend_from_slice(if self.fields.is_empty() { b"{}" } else { b"}" });
        self.rows.ends.push(text.len());
        for (index, column) in &self.child_keys {
            let malformed = |_| QueryError::Malformed { table, column: column.name };
            self.rows.keys.push(value::key(row, *index).map_err(malformed)?);
        }
        Ok(())
    }
}
