//! Levels of the plan as SELECT statements.

use sea_orm::sea_query::{
    Expr, ExprTrait, Func, Order, OverStatement, Query, SelectStatement, WindowStatement,
};
use signalbox_core::query::{Function, Level, Output, ReadScope, Rows, Scalar};
use signalbox_core::registry::{Column, Kind, Table};
use uuid::Uuid;

use super::count;
use super::order::{OrderBy, Term};
use super::page::Page;
use crate::dialect::Dialect;

/// Name of the column that says which parent a row belongs to.
pub(super) const PARENT: &str = "_parent";
/// Name of the row number within rows that agree in the distinct columns.
const REPEAT: &str = "_repeat";
/// Name of the row number within a parent.
const POSITION: &str = "_position";
/// A LIMIT that limits nothing.
const UNLIMITED: u64 = i64::MAX.unsigned_abs();
/// Alias of a subquery that numbers rows.
const NUMBERED: &str = "numbered";

/// Which parents the rows of a nested level belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parents<'a> {
    /// The column that refers to the parents.
    pub(super) column: &'static str,
    /// The parents, each once.
    pub(super) keys: &'a [Uuid],
}

/// Makes the statements of one plan. It exists only together with a scope.
pub(super) struct Compiler<'a> {
    pub(super) dialect: Dialect,
    pub(super) scope: &'a ReadScope,
    aliases: usize,
}

/// What one level reads of its table, in the order of the SELECT list after the parent's key.
pub(super) fn columns_of(level: &Level) -> Vec<&'static Column> {
    let mut columns: Vec<&'static Column> = Vec::new();
    let shown = level.fields.iter().filter_map(|field| match field.output {
        Output::Column(column, _) => Some(column),
        Output::Typename | Output::Child(_) => None,
    });
    let keys = level.children.iter().map(|child| key_column(level.table, child.relation.local));
    for column in shown.chain(keys) {
        if !columns.iter().any(|known| known.name == column.name) {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        columns.push(key_column(level.table, "id"));
    }
    columns
}

fn columns_of_function(function: &Function) -> Vec<&'static Column> {
    match function {
        Function::Count { columns, .. } => columns.clone(),
        Function::Min(column) | Function::Max(column) | Function::Sum(column) | Function::Avg(column) => {
            vec![column]
        }
    }
}

/// Keys as values of conditions.
pub(super) fn uuids(keys: &[Uuid]) -> Vec<Scalar> {
    keys.iter().copied().map(Scalar::Uuid).collect()
}

