//! Statements that read and write rows.

use caracal_metrics_core::DatabaseOperationType as Operation;

use super::{DEEPEST, Parser, other};
use crate::sql::Statement;
use crate::sql::keyword::Keyword;

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Statement {
        if self.nesting == DEEPEST {
            return other(None);
        }
        self.nesting += 1;
        let statement = self.statement_at_hand();
        self.nesting -= 1;
        statement
    }

    fn statement_at_hand(&mut self) -> Statement {
        use Keyword as K;
        let Some(keyword) = self.keyword() else {
            let query = self.at(b'(');
            return if query { self.query(false) } else { other(None) };
        };
        match keyword {
            K::With => {
                self.bump();
                self.with()
            }
            K::Select | K::Values => self.query(false),
            K::Table => {
                self.bump();
                Statement { operation: Operation::Select, table: self.relation() }
            }
            K::Insert | K::Replace => {
                self.bump();
                self.insert()
            }
            K::Update => {
                self.bump();
                self.conflict_clause();
                self.skip_all(&[K::LowPriority, K::Ignore, K::Only]);
                Statement { operation: Operation::Update, table: self.first_target() }
            }
            K::Delete => {
                self.bump();
                self.delete()
            }
            K::Merge => {
                self.bump();
                self.skip_all(&[K::Into, K::Only]);
                other(self.target())
            }
            _ => {
                self.bump();
                other(self.command(keyword))
            }
        }
    }

    /// `OR REPLACE`, `OR IGNORE` and so on, of SQLite.
    fn conflict_clause(&mut self) {
        if self.accept_any(&[Keyword::Or]) {
            self.bump();
        }
    }

    fn insert(&mut self) -> Statement {
        use Keyword as K;
        self.conflict_clause();
        self.skip_all(&[K::LowPriority, K::Delayed, K::HighPriority, K::Ignore, K::Into]);
        Statement { operation: Operation::Insert, table: self.target() }
    }

    fn delete(&mut self) -> Statement {
        use Keyword as K;
        self.skip_all(&[K::LowPriority, K::Quick, K::Ignore]);
        // MySQL's `DELETE a, b FROM …` names tables by the aliases that follow.
        while !self.at_end() && self.keyword() != Some(K::From) {
            self.bump();
        }
        self.skip_all(&[K::From, K::Only]);
        Statement { operation: Operation::Delete, table: self.first_target() }
    }

    fn with(&mut self) -> Statement {
        use Keyword as K;
        let recursive = self.accept_any(&[K::Recursive]);
        let mut written = None;
        let mut read = None;
        while let Some(name) = self.name() {
            let name = name.table().map(|name| name.to_lowercase());
            if recursive {
                self.with.extend(name.clone());
            }
            if self.at(b'(') {
                self.in_parentheses(|_| ());
            }
            self.skip_all(&[K::As, K::Not, K::Materialized]);
            if self.at(b'(') {
                let query = self.in_parentheses(|parser| Some(parser.statement()));
                if let Some(query) = query {
                    match query.operation {
                        Operation::Select => read = read.or(query.table),
                        _ => written = written.or(Some(query)),
                    }
                }
            }
            // Without `RECURSIVE` a query of the same name as a table may read the table.
            self.with.extend(name);
            // `SEARCH` and `CYCLE`.
            while !self.at_end() && !self.at(b',') && !self.at(b'(') && !self.at_statement() {
                self.bump();
            }
            if !self.accept(b',') {
                break;
            }
        }
        let main = self.statement();
        match (main.operation, written) {
            // A query that writes on the way is no mere reading.
            (Operation::Select, Some(written)) => written,
            (operation, _) => Statement { operation, table: main.table.or(read) },
        }
    }

    /// Whether a keyword comes next that begins what may follow a `WITH`.
    pub(super) fn at_statement(&self) -> bool {
        use Keyword as K;
        matches!(
            self.keyword(),
            Some(
                K::Select
                    | K::Values
                    | K::Table
                    | K::Insert
                    | K::Replace
                    | K::Update
                    | K::Delete
                    | K::Merge
                    | K::With
            )
        )
    }
}
