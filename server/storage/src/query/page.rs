//! Statements of pages: keys found along indexes, then the rows of these keys. Which index, [`Walk`] decides.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use signalbox_core::query::{Filter, Rows};
use signalbox_core::registry::{Column, Kind, Table};

use super::compile::{Compiler, PARENT, Parents, uuids};
use super::order::{OrderBy, Term};
use super::walk::{Source, Walk};
use crate::dialect::KEY;

/// Which rows are wanted, in which order, and how many of them behind the offset.
#[derive(Clone, Copy)]
pub(super) struct Page<'p> {
    pub(super) table: &'static Table,
    pub(super) rows: &'p Rows,
    pub(super) limit: u64,
}

impl Page<'_> {
    fn reach(self) -> u64 {
        self.rows.offset.saturating_add(self.limit)
    }
}

/// Columns that have a value.
type Bound = Vec<(&'static str, Expr)>;

impl Compiler<'_> {
    /// The rows of a page over the whole table; nothing when one stretch of an index may give them.
    pub(super) fn root_page(
        &mut self,
        page: Page<'_>,
        columns: &[&'static Column],
    ) -> Option<SelectStatement> {
        let walk = Walk::choose(page.table, page.rows, page.limit, None)?;
        let keys = self.keys(page, &walk, Bound::new());
        let alias = self.next_alias();
        let mut select = Query::select();
        select.from_subquery(keys, alias.clone());
        self.read(&mut select, page, Expr::col((alias, KEY)), columns);
        Some(select)
    }

    /// The rows of a page for each parent.
    pub(super) fn nested_page(
        &mut self,
        page: Page<'_>,
        columns: &[&'static Column],
        parents: Parents<'_>,
    ) -> SelectStatement {
        let alias = self.next_alias();
        let (list, parent) = self.dialect.elements(&alias, Kind::Uuid, &uuids(parents.keys));
        let mut select = Query::select();
        select.expr_as(parent.clone(), PARENT).from_function(list, alias);
        let bound = vec![(parents.column, parent)];
        let keys = if let Some(walk) = Walk::choose(page.table, page.rows, page.limit, Some(parents.column)) {
            self.keys(page, &walk, bound)
        } else {
            let mut keys = self.stretch(page, bound, &[&page.rows.filter], true).0;
            limit(&mut keys, page);
            keys
        };
        let alias = self.next_alias();
        let key = self.dialect.for_each_row(&mut select, keys, &alias);
        self.read(&mut select, page, key, columns);
        select
    }

    /// Adds the columns of the rows with these keys, in order.
    fn read(&mut self, select: &mut SelectStatement, page: Page<'_>, key: Expr, columns: &[&'static Column]) {
        let alias = self.rows_of(select, page.table, key);
        select.columns(columns.iter().map(|column| (alias.clone(), column.name)));
        for term in self.order(&alias, page.table, page.rows) {
            select.sort(term);
        }
    }

    /// Adds the table by its rows' key to FROM; returns its alias.
    fn rows_of(&mut self, select: &mut SelectStatement, table: &'static Table, key: Expr) -> String {
        let alias = self.next_alias();
        select.from_as(table.name, alias.clone());
        select.and_where(Expr::col((alias.clone(), self.dialect.row_key())).eq(key));
        if let Some(tenant) = self.tenant_condition(&alias, table, true) {
            select.and_where(tenant);
        }
        alias
    }

    /// The keys of a page, merged from the stretches of a walk.
    fn keys(&mut self, page: Page<'_>, walk: &Walk<'_>, mut bound: Bound) -> SelectStatement {
        let mut select = Query::select();
        if walk.has_many() {
            let values = self.first_stretches(&mut select, page, walk, &bound);
            bound.extend(values);
        } else {
            bound.extend(self.add_sources(&mut select, &walk.sources));
        }
        let (key, terms) = self.add_stretches(&mut select, page, walk, bound, page.reach());
        select.expr_as(key, KEY);
        for term in terms {
            select.sort(term);
        }
        limit(&mut select, page);
        select
    }

    /// The values of the stretches that begin first, as many as the page has rows: those after them cannot reach
    /// the page, because each of these has a row before all of theirs.
    fn first_stretches(
        &mut self,
        select: &mut SelectStatement,
        page: Page<'_>,
        walk: &Walk<'_>,
        bound: &Bound,
    ) -> Bound {
        let mut first = Query::select();
        let values = self.add_sources(&mut first, &walk.sources);
        let all = bound.iter().chain(&values).cloned().collect();
        let (_, terms) = self.add_stretches(&mut first, page, walk, all, 1);
        let alias = self.next_alias();
        let mut outer = Bound::with_capacity(values.len());
        for (index, (column, value)) in values.into_iter().enumerate() {
            let name = format!("_value{index}");
            first.expr_as(value, name.clone());
            outer.push((column, Expr::col((alias.clone(), name))));
        }
        for term in terms {
            first.sort(term);
        }
        first.limit(page.reach());
        select.from_subquery(first, alias);
        outer
    }

    /// Adds what makes the stretches to FROM; returns the values.
    fn add_sources(&mut self, select: &mut SelectStatement, sources: &[Source<'_>]) -> Bound {
        let mut bound = Bound::with_capacity(sources.len());
        for source in sources {
            let alias = self.next_alias();
            match source {
                Source::Values(column, values) => {
                    let (list, value) = self.dialect.elements(&alias, column.kind, values);
                    select.from_function(list, alias);
                    bound.push((column.name, value));
                }
                Source::Related(relation, filter) => {
                    select.from_as(relation.target.name, alias.clone());
                    if let Some(tenant) = self.tenant_condition(&alias, relation.target, false) {
                        select.and_where(tenant);
                    }
                    if let Some(condition) = self.condition(&alias, filter) {
                        select.and_where(condition);
                    }
                    bound.push((relation.local, Expr::col((alias, relation.remote))));
                }
            }
        }
        bound
    }

    /// Adds the first rows of each stretch; returns their key and their order.
    fn add_stretches(
        &mut self,
        select: &mut SelectStatement,
        page: Page<'_>,
        walk: &Walk<'_>,
        bound: Bound,
        rows: u64,
    ) -> (Expr, Vec<Term>) {
        let (mut stretch, mut terms) = self.stretch(page, bound, &walk.rest, !walk.by_tenant);
        stretch.limit(rows);
        let alias = self.next_alias();
        if self.dialect.rows_carry_columns() {
            for (index, term) in terms.iter_mut().enumerate() {
                let name = format!("_order{index}");
                stretch.expr_as(term.expression.clone(), name.clone());
                term.expression = Expr::col((alias.clone(), name));
            }
            return (self.dialect.for_each_row(select, stretch, &alias), terms);
        }
        let key = self.dialect.for_each_row(select, stretch, &alias);
        let alias = self.rows_of(select, page.table, key.clone());
        (key, self.order(&alias, page.table, page.rows))
    }

    /// The keys of the rows with these values, in order, and the order.
    fn stretch(
        &mut self,
        page: Page<'_>,
        bound: Bound,
        filters: &[&Filter],
        by_key: bool,
    ) -> (SelectStatement, Vec<Term>) {
        let alias = self.next_alias();
        let mut select = Query::select();
        select.expr_as(Expr::col((alias.clone(), self.dialect.row_key())), KEY);
        select.from_as(page.table.name, alias.clone());
        if let Some(tenant) = self.tenant_condition(&alias, page.table, by_key) {
            select.and_where(tenant);
        }
        for (column, value) in bound {
            select.and_where(Expr::col((alias.clone(), column)).eq(value));
        }
        for filter in filters {
            if let Some(condition) = self.condition(&alias, filter) {
                select.and_where(condition);
            }
        }
        let terms = self.order(&alias, page.table, page.rows);
        for term in terms.iter().cloned() {
            select.sort(term);
        }
        (select, terms)
    }
}

fn limit(select: &mut SelectStatement, page: Page<'_>) {
    select.limit(page.limit);
    if page.rows.offset > 0 {
        select.offset(page.rows.offset);
    }
}
