//! Orders of the plan as SQL.

use sea_orm::sea_query::{
    Expr, ExprTrait, NullOrdering, Order, OrderedStatement, SelectStatement, WindowStatement,
};
use signalbox_core::query::{Extreme, OrderTarget, Rows};
use signalbox_core::registry::Table;

use super::compile::Compiler;

/// One term of an ORDER BY.
#[derive(Clone)]
pub(super) struct Term {
    pub(super) expression: Expr,
    pub(super) order: Order,
    /// Said only where nulls can occur: without it an index can give the order.
    pub(super) nulls: Option<NullOrdering>,
}

impl Term {
    fn ascending(expression: Expr) -> Self {
        Self { expression, order: Order::Asc, nulls: None }
    }
}

/// What can be sorted: statements and windows.
pub(super) trait OrderBy: OrderedStatement {
    /// Adds a term, less significant than those before it.
    fn sort(&mut self, term: Term) {
        match term.nulls {
            Some(nulls) => self.order_by_expr_with_nulls(term.expression, term.order, nulls),
            None => self.order_by_expr(term.expression, term.order),
        };
    }
}

impl OrderBy for SelectStatement {}
impl OrderBy for WindowStatement {}

impl Compiler<'_> {
    /// The terms a request asks for, its distinct columns when it asks for none, and the primary key last: pages
    /// then neither overlap nor leave rows out. (The ids of this server grow with time.)
    pub(super) fn order(&mut self, alias: &str, table: &'static Table, rows: &Rows) -> Vec<Term> {
        let mut terms: Vec<Term> = Vec::new();
        for term in &rows.order {
            let (expression, nullable) = self.order_target(alias, &term.target);
            let order = if term.descending { Order::Desc } else { Order::Asc };
            let nulls = if term.nulls_first { NullOrdering::First } else { NullOrdering::Last };
            terms.push(Term { expression, order, nulls: nullable.then_some(nulls) });
        }
        if terms.is_empty() {
            for column in &rows.distinct_on {
                let nulls = column.nullable.then_some(NullOrdering::Last);
                let expression = Expr::col((alias.to_owned(), column.name));
                terms.push(Term { expression, order: Order::Asc, nulls });
            }
        }
        if terms.is_empty() && table.is_tenant() {
            // The stock client takes the first tenant for its own.
            let own = Expr::col((alias.to_owned(), "id")).eq(self.scope.tenant.0);
            terms.push(Term { expression: own, order: Order::Desc, nulls: None });
            terms.push(Term::ascending(Expr::col((alias.to_owned(), "created"))));
        }
        let by_id = rows
            .order
            .iter()
            .any(|term| matches!(&term.target, OrderTarget::Column(column) if column.name == "id"));
        if !by_id {
            // In the direction of the term before it, so that an index can be walked one way.
            let order = terms.last().map_or(Order::Asc, |term| term.order.clone());
            terms.push(Term { expression: Expr::col((alias.to_owned(), "id")), order, nulls: None });
        }
        terms
    }

    /// The compared expression, and whether it can be null.
    fn order_target(&mut self, alias: &str, target: &OrderTarget) -> (Expr, bool) {
        match target {
            OrderTarget::Column(column) => (Expr::col((alias.to_owned(), column.name)), column.nullable),
            OrderTarget::Related(relation, target) => {
                let (related, mut select) = self.select_related(alias, relation);
                let (expression, _) = self.order_target(&related, target);
                (select.expr(expression).take().into(), true)
            }
            OrderTarget::Count(relation) => {
                let (_, mut select) = self.select_related(alias, relation);
                (select.expr(Expr::cust("COUNT(*)")).take().into(), false)
            }
            OrderTarget::Extreme(relation, extreme, column) => {
                let (related, mut select) = self.select_related(alias, relation);
                let column = Expr::col((related, column.name));
                let extreme = match extreme {
                    Extreme::Min => column.min(),
                    Extreme::Max => column.max(),
                };
                (select.expr(extreme).take().into(), true)
            }
        }
    }
}
