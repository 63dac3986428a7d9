//! Predicates of the plan as SQL conditions.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use signalbox_core::query::{Comparison, Filter, Scalar};
use signalbox_core::registry::{Column, Kind, Relation};

use super::compile::Compiler;
use crate::dialect::JsonTest;

impl Compiler<'_> {
    /// The condition on the table known as `alias`; nothing when every row fulfils it.
    pub(super) fn condition(&mut self, alias: &str, filter: &Filter) -> Option<Expr> {
        match filter {
            Filter::And(all) => {
                all.iter().filter_map(|filter| self.condition(alias, filter)).reduce(ExprTrait::and)
            }
            Filter::Or(any) => {
                // One condition that is always true makes the whole true.
                let any =
                    any.iter().map(|filter| self.condition(alias, filter)).collect::<Option<Vec<_>>>()?;
                Some(any.into_iter().reduce(ExprTrait::or).unwrap_or(Expr::val(false)))
            }
            Filter::Not(filter) => {
                Some(self.condition(alias, filter).map_or(Expr::val(false), ExprTrait::not))
            }
            Filter::Compare(column, comparison) => Some(self.comparison(alias, column, comparison)),
            Filter::Exists(relation, filter) => Some(self.exists(alias, relation, filter)),
        }
    }

    fn exists(&mut self, alias: &str, relation: &'static Relation, filter: &Filter) -> Expr {
        let (related, mut select) = self.select_related(alias, relation);
        select.expr(Expr::cust("1"));
        if let Some(condition) = self.condition(&related, filter) {
            select.and_where(condition);
        }
        Expr::exists(select)
    }

    /// A SELECT over the rows of a relationship of the table known as `alias`, within the tenant.
    pub(super) fn select_related(
        &mut self,
        alias: &str,
        relation: &'static Relation,
    ) -> (String, sea_orm::sea_query::SelectStatement) {
        let related = self.next_alias();
        let mut select = Query::select();
        select.from_as(relation.target.name, related.clone()).and_where(
            Expr::col((related.clone(), relation.remote)).equals((alias.to_owned(), relation.local)),
        );
        if let Some(tenant) = self.tenant_condition(&related, relation.target, true) {
            select.and_where(tenant);
        }
        (related, select)
    }

    fn comparison(&self, alias: &str, column: &'static Column, comparison: &Comparison) -> Expr {
        let dialect = self.dialect;
        let target = Expr::col((alias.to_owned(), column.name));
        match comparison {
            Comparison::Equal(Scalar::Json(value)) => dialect.json_test(target, &JsonTest::Equals(value)),
            Comparison::NotEqual(Scalar::Json(value)) => {
                dialect.json_test(target, &JsonTest::Equals(value)).not()
            }
            Comparison::Equal(value) => target.eq(dialect.scalar(value)),
            Comparison::NotEqual(value) => target.ne(dialect.scalar(value)),
            Comparison::In(values) => self.one_of(target, column, values),
            // An empty list excludes nothing, null columns included.
            Comparison::NotIn(values) if values.is_empty() => Expr::val(true),
            Comparison::NotIn(values) => self.one_of(target, column, values).not(),
            Comparison::Greater(value) => target.gt(dialect.scalar(value)),
            Comparison::GreaterOrEqual(value) => target.gte(dialect.scalar(value)),
            Comparison::Less(value) => target.lt(dialect.scalar(value)),
            Comparison::LessOrEqual(value) => target.lte(dialect.scalar(value)),
            Comparison::IsNull(true) => target.is_null(),
            Comparison::IsNull(false) => target.is_not_null(),
            Comparison::Like { pattern, negated, ignore_case } => {
                let matches = dialect.like(target, pattern, *ignore_case);
                if *negated { matches.not() } else { matches }
            }
            Comparison::Contains(value) => dialect.json_test(target, &JsonTest::Contains(value)),
            Comparison::ContainedIn(value) => dialect.json_test(target, &JsonTest::ContainedIn(value)),
            Comparison::HasAnyKey(keys) => dialect.json_test(target, &JsonTest::AnyKey(keys)),
            Comparison::HasAllKeys(keys) => dialect.json_test(target, &JsonTest::AllKeys(keys)),
        }
    }

    fn one_of(&self, target: Expr, column: &'static Column, values: &[Scalar]) -> Expr {
        if column.kind != Kind::Json {
            return self.dialect.is_one_of(target, column.kind, values);
        }
        let equal = values.iter().map(|value| match value {
            Scalar::Json(value) => self.dialect.json_test(target.clone(), &JsonTest::Equals(value)),
            other => target.clone().eq(self.dialect.scalar(other)),
        });
        equal.reduce(ExprTrait::or).unwrap_or(Expr::val(false))
    }
}
