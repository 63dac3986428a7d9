//! The aggregate types: `<table>_aggregate` and what is under it.

use async_graphql::registry::{MetaField, Registry};
use signalbox_core::registry::{Column, Table};

use super::add;
use super::meta::{argument, field, fields_of, object};

/// Whether a column has an aggregate function.
type Has = fn(&Column) -> bool;

/// Registers the aggregate types of a table.
pub(super) fn register(registry: &mut Registry, table: &'static Table) {
    let name = table.name;
    let count = vec![
        argument("columns", format!("[{name}_select_column!]"), "Only rows where these are not null."),
        argument("distinct", "Boolean", "Equal values of the columns count once."),
    ];
    let mut fields = vec![field("count", "Int!", count, "Number of rows.")];
    let kinds: [(&str, Has, &str); 4] = [
        ("min", |column| column.kind.has_extremes(), "Smallest values."),
        ("max", |column| column.kind.has_extremes(), "Largest values."),
        ("sum", |column| column.kind.is_numeric(), "Sums."),
        ("avg", |column| column.kind.is_numeric(), "Means."),
    ];
    for (function, has, description) in kinds {
        let computed: Vec<MetaField> = table
            .public_columns()
            .filter(|column| has(column))
            .map(|column| {
                let ty = if function == "avg" { "Float" } else { column.kind.scalar() };
                field(column.name, ty, Vec::new(), column.description)
            })
            .collect();
        if !computed.is_empty() {
            let ty = format!("{name}_{function}_fields");
            add(registry, object(&ty, description, fields_of(computed)));
            fields.push(field(function, ty, Vec::new(), description));
        }
    }
    let aggregate_fields = format!("{name}_aggregate_fields");
    let description = format!("Values computed over rows of `{name}`.");
    add(registry, object(&aggregate_fields, &description, fields_of(fields)));
    let fields = vec![
        field("aggregate", aggregate_fields, Vec::new(), "Computed values."),
        field("nodes", format!("[{name}!]!"), Vec::new(), "The rows."),
    ];
    let description = format!("Rows of `{name}` and values computed over them.");
    add(registry, object(&format!("{name}_aggregate"), &description, fields_of(fields)));
}
