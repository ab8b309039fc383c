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
                if self.dialect.has_only() && self.accept_any(&[K::Only]) {
                    while self.accept(b'(') {}
                }
                Statement { operation: Operation::Select, table: self.relation() }
            }
            K::Insert | K::Replace => {
                self.bump();
                self.insert()
            }
            K::Update => {
                self.bump();
                self.conflict_clause();
                self.skip_modifiers();
                self.skip_only();
                Statement { operation: Operation::Update, table: self.first_target() }
            }
            K::Delete => {
                self.bump();
                self.delete()
            }
            K::Merge => {
                self.bump();
                self.accept_any(&[K::Into]);
                self.skip_only();
                other(self.first_target())
            }
            K::Begin => {
                self.bump();
                self.anonymous_block();
                other(None)
            }
            _ => {
                self.bump();
                other(self.command(keyword))
            }
        }
    }

    /// Skips SQLite's `OR REPLACE`, `OR IGNORE` and so on.
    fn conflict_clause(&mut self) {
        if self.accept_any(&[Keyword::Or]) {
            self.bump();
        }
    }

    fn insert(&mut self) -> Statement {
        self.conflict_clause();
        self.skip_modifiers();
        self.accept_any(&[Keyword::Into]);
        Statement { operation: Operation::Insert, table: self.target() }
    }

    fn delete(&mut self) -> Statement {
        // MySQL's `DELETE a, b FROM …` names tables by the aliases that follow.
        self.skip_to(Keyword::From);
        self.accept_any(&[Keyword::From]);
        self.skip_only();
        Statement { operation: Operation::Delete, table: self.first_target() }
    }

    fn with(&mut self) -> Statement {
        use Keyword as K;
        let says_recursive = self.accept_any(&[K::Recursive]);
        let recursive = says_recursive || self.dialect.is_always_recursive();
        let scope = self.with.mark();
        let mut written = None;
        let mut read: Option<String> = None;
        while let Some(name) = self.name() {
            // Otherwise it is a column of the preceding `SEARCH` or `CYCLE`.
            if self.at(b'(') || self.keyword() == Some(K::As) {
                let name = name.table().map(|name| name.to_lowercase());
                if recursive && self.dialect.has_forward_references() && read == name {
                    read = None;
                }
                // Without `RECURSIVE` a query of the same name as a table may read the table.
                if let (true, Some(name)) = (recursive, &name) {
                    self.with.give(name.clone());
                }
                let query = self.named_query();
                if let (false, Some(name)) = (recursive, name) {
                    self.with.give(name);
                }
                match query {
                    Some(Statement { operation: Operation::Select, table }) => {
                        read = read.or(table);
                    }
                    query => written = written.or(query),
                }
            }
            // `SEARCH` and `CYCLE`.
            while !self.at_end() && !self.at(b',') && !self.at(b'(') && !self.at_statement() {
                self.bump();
            }
            if !self.accept(b',') {
                break;
            }
        }
        let main = self.statement();
        self.with.leave(&scope);
        match (main.operation, written) {
            // A `WITH` that writes counts as what it writes, even if the main query only reads.
            (Operation::Select, Some(written)) => written,
            (operation, _) => Statement { operation, table: main.table.or(read) },
        }
    }

    /// Reads what follows the name in a `WITH`: its columns and the query.
    fn named_query(&mut self) -> Option<Statement> {
        use Keyword as K;
        if self.at(b'(') {
            self.in_parentheses(|_| ());
        }
        self.skip_all(&[K::As, K::Not, K::Materialized]);
        if self.at(b'(') {
            return self.in_parentheses(|parser| Some(parser.statement()));
        }
        None
    }

    /// Whether a query comes next.
    pub(super) fn at_query(&self) -> bool {
        use Keyword as K;
        matches!(self.keyword(), Some(K::Select | K::Values | K::Table | K::With))
    }

    /// Whether a keyword comes next that begins what may follow a `WITH`.
    pub(super) fn at_statement(&self) -> bool {
        use Keyword as K;
        self.at_query()
            || matches!(
                self.keyword(),
                Some(K::Insert | K::Replace | K::Update | K::Delete | K::Merge)
            )
    }
}