fn key_column(table: &'static Table, name: &str) -> &'static Column {
    table
        .columns
        .iter()
        .find(|column| column.name == name)
        .expect("the registry's own test checks that key columns exist")
}

impl<'a> Compiler<'a> {
    pub(super) fn new(dialect: Dialect, scope: &'a ReadScope) -> Self {
        Self { dialect, scope, aliases: 0 }
    }

    pub(super) fn next_alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases - 1)
    }

    /// The predicate that keeps other tenants' rows out. Every FROM of a table of the registry has it; only the
    /// local actor without a key may list all tenants.
    /// `by_key`: the rows are found by a relationship's key.
    pub(super) fn tenant_condition(&self, alias: &str, table: &'static Table, by_key: bool) -> Option<Expr> {
        if table.is_tenant() && self.scope.all_tenants {
            return None;
        }
        let column = Expr::col((alias.to_owned(), table.tenant_column));
        let column = if by_key { self.dialect.unindexed(column) } else { column };
        Some(column.eq(self.scope.tenant.0))
    }

    /// The rows of a level: its columns, preceded by the parent's key when nested. At most `cap + 1` rows come, so
    /// that the caller can tell "all" from "too many".
    pub(super) fn level(&mut self, level: &Level, parents: Option<Parents<'_>>, cap: u64) -> SelectStatement {
        self.aliases = 0;
        let columns = columns_of(level);
        let capped = Ord::min(cap.saturating_add(1), UNLIMITED);
        let rows = &level.rows;
        let limit = rows.limit.map_or(capped, |limit| Ord::min(limit, capped));
        let page = Page { table: level.table, rows, limit };
        match parents {
            None => match self.root_page(page, &columns) {
                Some(select) => select,
                None => self.rows(level.table, rows, &columns, None).limit(limit).take(),
            },
            Some(parents) if (rows.limit.is_some() || rows.offset > 0) && rows.distinct_on.is_empty() => {
                self.nested_page(page, &columns, parents).limit(capped).take()
            }
            Some(_) => self.rows(level.table, rows, &columns, parents).limit(capped).take(),
        }
    }

    /// The values of aggregate functions, preceded by the parent's key when nested (one row per parent then).
    pub(super) fn aggregate(
        &mut self,
        table: &'static Table,
        rows: &Rows,
        functions: &[Function],
        parents: Option<Parents<'_>>,
    ) -> SelectStatement {
        self.aliases = 0;
        if !rows.is_windowed() {
            let alias = self.next_alias();
            let counts = count::counts(table, rows, functions, parents.map(|parents| parents.column));
            let mut select = self.filtered(&alias, table, rows, parents);
            if let Some(parents) = parents {
                let parent = Expr::col((alias.clone(), parents.column));
                select.expr_as(parent.clone(), PARENT).add_group_by([parent]);
            }
            if let Some(counts) = counts {
                select.from_clear().from_as(counts, alias.clone());
                select.exprs(functions.iter().map(|_| count::total(&alias)));
                return select;
            }
            select.exprs(functions.iter().map(|function| self.function(&alias, function)));
            return select;
        }
        let mut columns: Vec<&'static Column> = vec![key_column(table, "id")];
        for column in functions.iter().flat_map(columns_of_function) {
            if !columns.iter().any(|known| known.name == column.name) {
                columns.push(column);
            }
        }
        let mut chosen = self.rows(table, rows, &columns, parents);
        if let (None, Some(limit)) = (parents, rows.limit) {
            chosen.limit(Ord::min(limit, UNLIMITED));
        }
        let mut select = Query::select();
        select.from_subquery(chosen, NUMBERED);
        if parents.is_some() {
            let parent = Expr::col((NUMBERED, PARENT));
            select.expr(parent.clone()).add_group_by([parent]);
        }
        for function in functions {
            select.expr(self.function(NUMBERED, function));
        }
        select
    }

    fn function(&self, alias: &str, function: &Function) -> Expr {
        let column = |column: &'static Column| Expr::col((alias.to_owned(), column.name));
        match function {
            Function::Count { columns, distinct } => match (columns.as_slice(), distinct) {
                ([single], false) => column(single).count(),
                ([single], true) => column(single).count_distinct(),
                ([], _) | (_, false) => Expr::cust("COUNT(*)"),
                (several, true) => {
                    self.dialect.count_combinations(several.iter().map(|c| column(c)).collect())
                }
            },
            Function::Min(of) => column(of).min(),
            Function::Max(of) => column(of).max(),
            Function::Sum(of) => self.dialect.sum(column(of)),
            Function::Avg(of) => self.dialect.mean(column(of)),
        }
    }

    /// A SELECT without a list: the table within the tenant, the parents and the request's predicate.
    fn filtered(
        &mut self,
        alias: &str,
        table: &'static Table,
        rows: &Rows,
        parents: Option<Parents<'_>>,
    ) -> SelectStatement {
        let mut select = Query::select();
        select.from_as(table.name, alias.to_owned());
        if let Some(tenant) = self.tenant_condition(alias, table, parents.is_some()) {
            select.and_where(tenant);
        }
        if let Some(parents) = parents {
            let parent = Expr::col((alias.to_owned(), parents.column));
            select.and_where(self.dialect.is_one_of(parent, Kind::Uuid, &uuids(parents.keys)));
        }
        if let Some(condition) = self.condition(alias, &rows.filter) {
            select.and_where(condition);
        }
        select
    }

    /// The chosen rows in their order. A root level's own limit is left to the caller.
    fn rows(
        &mut self,
        table: &'static Table,
        rows: &Rows,
        columns: &[&'static Column],
        parents: Option<Parents<'_>>,
    ) -> SelectStatement {
        let alias = self.next_alias();
        let mut select = self.filtered(&alias, table, rows, parents);
        let parent = parents.map(|parents| Expr::col((alias.clone(), parents.column)));
        if let Some(parent) = &parent {
            select.expr_as(parent.clone(), PARENT);
        }
        select.columns(columns.iter().map(|column| (alias.clone(), column.name)));
        // A root list without order_by keeps the order in which the database finds its rows fastest.
        let ordered = parents.is_some() || !rows.order.is_empty() || rows.is_windowed() || table.is_tenant();
        let order = if ordered { self.order(&alias, table, rows) } else { Vec::new() };
        let mut stage = Stage { select, order, parent };
        if !rows.distinct_on.is_empty() {
            stage = stage.distinct(&alias, rows, columns);
        }
        if parents.is_some() && (rows.limit.is_some() || rows.offset > 0) {
            return stage.page(rows, columns);
        }
        for term in stage.order {
            stage.select.sort(term);
        }
        if rows.offset > 0 {
            // SQLite knows OFFSET after LIMIT only.
            stage.select.limit(UNLIMITED).offset(rows.offset);
        }
        stage.select
    }
}

