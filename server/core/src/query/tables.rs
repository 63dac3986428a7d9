//! Which tables a plan touches: what a live query must be told of.

use super::{Aggregate, Filter, Level, Node, OrderTarget, Plan, Rows};
use crate::registry::Table;

impl Plan {
    /// Calls `visit` for every table that the plan reads, compares or orders by. A table may come more than once.
    pub fn each_table(&self, visit: &mut dyn FnMut(&'static Table)) {
        of_node(&self.node, visit);
    }
}

fn of_node(node: &Node, visit: &mut dyn FnMut(&'static Table)) {
    match node {
        Node::Rows(level) => of_level(level, visit),
        Node::Aggregate(aggregate) => of_aggregate(aggregate, visit),
    }
}

fn of_level(level: &Level, visit: &mut dyn FnMut(&'static Table)) {
    visit(level.table);
    of_rows(&level.rows, visit);
    for child in &level.children {
        of_node(&child.node, visit);
    }
}

fn of_aggregate(aggregate: &Aggregate, visit: &mut dyn FnMut(&'static Table)) {
    visit(aggregate.table);
    of_rows(&aggregate.rows, visit);
    for level in &aggregate.nodes {
        of_level(level, visit);
    }
}

fn of_rows(rows: &Rows, visit: &mut dyn FnMut(&'static Table)) {
    of_filter(&rows.filter, visit);
    for term in &rows.order {
        of_order(&term.target, visit);
    }
}

fn of_filter(filter: &Filter, visit: &mut dyn FnMut(&'static Table)) {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => {
            for filter in filters {
                of_filter(filter, visit);
            }
        }
        Filter::Not(filter) => of_filter(filter, visit),
        Filter::Compare(..) => {}
        Filter::Exists(relation, filter) => {
            visit(relation.target);
            of_filter(filter, visit);
        }
    }
}

fn of_order(target: &OrderTarget, visit: &mut dyn FnMut(&'static Table)) {
    match target {
        OrderTarget::Column(_) => {}
        OrderTarget::Related(relation, target) => {
            visit(relation.target);
            of_order(target, visit);
        }
        OrderTarget::Count(relation) | OrderTarget::Extreme(relation, ..) => visit(relation.target),
    }
}
