//! The row types.

use async_graphql::registry::{MetaInputValue, Registry};
use signalbox_core::registry::{Cardinality, Kind, Table};

use super::add;
use super::meta::{argument, field, fields_of, object};

/// Registers the type of a table's rows.
pub(super) fn register(registry: &mut Registry, table: &'static Table) {
    let mut fields = Vec::new();
    for column in table.public_columns() {
        let ty = format!("{}{}", column.kind.scalar(), if column.nullable { "" } else { "!" });
        // The part at a path may be missing even where the column is not.
        let (ty, arguments) = if column.kind == Kind::Json {
            let path = argument("path", "String", "Only the part at this path, e.g. `$.a.b[0]`.");
            (ty, vec![path])
        } else {
            (ty, Vec::new())
        };
        fields.push(field(column.name, ty, arguments, column.description));
    }
    for relation in table.relations {
        let target = relation.target.name;
        match relation.cardinality {
            Cardinality::One => fields.push(field(relation.name, target, Vec::new(), relation.description)),
            Cardinality::Many => {
                let arguments = row_arguments(relation.target);
                let list = format!("[{target}!]!");
                fields.push(field(relation.name, list, arguments.clone(), relation.description));
                let name = format!("{}_aggregate", relation.name);
                let description = format!("Aggregates over `{}`.", relation.name);
                fields.push(field(&name, format!("{target}_aggregate!"), arguments, &description));
            }
        }
    }
    add(registry, object(table.name, table.description, fields_of(fields)));
}

/// The arguments that choose rows of a table.
pub(super) fn row_arguments(table: &'static Table) -> Vec<MetaInputValue> {
    let name = table.name;
    vec![
        argument(
            "distinct_on",
            format!("[{name}_select_column!]"),
            "Only the first row for each value of these.",
        ),
        argument("limit", "Int", "At most this many rows."),
        argument("offset", "Int", "Leave out this many rows first."),
        argument("order_by", format!("[{name}_order_by!]"), "The order; keys in order of significance."),
        argument("where", format!("{name}_bool_exp"), "Only rows that fulfil this."),
    ]
}
