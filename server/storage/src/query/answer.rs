//! Putting the levels together: one JSON text.

use signalbox_core::query::{
    Aggregate, AggregateOutput, Function, Level, Node, Output, Plan, Summary, SummaryOutput,
};
use signalbox_core::registry::Cardinality;
use uuid::Uuid;

use super::QueryError;
use super::fetch::{Fetched, FetchedAggregate, FetchedRows};

/// The answer of the root field.
pub(super) fn write(plan: &Plan, fetched: &Fetched) -> Result<String, QueryError> {
    let mut out = Vec::with_capacity(size(fetched));
    match (&plan.node, fetched) {
        (Node::Rows(level), Fetched::Rows(rows)) if plan.single => {
            write_single(&mut out, level, rows, (!rows.ends.is_empty()).then_some(0));
        }
        (Node::Rows(level), Fetched::Rows(rows)) => {
            write_list(&mut out, level, rows, 0..rows.ends.len());
        }
        (Node::Aggregate(aggregate), Fetched::Aggregate(fetched)) => {
            write_aggregate(&mut out, aggregate, fetched, None);
        }
        _ => unreachable_shape(&mut out),
    }
    // JSON columns are stored text; everything else was written by serde_json.
    String::from_utf8(out).map_err(|_| QueryError::Malformed { table: "the answer", column: "text" })
}

/// A good first guess of the answer's size.
fn size(fetched: &Fetched) -> usize {
    match fetched {
        Fetched::Rows(rows) => {
            16 + rows.text.len() + rows.ends.len() + rows.children.iter().map(size).sum::<usize>()
        }
        Fetched::Aggregate(aggregate) => 64 * (1 + aggregate.values.len()),
    }
}

/// Plan and fetched rows are built side by side, so a difference in shape cannot be; null keeps the text JSON.
fn unreachable_shape(out: &mut Vec<u8>) {
    debug_assert!(false, "the fetched levels follow the plan");
    out.extend_from_slice(b"null");
}

fn write_single(out: &mut Vec<u8>, level: &Level, rows: &FetchedRows, index: Option<usize>) {
    match index {
        Some(index) => write_row(out, level, rows, index),
        None => out.extend_from_slice(b"null"),
    }
}

fn write_list(out: &mut Vec<u8>, level: &Level, rows: &FetchedRows, indexes: impl Iterator<Item = usize>) {
    out.push(b'[');
    for (position, index) in indexes.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_row(out, level, rows, index);
    }
    out.push(b']');
}

fn write_row(out: &mut Vec<u8>, level: &Level, rows: &FetchedRows, index: usize) {
    let mut from = if index == 0 { 0 } else { rows.ends[index - 1] };
    let gaps = level.children.len();
    let mut gap = index * gaps;
    for field in &level.fields {
        let Output::Child(child) = field.output else { continue };
        out.extend_from_slice(&rows.text[from..rows.gaps[gap]]);
        from = rows.gaps[gap];
        gap += 1;
        write_child(out, level, rows, child, rows.keys[index * gaps + child]);
    }
    out.extend_from_slice(&rows.text[from..rows.ends[index]]);
}

fn write_child(out: &mut Vec<u8>, level: &Level, rows: &FetchedRows, child: usize, key: Option<Uuid>) {
    let plan = &level.children[child];
    match (&plan.node, &rows.children[child]) {
        (Node::Rows(level), Fetched::Rows(rows)) => {
            let found = key.and_then(|key| rows.of_parent.get(&key)).map_or(&[][..], Vec::as_slice);
            match plan.relation.cardinality {
                Cardinality::One => write_single(out, level, rows, found.first().copied()),
                Cardinality::Many => write_list(out, level, rows, found.iter().copied()),
            }
        }
        (Node::Aggregate(aggregate), Fetched::Aggregate(fetched)) => {
            write_aggregate(out, aggregate, fetched, Some(key.unwrap_or_default()));
        }
        _ => unreachable_shape(out),
    }
}

/// The aggregate of one parent, or of the root.
fn write_aggregate(out: &mut Vec<u8>, plan: &Aggregate, fetched: &FetchedAggregate, parent: Option<Uuid>) {
    let values = fetched.values.get(&parent.unwrap_or_default()).map(Vec::as_slice);
    out.push(b'{');
    for (position, field) in plan.fields.iter().enumerate() {
        write_key(out, position, &field.key);
        match &field.output {
            AggregateOutput::Typename => {
                out.extend_from_slice(format!("\"{}_aggregate\"", plan.table.name).as_bytes());
            }
            AggregateOutput::Summary(summaries) => write_summaries(out, plan, summaries, values),
            AggregateOutput::Nodes(index) => {
                let (level, rows) = (&plan.nodes[*index], &fetched.nodes[*index]);
                match parent {
                    None => write_list(out, level, rows, 0..rows.ends.len()),
                    Some(key) => {
                        let found = rows.of_parent.get(&key).map_or(&[][..], Vec::as_slice);
                        write_list(out, level, rows, found.iter().copied());
                    }
                }
            }
        }
    }
    out.push(b'}');
}

fn write_summaries(out: &mut Vec<u8>, plan: &Aggregate, summaries: &[Summary], values: Option<&[String]>) {
    out.push(b'{');
    for (position, summary) in summaries.iter().enumerate() {
        write_key(out, position, &summary.key);
        match &summary.output {
            SummaryOutput::Typename(name) => out.extend_from_slice(format!("\"{name}\"").as_bytes()),
            SummaryOutput::Group(group) => write_summaries(out, plan, group, values),
            SummaryOutput::Function(index) => match values {
                Some(values) => out.extend_from_slice(values[*index].as_bytes()),
                // A parent without rows has no group.
                None => match plan.functions[*index] {
                    Function::Count { .. } => out.push(b'0'),
                    _ => out.extend_from_slice(b"null"),
                },
            },
        }
    }
    out.push(b'}');
}

fn write_key(out: &mut Vec<u8>, position: usize, key: &str) {
    if position > 0 {
        out.push(b',');
    }
    // Keys are GraphQL names: letters, digits and underscores.
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}
