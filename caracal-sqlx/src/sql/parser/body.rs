//! The statements in the body of a trigger, a routine or an event. Semicolons separate them.

use super::Parser;
use crate::sql::dialect::Dialect;
use crate::sql::keyword::Keyword;
use crate::sql::lexer::Token;

/// The construct that an `END` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// A block of statements.
    Statements,
    /// An expression: `CASE … END`.
    Expression,
}

impl Parser<'_> {
    /// Moves to the end of the statement that has the body.
    pub(super) fn skip_body(&mut self) {
        match self.dialect {
            Dialect::Postgres => self.skip_atomic_body(),
            Dialect::Sqlite => self.skip_trigger_body(),
            Dialect::MySql => self.skip_compound(Vec::new()),
        }
    }

    /// Reads MariaDB's `BEGIN NOT ATOMIC … END`. Any other `BEGIN` begins a transaction.
    pub(super) fn anonymous_block(&mut self) {
        let is_block = self.dialect == Dialect::MySql
            && self.keyword() == Some(Keyword::Not)
            && self.following_keyword() == Some(Keyword::Atomic);
        if is_block {
            self.skip_compound(vec![Block::Statements]);
        }
    }

    /// In PostgreSQL, a body has statements only between `BEGIN ATOMIC` and `END`. psql finds the end in
    /// the same way (psqlscan.l).
    fn skip_atomic_body(&mut self) {
        use Keyword as K;
        let mut open = 0_usize;
        while open > 0 || !self.at_end() {
            match self.keyword() {
                _ if self.token.is_none() => return,
                Some(K::Begin) if open == 0 && self.following_keyword() == Some(K::Atomic) => {
                    open = 1;
                }
                Some(K::Case) if open > 0 => open += 1,
                Some(K::End) => open = open.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    /// The body of a trigger of SQLite ends with an `END` after a semicolon. Elsewhere, `BEGIN` and `END` may
    /// be names.
    fn skip_trigger_body(&mut self) {
        self.skip_to(Keyword::Begin);
        let is_open = self.accept_any(&[Keyword::Begin]);
        while is_open && self.token.is_some() {
            let is_end =
                self.keyword() == Some(Keyword::End) && self.previous == Some(Token::Symbol(b';'));
            self.bump();
            if is_end {
                return;
            }
        }
    }

    /// Reads nested compound statements of MySQL. `blocks` contains those that are open.
    fn skip_compound(&mut self, mut blocks: Vec<Block>) {
        use Keyword as K;
        while !blocks.is_empty() || !self.at_end() {
            if self.token.is_none() {
                return;
            }
            // `IF` and `REPEAT` are also functions, and `CASE` may be an expression.
            let begins_statement = blocks.last() != Some(&Block::Expression)
                && self.is_after_statement(blocks.is_empty());
            match self.keyword() {
                Some(K::Begin | K::If | K::Loop | K::While | K::Repeat | K::Case)
                    if begins_statement =>
                {
                    blocks.push(Block::Statements);
                }
                Some(K::Case) => blocks.push(Block::Expression),
                Some(K::End) => self.accept_end_of(blocks.pop()),
                _ => {}
            }
            self.bump();
        }
    }

    /// Moves to the second word of `END IF`, `END LOOP` and so on.
    fn accept_end_of(&mut self, ended: Option<Block>) {
        use Keyword as K;
        let names_block = matches!(
            self.following_keyword(),
            Some(K::If | K::Loop | K::While | K::Repeat | K::Case)
        );
        if names_block && ended == Some(Block::Statements) {
            self.bump();
        }
    }

    /// Whether a statement may begin after the previous token. `head` is true if that token is in front
    /// of the body.
    fn is_after_statement(&self, head: bool) -> bool {
        use Keyword as K;
        match self.previous {
            Some(Token::Symbol(b';' | b':')) => true,
            // The parameters or a comment.
            Some(Token::Symbol(b')') | Token::Literal) => head,
            _ => match self.previous_keyword() {
                Some(K::Begin | K::Then | K::Else | K::Do | K::Loop | K::Repeat | K::Row) => true,
                Some(K::Deterministic | K::Data | K::Sql | K::Definer | K::Invoker) => head,
                _ => false,
            },
        }
    }
}