/// A SELECT on its way: what it lists, the order its rows should have, and the expression of the parent's key.
struct Stage {
    select: SelectStatement,
    order: Vec<Term>,
    parent: Option<Expr>,
}

impl Stage {
    /// Keeps, of the rows that agree in the distinct columns (and the parent), the first.
    fn distinct(mut self, alias: &str, rows: &Rows, columns: &[&'static Column]) -> Self {
        let mut window = self.window();
        for column in &rows.distinct_on {
            window.add_partition_by(Expr::col((alias.to_owned(), column.name)));
        }
        let mut order = Vec::with_capacity(self.order.len());
        for (index, term) in std::mem::take(&mut self.order).into_iter().enumerate() {
            let name = format!("_order{index}");
            self.select.expr_as(term.expression.clone(), name.clone());
            order.push(Term { expression: Expr::col((NUMBERED, name)), ..term });
        }
        let parent = self.parent.is_some().then(|| Expr::col((NUMBERED, PARENT)));
        let mut select = self.numbered(window, REPEAT, columns);
        select.and_where(Expr::col((NUMBERED, REPEAT)).eq(1));
        Self { select, order, parent }
    }

    /// Applies `limit` and `offset` to the rows of each parent.
    fn page(self, rows: &Rows, columns: &[&'static Column]) -> SelectStatement {
        let window = self.window();
        let mut select = self.numbered(window, POSITION, columns);
        let position = Expr::col((NUMBERED, POSITION));
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if rows.offset > 0 {
            select.and_where(position.clone().gt(bound(rows.offset)));
        }
        if let Some(limit) = rows.limit {
            select.and_where(position.clone().lte(bound(rows.offset.saturating_add(limit))));
        }
        select.order_by_expr(position, Order::Asc).take()
    }

    /// Rows of one parent, in order.
    fn window(&self) -> WindowStatement {
        let mut window = WindowStatement::new();
        if let Some(parent) = &self.parent {
            window.add_partition_by(parent.clone());
        }
        for term in &self.order {
            window.sort(term.clone());
        }
        window
    }

    /// The same list, read from this SELECT with row numbers added.
    fn numbered(
        mut self,
        window: WindowStatement,
        name: &'static str,
        columns: &[&'static Column],
    ) -> SelectStatement {
        self.select.expr_window_as(Func::cust("ROW_NUMBER"), window, name);
        let mut outer = Query::select();
        if self.parent.is_some() {
            outer.column((NUMBERED, PARENT));
        }
        outer.columns(columns.iter().map(|column| (NUMBERED, column.name)));
        outer.from_subquery(self.select, NUMBERED).take()
    }
}
