//! Our rules, applied to the tree of sqlparser.

use std::collections::HashSet;
use std::ops::ControlFlow;

use caracal_metrics_core::DatabaseOperationType as Operation;
use sqlparser::ast::{
    CopySource, FromTable, Ident, ObjectName, ObjectType, Query, SetExpr, Statement as Ast,
    TableFactor, TableObject, TableWithJoins, visit_relations,
};
use sqlparser::dialect::Dialect as Grammar;
use sqlparser::parser::Parser;

use crate::sql::{Dialect, Statement};

/// The operation and the table of a text, from the tree of sqlparser.
pub(super) fn oracle(text: &str, grammar: &dyn Grammar, dialect: Dialect) -> Option<Statement> {
    let mut statements = Parser::parse_sql(grammar, text).ok()?;
    let statement = statements.pop()?;
    assert!(statements.is_empty(), "one statement a line: {text}");
    let mut oracle = Oracle { dialect, with: HashSet::new() };
    Some(oracle.statement(&statement))
}

struct Oracle {
    dialect: Dialect,
    with: HashSet<String>,
}

impl Oracle {
    fn statement(&mut self, statement: &Ast) -> Statement {
        let (operation, table) = match statement {
            Ast::Query(query) => return self.query(query),
            Ast::Insert(insert) => match &insert.table {
                TableObject::TableName(name) => (Operation::Insert, self.name(name)),
                _ => (Operation::Insert, None),
            },
            Ast::Update(update) => (Operation::Update, self.factor(&update.table.relation)),
            Ast::Delete(delete) => {
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) =
                    &delete.from;
                (Operation::Delete, self.from(from))
            }
            Ast::Merge(merge) => (Operation::Other, self.factor(&merge.table)),
            Ast::CreateTable(create) => (Operation::Other, self.name(&create.name)),
            Ast::CreateVirtualTable { name, .. } | Ast::AlterView { name, .. } => {
                (Operation::Other, self.name(name))
            }
            Ast::CreateView(create) => (Operation::Other, self.name(&create.name)),
            Ast::CreateIndex(create) => (Operation::Other, self.name(&create.table_name)),
            Ast::CreateTrigger(create) => (Operation::Other, self.name(&create.table_name)),
            Ast::AlterTable(alter) => (Operation::Other, self.name(&alter.name)),
            Ast::Drop { object_type, names, table, .. } => {
                let name = match object_type {
                    ObjectType::Table | ObjectType::View | ObjectType::MaterializedView => {
                        names.first()
                    }
                    ObjectType::Index => table.as_ref(),
                    _ => None,
                };
                (Operation::Other, name.and_then(|name| self.name(name)))
            }
            Ast::Truncate(truncate) => {
                let first = truncate.table_names.first();
                (Operation::Other, first.and_then(|target| self.name(&target.name)))
            }
            Ast::Copy { source: CopySource::Table { table_name, .. }, .. } => {
                (Operation::Other, self.name(table_name))
            }
            Ast::Explain { statement, .. } => (Operation::Other, self.statement(statement).table),
            Ast::Lock(lock) => {
                let first = lock.tables.first();
                (Operation::Other, first.and_then(|target| self.name(&target.name)))
            }
            Ast::LockTables { tables } => {
                (Operation::Other, tables.first().map(|lock| self.ident(&lock.table)))
            }
            _ => (Operation::Other, None),
        };
        Statement { operation, table }
    }

    /// The names of a `WITH` are defined only in its query.
    fn query(&mut self, query: &Query) -> Statement {
        let outside = self.with.clone();
        let statement = self.scoped_query(query);
        self.with = outside;
        statement
    }

    fn scoped_query(&mut self, query: &Query) -> Statement {
        let mut written = None;
        let mut read = None;
        if let Some(with) = &query.with {
            let recursive = with.recursive || self.dialect == Dialect::Sqlite;
            let names = with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase());
            if recursive && self.dialect != Dialect::MySql {
                self.with.extend(names);
            }
            for cte in &with.cte_tables {
                let name = cte.alias.name.value.to_lowercase();
                if recursive {
                    self.with.insert(name.clone());
                }
                let part = self.query(&cte.query);
                match part.operation {
                    Operation::Select => read = read.or(part.table),
                    _ => written = written.or(Some(part)),
                }
                self.with.insert(name);
            }
        }
        let main = match &*query.body {
            SetExpr::Insert(inner)
            | SetExpr::Update(inner)
            | SetExpr::Delete(inner)
            | SetExpr::Merge(inner) => self.statement(inner),
            body => {
                let mut table = self.body(body);
                if table.is_none() && query.with.is_none() {
                    table = self.anywhere(query);
                }
                Statement { operation: Operation::Select, table }
            }
        };
        match (main.operation, written) {
            (Operation::Select, Some(written)) => written,
            (operation, _) => Statement { operation, table: main.table.or(read) },
        }
    }

    fn body(&mut self, body: &SetExpr) -> Option<String> {
        match body {
            SetExpr::Select(select) => self.from(&select.from),
            SetExpr::Query(query) => self.query(query).table,
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left).or_else(|| self.body(right))
            }
            SetExpr::Table(table) => table.table_name.clone(),
            _ => None,
        }
    }

    fn from(&mut self, from: &[TableWithJoins]) -> Option<String> {
        from.iter().find_map(|table| self.joined(table))
    }

    fn joined(&mut self, table: &TableWithJoins) -> Option<String> {
        let first = self.factor(&table.relation);
        first.or_else(|| table.joins.iter().find_map(|join| self.factor(&join.relation)))
    }

    fn factor(&mut self, factor: &TableFactor) -> Option<String> {
        match factor {
            TableFactor::Table { name, args: None, .. } => {
                let name = self.name(name)?;
                (!self.with.contains(&name.to_lowercase())).then_some(name)
            }
            TableFactor::Derived { subquery, .. } => self.query(subquery).table,
            TableFactor::NestedJoin { table_with_joins, .. } => self.joined(table_with_joins),
            _ => None,
        }
    }

    /// The first table of the sub-queries in a query's conditions and columns.
    fn anywhere(&mut self, query: &Query) -> Option<String> {
        let mut functions = HashSet::new();
        let mut found = None;
        if let SetExpr::Select(select) = &*query.body {
            for table in &select.from {
                if let TableFactor::Table { name, args: Some(_), .. } = &table.relation {
                    functions.extend(self.name(name));
                }
            }
        }
        let _ = visit_relations(query, |name| {
            let name = self.name(name).filter(|name| {
                !functions.contains(name) && !self.with.contains(&name.to_lowercase())
            });
            found = found.take().or(name);
            ControlFlow::<()>::Continue(())
        });
        found
    }

    fn name(&self, name: &ObjectName) -> Option<String> {
        Some(self.ident(name.0.last()?.as_ident()?))
    }

    fn ident(&self, ident: &Ident) -> String {
        let folds = ident.quote_style.is_none() && self.dialect.folds_case();
        if folds { ident.value.to_lowercase() } else { ident.value.clone() }
    }
}
