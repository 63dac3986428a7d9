//! The input types: conditions, orders and column names.

use async_graphql::registry::{MetaInputValue, Registry};
use signalbox_core::registry::{Cardinality, Column, Kind, Table};

use super::add;
use super::meta::{argument, enumeration, input};

const ORDERS: [(&str, &str); 6] = [
    ("asc", "Smallest first, nulls last."),
    ("asc_nulls_first", "Smallest first, nulls before them."),
    ("asc_nulls_last", "Smallest first, nulls last."),
    ("desc", "Largest first, nulls before them."),
    ("desc_nulls_first", "Largest first, nulls before them."),
    ("desc_nulls_last", "Largest first, nulls last."),
];

/// Registers what all tables share: the orders, and the operators of each kind of column.
pub(super) fn register_shared(registry: &mut Registry) {
    add(registry, enumeration("order_by", "An order.", ORDERS.into_iter()));
    for kind in Kind::ALL {
        let scalar = kind.scalar();
        let description = format!("Comparisons with a `{scalar}` column. A null value drops the comparison.");
        add(registry, input(&comparison_type(kind), &description, operators(kind)));
    }
}

fn comparison_type(kind: Kind) -> String {
    format!("{}_comparison_exp", kind.scalar())
}

fn operators(kind: Kind) -> Vec<MetaInputValue> {
    let scalar = kind.scalar();
    let one = |name: &str, description: &str| argument(name, scalar, description);
    let text = |name: &str, description: &str| argument(name, "String", description);
    let many = |name: &str, description: &str| argument(name, format!("[{scalar}!]"), description);
    let mut operators = vec![
        one("_eq", "Equal."),
        one("_neq", "Not equal."),
        many("_in", "Equal to one of them."),
        many("_nin", "Equal to none of them."),
        argument("_is_null", "Boolean", "Null, or not null."),
    ];
    if kind != Kind::Json {
        operators.extend([
            one("_gt", "Greater."),
            one("_gte", "Greater or equal."),
            one("_lt", "Less."),
            one("_lte", "Less or equal."),
        ]);
    }
    if kind == Kind::Text {
        operators.extend([
            text("_like", "Matches the pattern: `%` any text, `_` any character, backslash escapes."),
            text("_nlike", "Does not match the pattern."),
            text("_ilike", "Matches the pattern, ignoring case."),
            text("_nilike", "Does not match the pattern, ignoring case."),
        ]);
    }
    if kind == Kind::Json {
        operators.extend([
            one("_contains", "Contains this value at its top."),
            one("_contained_in", "Is contained in this value."),
            text("_has_key", "Has this key, or this text as an element."),
            argument("_has_keys_any", "[String!]", "Has one of these keys."),
            argument("_has_keys_all", "[String!]", "Has all of these keys."),
        ]);
    }
    operators
}

/// Registers `_bool_exp`, `_order_by`, `_select_column` and the orders by aggregates of a table.
pub(super) fn register(registry: &mut Registry, table: &'static Table) {
    let name = table.name;
    add(
        registry,
        input(&format!("{name}_bool_exp"), &format!("A condition on rows of `{name}`."), conditions(table)),
    );
    add(
        registry,
        input(&format!("{name}_order_by"), &format!("An order of rows of `{name}`."), orders(table)),
    );
    let columns = table.public_columns().map(|column| (column.name, column.description));
    add(
        registry,
        enumeration(&format!("{name}_select_column"), &format!("The columns of `{name}`."), columns),
    );
    let mut by_aggregate = vec![argument("count", "order_by", "By the number of rows.")];
    for (function, description) in [("min", "By the smallest value."), ("max", "By the largest value.")] {
        let ty = format!("{name}_{function}_order_by");
        let columns = table.public_columns().filter(|column| column.kind.has_extremes()).map(by_column);
        add(registry, input(&ty, description, columns.collect()));
        by_aggregate.push(argument(function, ty, description));
    }
    let description = format!("An order by values computed over related rows of `{name}`.");
    add(registry, input(&format!("{name}_aggregate_order_by"), &description, by_aggregate));
}

fn by_column(column: &'static Column) -> MetaInputValue {
    argument(column.name, "order_by", column.description)
}

fn conditions(table: &'static Table) -> Vec<MetaInputValue> {
    let this = format!("{}_bool_exp", table.name);
    let mut conditions = vec![
        argument("_and", format!("[{this}!]"), "All of them."),
        argument("_or", format!("[{this}!]"), "Any of them."),
        argument("_not", this, "Not this."),
    ];
    for column in table.public_columns() {
        conditions.push(argument(column.name, comparison_type(column.kind), column.description));
    }
    for relation in table.relations {
        let target = format!("{}_bool_exp", relation.target.name);
        conditions.push(argument(relation.name, target, relation.description));
    }
    conditions
}

fn orders(table: &'static Table) -> Vec<MetaInputValue> {
    let mut orders: Vec<MetaInputValue> = table.public_columns().map(by_column).collect();
    for relation in table.relations {
        let target = relation.target.name;
        orders.push(match relation.cardinality {
            Cardinality::One => argument(relation.name, format!("{target}_order_by"), relation.description),
            Cardinality::Many => argument(
                &format!("{}_aggregate", relation.name),
                format!("{target}_aggregate_order_by"),
                relation.description,
            ),
        });
    }
    orders
}
