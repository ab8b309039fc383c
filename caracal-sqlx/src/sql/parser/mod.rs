//! Reads as much of the grammar of a statement as the operation and the table require.
//!
//! There are no errors. Tokens that can't be read are skipped one by one, so the work is linear in the
//! length of the text.

mod body;
mod command;
mod name;
mod query;
mod scope;
mod statement;
mod tokens;

use caracal_metrics_core::DatabaseOperationType as Operation;

use super::dialect::Dialect;
use super::lexer::{Lexer, Token};
use super::{BATCH, Statement};
use scope::Scope;

/// Statements that are nested deeper are skipped, so that the stack does not overflow.
const DEEPEST: usize = 64;

/// Reads a text.
pub(crate) fn classify(text: &str, dialect: Dialect) -> Statement {
    Parser::new(text, dialect).text()
}

#[derive(Debug)]
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    dialect: Dialect,
    /// The token before `token`.
    previous: Option<Token<'a>>,
    /// The token to be read next.
    token: Option<Token<'a>>,
    /// The token after `token`.
    following: Option<Token<'a>>,
    depth: usize,
    /// The number of nested statements that are being read.
    nesting: usize,
    /// The names of queries in a `WITH`, which are not tables.
    with: Scope,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        let mut lexer = Lexer::new(text, dialect);
        let token = lexer.next();
        let following = lexer.next();
        Self {
            lexer,
            dialect,
            previous: None,
            token,
            following,
            depth: 0,
            nesting: 0,
            with: Scope::default(),
        }
    }

    pub(super) fn text(&mut self) -> Statement {
        self.skip_semicolons();
        let statement = self.statement();
        self.skip_rest();
        self.skip_semicolons();
        if self.token.is_none() {
            return statement;
        }
        Statement { operation: Operation::Other, table: Some(BATCH.to_owned()) }
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.lexer.steps
    }
}

/// A statement that does not read or write rows.
fn other(table: Option<String>) -> Statement {
    Statement { operation: Operation::Other, table }
}
